"""Worlds of recorded answers, and what a call gets that no recording holds."""

import pytest

from shadow.studies.worlds.recorded_world import LeftRecordingError, recorded_world
from shadow.studies.worlds.recording import Match, RecordedCall, Recording, Unseen
from shadow.studies.worlds.world import AnswerSource

FUNCTIONS = ({"type": "function", "function": {"name": "read", "parameters": {"type": "object"}}},)
RECORDING = Recording(functions=FUNCTIONS, calls=(RecordedCall(name="read", arguments='{"path": "a"}', text="A"),))


async def call(unseen, name, arguments):
    async with recorded_world(RECORDING, Match.ARGUMENTS, unseen) as world:
        return await world.call(name, arguments)


async def test_a_world_offers_the_functions_that_were_recorded():
    async with recorded_world(RECORDING, Match.ARGUMENTS, Unseen.ERROR) as world:
        assert world.offered.functions == FUNCTIONS
        assert list(world.offered.origins) == ["read"]


async def test_a_recorded_call_gets_its_answer():
    answer = await call(Unseen.STOP, "read", {"path": "a"})
    assert (answer.text, answer.source, answer.is_error) == ("A", AnswerSource.RECORDED, False)


@pytest.mark.parametrize(
    ("unseen", "text", "source"),
    [
        (Unseen.ERROR, "Error: no result is recorded for these arguments", AnswerSource.UNSEEN),
        (Unseen.NEAREST, "A", AnswerSource.NEAREST),
    ],
)
async def test_unrecorded_call_gets_the_policys_result_and_is_marked(unseen, text, source):
    answer = await call(unseen, "read", {"path": "b"})
    assert (answer.text, answer.source) == (text, source)
    assert answer.is_error is (unseen is Unseen.ERROR)


async def test_an_unseen_call_of_a_tool_that_was_never_called_is_an_error_also_for_the_nearest():
    assert (await call(Unseen.NEAREST, "write", {})).source is AnswerSource.UNSEEN


async def test_a_run_may_end_at_the_first_unseen_call():
    with pytest.raises(LeftRecordingError, match="no call of 'read' with these arguments"):
        await call(Unseen.STOP, "read", {"path": "b"})
