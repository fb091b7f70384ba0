"""The card of one provider, from a real store: counts of its own, and columns that add up."""

import pytest

from shadow.findings.pair import ControlReason
from shadow.report.build_report import build
from shadow.verdict.verdict_value import VerdictWord
from tests.records import NOW, add_live, add_pair, calling


def only(store):
    assert store.flush(20)
    [card] = build(store, 0.0, NOW + 60).cards
    return card


def test_incomparable_pairs_count_as_sent_and_not_as_compared(store):
    for number in range(6):
        add_pair(store, "p", "Hello", f"Hello {number}", status=500 if number % 2 else 200)
    card = only(store)
    assert (card.pairs, card.compared) == (6, 3)
    assert card.verdict.coverage.shortfalls[0].sentence == "the provider answered with status 500 in 3"


def test_an_excess_is_its_two_counts_over_its_pairs_and_a_difference_has_its_own_denominator(store):
    for number in range(10):
        city = f"City {number}"
        add_pair(
            store, "p", calling("Nowhere" if number < 4 else city), calling(city), calling(city), reason=ControlReason.TIEBREAK
        )
        add_pair(store, "p", "Hello", "Hello")
    for line in only(store).signals:
        assert line.excess == pytest.approx((line.provider_odd - line.reference_odd) / line.pairs)
        assert line.mismatch == pytest.approx(line.differs / line.differs_of)
        assert line.differs <= line.differs_of <= 20
    args = next(line for line in only(store).signals if line.signal == "arguments")
    assert (args.differs, args.differs_of, args.provider_odd, args.reference_odd) == (4, 10, 4, 0)


def test_a_rate_is_counted_by_its_own_payoffs_and_not_by_a_wider_signal(store):
    """Cut by length in one of twenty; the finish reason differs in eleven."""
    for number in range(20):
        live = {"message": {"content": "Cut"}, "finish_reason": "length"} if number == 0 else "Hello"
        reference = calling("Rome") if number % 2 else "Hello"
        add_pair(store, "p", live, reference)
    lines = {line.signal: line for line in only(store).signals}
    assert (lines["finish_length"].differs, lines["finish_length"].differs_of) == (1, 20)


@pytest.mark.parametrize(("cut", "noise"), [(10, 1.0), (11, None), (20, None)])
def test_noise_estimated_from_one_side_is_no_share_above_one(store, cut, noise):
    """The reference alone is cut by length in so many of twenty pairs."""
    for number in range(20):
        add_pair(store, "p", "Hello", {"message": {"content": "Cut"}, "finish_reason": "length"} if number < cut else "Hello")
    line = next(line for line in only(store).signals if line.signal == "finish_length")
    assert (line.reference_odd, line.noise) == (cut, noise)


def test_a_provider_that_was_not_compared_yet_waits_for_its_reference(store):
    add_live(store, "p")
    card = only(store)
    assert card.verdict.word is VerdictWord.WAITING
    assert card.reference == "official"
