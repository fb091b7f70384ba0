"""The card of one provider, from a real store: counts of its own, and columns that add up."""

import pytest

from shadow.drift.excess_estimates import EffectEstimate, GroupKey, SignalOutcome
from shadow.findings.pair import ControlReason
from shadow.report.build_report import build
from shadow.report.figures import CheckLine
from shadow.report.provider_card import ScorecardSource, card_keys, make_card
from shadow.verdict.verdict_value import VerdictWord
from storage.rows import PairGroup, SignalCount, TrafficCount
from tests.records import NOW, add_live, add_pair, calling
from tests.shadow.report.made_report import check
from tests.shadow.report.test_drift_table import ALARM, CALM


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


KEY = ("p", "m", "r")


def count(state, number, signal="answer_kind", *, key=KEY, comparison="cross", control=""):
    group = PairGroup(route="", provider=key[0], model=key[1], reference=key[2])
    return SignalCount(group=group, comparison=comparison, signal=signal, state=state, control_reason=control, count=number)


def traffic(asked, *, provider="p", model="m", role="primary"):
    return TrafficCount(
        provider=provider,
        model=model,
        role=role,
        requests=asked + 5,
        asked=asked,
        failures=0,
        errors=0,
        prompt_tokens=0,
        completion_tokens=0,
    )


def score(signal="answer_kind", **more):
    made = {"n": 100, "provider_odd": 9, "reference_odd": 3, "excess": 0.06, "low": 0.01, "high": 0.11, "p": 0.01, "p_holm": 0.02}
    made |= {"floor": 0.06, "clusters": 90, "outcome": SignalOutcome.NONE_SEEN, "smallest": 0.08}
    made |= {"always_low": -0.05, "always_high": 0.17, "log_e": 1.0}
    return EffectEstimate(group=GroupKey("", "m", "p", "r"), signal=signal, **{**made, **more})


def made(*counts, scores=(), rows=(), **more):
    source = {"key": KEY, "scores": scores, "checks": (), "reasons": {}, "drift": (), "identity_changed": ()}
    source |= {"log_e": None, "discovered": False, "triggering": None}
    return make_card(ScorecardSource(**{**source, **more}), counts, rows)


def test_pairs_are_those_of_the_signal_that_most_have_and_compared_those_whose_kind_of_answer_is():
    card = made(
        count("match", 60),
        count("differ", 20),
        count("not_measured", 10),
        count("not_comparable", 10),
        count("match", 90, "text"),
        count("match", 900, "text", comparison="self"),
        count("match", 900, key=("q", "m", "r")),
    )
    assert (card.pairs, card.compared) == (100, 90)
    assert (made().pairs, made().compared, made().requests) == (0, 0, 0)


def test_requests_are_those_of_this_provider_and_model_that_the_application_and_a_candidate_got():
    rows = (
        traffic(7),
        traffic(2, role="candidate"),
        traffic(30, role="shadow"),
        traffic(40, model="n"),
        traffic(50, provider="q"),
    )
    assert made(rows=rows).requests == 9


def test_missing_signals_are_counted_by_state_in_the_order_of_their_names():
    card = made(
        count("not_measured", 3, "text"),
        count("not_comparable", 2, "text"),
        count("match", 5, "text"),
        count("not_measured", 4, "seed"),
        count("match", 9, "stop"),
    )
    assert [(gap.signal, gap.state, gap.pairs, gap.of) for gap in card.gaps] == [
        ("seed", "not_measured", 4, 4),
        ("text", "not_comparable", 2, 10),
        ("text", "not_measured", 3, 10),
    ]


def test_a_signal_of_agreement_has_the_shares_of_its_findings():
    own = {"comparison": "self"}
    card = made(
        count("differ", 20),
        count("match", 60),
        count("not_measured", 9),
        count("differ", 2, control="random", **own),
        count("match", 38, control="random", **own),
        count("differ", 30, control="tiebreak", **own),
        scores=(score(),),
    )
    (line,) = card.signals
    assert (line.differs, line.differs_of, line.mismatch) == (20, 80, 0.25)
    assert (line.noise_differs, line.noise_of, line.noise) == (2, 40, 0.05)
    assert (line.pairs, line.provider_odd, line.reference_odd, line.excess) == (100, 9, 3, 0.06)
    assert (line.low, line.high, line.p, line.p_holm, line.smallest) == (0.01, 0.11, 0.01, 0.02, 0.08)
    assert (line.always_low, line.always_high, line.verdict) == (-0.05, 0.17, SignalOutcome.NONE_SEEN.value)


@pytest.mark.parametrize(("floor", "noise"), [(0.06, 0.06), (1.0, 1.0), (1.1, None), (None, None), (float("nan"), None)])
def test_without_a_random_control_the_noise_is_the_estimated_floor(floor, noise):
    (line,) = made(count("match", 9), scores=(score(floor=floor),)).signals
    assert (line.noise, line.noise_of, line.mismatch) == (noise, 0, 0.0)


def test_a_number_has_the_shares_of_its_payoffs():
    (line,) = made(count("differ", 50, "error"), scores=(score("error", reference_odd=4),)).signals
    assert (line.differs, line.differs_of, line.mismatch) == (13, 100, 0.13)
    assert (line.noise, line.noise_differs, line.noise_of) == (0.08, 0, 0)


@pytest.mark.parametrize("name", ["low", "high", "p", "smallest", "always_low"])
def test_what_is_not_finite_is_not_known(name):
    (line,) = made(scores=(score(**{name: float("inf")}),)).signals
    assert getattr(line, name) is None
    assert line.mismatch is None


def test_checks_reasons_and_what_decides_a_verdict_are_those_of_the_source():
    card = made(
        count("match", 60),
        checks=(check("usage", worse=True, plus=40, minus=1),),
        reasons={"b": 2, "a": 7},
        log_e=3.5,
        discovered=True,
    )
    assert [(each.reason, each.pairs) for each in card.reasons] == [("a", 7), ("b", 2)]
    assert (card.log_e, card.discovered, [line.signal for line in card.checks]) == (3.5, True, ["usage"])
    assert card.verdict.word is VerdictWord.FAULTY
    assert isinstance(card.checks[0], CheckLine)


def test_keys_are_those_that_were_compared_requested_or_are_in_drift():
    counts = (
        count("match", 1),
        count("match", 1, key=("q", "m", "s"), comparison="check"),
        count("match", 1, key=("x", "m", "s"), comparison="self"),
    )
    rows = (
        traffic(1, provider="q"),
        traffic(1, provider="p"),
        traffic(0, provider="probe"),
        traffic(1, provider="c", role="candidate"),
        traffic(1, provider="e"),
        traffic(1, provider="lone"),
    )
    ended = [("e", "m", "t", 401, 3), ("q", "m", "", 200, 1)]
    assert card_keys([("s", "m", "r")], counts, rows, [ALARM, CALM], ended) == [
        ("e", "m", "t"),
        ("lone", "m", ""),
        ("odd", "m", "r"),
        ("p", "m", "r"),
        ("q", "m", "s"),
        ("s", "m", "r"),
    ]


def test_requests_that_were_refused_before_their_provider_was_chosen_have_no_card():
    rows = [traffic(3, provider="", model=""), traffic(2, provider="", model="m"), traffic(1)]
    assert card_keys([], [], rows, []) == [("p", "m", "")]
