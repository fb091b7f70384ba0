"""The verdict: the worst of all evidence, in any order; a tick only with enough evidence and none against it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.drift.alarm_budget import EITHER_WAY, against_provider
from shadow.drift.drift_signals import AGREEMENT, DriftSignal
from shadow.drift.excess_estimates import ClusterSum, GroupKey, SignalOutcome, table
from shadow.drift.state_transitions import DriftState
from shadow.verdict.evidence import (
    CheckEvidence,
    DriftEvidence,
    Evidence,
    EvidenceSide,
    PeriodCoverage,
    Shortfall,
    SignalEvidence,
)
from shadow.verdict.verdict_rule import decide, power
from shadow.verdict.verdict_value import ReasonGround, VerdictWord
from tests.verdicts import FULL, check, evidence, signal

ORDER = {word: place for place, word in enumerate(VerdictWord)}
NAMES = [name.value for name in DriftSignal]
STUCK = DriftEvidence(route="default", state=DriftState.DRIFT, name="arguments", size=0.3, low=0.2, high=0.4, since=1e9)


DRAWN = st.lists(
    st.tuples(st.sampled_from(NAMES), st.integers(1, 120), st.integers(0, 40), st.integers(0, 40), st.integers(1, 3)),
    max_size=5,
    unique_by=lambda drawn: drawn[0],
)
"""(signal, pairs without a payoff, with +1, with -1, pairs of one conversation)."""


def rows(drawn, side=1) -> tuple[SignalEvidence, ...]:
    """Rows as the scorecard makes them of these counts; with a `side` of -1 the two sides are swapped."""
    return tuple(_row(score) for score in table(_sums(drawn, side)))


SIGNALS = DRAWN.map(rows)


def _sums(drawn, side):
    for name, even, plus, minus, per in drawn:
        payoffs = [side] * plus + [-side] * minus + [0] * even
        for number, payoff in enumerate(payoffs):
            yield ClusterSum(
                group=GroupKey("", "m", "p", "r"),
                signal=name,
                cluster=number // per,
                pairs=1,
                plus=int(payoff > 0),
                minus=int(payoff < 0),
            )


def _row(score):
    return SignalEvidence(
        signal=score.signal,
        pairs=score.n,
        provider_odd=score.provider_odd,
        reference_odd=score.reference_odd,
        excess=score.excess,
        low=score.low,
        high=score.high,
        outcome=score.outcome,
        smallest=score.smallest,
    )


CHECKS = st.builds(
    CheckEvidence,
    signal=st.sampled_from(["lost_space", "empty_answer", "valid_calls"]),
    answers=st.integers(50, 500),
    faulty=st.integers(0, 50),
    phrase=st.just("so many of so many"),
    named=st.booleans(),
    beyond_threshold=st.booleans(),
)
STATES = st.builds(
    DriftEvidence,
    route=st.sampled_from(["a", "b"]),
    state=st.sampled_from(DriftState),
    name=st.sampled_from(NAMES),
    size=st.floats(-1, 1),
    blame=st.sampled_from([EvidenceSide.PROVIDER, EvidenceSide.UNKNOWN]),
    closer=st.booleans(),
)
COVERAGE = st.tuples(st.integers(0, 9), st.integers(0, 9)).map(
    lambda drawn: PeriodCoverage(requests=400, asked=sum(drawn), compared=drawn[0])
)
EVIDENCE = st.builds(
    Evidence,
    provider=st.just("p"),
    model=st.just("m"),
    reference=st.sampled_from(["official", ""]),
    coverage=COVERAGE,
    signals=SIGNALS,
    checks=st.lists(CHECKS, max_size=3).map(tuple),
    drift=st.lists(STATES, max_size=3).map(tuple),
    discovered=st.booleans(),
)


def is_adverse(found: Evidence) -> bool:
    rows = any(line.outcome in {SignalOutcome.DIFFERS, SignalOutcome.DRIFTS} and _against(line) for line in found.signals)
    states = any(one.state in {DriftState.DRIFT, DriftState.SUSPECT, DriftState.RECOVERED} for one in found.drift)
    return rows or states or found.discovered or any(one.named or one.beyond_threshold for one in found.checks)


def _against(line: SignalEvidence) -> bool:
    return (1 if line.excess >= 0 else -1) in against_provider(line.signal)


@given(EVIDENCE)
def test_no_difference_seen_needs_enough_evidence_and_none_of_a_difference(found):
    verdict = decide(found)
    if verdict.word is VerdictWord.NONE_SEEN:
        assert not is_adverse(found)
        assert verdict.power is not None
        assert verdict.power.smallest is not None
        assert verdict.power.smallest <= 0.30
        assert "too few" not in verdict.sentence
        assert not any(one.state is DriftState.NOT_MEASURED for one in found.drift) or len({one.state for one in found.drift}) > 1


@pytest.mark.slow
@given(EVIDENCE, SIGNALS, st.lists(CHECKS, max_size=2), st.lists(STATES, max_size=2))
def test_more_evidence_of_a_kind_never_makes_a_verdict_of_a_difference_milder(found, added, checks, states):
    known = {line.signal for line in found.signals}
    more = replace(
        found,
        signals=(*found.signals, *(row for row in added if row.signal not in known)),
        checks=(*found.checks, *checks),
        drift=(*found.drift, *states),
        discovered=True,
    )
    before, after = decide(found).word, decide(more).word
    assert ORDER[after] <= ORDER[before] or ORDER[before] > ORDER[VerdictWord.SUSPECT]
    assert after is not VerdictWord.NONE_SEEN


@given(EVIDENCE, st.randoms())
def test_the_order_of_the_evidence_changes_nothing(found, chance):
    mixed = {name: list(getattr(found, name)) for name in ("signals", "checks", "drift")}
    for pieces in mixed.values():
        chance.shuffle(pieces)
    assert decide(replace(found, **{name: tuple(pieces) for name, pieces in mixed.items()})) == decide(found)


@pytest.mark.slow
@given(DRAWN)
def test_swapping_the_two_sides_swaps_the_direction(drawn):
    """A signal that counts either way is a difference there too, of the other sign; what counts one way is the other side's."""
    here = grounds(rows(drawn))
    there = grounds(rows(drawn, side=-1))
    for name in {*here, *there}:
        (ground, size), (other, back) = here.get(name, NOTHING), there.get(name, NOTHING)
        held = {ground, other} & {ReasonGround.SIGNAL, ReasonGround.TOLERANCE}
        if name in EITHER_WAY:
            assert ground is other
        elif held and name in AGREEMENT:
            assert {ground, other} - held <= {ReasonGround.CLOSER, None}
        elif held:
            assert {ground, other} - held == {ReasonGround.REFERENCE}
        assert size * back <= 0


NOTHING = (None, 0.0)


def grounds(found):
    """By signal: the ground of the reason, and its size."""
    verdict = decide(evidence(*found)) if found else decide(evidence())
    return {reason.subject: (reason.ground, reason.size) for reason in (*verdict.reasons, *verdict.notes) if reason.size}


def test_a_difference_states_what_the_provider_does_with_its_size_and_direction():
    verdict = decide(evidence(signal(), signal("calls_tool_rate", SignalOutcome.DRIFTS, excess=0.31, low=0.22, high=0.4)))
    assert verdict.word is VerdictWord.DIFFERS
    assert verdict.worst == "calls_tool_rate"
    assert verdict.sentence == (
        "differs from its reference more than the reference differs from itself: calls a tool 31 points [22 to 40] less often"
    )


def test_the_other_direction_has_the_other_words():
    verdict = decide(evidence(signal(), signal("calls_tool_rate", SignalOutcome.DRIFTS, excess=-0.31, low=-0.4, high=-0.22)))
    assert verdict.sentence.endswith(": calls a tool 31 points [22 to 40] more often")


def test_errors_of_the_reference_are_a_note_and_no_difference_of_the_provider():
    row = signal("error", SignalOutcome.DRIFTS, excess=-0.47, provider_odd=0, reference_odd=302, pairs=640)
    verdict = decide(evidence(signal(), row))
    assert verdict.word is VerdictWord.NONE_SEEN
    assert verdict.notes[0].phrase == (
        "errors more often at the reference: 302 of 640 requests there alone, 0 at the provider alone"
    )


def test_two_checks_are_parted_by_a_semicolon_since_their_phrases_have_commas():
    two = (check(), check("usage", phrase="usage: 20 of 90 conversations, 1 the other way"))
    sentence = decide(evidence(checks=two)).sentence
    assert sentence.endswith("lost spaces: 40 of 90 conversations; usage: 20 of 90 conversations, 1 the other way")


def test_faulty_answers_are_named_beside_a_difference_and_alone():
    far = signal("arguments", SignalOutcome.DRIFTS, excess=0.3)
    assert decide(evidence(far, checks=(check(),))).sentence.endswith("; faulty answers too: lost spaces: 40 of 90 conversations")
    verdict = decide(evidence(checks=(check(),)))
    assert verdict.word is VerdictWord.FAULTY
    assert verdict.worst == "lost_space"
    assert verdict.sentence == "gives faulty answers more often than its reference: lost spaces: 40 of 90 conversations"


def test_fault_over_its_absolute_threshold_gives_a_verdict_without_a_reference():
    alone = check(named=False, beyond_threshold=True, phrase="lost spaces: seen in 42 % of 100 answers")
    verdict = decide(evidence(reference="", coverage=replace(FULL, asked=0, compared=0), checks=(alone,)))
    assert verdict.word is VerdictWord.FAULTY
    assert verdict.sentence == "gives faulty answers: lost spaces: seen in 42 % of 100 answers"


def test_a_share_of_other_requests_makes_no_provider_faulty():
    assert decide(evidence(checks=(check(named=False),))).word is VerdictWord.NONE_SEEN


def test_a_drift_state_is_a_difference_with_its_date_whatever_the_period_shows():
    verdict = decide(evidence(drift=(STUCK,)))
    assert verdict.word is VerdictWord.DIFFERS
    assert verdict.since == 1e9
    assert "drift: sends different tool arguments 30 points [20 to 40] more often" in verdict.sentence


@pytest.mark.parametrize("state", [DriftState.SUSPECT, DriftState.RECOVERED])
def test_evidence_that_is_no_alarm_is_suspect(state):
    verdict = decide(evidence(drift=(replace(STUCK, state=state, since=None),)))
    assert verdict.word is VerdictWord.SUSPECT
    assert not verdict.word.is_adverse


def test_where_the_reference_moved_the_difference_is_not_the_providers():
    moved = replace(STUCK, blame=EvidenceSide.REFERENCE)
    verdict = decide(evidence(signal("arguments", SignalOutcome.DRIFTS, excess=0.3), discovered=True, drift=(moved,)))
    assert verdict.word is VerdictWord.NOT_MEASURED
    assert "official, its reference, moved" in verdict.sentence


def test_a_discovery_is_a_difference_unless_all_is_within_the_tolerance():
    assert decide(evidence(discovered=True)).word is VerdictWord.DIFFERS
    near = signal("arguments", SignalOutcome.WITHIN, excess=0.015, low=0.01, high=0.02, pairs=9_000)
    assert decide(evidence(near, discovered=True)).word is VerdictWord.SUSPECT
    assert "by less than the tolerance of 3 points: sends different tool arguments 1.5 points" in decide(evidence(near)).sentence


def test_closer_than_the_reference_to_itself_is_suspect_and_no_difference():
    verdict = decide(evidence(signal(), signal("text", SignalOutcome.TOO_FAITHFUL, excess=-0.2, low=-0.3, high=-0.1)))
    assert verdict.word is VerdictWord.SUSPECT
    assert verdict.sentence == (
        "closer to its reference than the reference is to itself: writes texts closer to the reference's, "
        "20 points [10 to 30] more often"
    )


def test_no_difference_seen_states_the_excess_that_would_show_in_the_broadest_signal():
    verdict = decide(evidence(signal(pairs=62, smallest=0.23, provider_odd=1, reference_odd=0), signal("error", pairs=90)))
    assert verdict.word is VerdictWord.NONE_SEEN
    assert verdict.sentence == (
        "no difference seen; an excess of 23 points or more in kind of answer, present throughout, would show in four of five "
        "such reports (62 pairs, 1 of them noise)"
    )


@pytest.mark.parametrize(
    ("smallest", "word"), [(0.30, VerdictWord.NONE_SEEN), (0.301, VerdictWord.UNDECIDED), (None, VerdictWord.UNDECIDED)]
)
def test_pairs_that_detect_only_a_breakdown_give_undecided(smallest, word):
    verdict = decide(evidence(signal(pairs=45, smallest=smallest)))
    assert verdict.word is word
    if word is VerdictWord.UNDECIDED:
        assert verdict.sentence == (
            "undecided: too few pairs to detect anything smaller than a breakdown (kind of answer, 45 pairs)"
        )


@pytest.mark.parametrize(("pairs", "word"), [(19, VerdictWord.UNDECIDED), (20, VerdictWord.NONE_SEEN)])
def test_below_twenty_pairs_nothing_is_decided(pairs, word):
    assert decide(evidence(signal(pairs=pairs, smallest=0.2))).word is word


def test_an_agreement_within_the_tolerance_keeps_its_own_words_and_claims_no_less_than_the_tolerance():
    near = signal(pairs=9_000, smallest=0.002, low=-0.01, high=0.01)
    assert decide(evidence(near)).sentence.startswith(
        "differs from its reference no more than the reference differs from itself; an excess of 3 points or more in kind of "
        "answer"
    )


@pytest.mark.parametrize("names", [["error"], ["error", "calls_tool_rate", "prompt_tokens"]])
def test_without_noise_of_the_reference_nothing_agrees(names):
    """As where it always fails, or answers from a cache."""
    assert decide(evidence(*(signal(name, high=0.01) for name in names))).word is VerdictWord.NOT_MEASURED


def test_without_a_pair_it_waits_and_without_a_reference_it_is_not_measured():
    nothing = replace(FULL, asked=0, compared=0)
    bare = Evidence(provider="p", model="m", reference="official", coverage=nothing)
    assert decide(bare).word is VerdictWord.WAITING
    assert decide(bare).sentence == ("waiting: no pair yet; a sample of the requests also goes to official (400 requests so far)")
    assert decide(replace(bare, reference="")).word is VerdictWord.NOT_MEASURED


def test_a_group_that_is_not_measured_gives_its_reason():
    state = DriftEvidence(route="default", state=DriftState.NOT_MEASURED, why="answers come from a cache")
    assert decide(evidence(drift=(state,))).sentence == "not measured: answers come from a cache"
    fine = DriftEvidence(route="other", state=DriftState.OK)
    assert decide(evidence(drift=(state, fine))).word is VerdictWord.NONE_SEEN


def test_the_power_is_that_of_the_signal_with_most_pairs_and_the_kind_of_answer_before_its_equals():
    assert power(()) is None
    assert power((signal("error"),)) is None
    assert power((signal("refusal"), signal(), signal("calls_tool"))).signal == "answer_kind"
    assert power((signal("refusal", pairs=201), signal())).signal == "refusal"


def test_a_change_of_identity_is_a_note():
    verdict = decide(evidence(identity_changed=(0.0,)))
    assert verdict.word is VerdictWord.NONE_SEEN
    assert verdict.notes[0].phrase == "its serving identity changed at 1970-01-01 00:00:00 UTC"


def test_a_provider_that_is_its_own_reference_has_the_verdict_of_its_pairs_and_a_note():
    own = DriftEvidence(route="default", state=DriftState.NOT_MEASURED, why="the same server", same_server=True)
    quiet = evidence(signal("answer_kind", SignalOutcome.NONE_SEEN, pairs=200))
    found = decide(replace(quiet, drift=(own,)))
    assert found.word is decide(quiet).word is VerdictWord.NONE_SEEN
    assert [note.subject for note in found.notes] == ["same_server"]
    assert decide(replace(quiet, drift=(replace(own, same_server=False),))).word is VerdictWord.NOT_MEASURED


NEVER_CALLS = (
    signal("completion_tokens", SignalOutcome.DRIFTS, excess=0.97),
    signal("calls_tool_rate", SignalOutcome.DRIFTS, excess=0.97),
    signal("calls_tool", SignalOutcome.DRIFTS, excess=0.80),
    signal("finish_length", SignalOutcome.DRIFTS, excess=0.09),
    signal("answer_kind", SignalOutcome.DRIFTS, excess=0.79),
)


def test_a_provider_that_never_calls_is_named_so_and_not_by_a_side_effect():
    """Neither by longer answers, which are as large, nor by those cut by length."""
    verdict = decide(evidence(*NEVER_CALLS))
    assert verdict.worst == "calls_tool_rate"
    assert ": calls a tool 97 points [92 to 102] less often, " in verdict.sentence


def test_an_alarm_names_the_difference_since_its_name_is_frozen():
    alarm = DriftEvidence(route="default", state=DriftState.DRIFT, name="finish_length", size=0.09, blame=EvidenceSide.PROVIDER)
    assert decide(evidence(*NEVER_CALLS, drift=(alarm,))).worst == "finish_length"


@pytest.mark.parametrize(("compared", "stated"), [(0, True), (1, False)])
def test_a_reference_that_refuses_everything_is_reported_with_its_status_and_what_to_do(compared, stated):
    failing = DriftEvidence(
        route="default",
        state=DriftState.DRIFT,
        blame=EvidenceSide.REFERENCE,
        failing=True,
        why="the reference failed in 30 of 30 requests",
    )
    cause = Shortfall(
        cause="404",
        side=EvidenceSide.REFERENCE,
        pairs=30,
        sentence="the reference refused with 404 in 30",
        remedy="check its base_url",
    )
    coverage = PeriodCoverage(requests=30, asked=30, compared=compared, shortfalls=(cause,))
    found = Evidence(provider="p", model="m", reference="official", coverage=coverage, drift=(failing,))
    verdict = decide(found)
    assert verdict.word is VerdictWord.NOT_MEASURED
    assert verdict.sentence.startswith("not measured: the reference failed in 30 of 30 requests")
    assert verdict.sentence.endswith("; the reference refused with 404 in 30; check its base_url") is stated


REFUSAL = "the provider refused 5 of its newest 5 requests: 401; its key is missing or wrong"


def test_a_provider_that_refuses_before_anything_was_sampled_is_not_measured_with_what_to_do_about_it():
    nothing = PeriodCoverage(requests=5, asked=0, compared=0, refusal=REFUSAL)
    for reference in ("r", ""):
        found = decide(Evidence(provider="p", model="m", reference=reference, coverage=nothing))
        assert (found.word, found.sentence) == (VerdictWord.NOT_MEASURED, f"not measured: {REFUSAL}")
    calm = replace(nothing, refusal="")
    assert decide(Evidence(provider="p", model="m", reference="r", coverage=calm)).word is VerdictWord.WAITING


def test_a_provider_that_differs_by_errors_states_what_it_refused_and_one_that_differs_otherwise_does_not():
    refusing = replace(FULL, refusal=REFUSAL)
    assert REFUSAL in decide(evidence(signal("error", SignalOutcome.DRIFTS, excess=0.9), coverage=refusing)).sentence
    assert REFUSAL not in decide(evidence(signal("arguments", SignalOutcome.DRIFTS, excess=0.9), coverage=refusing)).sentence


def test_a_provider_that_was_never_sampled_is_not_measured_with_the_cause_and_the_remedy_where_one_is_known():
    cause = Shortfall(
        cause="413",
        side=EvidenceSide.PROVIDER,
        pairs=7,
        sentence="7 requests were too large to be held",
        remedy="raise the limit",
    )
    coverage = PeriodCoverage(requests=7, asked=0, compared=0, shortfalls=(cause,))
    found = decide(Evidence(provider="p", model="m", reference="r", coverage=coverage))
    assert (found.word, found.sentence) == (
        VerdictWord.NOT_MEASURED,
        "not measured: 7 requests were too large to be held; raise the limit",
    )


def test_suspected_difference_states_its_effect_once():
    suspected = replace(STUCK, state=DriftState.SUSPECT, since=None)
    assert decide(evidence(drift=(suspected,))).sentence == (
        "a difference from its reference is suspected: sends different tool arguments 30 points [20 to 40] more often"
    )


def test_notes_on_the_reference_stand_in_the_same_order_whatever_that_of_the_signals():
    found = rows([("answer_kind", 40, 0, 0, 1), ("valid_calls", 1, 0, 13, 1), ("error", 1, 0, 13, 1)])
    coverage = PeriodCoverage(requests=400, asked=0, compared=0)
    notes = [
        decide(Evidence(provider="p", model="m", reference="r", coverage=coverage, signals=order)).notes
        for order in (found, found[::-1])
    ]
    assert notes[0] == notes[1]
    assert [note.subject for note in notes[0]] == ["error", "valid_calls"]
