"""The four groups of a pair's signals, and the sentence about them."""

import pytest

from shadow.presentation.pair_evidence import EVIDENCE, VerdictSignals, evidence_sentence, pair_evidence
from storage.evidence_rules import NEVER
from tests.conformance import finding


def cross(signal: str, state: str, **more):
    return finding(signal, state, exchange_id="one", pair_id="one", comparison="cross", **more)


def own(signal: str, state: str):
    return finding(signal, state, exchange_id="one", pair_id="one", comparison="self")


def failed(signal: str, reason: str = ""):
    return finding(signal, "differ", exchange_id="one", comparison="check", reason=reason)


def checked(signal: str, state: str):
    return finding(signal, state, exchange_id="one", comparison="check")


def names(lines) -> list[str]:
    return [line.signal for line in lines]


def test_signals_stand_in_four_groups():
    found = pair_evidence(
        [
            *(cross("tools", "differ"), own("tools", "match"), cross("text", "differ"), own("text", "differ")),
            *(cross("finish_reason", "match"), cross("seed", "not_measured"), cross("length", "not_comparable")),
        ]
    )
    assert names(found.evidence) == ["tools"]
    assert names(found.noise) == ["text"]
    assert names(found.same) == ["finish_reason"]
    assert names(found.unmeasured) == ["seed", "length"]


def test_difference_without_a_second_answer_may_be_noise():
    found = pair_evidence([cross("tools", "differ")])
    assert names(found.noise) == ["tools"]
    assert found.noise[0].noise == "there is no second answer of the reference to compare with"


def test_difference_that_the_second_answer_could_not_be_compared_in_may_be_noise():
    found = pair_evidence([cross("tools", "differ"), own("tools", "not_comparable")])
    assert names(found.noise) == ["tools"]
    assert found.noise[0].noise == "there is no second answer of the reference to compare with"


@pytest.mark.parametrize("signal", NEVER)
def test_time_beyond_the_noise_is_no_evidence(signal):
    found = pair_evidence([cross(signal, "differ"), own(signal, "match")])
    assert (names(found.evidence), names(found.noise)) == ([], [signal])
    assert signal not in EVIDENCE


def test_check_is_evidence_where_the_reference_passes_it():
    checks = [failed("lost_space"), failed("usage"), checked("stop", "match")]
    found = pair_evidence([], checks, [failed("usage"), checked("lost_space", "match")])
    assert [row.signal for row in found.alone] == ["lost_space"]
    assert [row.signal for row in found.shared] == ["usage"]
    assert found.found == 1


@pytest.mark.parametrize("theirs", [[], ["not_measured"], ["not_comparable"]])
def test_check_without_a_result_at_the_reference_is_no_evidence(theirs):
    found = pair_evidence([], [failed("empty_answer")], [checked("empty_answer", state) for state in theirs])
    assert [row.signal for row in found.unchecked] == ["empty_answer"]
    assert (found.alone, found.shared, found.found) == ((), (), 0)
    assert evidence_sentence(found, "the reference answered 500") == (
        "Not compared: the reference answered 500. The provider's answer failed a check: empty answers;"
        " the reference gave no answer to check for it."
    )
    assert evidence_sentence(found).startswith("No evidence. The provider's answer failed a check: empty answers;")


def test_check_whose_signal_is_evidence_already_is_counted_once():
    both = [cross("valid_calls", "differ"), own("valid_calls", "match")]
    found = pair_evidence(both, [failed("valid_calls", "not JSON")], [checked("valid_calls", "match")])
    assert (found.found, names(found.evidence), found.alone) == (1, ["valid_calls"], ())
    assert evidence_sentence(found).count("invalid tool calls") == 1
    noisy = [cross("valid_calls", "differ"), own("valid_calls", "differ")]
    found = pair_evidence(noisy, [failed("valid_calls", "not JSON")], [checked("valid_calls", "match")])
    assert (found.found, found.names) == (1, {"valid_calls"})


def test_greedy_findings_are_left_out():
    found = pair_evidence([finding("text", "differ", exchange_id="one", pair_id="one", comparison="greedy")])
    assert (found.evidence, found.noise, found.same, found.unmeasured) == ((), (), (), ())


@pytest.mark.parametrize(
    ("findings", "checks", "comparable", "sentence"),
    [
        (
            [cross("tools", "differ"), own("tools", "match")],
            [],
            "",
            "Evidence: tools chosen. Both answers of the reference agree there.",
        ),
        (
            [cross("tools", "differ"), own("tools", "match"), cross("finish_reason", "differ"), own("finish_reason", "match")],
            [failed("lost_space", "1 place")],
            "",
            "Evidence: lost spaces (1 place), tools chosen and 1 more. Both answers of the reference agree there.",
        ),
        ([], [failed("usage")], "", "Evidence: usage missing or wrong."),
        ([cross("text", "differ")], [], "", "No evidence: 1 signal differs; the reference's noise may explain it."),
        ([cross("text", "match")], [], "", "No difference in 1 signal that could be compared."),
        ([], [], "", "Nothing could be compared."),
        ([cross("error", "match")], [], "the reference answered 503", "Not compared: the reference answered 503."),
    ],
)
def test_sentence_states_what_the_pair_shows(findings, checks, comparable, sentence):
    passed = [checked(row.signal, "match") for row in checks]
    assert evidence_sentence(pair_evidence(findings, checks, passed), comparable) == sentence


def test_reason_of_121_characters_is_cut_in_the_sentence_and_one_of_120_is_whole():
    assert f"({'x' * 120})" in evidence_sentence(pair_evidence([], [failed("usage", "x" * 120)], [checked("usage", "match")]))
    assert f"({'x' * 120} …)" in evidence_sentence(pair_evidence([], [failed("usage", "x" * 121)], [checked("usage", "match")]))


def verdict(*signals, **noise):
    """An adverse verdict that rests on these signals, with the noise of others."""
    return VerdictSignals(signals=frozenset(signals), noise=noise)


def differing(*signals):
    """Findings of signals in which the two differ and the reference agrees with itself."""
    return [row for signal in signals for row in (cross(signal, "differ"), own(signal, "match"))]


def test_only_what_the_verdict_rests_on_is_evidence():
    checks = [failed("usage"), failed("stop"), failed("n_ignored")]
    passed = [checked("usage", "match"), checked("stop", "match"), checked("n_ignored", "match")]
    found = pair_evidence(differing("tools", "text"), checks, passed, verdict("tools", "stop"))
    assert (names(found.evidence), names(found.noise)) == (["tools"], ["text"])
    assert (names(found.alone), names(found.single), found.found) == (["stop"], ["usage", "n_ignored"], 2)


@pytest.mark.parametrize(
    ("finding", "stands", "words"),
    [
        (differing("first_token"), True, "times show load, not the model"),
        (differing("first_divergence"), True, "two sampled texts diverge somewhere"),
        ([cross("tools", "differ"), own("tools", "differ")], True, "the reference differs from itself too"),
        (differing("tools"), True, "the reference agrees with itself"),
        (differing("tools"), False, "over all pairs the provider does not stand out from the noise"),
    ],
)
def test_what_stands_against_a_difference_is_named(finding, stands, words):
    found = pair_evidence(finding, verdict=verdict(*(["tools"] if stands else [])))
    (line,) = (*found.evidence, *found.noise)
    assert line.noise == words


@pytest.mark.parametrize(
    ("noise", "words"),
    [
        ({}, "in tools chosen over all pairs the provider does not stand out from the noise"),
        (
            {"text": 0.31, "tools": 0.02},
            (
                "in text the reference differs from itself in 31 % of its controls, and over all pairs the provider does not "
                "stand out from the noise"
            ),
        ),
    ],
)
def test_chance_is_explained_by_the_signal_in_which_the_reference_differs_most_from_itself(noise, words):
    found = pair_evidence(differing("tools", "text"), verdict=verdict(**noise))
    assert evidence_sentence(found) == f"No evidence: 2 signals differ; {words}."


def test_a_time_does_not_explain_the_difference_of_a_signal():
    found = pair_evidence([*differing("first_token"), cross("tools", "differ")], verdict=verdict(first_token=0.9))
    assert evidence_sentence(found) == "No evidence: 2 signals differ; the reference's noise may explain it."


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (1, "usage missing or wrong (one)"),
        (2, "usage missing or wrong (one), stop ignored"),
        (3, "usage missing or wrong (one), stop ignored and 1 more"),
        (4, "usage missing or wrong (one), stop ignored and 2 more"),
    ],
)
def test_two_failed_checks_are_named_and_the_others_counted(count, words):
    checks = [failed("usage", "one"), failed("stop"), failed("logprobs"), failed("max_tokens")][:count]
    passed = [checked(row.signal, "match") for row in checks]
    single = pair_evidence([], checks, passed, verdict("tools"))
    assert evidence_sentence(single) == (
        f"No evidence. The provider's answer failed a check that the reference's passed: {words}; "
        "over all pairs the provider does not stand out from the noise."
    )
    unchecked = evidence_sentence(pair_evidence([], checks))
    assert unchecked == (
        f"No evidence. The provider's answer failed a check: {words}; the reference gave no answer to check for it."
    )


@pytest.mark.parametrize(
    ("signals", "words"),
    [
        (("tools", "text"), "Evidence: tools chosen, text."),
        (("tools", "text", "length"), "Evidence: tools chosen, text and 1 more."),
        (("tools", "text", "length", "refusal"), "Evidence: tools chosen, text and 2 more."),
    ],
)
def test_two_signals_of_evidence_are_named_and_the_others_counted(signals, words):
    assert evidence_sentence(pair_evidence(differing(*signals))).startswith(words)


def test_evidence_comes_before_a_reason_why_nothing_was_compared():
    assert evidence_sentence(pair_evidence(differing("tools")), "the reference answered 503").startswith(
        "Evidence: tools chosen."
    )


def test_two_signals_without_a_difference_are_counted():
    found = pair_evidence([cross("tools", "match"), cross("text", "match"), own("length", "match")])
    assert evidence_sentence(found) == "No difference in 2 signals that could be compared."
    assert names(found.unmeasured) == ["length"]
