"""A candidate that is down, late or limited: neither the same nor worse for it."""

from dataclasses import replace

import pytest

from shadow.choice.candidate_claims import ChoiceVerdict, claims
from shadow.choice.tournament_terms import TournamentTerms
from shadow.tournament.candidate_arms import CandidateArm, arm_evidence
from shadow.tournament.failing_candidates import failing_reason
from tests.shadow.choice.arms import LATE
from tests.shadow.tournament.arm_rows import BEGUN, LATER, RECORD, arm, row
from tests.shadow.tournament.test_tournament_view import figures, shown

TERMS = TournamentTerms(signals=("answer_kind", "error"))
FAILED = {"excluded": ("provider_failed",), "payoffs": {"error": 1}}


def failing(n, begin=5_000, **more):
    return [row(begin + place, **{**FAILED, **more}) for place in range(n)]


def reason(rows):
    one = CandidateArm(name="host-a", model="kimi", began=BEGUN, place=1, rows=rows)
    evidence = arm_evidence(one, TERMS, LATE)
    return failing_reason(one, evidence, claims({"1": evidence}, TERMS)["1"])


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"failure": "connect", "status": None}, "most by connect; see whether it runs at its base_url."),
        ({"failure": "total_timeout", "status": None}, "most by total_timeout; it did not answer in time: see its load"),
        ({"status": 500}, "most by status 500; see what it writes in its answers."),
        ({"status": 404}, "most by status 404; its base_url is wrong, or it does not know the model"),
        (
            {"status": 429, "excluded": ("denied",), "judgement": "denied", "payoffs": {}},
            "most by status 429; raise its limit, or lower shadow.sample_rate or tournament.per_request.",
        ),
        (
            {"status": 401, "excluded": ("denied",), "payoffs": {}},
            "its key is missing or wrong: see the variable that api_key_env",
        ),
    ],
)
def test_a_candidate_that_fails_always_is_not_measured_and_what_to_do_is_named(more, words):
    verdict, sentence = reason(failing(60, **more))
    assert verdict is ChoiceVerdict.NOT_MEASURED
    assert sentence.startswith("host-a: not measured: 60 of its 60 requests were refused or failed, ")
    assert words in sentence


DENIED = {"excluded": ("denied",), "judgement": "denied", "payoffs": {}}


@pytest.mark.parametrize("more", [{"status": None}, {"status": 200}, {"status": 499}, {"failure": "reset", "status": 200}])
def test_a_failure_of_any_form_has_a_sentence(more):
    assert "60 of its 60 requests were refused or failed, most by" in reason(failing(60, **more))[1]


def test_requests_that_the_reference_refused_are_not_laid_to_the_candidate():
    verdict, sentence = reason([*arm(), *failing(200, **DENIED, status=200)])
    assert verdict is ChoiceVerdict.UNDECIDED
    assert sentence == ("host-a: not yet known: the reference refused 200 of the 1,600: see its key, its account and its limit.")


def test_refusals_of_both_are_counted_apart():
    one = [*arm(), *failing(100, **DENIED, status=429), *failing(100, 6_000, **DENIED, status=200)]
    sentence = reason(one)[1]
    assert "100 of its 1,600 requests were refused or failed, most by status 429; raise its limit" in sentence
    assert sentence.endswith("; the reference refused 100 of the 1,600: see its key, its account and its limit.")
    assert CandidateArm(name="host-a", model="kimi", began=BEGUN, rows=one).failing == 100 / 1_600


@pytest.mark.parametrize(("count", "stands"), [(155, False), (156, True)])
def test_a_tenth_of_failed_requests_is_the_most(count, stands):
    """1,400 answers and 155 failures are 9.97 %; one more failure is over 10 %."""
    found = reason([*arm(), *failing(count)])
    assert (found is not None) == stands
    assert found is None or found[0] is ChoiceVerdict.UNDECIDED


def test_one_that_is_worse_in_what_it_answers_too_stays_worse():
    assert reason([*arm(excess=0.3, n=600), *failing(300)]) is None


def test_a_candidate_that_is_down_is_neither_same_nor_worse_in_a_tournament_though_its_detector_alarms():
    record = replace(RECORD, terms=TERMS)
    one = shown(figures(failing(200, failure="connect", status=None), record=record, now=LATER))["host-a"]
    assert one.verdict is ChoiceVerdict.NOT_MEASURED
    assert one.claim.worse == (("error", 1),)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"status": None}, "most by no response; see whether it runs at its base_url."),
        ({"status": 200}, "most by an error in the response; see what it writes in its answers."),
        ({"status": 399}, "most by an error in the response; see what it writes in its answers."),
        (
            {"status": 400},
            (
                "most by status 400; it does not accept these requests as they are: "
                "`sameweights pairs --signal parameters` shows them."
            ),
        ),
        ({"failure": "reset", "status": 500}, "most by reset; see whether it runs at its base_url."),
        (
            {"failure": "silence_timeout", "status": 200},
            "most by silence_timeout; it did not answer in time: see its load, or raise shadow.timeout.",
        ),
        (
            {"failure": "connect_timeout", "status": None},
            "most by connect_timeout; it did not answer in time: see its load, or raise shadow.timeout.",
        ),
    ],
)
def test_the_way_in_which_most_requests_failed_is_named_with_what_to_do(more, words):
    others = failing(2, 6_000, failure="protocol")
    assert reason([*failing(3, **more), *others])[1].endswith(f"5 of its 5 requests were refused or failed, {words}")


def test_one_failed_request_of_one_is_in_the_singular():
    assert reason(failing(1, status=503))[1].startswith("host-a: not measured: 1 of its 1 request was refused or failed, most by")


@pytest.mark.parametrize(
    ("rows", "verdict"),
    [
        ([*arm(n=9), *failing(1)], None),
        ([*arm(n=8), *failing(1)], ChoiceVerdict.UNDECIDED),
        ([*arm(n=18), *failing(1), *failing(1, 6_000, **DENIED, status=200)], None),
        ([*arm(n=17), *failing(1), *failing(1, 6_000, **DENIED, status=200)], ChoiceVerdict.UNDECIDED),
    ],
)
def test_what_the_candidate_and_what_the_reference_did_not_answer_count_together(rows, verdict):
    found = reason(rows)
    assert (found and found[0]) == verdict


def test_a_candidate_without_evidence_that_fails_is_not_measured():
    one = CandidateArm(name="host-a", model="kimi", began=BEGUN, place=9, rows=failing(3))
    assert failing_reason(one, None, None)[0] is ChoiceVerdict.NOT_MEASURED
