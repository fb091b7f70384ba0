"""`choose` as it is run."""

import io
import json
from contextlib import closing

import pytest

from shadow.command_line import choose_command
from shadow.tournament.tournament_record import running
from storage.opening import open_reader, open_store
from storage.rows import PairFilter
from storage.storage_config import StorageConfig
from tests.shadow.tournament.stored_arms import store_arms

pytestmark = pytest.mark.slow
CONFIG = """
[storage]
url = "sqlite:///recorded.db"
[tournament]
tolerance = 20.0
signals = ["answer_kind"]
[proxy.providers]
live = { base_url = "https://live.example.com/v1" }
official = { base_url = "https://maker.example.com/v1" }
host-b = { base_url = "https://b.example.com/v1" }
host-c = { base_url = "https://c.example.com/v1" }
[[proxy.routes]]
name = "agents"
provider = "live"
reference = "official"
candidates = ["host-b", "host-c"]
"""


@pytest.fixture
def configured(tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "sameweights.toml").write_text(CONFIG, encoding="utf-8")
    return tmp_path


def judged_pairs(path):
    store = open_store(StorageConfig(url=f"sqlite:///{path}/recorded.db"))
    store_arms(store, 4e9)
    store.close()


def test_before_the_yes_nothing_is_stored(run, configured):
    code, out, _ = run("choose")
    assert code == 0
    assert out.startswith("Route agents: 2 candidates (host-b, host-c) against official, within 20 points, 5 places.\n")
    assert out.endswith("Nothing was started. To start: sameweights choose --start\n")
    assert not (configured / "recorded.db").exists()


def test_a_plan_begins_nothing(run, configured):
    assert "Nothing has begun" not in run("choose", "--plan")[1]
    assert json.loads(run("choose", "--plan", "--json")[1])["plan"]["nine_of_ten"] > 0
    assert not (configured / "recorded.db").exists()


@pytest.mark.parametrize(("answer", "begins"), [("y\n", True), ("n\n", False), ("\n", False)])
def test_at_a_terminal_a_plan_begins_with_the_yes_alone(run, configured, monkeypatch, answer, begins):
    terminal = io.StringIO(answer)
    terminal.isatty = lambda: True
    monkeypatch.setattr(choose_command.sys, "stdin", terminal)
    monkeypatch.setattr(choose_command.sys.stdout, "isatty", lambda: True)
    out = run("choose")[1]
    assert ("The tournament of agents has begun." in out, "Nothing was started." in out) == (begins, not begins)
    assert (configured / "recorded.db").exists() is begins


def test_a_tournament_proves_the_equal_candidate_and_never_the_broken_one(run, configured):
    assert "The tournament of agents has begun." in run("choose", "--start")[1]
    judged_pairs(configured)
    code, out, _ = run("choose")
    assert code == 0
    assert "✓ host-b: same as the reference within 20 points (80 requests" in out
    assert "✗ host-c: worse than the reference by more than 20 points: kind of answer, about 100 points." in out
    assert "Proven the same: host-b." in out
    document = json.loads(run("choose", "--json")[1])
    assert [each["verdict"] for each in document["candidates"]] == ["same", "worse"]
    switched = CONFIG.replace('candidates = ["host-b", "host-c"]', "").replace('provider = "live"', 'provider = "host-b"')
    (configured / "sameweights.toml").write_text(switched, encoding="utf-8")
    out = run("choose")[1]
    assert "✓ host-b: same as the reference within 20 points (80 requests" in out
    assert "No candidate of the route any more, so that no further copy is sent: host-b, host-c.\n" in out
    code, _, err = run("choose", "--plan")
    assert (code, "choose: no route has candidates" in err) == (2, True)
    assert run("choose", "--md")[1].startswith("## sameweights choose: agents\n")


def test_after_pairs_of_a_tournament_were_forgotten_nothing_is_claimed_in_any_form(run, configured):
    run("choose", "--start")
    judged_pairs(configured)
    config = StorageConfig(url=f"sqlite:///{configured}/recorded.db")
    with closing(open_reader(config)) as reader:
        talks = {each.pair.conversation for each in reader.pairs(PairFilter(provider="host-c", limit=2))}
    for talk in talks:
        assert run("forget", "--conversation", talk)[0] == 0
    why = "not yet known: 2 pairs of this tournament were deleted, so that nothing is claimed; check what deletes them"
    for flags in ([], ["--md"], ["--json"]):
        out = " ".join(run("choose", *flags)[1].replace("\\", "").split())
        assert all(f"{name}: {why}" in out for name in ("host-b", "host-c")), out
    document = json.loads(run("choose", "--json")[1])
    assert [each["verdict"] for each in document["candidates"]] == ["undecided", "undecided"]
    assert (document["cheapest_proven"], document["tie"]) == (None, [])


def test_a_tournament_stores_since_when_records_were_kept(run, configured):
    judged_pairs(configured)
    run("choose", "--start")
    config = StorageConfig(url=f"sqlite:///{configured}/recorded.db")
    with closing(open_reader(config)) as reader:
        assert running(reader.studies.studies(), "agents").kept_since == reader.extent()[1] > 0


def test_a_tournament_that_runs_is_ended_only_by_a_flag(run, configured):
    run("choose", "--start")
    code, _, err = run("choose", "--start")
    assert (code, "choose: a tournament of the route 'agents' runs since " in err) == (2, True)
    assert run("choose", "--start", "--replace")[0] == 0


def test_the_json_of_a_start_holds_when_the_tournament_began(run, configured):
    started = json.loads(run("choose", "--start", "--json")[1])
    assert started["begun"] == json.loads(run("choose", "--json")[1])["begun"] is not None


@pytest.mark.parametrize(
    ("flags", "words"), [(["--replace"], "give --start too"), (["--plan", "--start"], "use only one of them")]
)
def test_flags_that_contradict_each_other_begin_nothing(run, configured, flags, words):
    code, _, err = run("choose", *flags)
    assert (code, words in err) == (2, True)
    assert not (configured / "recorded.db").exists()


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("tolerance = 20.0", "tolerance = 0", "tournament.tolerance: must be more than 0"),
        ('["answer_kind"]', '["answer_kinds"]', "no such choice: 'answer_kinds'; did you mean 'answer_kind'?"),
        ('["answer_kind"]', "[]", "tournament.signals: "),
        ('candidates = ["host-b", "host-c"]', "", "choose: no route has candidates"),
    ],
)
def test_what_is_written_wrong_is_a_sentence(run, configured, before, after, words):
    (configured / "sameweights.toml").write_text(CONFIG.replace(before, after), encoding="utf-8")
    code, _, err = run("choose")
    assert (code, words in err) == (2, True), err
