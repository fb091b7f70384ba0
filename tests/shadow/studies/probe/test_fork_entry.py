"""Forks of a stored conversation: on the provider that it was held with nothing leaves the recording."""

from contextlib import closing

import pytest

from shadow.settings.config_errors import ConfigError
from shadow.studies.probe.fork_entry import ForkFlags, execute_fork
from shadow.studies.probe.probe_study import ProbeStudy
from shadow.studies.probe.run_rows import misses_of
from tests.records import add_live, add_pair, calling
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


@pytest.mark.parametrize("named", ["pair", "conversation"])
def test_a_live_conversation_is_named_by_a_pair_or_by_its_key(store, tmp_path, capsys, named):
    pair = add_pair(store, "openrouter", calling("Oslo"), calling("Oslo"))
    add_live(store, "nim")
    assert store.flush(20)
    write_config(tmp_path, dict.fromkeys(("openrouter", "nim"), "http://127.0.0.1:9/v1"), "openrouter")
    name = {"pair": pair, "conversation": store.pair(pair).conversation}[named]
    assert fork(tmp_path, name, 1, plan=True, source=str(next(tmp_path.rglob("*.db")))) == 0
    assert "at most 2 runs of each of 2 providers" in capsys.readouterr().out


def test_one_step_is_the_next_answer_alone(conversation):
    folder, hosts, steps = conversation
    before = hosts.requests
    fork(folder, steps[0], 1, one_step=True)
    assert hosts.requests - before == 2 * 2


def test_a_plan_of_a_fork_sends_nothing(conversation, capsys):
    folder, hosts, steps = conversation
    before = hosts.requests
    assert fork(folder, steps[0], 1, plan=True) == 0
    assert hosts.requests == before
    assert "at most 2 runs of each of 2 providers, 20 requests each: 80 requests" in capsys.readouterr().out


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
