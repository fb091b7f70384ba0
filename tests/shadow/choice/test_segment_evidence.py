"""What is shown of segments: by the request alone, at a level that is divided among all of them."""

from dataclasses import replace
from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.choice.mean_bounds import mean_bounds
from shadow.choice.segment_evidence import MOST_SEGMENTS, SegmentEvidence
from shadow.choice.tournament_terms import TournamentTerms
from shadow.drift.conversation_units import ConversationUnit
from tests.shadow.choice.arms import LATE, ONE_SIGNAL, evidence, pairs


def tagged(rows, *names):
    """The rows with the segments of `names` in turn."""
    return [replace(row, segments=(f"tag={names[place % len(names)]}", "tools=yes")) for place, row in enumerate(rows)]


def shown(one):
    return {each.segment: each for each in one.segments.worst()}


def test_each_segment_has_its_own_mean_and_the_whole_is_theirs():
    bad, good = pairs(200, floor=0, excess=1.0), pairs(200, floor=0, begin=200.0)
    found = shown(evidence(tagged(bad, "checkout"), tagged(good, "search")))
    assert {name: (each.conversations, each.excess) for name, each in found.items()} == {
        "tag=checkout": (200, 1.0),
        "tag=search": (200, 0.0),
        "tools=yes": (400, 0.5),
    }
    assert [name for name, each in found.items() if each.beyond] == ["tag=checkout", "tools=yes"]


def test_a_conversation_of_two_tags_is_a_unit_in_each_by_its_requests_there():
    one = evidence(tagged(pairs(400, floor=0, excess=1.0, length=10), "checkout", "search"))
    found = shown(one)
    assert {name: each.conversations for name, each in found.items()} == {"tag=checkout": 40, "tag=search": 40, "tools=yes": 40}
    assert [one.segments.pairs(name) for name in ("tag=checkout", "tag=search", "tools=yes")] == [200, 200, 400]


@pytest.mark.parametrize(("conversations", "beyond"), [(29, False), (30, True)])
def test_fewer_than_thirty_conversations_show_nothing(conversations, beyond):
    rows = tagged(pairs(conversations, floor=0, excess=1.0), "checkout")
    others = tagged(pairs(60, floor=0, begin=1e3), "search")
    assert shown(evidence(rows, others))["tag=checkout"].beyond == beyond


def test_segments_beyond_the_largest_number_are_not_counted():
    names = [f"t{number:02}" for number in range(MOST_SEGMENTS + 5)]
    found = shown(evidence([replace(row, segments=(f"tag={name}",)) for name, row in zip(names, pairs(len(names)), strict=True)]))
    assert len(found) == MOST_SEGMENTS == 36
    assert "tag=t36" not in found


def test_an_interval_of_a_segment_is_wider_than_that_of_the_whole():
    one = evidence(tagged(pairs(400), "checkout"))
    low, high = one.moments["answer_kind"].interval
    found = shown(one)["tag=checkout"]
    assert found.low < low < found.excess < high < found.high


def test_more_places_need_more_evidence():
    rows = tagged(pairs(31, floor=0, excess=1.0), "checkout")
    many = TournamentTerms(signals=("answer_kind",), places=10**9)
    assert shown(evidence(rows))["tag=checkout"].beyond
    assert not shown(evidence(rows, terms=many))["tag=checkout"].beyond


def test_signals_that_are_not_required_are_left_out():
    assert shown(evidence(tagged(pairs(40, signal="text_length"), "checkout"))) == {}


@given(cut=st.integers(0, 90), seed=st.integers(0, 5))
def test_segments_in_two_parts_are_those_at_once(cut, seed):
    rows = tagged(pairs(90, seed=seed, floor=0.4, length=3), "checkout", "search")
    parts = evidence(terms=ONE_SIGNAL)
    parts.take(rows[:cut], rows[cut - 1].started if cut else 0.0)
    parts.take(rows[cut:], LATE)
    assert list(parts.segments.worst()) == list(evidence(rows).segments.worst())


def test_conversations_without_segments_are_not_held():
    one = evidence([replace(row, segments=()) for row in pairs(50)])
    assert one.segments._means == {}


def test_the_level_of_five_percent_is_divided_among_both_ends_of_36_segments_and_five_places():
    found = shown(evidence(tagged(pairs(31, floor=0, excess=1.0), "checkout")))["tag=checkout"]
    assert (found.low, found.high) == mean_bounds({1.0: 31}, log(2 * 36 * 5 / 0.05))


def two_signals(payoffs, n=200):
    """Conversations of one pair of which each signal has its payoff in every one."""
    rows = [replace(row, payoffs=dict(payoffs)) for row in pairs(n, floor=0)]
    terms = TournamentTerms(signals=tuple(name for name, _ in payoffs))
    return shown(evidence(tagged(rows, "checkout"), terms=terms))["tag=checkout"]


@pytest.mark.parametrize(
    ("payoffs", "signal", "beyond"),
    [
        ((("answer_kind", 1), ("error", 0)), "answer_kind", True),
        ((("answer_kind", 0), ("error", 1)), "error", True),
        ((("answer_kind", -1), ("error", 1)), "error", True),
        ((("answer_kind", -1), ("error", 0)), "answer_kind", False),
        ((("answer_kind", 0), ("arguments", 0)), "answer_kind", False),
    ],
)
def test_a_segment_shows_the_signal_that_is_beyond_else_that_of_the_largest_excess(payoffs, signal, beyond):
    found = two_signals(payoffs)
    assert (found.signal, found.beyond, found.conversations) == (signal, beyond, 200)


def test_equal_conversations_counted_at_once_are_those_counted_one_by_one():
    unit = evidence_unit()
    once, each = SegmentEvidence(ONE_SIGNAL), SegmentEvidence(ONE_SIGNAL)
    once.add(unit, 3)
    for _ in range(3):
        each.add(unit)
    assert list(once.worst()) == list(each.worst())
    assert once.pairs("tag=a") == each.pairs("tag=a") == 6


def evidence_unit():
    """A conversation of two pairs of one tag."""
    rows = tuple(replace(row, segments=("tag=a",), conversation="c") for row in pairs(2, floor=0))
    return ConversationUnit(opened=0.0, pairs=2, means={"answer_kind": 0.0}, members=rows)


def test_copied_evidence_goes_on_and_leaves_the_first_as_it_is():
    one = evidence(tagged(pairs(40, floor=0), "a"))
    before = list(one.segments.worst())
    copied = one.segments.copied()
    assert list(copied.worst()) == before
    copied.add(evidence_unit())
    assert list(one.segments.worst()) == before
    assert (one.segments.pairs("tag=a"), copied.pairs("tag=a"), one.segments.pairs("tag=b")) == (40, 42, 0)
