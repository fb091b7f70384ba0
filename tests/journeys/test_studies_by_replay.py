"""`try` and `replay` as a user runs them: file, plan, requests, database, verdict, exit code, with real sockets on both sides."""

import itertools
import json
import signal
from contextlib import AsyncExitStack, closing

import pytest

from shadow.demo.demo_tasks import tasks
from shadow.demo.planted_faults import PlantedFaults
from shadow.demo.pretended_server import PretendedServer
from storage.rows import PairFilter
from tests.running import PATIENCE
from tests.studied import QUICK, reader, run, start, write_config, write_rows

pytestmark = [pytest.mark.journey, pytest.mark.promise("studies.verdict")]

BROKEN = PlantedFaults(drop_tool_calls=0.4, garble_arguments=0.3)


def bodies(count: int, **more):
    """Requests of the demo that offer tools."""
    offered = (body for body in tasks(5) if "tools" in body)
    return [{**body, "max_tokens": 300, **more} for body in itertools.islice(offered, count)]


@pytest.fixture
async def servers():
    """faithful, broken and official, by name."""
    async with AsyncExitStack() as stack:
        made = {
            "official": PretendedServer(seed=1, pace=QUICK),
            "faithful": PretendedServer(seed=2, pace=QUICK),
            "broken": PretendedServer(seed=3, pace=QUICK, faults=BROKEN),
        }
        yield {name: await stack.enter_async_context(server) for name, server in made.items()}


async def test_try_passes_the_faithful_provider_and_fails_the_broken_one(tmp_path, servers):
    official = servers["official"].base_url
    for name, code, word in (("faithful", 0, "PASS"), ("broken", 3, "FAIL")):
        ended = await run(tmp_path, "try", "--upstream", servers[name].base_url, "--reference", official, "--fresh")
        assert (ended.code, ended.words) == (code, {"upstream": word}), ended
        assert "requests   300, and at most 1,200" in ended.err.split(word)[0]
    assert sum(len(server.requests) for server in servers.values()) < 600, "it stops when it is decided"


async def test_a_replay_judges_two_candidates_by_a_file_and_keeps_every_pair(tmp_path, servers):
    write_config(tmp_path, {name: server.base_url for name, server in servers.items()}, "official")
    rows = write_rows(tmp_path / "rows.jsonl", bodies(70, temperature=0))
    rows.write_text(rows.read_text() + '{"messages": [}\n["no row"]\n')
    ended = await run(tmp_path, "replay", "rows.jsonl", "--allowed-drop", "0.1", "--at-once", "4")
    assert (ended.code, ended.words) == (3, {"faithful": "PASS", "broken": "FAIL"}), ended
    assert "rows.jsonl:71: is not JSON" in ended.err
    assert "rows.jsonl:72: is a JSON list, not an object" in ended.err
    with closing(reader(tmp_path / "study-rows.db")) as study:
        pairs = study.pairs(PairFilter(limit=1_000))
        assert {(pair.pair.route, pair.pair.reference) for pair in pairs} == {("study:rows", "official")}
        assert {pair.pair.provider for pair in pairs} == {"faithful", "broken"}
        assert all(study.exchange(pair.pair.control_id) for pair in pairs)
        assert study.studies.studies()[0].outcome == "broken FAIL, faithful PASS"
    listed = await run(tmp_path, "pairs", "--all", "--db", "study-rows.db", "--provider", "broken", "--json")
    assert {line["provider"] for line in json.loads(listed.out)["pairs"]} == {"broken"}


@pytest.mark.promise("studies.resumed")
async def test_ctrl_c_ends_after_what_is_in_flight_and_the_same_command_goes_on(tmp_path, servers):
    servers["faithful"].pace = servers["official"].pace
    write_config(tmp_path, {name: servers[name].base_url for name in ("official", "faithful")}, "official")
    write_rows(tmp_path / "rows.jsonl", bodies(80))
    process = await start(tmp_path, "replay", "rows.jsonl")
    await servers["faithful"].until(lambda server: server.answered >= 10, seconds=PATIENCE)
    process.send_signal(signal.SIGINT)
    await process.communicate()
    assert process.returncode == 130
    sent = {name: len(server.requests) for name, server in servers.items()}
    with closing(reader(tmp_path / "study-rows.db")) as study:
        [row] = study.studies.studies()
        stored = study.studies.requests(row.id)
    assert {request.state for request in stored} == {"answered"}
    assert len(stored) == sum(sent.values())
    ended = await run(tmp_path, "replay", "rows.jsonl")
    assert ended.code == 0
    assert f"{len(stored)} answers are stored already" in " ".join(ended.err.split())
    assert {name: len(server.requests) for name, server in servers.items()} == {"official": 160, "faithful": 80, "broken": 0}


async def test_a_replay_scores_answers_by_the_checks_of_a_file(tmp_path, servers):
    write_config(tmp_path, {name: servers[name].base_url for name in ("official", "faithful")}, "official")
    write_rows(tmp_path / "rows.jsonl", bodies(30, temperature=0))
    (tmp_path / "checks.toml").write_text('[[checks]]\nkind = "max_characters"\nat_most = 4000\npoints = 5\n')
    ended = await run(tmp_path, "replay", "rows.jsonl", "--checks", "checks.toml", "--allowed-drop", "0.3", "--format", "json")
    assert ended.code == 0, ended
    found = json.loads(ended.out)
    assert (found["policy"]["score"], found["verdicts"][0]["word"]) == ("checks", "PASS")
    assert found["verdicts"][0]["figures"]["points"] == 5.0
    (tmp_path / "checks.toml").write_text('[[checks]]\nkind = "max_charcters"\n')
    wrong = await run(tmp_path, "replay", "rows.jsonl", "--checks", "checks.toml")
    assert wrong.code == 2
    assert "did you mean 'max_characters'?" in wrong.err
