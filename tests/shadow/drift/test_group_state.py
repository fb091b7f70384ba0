import random

import pytest

from shadow.drift.alarm_budget import AlertBudget
from shadow.drift.attribution import Blame, opened
from shadow.drift.change_point import EvaluatedPair
from shadow.drift.count_detector import CountSide, TokenCounts
from shadow.drift.excess_estimates import GroupKey
from shadow.drift.group_state import GroupStanding, GroupState, JudgedPair
from shadow.drift.state_transitions import DriftState
from tests.shadow.drift.leaning import payoffs

GROUP = GroupKey("default", "m", "p", "r")


class Court:
    """A case, and the evidence that was let in, as a store keeps it."""

    def __init__(self):
        self.case, self.kept, self.count = GroupState(AlertBudget()), [], 0

    def take(self, *found, fingerprint="", conversation="", excluded=()):
        self.count += 1
        entry = JudgedPair(
            pair_id=f"p{self.count}",
            group=GROUP,
            started=float(self.count),
            conversation=conversation,
            fingerprint=fingerprint,
            kind="no tools",
            payoffs=found,
            excluded=excluded,
        )
        self.kept += [
            (signal, EvaluatedPair(pair_id=entry.pair_id, started=entry.started, conversation="", kind="", payoff=payoff))
            for signal, payoff in found
        ]
        return self.case.take(entry, lambda wanted: [row for signal, row in self.kept if signal == wanted])


def test_a_repeated_request_counts_once():
    court = Court()
    assert court.take(("answer_kind", 1), fingerprint="f").counted == (("answer_kind", 1),)
    again = court.take(("answer_kind", 1), fingerprint="f", excluded=("greedy_text",))
    assert (again.counted, again.excluded) == ((), ("repeated", "greedy_text"))
    assert court.case.alarm.group_tests.pairs == 1


def test_a_request_repeated_200_times_counts_once():
    court = Court()
    for _ in range(200):
        court.take(("answer_kind", 1), fingerprint="tie")
    assert court.case.alarm.group_tests.tests["answer_kind", 1].pairs == 1


def test_a_conversation_of_500_pairs_counts_ten_times_and_raises_no_alarm():
    court = Court()
    for _ in range(500):
        court.take(("answer_kind", 1), ("calls_tool", 1), ("arguments", 1), conversation="c")
    assert court.case.alarm.group_tests.pairs == 10
    assert court.case.alarm.state is not DriftState.DRIFT


def test_failing_reference_leaves_the_group_not_measured_without_an_alarm():
    court = Court()
    for _ in range(300):
        court.take(("error", -1), excluded=("reference_failed",))
    assert court.case.alarm.state is DriftState.OK
    assert court.case.state is DriftState.NOT_MEASURED
    assert court.case.standing == GroupStanding(state=DriftState.NOT_MEASURED, name="reference_failing", blame=Blame.REFERENCE)
    assert court.case.why == "the reference failed in 300 of 300 requests"


def test_a_reference_that_fails_by_half_is_its_own_state_and_what_is_left_is_compared():
    court = Court()
    for number in range(400):
        court.take(*((("error", -1),) if number % 2 else (("error", 0), ("answer_kind", 0))))
    assert court.case.why == "the reference failed in 200 of 399 requests"
    assert court.case.standing.blame is Blame.REFERENCE
    assert court.case.alarm.group_tests.tests["answer_kind", 1].pairs == 200


def test_a_reference_that_answers_again_is_measured_again():
    court = Court()
    for _ in range(100):
        court.take(("error", -1))
    for _ in range(200):
        court.take(("error", 0), ("answer_kind", 0))
    assert (court.case.state, court.case.standing) == (DriftState.OK, GroupStanding())


def test_a_reference_that_sends_invalid_calls_is_no_drift_of_the_provider_either():
    court = Court()
    for _ in range(100):
        court.take(("valid_calls", -1))
    assert court.case.why == "the reference sent an invalid tool call in 100 of 100 compared calls"
    assert court.case.state is DriftState.NOT_MEASURED


def test_a_provider_that_fails_has_drifted():
    court = Court()
    for _ in range(100):
        court.take(("error", 1), excluded=("provider_failed",))
    assert court.case.state is DriftState.DRIFT
    assert court.case.alarm.name == "error"


@pytest.mark.slow
def test_a_reference_that_caches_has_its_tests_of_agreement_turned_off():
    """A third of the second answers come from a cache; without the switch every such run alarms."""
    court, draw = Court(), random.Random(5)
    for _ in range(4_000):
        noise = payoffs(draw, 1, floor=0.3)[0]
        if draw.random() < 0.3:
            court.take(("calls_tool_rate", noise), excluded=("cached",))
        else:
            court.take(("answer_kind", abs(noise) if draw.random() < 0.3 else noise), ("calls_tool_rate", noise))
    assert court.case.state is DriftState.NOT_MEASURED
    assert "cache" in court.case.why
    assert court.case.alarm.group_tests.tests["answer_kind", 1].pairs < 30
    assert court.case.alarm.group_tests.tests["calls_tool_rate", 1].pairs == 4_000


def test_pair_without_payoffs_is_not_remembered():
    court = Court()
    court.take(fingerprint="f", excluded=("denied",))
    assert court.take(("answer_kind", 0), fingerprint="f").counted
    assert court.case.coverage.counts["denied"] == 1


def test_a_remembered_request_is_not_admitted_again_and_counts_for_nothing_else():
    court = Court()
    court.case.remember(
        JudgedPair(
            pair_id="old", group=GROUP, started=0.0, conversation="", fingerprint="f", kind="", payoffs=(("answer_kind", 1),)
        )
    )
    assert court.take(("answer_kind", 1), fingerprint="f").counted == ()
    assert court.case.alarm.group_tests.pairs == 0


def test_a_provider_that_is_its_own_reference_is_not_measured_from_its_first_pair_and_counts_nothing():
    court = Court()
    judgement = court.take(("answer_kind", 0), excluded=("same_server",))
    assert (judgement.counted, judgement.excluded) == ((), ("same_server",))
    assert court.case.state is DriftState.NOT_MEASURED
    assert "same server" in court.case.why


def test_repeats_of_a_provider_that_is_its_own_reference_are_repeats():
    court = Court()
    court.take(("answer_kind", 0), fingerprint="f", excluded=("same_server",))
    again = court.take(("answer_kind", 0), fingerprint="f", excluded=("same_server",))
    assert again.excluded == ("repeated", "same_server")
    assert court.case.state is DriftState.NOT_MEASURED


def test_a_provider_that_left_its_own_reference_is_measured_from_the_first_pair_that_counts():
    court = Court()
    court.take(("answer_kind", 0), excluded=("same_server",))
    court.take(("answer_kind", 0))
    assert court.case.state is DriftState.OK


def test_a_reference_that_fails_keeps_the_group_waiting_until_a_pair_counts_for_more_than_errors():
    court = Court()
    court.take(("error", -1), excluded=("reference_failed",))
    assert court.case.state is DriftState.WAITING
    assert court.case.why == "no pair has counted yet: the reference failed: that counts for the signal error alone"
    court.take(("answer_kind", 0), ("error", 0))
    assert (court.case.state, court.case.why) == (DriftState.OK, "")


def test_repr_shows_the_state_of_a_group_its_alarm_and_its_tests():
    state = GroupState(AlertBudget())
    assert repr(state) == "<GroupState waiting 0 pairs, reported ok>"
    assert repr(state.alarm) == "<AlarmState ok [] failing=[]>"
    assert repr(state.alarm.group_tests) == "<GroupTests 0 pairs, 28 tests>"


def server(court, *found, excluded=()):
    """One pair of a router judged for the router, and for the server behind it."""
    part = GroupState(AlertBudget())
    pair = JudgedPair(
        pair_id="a", group=GROUP, started=5.0, conversation="", fingerprint="", kind="", payoffs=found, excluded=excluded
    )
    whole = court.case.take(pair, lambda _: ())
    return part, part.take_part(pair, whole, lambda _: ())


def test_what_counted_for_a_router_counts_for_its_server_but_for_failures():
    part, judgement = server(Court(), ("answer_kind", 1), ("error", -1), excluded=("greedy_text",))
    assert (judgement.counted, judgement.excluded) == ((("answer_kind", 1),), ("greedy_text",))
    assert (part.alarm.group_tests.pairs, part.coverage.counts) == (1, {"greedy_text": 1})
    assert part.state is DriftState.OK


def test_a_server_of_which_only_failures_are_known_waits():
    part, judgement = server(Court(), ("error", 1), excluded=("provider_failed",))
    assert judgement.counted == ()
    assert (part.state, part.alarm.group_tests.pairs) == (DriftState.WAITING, 0)


def test_counts_of_tokens_are_added_whatever_else_is_left_out():
    court = Court()
    counts = (TokenCounts(side=CountSide.PROMPT, provider=500, reference=500),)
    for number in range(2):
        pair = JudgedPair(
            pair_id=f"{number}",
            group=GROUP,
            started=1.0,
            conversation="",
            fingerprint="same",
            kind="",
            payoffs=(("error", 0),),
            counts=counts,
        )
        court.case.take(pair, lambda _: ())
    assert (court.case.token_counts.pairs, court.case.alarm.group_tests.pairs) == (2, 1)


def test_the_look_at_an_alarm_is_dropped_once_the_alarm_is_over():
    case = Court().case
    case.look = opened(key=("text", 1), size=0.1, earliest=0, latest=0, at=0, floor=0.1, witnesses=())
    case.alarm.state = DriftState.DRIFT
    case.close_look()
    assert case.look is not None
    case.alarm.state = DriftState.RECOVERED
    case.close_look()
    assert case.look is None


def looked(blame=Blame.NOT_YET_KNOWN, *, witnesses=()):
    case = GroupState(AlertBudget())
    case.alarm.state = DriftState.DRIFT
    case.look = opened(key=("text", 1), size=0.1, earliest=0, latest=0, at=0, floor=0.1, witnesses=witnesses)
    case.look.blame, case.look.by = blame, "q"
    return case


@pytest.mark.parametrize("blame", [Blame.NOT_YET_KNOWN, Blame.PROVIDER])
def test_alarm_that_was_looked_at_again_is_a_drift_with_its_side(blame):
    assert looked(blame).standing == GroupStanding(state=DriftState.DRIFT, blame=blame)


def test_alarm_whose_page_waits_is_a_suspicion():
    waiting = looked(witnesses=[("q",)])
    assert (waiting.standing, waiting.state) == (GroupStanding(state=DriftState.SUSPECT), DriftState.SUSPECT)


def test_alarm_of_a_reference_that_moved_leaves_the_group_not_measured_and_names_the_witness():
    moved = looked(Blame.REFERENCE)
    assert moved.standing == GroupStanding(state=DriftState.NOT_MEASURED, name="reference_moved", blame=Blame.REFERENCE)
    assert (moved.state, moved.why) == (DriftState.NOT_MEASURED, "the reference moved: q left it at the same time")
