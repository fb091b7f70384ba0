"""Worlds of live servers: fourteen ways to misbehave, one sentence each, and no process left."""

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from shadow.studies.worlds.live_world import LiveWorld, WorldPlace, live_world
from shadow.studies.worlds.server_spec import Isolation, ServerSpec
from shadow.studies.worlds.world import AnswerSource, WorldError, in_world

BAD = str(Path(__file__).resolve().parents[3] / "bad_server.py")


def spec(way="", **settings):
    settings = {"name": "s", "command": (sys.executable, BAD, way), "timeout": 60.0, "start_timeout": 60.0} | settings
    return ServerSpec(**settings)


def place(folder, environ=None):
    return WorldPlace(folder=folder, here=folder, run="r1", environ=dict(os.environ) if environ is None else environ)


async def used(folder, use, *specs, environ=None):
    """What `use` makes of a world of these servers."""
    return await in_world(lambda: live_world(specs, place(folder, environ)), use)


def calling(*calls):
    async def use(world):
        return [await world.call(name, arguments) for name, arguments in calls]

    return use


async def left_over(folder: Path) -> list[str]:
    """Command lines of processes that run in a folder, once those that were killed have had the time to end."""
    for _ in range(9_000):  # a minute and a half
        if not (found := running_in(folder)):
            return []
        await asyncio.sleep(0.01)
    return found


def running_in(folder: Path) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if Path(entry / "cwd").readlink().is_relative_to(folder):
                    found.append((entry / "cmdline").read_text())
            except OSError:
                continue
    return found


AT_START = {
    "exits": "server 's' did not start: Connection closed; its standard error ends: Error: no licence key",
    "hangs": "server 's' did not start: no answer within 1 s",
    "endless_line": "server 's' did not start: Connection closed: it sent a line of more than 8 MiB",
    "prints_for_ever": "server 's' did not start: no answer within 1 s",
    "pages": "server 's': its list of tools has more than 50 pages",
    "odd_tools": "server 's' did not start: its answer does not follow the protocol",
}


@pytest.mark.slow
@pytest.mark.parametrize("way", [pytest.param(way, marks=[pytest.mark.slow] * (way == "prints_for_ever")) for way in AT_START])
async def test_a_server_that_does_not_start_is_one_sentence_and_leaves_no_process(tmp_path, way):
    seconds = 1.0 if way in {"hangs", "prints_for_ever"} else 20.0
    with pytest.raises(WorldError) as raised:
        await used(tmp_path, calling(), spec(way, start_timeout=seconds))
    assert str(raised.value) == AT_START[way]
    assert await left_over(tmp_path) == []


IN_A_CALL = {
    "dies": "server 's' closed its connection; its standard error ends: OSError: disk full",
    "huge": "server 's' closed its connection: it sent a line of more than 8 MiB",
}


@pytest.mark.slow
@pytest.mark.parametrize("way", IN_A_CALL)
async def test_a_server_that_dies_in_a_call_is_one_sentence_and_leaves_no_process(tmp_path, way):
    with pytest.raises(WorldError) as raised:
        await used(tmp_path, calling(("echo", {"text": "a"}), ("bad", {})), spec(way))
    assert str(raised.value) == IN_A_CALL[way]
    assert await left_over(tmp_path) == []


ANSWERED = {
    "": ("fine", AnswerSource.LIVE),
    "prints": ("fine", AnswerSource.LIVE),
    "errors": ("fine", AnswerSource.LIVE),
    "notifies": ("done", AnswerSource.LIVE),
    "grows_a_child": ("fine", AnswerSource.LIVE),
    "stays": ("fine", AnswerSource.LIVE),
    "refuses": ("Error: tasks only", AnswerSource.LIVE),
    "other_shape": ("Error: the tool server's answer does not follow the protocol", AnswerSource.LIVE),
    "other_id": ("to this one", AnswerSource.LIVE),
}


@pytest.mark.slow
@pytest.mark.parametrize("way", [pytest.param(way, marks=[pytest.mark.slow] * (way == "stays")) for way in ANSWERED])
async def test_a_server_that_misbehaves_and_answers_goes_on_and_leaves_no_process(tmp_path, way):
    answers = await used(tmp_path, calling(("bad", {}), ("echo", {"text": "after"})), spec(way))
    assert (answers[0].text, answers[0].source) == ANSWERED[way]
    assert answers[1].text == '{"text": "after"}'
    assert await left_over(tmp_path) == []


@pytest.mark.slow
async def test_a_call_without_an_answer_is_an_error_for_the_model_and_three_end_the_world(tmp_path):
    async def use(world):
        first = [await world.call("bad", {}) for _ in range(2)]
        between = await world.call("echo", {"text": "a"})
        more = [await world.call("bad", {}) for _ in range(2)]
        assert {answer.text for answer in first + more} == {"Error: no answer within 0.2 s"}
        assert {answer.source for answer in first + more} == {AnswerSource.TIMEOUT}
        assert between.source is AnswerSource.LIVE
        await world.call("bad", {})

    with pytest.raises(WorldError, match=r"^server 's' left 3 calls one after another unanswered for 0.2 s$"):
        await used(tmp_path, use, spec("never", timeout=0.2))


@pytest.mark.slow
async def test_a_dying_server_and_a_flooding_one_leave_the_world_beside_them_unharmed(tmp_path):
    async def steady(world):
        answers = [await world.call("echo", {"text": str(number)}) for number in range(50)]
        return [json.loads(answer.text)["text"] for answer in answers]

    good, *bad = await asyncio.gather(
        used(tmp_path / "good", steady, spec()),
        *(used(tmp_path / way, calling(("bad", {})), spec(way)) for way in ("dies", "huge", "notifies", "errors")),
        return_exceptions=True,
    )
    assert good == [str(number) for number in range(50)]
    assert [type(result) for result in bad] == [WorldError, WorldError, list, list]
    assert await left_over(tmp_path) == []


async def test_a_function_that_is_offered_no_longer_is_one_sentence():
    with pytest.raises(WorldError, match="do not offer 'gone', which they did at the start of the study"):
        await LiveWorld((), ()).call("gone", {})


async def test_a_program_that_does_not_exist_is_one_sentence(tmp_path):
    with pytest.raises(WorldError, match=r"^server 's' did not start: .*No such file or directory: 'no-such-program'$"):
        await used(tmp_path, calling(), spec(command=("no-such-program",)))


async def test_a_caller_that_cancels_is_cancelled_and_the_server_is_ended(tmp_path):
    started = asyncio.Event()

    async def wait(world):
        started.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(used(tmp_path, wait, spec()))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await left_over(tmp_path) == []


async def test_an_error_of_the_caller_passes_as_it_is(tmp_path):
    async def fault(world):
        raise KeyError("ours")

    with pytest.raises(KeyError, match="ours"):
        await used(tmp_path, fault, spec())
    assert await left_over(tmp_path) == []


async def test_each_run_has_its_own_copy_and_shows_it_under_one_name(tmp_path):
    original = tmp_path / "original"
    original.mkdir()
    (original / "a.txt").write_text("before")
    settings = {"copy": original, "alias": {"/data": "{data}"}}
    write = calling(("write", {"path": "/data/a.txt", "text": "after"}))
    answers = [(await used(tmp_path / run, write, spec(**settings)))[0] for run in ("one", "two")]
    assert [answer.text for answer in answers] == ["wrote /data/a.txt"] * 2
    assert (original / "a.txt").read_text() == "before"
    assert (tmp_path / "one" / "s" / "data" / "a.txt").read_text() == "after"


async def test_a_link_that_leads_out_of_the_copied_folder_is_refused(tmp_path):
    original = tmp_path / "original"
    original.mkdir()
    (original / "out").symlink_to("../elsewhere")
    with pytest.raises(WorldError, match="the link out leads out of the folder, and runs would share"):
        await used(tmp_path / "run", calling(), spec(copy=original))


async def test_a_server_gets_the_variables_of_the_task_and_none_of_our_keys(tmp_path):
    environ = {"PATH": os.environ["PATH"], "OPENAI_API_KEY": "sk-ours", "TOKEN": "tok-secret-1", "TMPDIR": "/elsewhere"}
    settings = {"env": {"STATE": "{folder}/state", "RUN": "{run}"}, "pass_env": ("TOKEN",)}
    answers = await used(tmp_path, calling(("echo", {"text": "environment"})), spec(**settings), environ=environ)
    seen = json.loads(answers[0].text)
    assert seen["TOKEN"] == "[TOKEN]"
    assert answers[0].alterations == ("value of TOKEN masked",)
    assert "OPENAI_API_KEY" not in seen
    assert seen["STATE"] == f"{tmp_path}/s/state"
    assert seen["TMPDIR"] == f"{tmp_path}/s/tmp"
    assert seen["RUN"] == "r1"


LEAK = 'tok-"secret"-1234567890'
GIVEN = {"PATH": os.environ["PATH"], "TOKEN": LEAK}


def parts_of(secret):
    """What of a secret must stand nowhere: any six characters of it."""
    return [secret[start : start + 6] for start in range(len(secret) - 5)]


@pytest.mark.parametrize("way", ["leaks", "leaks_to_the_cut", "leaks_in_json"])
async def test_no_part_of_a_value_stands_in_what_a_server_answers(tmp_path, way):
    answers = await used(tmp_path, calling(("bad", {})), spec(way, pass_env=("TOKEN",)), environ=GIVEN)
    assert not [part for part in parts_of(LEAK) if part in answers[0].text]
    assert "[TO" in answers[0].text
    assert "value of TOKEN masked" in answers[0].alterations


async def test_no_value_stands_in_a_description_a_schema_or_a_name_that_is_offered(tmp_path):
    async def use(world):
        return world.offered

    offered = await used(tmp_path, use, spec("leaks", pass_env=("TOKEN",)), environ=GIVEN)
    (leaks,) = [tool["function"] for tool in offered.functions if tool["function"]["name"] == "leaks"]
    assert leaks["description"] == "Calls with [TOKEN]."
    assert leaks["parameters"]["properties"]["key"]["default"] == "[TOKEN]"
    assert sorted(offered.origins) == ["bad", "echo", "leaks", "write"]
    assert offered.alterations[-2:] == (
        "s: 'leaks': value of TOKEN masked",
        "s: a tool is hidden: its name holds the value of TOKEN",
    )


async def test_no_part_of_a_value_stands_in_the_sentence_on_a_server_that_does_not_start(tmp_path):
    with pytest.raises(WorldError) as raised:
        await used(tmp_path, calling(), spec("leaks_at_start", pass_env=("TOKEN",)), environ=GIVEN)
    assert str(raised.value).endswith("xxx [TOKEN]")


async def test_a_value_that_one_server_was_given_is_masked_in_what_another_answers(tmp_path):
    environ = GIVEN | {"OTHER": "value-of-another"}
    specs = [spec(name="one", pass_env=("TOKEN",)), spec(name="two", pass_env=("OTHER",))]
    calls = calling(("two__echo", {"text": LEAK}), ("one__echo", {"text": environ["OTHER"]}))
    answers = await used(tmp_path, calls, *specs, environ=environ)
    assert [json.loads(answer.text)["text"] for answer in answers] == ["[TOKEN]", "[OTHER]"]


async def test_a_folder_of_a_run_is_named_alike_in_equal_faults_and_whole_before_the_cut(tmp_path):
    command = (sys.executable, "-c", "import sys, os; sys.exit('Error: ' + 'x' * 150 + os.getcwd() + '/a is missing')")
    sentences = set()
    for run in ("one", "two"):
        with pytest.raises(WorldError) as raised:
            await used(tmp_path / run, calling(), spec(command=command))
        sentences.add(str(raised.value).split("x" * 150)[1])
    assert sentences == {"{folder}/data/a is missing"}


async def test_an_injected_argument_reaches_the_server_and_overrides_the_model(tmp_path):
    answers = await used(tmp_path, calling(("echo", {"text": "a", "key": "the model's"})), spec(inject={"key": "{run}"}))
    assert json.loads(answers[0].text) == {"text": "a", "key": "r1"}


async def test_two_servers_with_tools_of_one_name_are_distinguished(tmp_path):
    specs = [spec(name="one"), spec(name="two")]

    async def use(world):
        return sorted(world.offered.origins), (await world.call("two__echo", {"text": "a"})).text

    names, text = await used(tmp_path, use, *specs)
    assert names == ["one__bad", "one__echo", "one__write", "two__bad", "two__echo", "two__write"]
    assert text == '{"text": "a"}'


async def test_a_shared_server_with_a_tool_that_may_write_is_refused(tmp_path):
    with pytest.raises(WorldError, match=r'is shared, and these tools have no read-only hint: \["echo", "bad", "write"\]'):
        await used(tmp_path, calling(), spec(isolation=Isolation.SHARED, trusted=True))
    with pytest.raises(WorldError, match=r'no read-only hint: \["echo"\]'):
        await used(tmp_path / "b", calling(), spec(isolation=Isolation.SHARED, trusted=True, hide=("bad", "write")))
