"""Evidence of which nothing more is known accuses no provider."""

from shadow.drift.state_transitions import DriftState
from shadow.verdict.evidence import CheckEvidence, DriftEvidence, Evidence, PeriodCoverage
from shadow.verdict.verdict_rule import decide
from shadow.verdict.verdict_value import VerdictWord
from tests.verdicts import evidence


def test_a_check_without_compared_conversations_has_no_votes_and_names_no_side():
    found = CheckEvidence(signal="usage", answers=100, faulty=42, phrase="usage: 42 of 100")
    assert (found.conversations, found.more, found.fewer, found.p) == (0, 0, 0, 1.0)
    assert decide(evidence(checks=(found,))).word is VerdictWord.NONE_SEEN


def test_an_alarm_of_which_only_the_signal_is_known_is_a_difference_of_the_provider():
    found = decide(evidence(drift=(DriftEvidence(route="default", state=DriftState.DRIFT, name="arguments"),)))
    assert (found.word, found.notes) == (VerdictWord.DIFFERS, ())
    assert found.sentence.endswith(": drift: tool arguments")


def test_a_period_without_pairs_has_neither_a_cause_nor_a_refusal_to_state():
    coverage = PeriodCoverage(requests=3, asked=3, compared=0)
    found = decide(Evidence(provider="p", model="m", reference="r", coverage=coverage))
    assert found.sentence == "not measured: none of 3 pairs could be compared"
