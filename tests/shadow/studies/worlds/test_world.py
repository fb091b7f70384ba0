"""A world runs in a task of its own: what breaks it is one error, and the errors of its user pass as they are."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from shadow.studies.worlds.world import AnswerSource, ToolAnswer, WorldError, first_cause, in_world


@asynccontextmanager
async def plain():
    yield None


async def test_the_result_of_the_use_is_the_result():
    async def use(world):
        return 7

    assert await in_world(plain, use) == 7


async def test_a_task_that_its_own_connection_cancels_is_a_world_error_and_the_caller_goes_on():
    async def use(world):
        asyncio.current_task().cancel()
        await asyncio.Event().wait()

    with pytest.raises(WorldError, match="connection was cancelled"):
        await in_world(plain, use)
    assert asyncio.current_task().cancelling() == 0


async def test_a_group_of_errors_is_one_sentence_of_the_first():
    @asynccontextmanager
    async def breaking():
        yield None
        raise BaseExceptionGroup("outer", [ExceptionGroup("inner", [ConnectionResetError("peer\n  left")])])

    async def use(world):
        return 7

    with pytest.raises(WorldError, match=r"^a tool server's connection broke: peer left$"):
        await in_world(breaking, use)


async def test_an_error_of_the_use_is_raised_even_where_leaving_the_world_breaks():
    @asynccontextmanager
    async def breaking():
        try:
            yield None
        finally:
            raise ExceptionGroup("outer", [ConnectionResetError("peer left")])

    async def use(world):
        raise KeyError("ours")

    with pytest.raises(KeyError, match="ours"):
        await in_world(breaking, use)


async def test_a_use_that_the_connection_cancelled_without_a_group_is_a_world_error():
    @asynccontextmanager
    async def swallowing():
        try:
            yield None
        except asyncio.CancelledError:
            asyncio.current_task().uncancel()

    async def use(world):
        asyncio.current_task().cancel()
        await asyncio.Event().wait()

    with pytest.raises(WorldError, match="connection broke"):
        await in_world(swallowing, use)


def test_an_error_without_words_is_named_by_its_class():
    assert first_cause(ExceptionGroup("g", [EOFError()])) == "EOFError"


def test_of_several_errors_the_first_is_named_by_200_characters():
    found = [first_cause(ExceptionGroup("g", [KeyError("x" * size), EOFError("later")])) for size in (198, 199, 300)]
    assert found == [f"'{'x' * 198}'", f"'{'x' * 199}", f"'{'x' * 199}"]


def test_an_answer_that_no_tool_gave_took_no_time_and_is_not_altered():
    answer = ToolAnswer(text="Error: no such tool", is_error=True, source=AnswerSource.REFUSED)
    assert (answer.seconds, answer.alterations) == (0.0, ())
