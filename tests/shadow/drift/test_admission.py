import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.drift import admission as room
from shadow.drift.admission import Admission, counts
from shadow.drift.exclusions import Exclusion

DAY = 86_400.0


def offer(admission, pair_id, *, fingerprint="", conversation="", at=0.0):
    fields = {"pair_id": pair_id, "fingerprint": fingerprint, "conversation": conversation, "at": at}
    why = admission.why_not(**fields)
    if not why:
        admission.admit(**fields)
    return why


def test_the_same_request_is_admitted_once_in_24_hours():
    admission = Admission()
    assert offer(admission, "a", fingerprint="f") is Exclusion.NONE
    assert offer(admission, "b", fingerprint="f", at=DAY - 1) is Exclusion.REPEATED
    assert offer(admission, "c", fingerprint="g", at=1) is Exclusion.NONE
    assert offer(admission, "d", fingerprint="f", at=DAY) is Exclusion.NONE


def test_what_was_turned_away_does_not_lengthen_the_wait():
    admission = Admission()
    offer(admission, "a", fingerprint="f")
    offer(admission, "b", fingerprint="f", at=DAY / 2)
    assert offer(admission, "c", fingerprint="f", at=DAY + 1) is Exclusion.NONE


def test_same_pair_is_admitted_once_whatever_its_request():
    admission = Admission()
    assert offer(admission, "a") is Exclusion.NONE
    assert offer(admission, "a") is Exclusion.REPEATED
    assert offer(admission, "b") is Exclusion.NONE


def test_conversation_counts_ten_times_in_24_hours_and_not_eleven():
    admission = Admission()
    found = [offer(admission, f"p{i}", conversation="c", at=float(i)) for i in range(12)]
    assert found == [Exclusion.NONE] * 10 + [Exclusion.CONVERSATION_FULL] * 2
    assert offer(admission, "q", conversation="c", at=DAY + 0.5) is Exclusion.NONE
    assert offer(admission, "r", conversation="c", at=DAY + 0.6) is Exclusion.CONVERSATION_FULL


def test_requests_that_stand_alone_are_never_too_many():
    admission = Admission()
    assert {offer(admission, f"p{i}", conversation="") for i in range(30)} == {Exclusion.NONE}


@pytest.mark.parametrize("jump", [-400 * DAY, 400 * DAY])
def test_a_clock_that_jumps_and_comes_back_costs_no_memory_of_the_rest(jump):
    admission = Admission()
    offer(admission, "a", fingerprint="f", at=1_000_000.0)
    offer(admission, "b", fingerprint="g", at=1_000_000.0 + jump)
    assert offer(admission, "c", fingerprint="f", at=1_000_001.0) is Exclusion.REPEATED


@pytest.mark.parametrize("pairs", [23, 24, 25])
def test_pair_of_two_days_ago_takes_no_newer_one_out_of_the_record_wherever_it_comes(monkeypatch, pairs):
    monkeypatch.setattr(room, "MOST", 8 * 72)
    admission, now = Admission(), 10 * DAY
    for number in range(pairs):
        offer(admission, f"p{number}", fingerprint=f"f{number}", conversation=f"c{number // 10}", at=now)
    assert offer(admission, "late", fingerprint="late", conversation="late", at=now - 2 * DAY) is Exclusion.NONE
    assert offer(admission, "again", fingerprint="f7", at=now + 1) is Exclusion.REPEATED
    assert offer(admission, "more", fingerprint="more", conversation="c0", at=now + 1) is Exclusion.CONVERSATION_FULL


@given(st.permutations(list(range(6))))
def test_one_of_equal_requests_counts_in_any_order(order):
    admission = Admission()
    found = [offer(admission, f"p{i}", fingerprint="f", at=float(i)) for i in order]
    assert found.count(Exclusion.NONE) == 1


@pytest.mark.slow
def test_group_holds_a_hundred_thousand_names_in_two_megabytes_and_counts_the_oldest_again():
    admission = Admission()
    tracemalloc.start()
    try:
        for number in range(40_000):
            names = {"pair_id": f"{number:036}", "fingerprint": f"{number:064}", "conversation": f"{number:032}"}
            admission.admit(**names, at=1e9 + number)
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken < 2_000_000
    assert offer(admission, "new", fingerprint=f"{8_333:064}", at=1e9 + 40_000) is Exclusion.REPEATED
    assert offer(admission, "new", fingerprint=f"{8_332:064}", at=1e9 + 40_000) is Exclusion.NONE


def test_names_of_one_text_as_pair_request_and_conversation_stay_apart():
    admission = Admission()
    assert offer(admission, "a", fingerprint="b", conversation="c") is Exclusion.NONE
    assert offer(admission, "b", fingerprint="c", conversation="a") is Exclusion.NONE
    assert offer(admission, "request", fingerprint="d") is Exclusion.NONE
    assert offer(admission, "e", fingerprint="pair") is Exclusion.NONE


def test_conversation_named_with_half_of_a_surrogate_pair_is_counted():
    admission = Admission()
    found = [offer(admission, f"p{number}", conversation="\ud800") for number in range(11)]
    assert found == [Exclusion.NONE] * 10 + [Exclusion.CONVERSATION_FULL]


@pytest.mark.parametrize(
    ("judgement", "agreement", "directed"),
    [
        ("", True, True),
        (Exclusion.REPEATED, False, False),
        (Exclusion.CONVERSATION_FULL, False, False),
        (Exclusion.CACHING_REFERENCE, False, True),
        (Exclusion.TOO_MANY_GROUPS, True, True),
        (Exclusion.PROVIDER_FAILED, True, True),
    ],
)
def test_report_counts_pairs_that_counted_and_pairs_without_a_judgement(judgement, agreement, directed):
    assert (counts(judgement, agreement=True), counts(judgement, agreement=False)) == (agreement, directed)


def test_repr_shows_how_many_names_are_held():
    admission = Admission()
    offer(admission, "a", fingerprint="f", conversation="c")
    assert repr(admission) == "<Admission <RecentNames 3 entries in 1 parts>>"
