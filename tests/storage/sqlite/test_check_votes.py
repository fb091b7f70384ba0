"""The checks of pairs, summed by conversation: which pairs count, and for whom."""

import pytest

from storage.judgement_rows import CheckVote
from storage.rows import PairRecord
from tests.conformance import DAY, START, exchange_record, finding, pair_row

OK, BAD, NONE = "match", "differ", "not made"
by_name = True
"""Whether a check that matched is stored by its name, or as a row, as before 0.2."""


@pytest.fixture(params=["rows", "names"], autouse=True)
def form(request, monkeypatch):
    """Every test with both forms of a check that matched."""
    monkeypatch.setattr(f"{__name__}.by_name", request.param == "names")


def add(
    store, name, provider=NONE, reference=NONE, *, check="empty_answer", talk="", fingerprint="", started=START, y=None, r=None
):
    """One pair whose two answers came out so by one check; `y` and `r` change the rows of the two exchanges."""
    live, shadow = (
        exchange_record(each, calls=0, checks=0, started=started, **(more or {})) for each, more in ((name, y), (f"{name}-r", r))
    )
    row = pair_row(name, reference_id=shadow.exchange.id, conversation=talk, request_fingerprint=fingerprint, started=started)
    store.add_exchange(_with(live, check, provider))
    store.add_pair(PairRecord(pair=row, exchanges=(_with(shadow, check, reference),), findings=(), payoffs=()))
    assert store.flush(20)


def _with(record, check, state):
    """`check` is the name of one check, or of several with blanks between them."""
    if state == OK and by_name:
        return record._replace(passed=tuple(check.split()))
    made = () if state == NONE else tuple(_finding(record, name, state) for name in check.split())
    return record._replace(findings=made)


def _finding(record, check, state):
    return finding(check, state, exchange_id=record.exchange.id, comparison="check")


def found(store, since=0.0, until=0.0):
    [one] = store.judgements.compared_checks(since, until)
    return one.conversations, {vote.signal: (vote.plus, vote.minus, vote.alone) for vote in one.votes}


def test_a_conversation_has_one_vote_for_the_side_that_failed_more(store):
    for number, (provider, reference) in enumerate([(BAD, OK), (BAD, OK), (OK, BAD)]):
        add(store, f"a{number}", provider, reference, talk="a")
    add(store, "b", OK, BAD, talk="b")
    add(store, "c", BAD, BAD, talk="c")
    add(store, "d", BAD, OK, talk="d")
    add(store, "e", OK, OK, talk="e")
    assert found(store) == (5, {"empty_answer": (2, 1, 1)})
    [one] = store.judgements.compared_checks(0.0, 0.0)
    assert (one.model, one.provider, one.reference) == ("qwen", "near", "official")
    assert one.votes == (CheckVote(signal="empty_answer", plus=2, minus=1, alone=1),)


def test_a_whole_answer_that_a_check_found_nothing_in_has_not_failed_it(store):
    add(store, "a", BAD, NONE, check="reasoning_form", talk="a")
    add(store, "b", NONE, BAD, check="reasoning_form", talk="b")
    assert found(store) == (2, {"reasoning_form": (1, 1, 1)})


@pytest.mark.parametrize(
    "broken", [{"status": 500, "unread": "error"}, {"failure": "reset"}, {"unread": "broken"}, {"status": None}]
)
def test_a_pair_with_an_answer_that_failed_counts_for_neither_side(store, broken):
    add(store, "a", BAD, NONE, talk="a", r=broken)
    add(store, "b", NONE, BAD, talk="b", y=broken)
    add(store, "c", OK, OK, talk="c")
    assert found(store) == (1, {})


def test_broken_answer_counts_for_the_checks_of_broken_answers(store):
    broken = {"failure": "reset", "unread": "broken"}
    add(store, "a", BAD, OK, check="broken_stream", talk="a", y=broken)
    add(store, "b", OK, BAD, check="broken_stream", talk="b", r=broken)
    add(store, "c", BAD, NONE, check="broken_stream", talk="c", y=broken)
    add(store, "d", BAD, NONE, check="broken_stream", talk="d", y=broken, r={"status": 500, "unread": "error"})
    assert found(store) == (3, {"broken_stream": (2, 1, 2)})


@pytest.mark.parametrize("check", ["context_limit", "lost_space", "lumpy_calls"])
def test_a_check_of_what_a_side_reports_counts_where_both_were_judged(store, check):
    add(store, "a", BAD, NONE, check=check, talk="a")
    add(store, "b", NONE, BAD, check=check, talk="b")
    add(store, "c", BAD, OK, check=check, talk="c")
    assert found(store) == (3, {check: (1, 0, 1)})


@pytest.mark.parametrize("check", ["max_tokens", "finish_contradiction"])
def test_a_check_that_reads_the_usage_counts_where_both_report_it_or_neither(store, check):
    add(store, "a", BAD, NONE, check=check, talk="a", r={"completion_tokens": None})
    add(store, "b", BAD, NONE, check=check, talk="b", y={"completion_tokens": None})
    add(store, "c", BAD, NONE, check=check, talk="c", y={"completion_tokens": None}, r={"completion_tokens": None})
    add(store, "d", BAD, NONE, check=check, talk="d")
    assert found(store) == (4, {check: (2, 0, 2)})


def test_a_request_that_comes_again_within_a_day_counts_once(store):
    for number in range(16):
        add(store, f"a{number}", BAD, OK, talk=f"a{number}", fingerprint="f", started=START + 60 * number)
    add(store, "b", BAD, OK, talk="b", fingerprint="g")
    assert found(store) == (2, {"empty_answer": (2, 0, 2)})
    add(store, "c", BAD, OK, talk="c", fingerprint="g", started=START + DAY)
    assert found(store) == (3, {"empty_answer": (3, 0, 3)})


def test_requests_of_no_conversation_stand_alone(store):
    for name in "abc":
        add(store, name, BAD, OK)
    assert found(store) == (3, {"empty_answer": (3, 0, 3)})


def test_a_period_holds_its_own_pairs(store):
    add(store, "a", BAD, OK, talk="a")
    add(store, "b", BAD, OK, talk="b", started=START + 10)
    assert found(store, START + 10)[0] == 1
    assert found(store, 0.0, START + 10)[0] == 1
    assert store.judgements.compared_checks(START + 11, 0.0) == []


def test_the_markup_about_a_call_that_is_named_is_not_counted_a_second_time(store):
    add(store, "a", BAD, OK, check="call_in_text template_leak", talk="a")
    add(store, "b", OK, BAD, check="call_in_text template_leak", talk="b")
    add(store, "c", BAD, OK, check="template_leak", talk="c")
    assert found(store) == (3, {"call_in_text": (1, 1, 1), "template_leak": (1, 0, 1)})


def test_markup_of_one_side_counts_where_the_other_side_wrote_a_call(store):
    add(store, "a", BAD, NONE, check="template_leak", talk="a")
    live, other = (exchange_record(name, calls=0, checks=0) for name in ("b", "b-r"))
    store.add_exchange(_with(live, "template_leak", BAD))
    pair = pair_row("b", reference_id="b-r", conversation="b")
    store.add_pair(PairRecord(pair=pair, exchanges=(_with(other, "call_in_text", BAD),), findings=(), payoffs=()))
    assert store.flush(20)
    assert found(store) == (2, {"call_in_text": (0, 1, 0), "template_leak": (2, 0, 2)})
