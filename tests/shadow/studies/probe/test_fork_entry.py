"""Forks of a stored conversation: on the provider that it was held with nothing leaves the recording."""

import json
import shlex
import sqlite3
from contextlib import closing

import pytest

from shadow.demo.fleet.example_files import write_example
from shadow.reading.parsed_exchange import parse_exchange
from shadow.settings.config_errors import ConfigError
from shadow.studies.probe.call_ids import CallIds
from shadow.studies.probe.fork_entry import ForkFlags, execute_fork
from shadow.studies.probe.probe_study import ProbeStudy
from shadow.studies.probe.run_rows import misses_of
from tests.exchanges import asked, exchange
from tests.records import add_live, add_pair, answer, calling, record
from tests.shadow.studies.probe.probe_orders import order_of
from tests.shadow.studies.probe.test_probe_study import serving
from tests.studied import reader, write_config

pytestmark = pytest.mark.slow


@pytest.fixture
def conversation(tmp_path):
    """(folder, hosts, ids of one conversation with openrouter): two runs of one prompt, five requests each, in one database."""
    with serving() as hosts:
        order = order_of(hosts, tmp_path, runs=2)
        ProbeStudy(order, {}).run()
        write_config(tmp_path, {name: hosts.base_url(name) for name in ("openrouter", "nim")}, "openrouter")
        with closing(reader(order.database)) as study:
            runs = [run for run in study.studies.runs(order.id) if run.target == "openrouter"]
        yield tmp_path, hosts, runs[0].steps


def fork(folder, exchange, step, *, plan=False, **given):
    values = {
        "conversation": exchange,
        "step": step,
        "providers": ("nim",),
        "config": folder / "sameweights.toml",
        "source": str(folder / "study-battery.db"),
        "runs": 2,
        "one_step": False,
        "allowed_drop": 0.3,
        "budget": (),
        "db": str(folder / f"fork-{step}.db"),
        "fresh": False,
        "quiet": True,
        "out": folder,
        "formats": "text",
    }
    return execute_fork(ForkFlags(**(values | given)), plan=plan)


@pytest.mark.parametrize("step", [1, 2, 4])
def test_a_fork_on_the_same_provider_leaves_the_recording_nowhere(conversation, step, capsys):
    folder, _, steps = conversation
    fork(folder, steps[2], step)
    with closing(reader(folder / f"fork-{step}.db")) as study:
        (row,) = study.studies.studies()
        runs = study.studies.runs(row.id)
    assert row.kind == "fork"
    own = [run for run in runs if run.target == "openrouter"]
    assert misses_of(runs, "openrouter") == (0, 2 * (5 - step))
    assert [len(run.steps) for run in own] == [6 - step] * 2
    assert {run.outcome for run in own} == {"complete"}
    assert "against openrouter" in capsys.readouterr().out


@pytest.mark.parametrize(("tenant", "kept"), [("", True), ("clinic", False)])
def test_a_fork_keeps_what_the_tenant_of_the_conversation_allows(conversation, tenant, kept):
    folder, _, steps = conversation
    with closing(sqlite3.connect(folder / "study-battery.db")) as conn, conn:
        conn.execute("UPDATE exchanges SET tenant = ?", (tenant,))
    with (folder / "sameweights.toml").open("a") as config:
        config.write('[[tenants]]\nname = "clinic"\nkey_env = "KEY_CLINIC"\nbodies = "none"\n')
    fork(folder, steps[2], 4)
    with closing(reader(folder / "fork-4.db")) as study:
        (row,) = study.studies.studies()
        sent = [study.exchange(step) for run in study.studies.runs(row.id) for step in run.steps]
    assert {each.response_body is not None for each in sent} == {kept}


@pytest.mark.parametrize("named", ["pair", "conversation"])
def test_a_live_conversation_is_named_by_a_pair_or_by_its_key(sqlite_store, tmp_path, capsys, named):
    store = sqlite_store
    pair = add_pair(store, "openrouter", calling("Oslo"), calling("Oslo"))
    add_live(store, "nim")
    assert store.flush(20)
    write_config(tmp_path, dict.fromkeys(("openrouter", "nim"), "http://127.0.0.1:9/v1"), "openrouter")
    name = {"pair": pair, "conversation": store.pair(pair).conversation}[named]
    assert fork(tmp_path, name, 1, plan=True, source=str(next(tmp_path.rglob("*.db")))) == 0
    assert "at most 2 runs of each of 2 providers" in capsys.readouterr().out


@pytest.mark.parametrize(("length", "name"), [(40, f"fork-{'k' * 40}-1"), (41, f"fork-{'k' * 24}-6510a5e1cc02-1")])
def test_a_key_of_more_than_forty_characters_is_shortened_in_the_name_of_its_study(sqlite_store, tmp_path, capsys, length, name):
    key = "k" * length
    add_pair(sqlite_store, "openrouter", calling("Oslo"), calling("Oslo"), conversation=key)
    assert sqlite_store.flush(20)
    write_config(tmp_path, dict.fromkeys(("openrouter", "nim"), "http://127.0.0.1:9/v1"), "openrouter")
    assert fork(tmp_path, key, 1, plan=True, source=str(next(tmp_path.rglob("*.db")))) == 0
    assert capsys.readouterr().out.startswith(f"fork {name}: nim against openrouter,")


def test_one_step_is_the_next_answer_alone_and_leaves_no_recording(conversation):
    folder, hosts, steps = conversation
    before = hosts.requests
    fork(folder, steps[0], 1, one_step=True)
    assert hosts.requests - before == 2 * 2


def test_a_key_that_holds_requests_of_candidates_alone_is_a_sentence(conversation):
    folder, _, _ = conversation
    with pytest.raises(ConfigError, match="battery: its newest 4 requests went to nim alone, which --provider names"):
        fork(folder, "battery", 1)


@pytest.fixture
def by_key(tmp_path, monkeypatch):
    """(folder, hosts, grow) of live requests to openrouter under one key; `grow` adds a newer run to them."""
    with serving() as hosts:
        write_config(tmp_path, {name: hosts.base_url(name) for name in ("openrouter", "nim")}, "openrouter")

        def grow(runs):
            ProbeStudy(order_of(hosts, tmp_path, runs=runs, swapped=True), {}).run()

        grow(2)
        monkeypatch.chdir(tmp_path)
        yield tmp_path, hosts, grow


def test_a_fork_by_key_goes_on_as_the_same_study_whatever_came_to_the_key_since(by_key):
    folder, hosts, grow = by_key
    fork(folder, "battery", 2, db=None)
    grow(3)
    before = hosts.requests
    fork(folder, "battery", 2, db=None)
    assert hosts.requests == before
    assert [path.name for path in folder.glob("study-fork*.db")] == ["study-fork-battery-2.db"]
    fork(folder, "battery", 2, db=None, fresh=True)
    assert hosts.requests > before


def stored(path):
    """(study, its plan, its runs, bodies of its requests) of the one study of a database."""
    with closing(reader(path)) as study:
        (row,) = study.studies.studies()
        runs = study.studies.runs(row.id)
        bodies = [json.loads(study.exchange(step).request_body) for run in runs for step in run.steps]
    return row, json.loads(row.plan), runs, bodies


def test_the_command_of_a_fork_is_the_one_that_was_written(conversation, monkeypatch):
    folder, _, steps = conversation
    odd = folder / "a folder; rm"
    odd.mkdir()
    written = ["fork", steps[0], "--step", "5", "--db", str(odd / "f.db")]
    monkeypatch.setattr("sys.argv", ["sameweights", *written, "--fresh"])
    fork(folder, steps[0], 5, db=str(odd / "f.db"))
    _, plan, _, _ = stored(odd / "f.db")
    assert shlex.split(plan["facts"]["command"]) == ["sameweights", *written]


def test_a_fork_has_the_rule_of_its_policy_file(conversation):
    folder, _, steps = conversation
    (folder / "policy.toml").write_text("allowed_drop = 0.25\nfewest_runs = 2\n")
    fork(folder, steps[0], 5, allowed_drop=None, policy=folder / "policy.toml")
    row, _, _, _ = stored(folder / "fork-5.db")
    assert json.loads(row.policy)["allowed_drop"] == 0.25


def test_servers_of_a_task_take_the_place_of_the_recorded_results(conversation):
    folder, _, steps = conversation
    write_example(folder / "tasks", 1)
    fork(folder, steps[0], 2, servers=folder / "tasks" / "battery-30b.toml")
    _, _, runs, _ = stored(folder / "fork-2.db")
    assert {result.source for run in runs for result in run.results} == {"live"}


def test_a_task_without_servers_and_one_that_hands_on_a_key_are_refused(conversation, monkeypatch):
    folder, _, steps = conversation
    write_example(folder / "tasks", 1)
    task = folder / "tasks" / "battery-30b.toml"
    text = task.read_text()
    task.write_text(text[: text.index("[[servers]]")])
    with pytest.raises(ConfigError, match=r"has no \[\[servers\]\]"):
        fork(folder, steps[0], 2, servers=task)
    task.write_text(text.replace('name = "fleet"', 'name = "fleet"\npass_env = ["NIM_KEY"]'))
    config = folder / "sameweights.toml"
    config.write_text(config.read_text().replace('/nim/v1"', '/nim/v1"\napi_key_env = "NIM_KEY"'))
    monkeypatch.setenv("NIM_KEY", "key-of-nim")
    with pytest.raises(ConfigError, match="NIM_KEY is the key of nim"):
        fork(folder, steps[0], 2, servers=task)


def test_ids_of_earlier_calls_are_renamed_where_a_flag_sets_it_and_noted(conversation):
    folder, _, steps = conversation
    fork(folder, steps[0], 3, ids=CallIds.FUNCTIONS, one_step=True)
    _, plan, _, bodies = stored(folder / "fork-3.db")
    ids = {call["id"] for body in bodies for message in body["messages"] for call in message.get("tool_calls") or ()}
    assert ids == {"functions.list_vehicles:0", "functions.get_battery_health:1"}
    assert "the ids of 2 earlier calls are sent as functions.NAME:INDEX" in plan["facts"]["notes"]


def test_a_request_of_another_api_is_no_start_of_a_fork(sqlite_store, tmp_path):
    store = sqlite_store
    made = exchange(answer("a"), provider="nim", request=asked("p"))
    seen = parse_exchange(made._replace(request=made.request._replace(target="/v1/messages?beta=true")))
    store.add_exchange(record(seen))
    assert store.flush(20)
    write_config(tmp_path, dict.fromkeys(("openrouter", "nim"), "http://127.0.0.1:9/v1"), "openrouter")
    with pytest.raises(ConfigError, match=r"is a request to /v1/messages, and a fork takes up requests to /chat/completions"):
        fork(tmp_path, seen.exchange.id, 1, providers=("openrouter",), source=str(next(tmp_path.rglob("*.db"))))


def test_a_plan_of_a_fork_sends_nothing(conversation, capsys):
    folder, hosts, steps = conversation
    before = hosts.requests
    assert fork(folder, steps[0], 1, plan=True) == 0
    assert hosts.requests == before
    assert "at most 2 runs of each of 2 providers, 20 requests each: 80 requests" in capsys.readouterr().out


def test_the_plan_stands_beside_the_result_of_a_fork_that_is_run_and_wraps_behind_its_indent(conversation, capsys, monkeypatch):
    folder, _, steps = conversation
    monkeypatch.setenv("COLUMNS", "60")
    fork(folder, steps[0], 5)
    out, err = capsys.readouterr()
    assert out.startswith("fork fork-")
    lines = err.splitlines()
    assert lines[0].startswith("fork fork-")
    assert [line for line in lines if line.startswith("    ") and not line.startswith("     ")]
    assert all(len(line) <= 60 for line in lines)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"step": 9}, "--step 9: the conversation has 5 requests, and no request 9"),
        ({"conversation": "none"}, "none: no such conversation, pair or exchange in this database"),
        ({"runs": 1}, "one run of each gives no verdict"),
        ({"providers": ("nimm",)}, "no such provider"),
    ],
)
def test_what_is_wrong_is_a_sentence(conversation, given, sentence):
    folder, _, steps = conversation
    with pytest.raises(ConfigError, match=sentence):
        fork(folder, **{"exchange": given.pop("conversation", steps[0]), "step": given.pop("step", 1), **given})
