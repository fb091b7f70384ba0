import json

from shadow import filing
from shadow.drift.alarm import State
from shadow.drift.case import Case, Entry, Ruling, Standing
from shadow.drift.second_look import Blame
from shadow.drift.stakes import Stakes
from shadow.drift.status import statuses
from storage.judged import EntryRow, EvidenceRow
from tests.payoffs import GROUP

KEY = ("default", "m", "p", "r")
ROW = EntryRow(
    no=3,
    pair_id="a",
    group=GROUP,
    started=5.0,
    conversation="c",
    fingerprint="f",
    kind="no tools",
    excluded=("seed",),
    payoffs=(("action", 1), ("error", 0)),
)


def ruling(*counted, excluded=()):
    return Ruling(counted=counted, excluded=excluded, change=None)


def test_a_group_is_the_same_there_and_back():
    assert filing.key_of(GROUP) == KEY
    assert filing.group_of(KEY) == GROUP


def test_a_pair_is_judged_as_it_was_stored():
    made = filing.entry(ROW)
    assert (made.pair_id, made.group, made.payoffs, made.excluded) == ("a", KEY, ROW.payoffs, ("seed",))


def test_the_reason_is_empty_only_where_all_counted():
    made: Entry = filing.entry(ROW)
    assert filing.reason(made, ruling(*ROW.payoffs)) == ""
    assert filing.reason(made, ruling(excluded=("repeated", "seed"))) == "repeated"
    assert filing.reason(filing.entry(EntryRow(**{**_fields(), "payoffs": ()})), ruling()) == filing.NOTHING


def _fields():
    return {name: getattr(ROW, name) for name in EntryRow.__slots__}


def test_evidence_is_of_one_group_and_one_signal():
    made = filing.entry(ROW)
    [found] = filing.fresh([(made, {"action": 1})], KEY, "action")
    assert (found.pair_id, found.payoff, found.kind) == ("a", 1, "no tools")
    assert [*filing.fresh([(made, {"action": 1})], KEY, "error")] == []
    assert [*filing.fresh([(made, {"action": 1})], ("other", *KEY[1:]), "action")] == []
    row = EvidenceRow(pair_id="a", started=5.0, conversation="c", kind="no tools", payoff=1)
    assert filing.stored(row) == found


def test_a_change_without_latches_names_its_tests_and_keeps_the_name_of_the_alarm():
    [status] = statuses({KEY: Case(Stakes())})
    old = Standing(state=State.DRIFT, name="args", blame=Blame.PROVIDER)
    row = filing.alarm(status, old, Standing(), pair_id="a", at=1.0, tests=[("trigger_rate", 1)])
    assert (row.old, row.new, row.name, row.pair_id, row.at) == ("drift", "ok", "args", "a", 1.0)
    details = json.loads(row.details)
    assert details["tests"] == [{"signal": "trigger_rate", "direction": "fewer"}]
    assert (details["blame"], details["reference_suspected"]) == ("", False)
