"""The figures of a report."""

from dataclasses import replace

import pytest

from shadow.drift.excess_estimates import SignalOutcome
from shadow.report.check_rates import check_sentence
from shadow.report.figures import CheckLine, ReferenceLine, Report, Scorecard, SegmentLine, TrafficFigures
from shadow.report.router_lines import RouterLine, UpstreamLine
from shadow.verdict.evidence import EvidenceSide, Shortfall
from shadow.verdict.verdict_rule import decide
from shadow.verdict.verdict_value import VerdictWord
from tests.verdicts import QUIET, evidence, signal

WHO = {"provider": "p", "reference": "r", "model": "m"}
CARD = Scorecard(**WHO, pairs=9, compared=9, requests=9, verdict=QUIET, signals=(), checks=(), gaps=(), reasons=())
FAR = replace(CARD, verdict=decide(evidence(signal("arguments", SignalOutcome.DRIFTS, excess=0.3))))


def report(*cards, **more):
    return Report(**{"since": 0, "until": 1, "cards": cards, "latency": (), "traffic": (), **more})


def traffic(provider, role, requests=9):
    return TrafficFigures(
        provider=provider, role=role, requests=requests, failures=0, errors=0, prompt_tokens=0, completion_tokens=0
    )


def router(worse, provider="p"):
    nothing = dict.fromkeys(("share", "size", "low", "high", "since", "needed"))
    counts = {"pairs": 40, "conversations": 40, "missing_pairs": 0}
    line = UpstreamLine(upstream="deepx", verdict="worse", signal="arguments", worse=worse, missing="", **counts, **nothing)
    return RouterLine(provider=provider, model="m", reference="r", upstreams=(line,))


@pytest.mark.parametrize(
    ("roles", "drifted"),
    [
        ([("p", "candidate"), ("q", "primary")], False),
        ([("p", "candidate"), ("p", "primary"), ("q", "primary")], True),
        ([("q", "primary")], True),
        ([], True),
    ],
)
def test_a_candidate_that_serves_nothing_decides_no_exit_code_beside_others(roles, drifted):
    found = report(FAR, replace(CARD, provider="q"), traffic=tuple(traffic(*each) for each in roles))
    assert found.drifted is drifted


def test_a_report_of_a_candidate_alone_is_about_it():
    assert report(FAR, traffic=(traffic("p", "candidate"),)).drifted


def test_a_candidate_alone_measures_nothing_of_those_in_use():
    rows = (traffic("p", "candidate"), traffic("q", "primary"))
    found = report(CARD, replace(UNSEEN, provider="q"), traffic=rows)
    assert not found.measured
    assert found.undecided


@pytest.mark.parametrize(("worse", "provider", "drifted"), [(True, "p", True), (False, "p", False), (True, "elsewhere", False)])
def test_a_worse_server_behind_a_router_in_use_is_drift_though_the_whole_shows_none(worse, provider, drifted):
    assert report(CARD, routers=(router(worse, provider),)).drifted is drifted


@pytest.mark.parametrize("word", VerdictWord)
def test_a_report_has_drifted_by_the_words_of_its_verdicts_alone(word):
    card = replace(CARD, verdict=replace(QUIET, word=word))
    assert report(card).drifted is (word in {VerdictWord.DIFFERS, VerdictWord.FAULTY})


def test_an_empty_report_has_no_drift():
    assert not report().drifted


def test_the_counts_are_those_of_the_cards_the_worst_first():
    assert list(report(CARD, FAR, CARD).counts.items()) == [(VerdictWord.DIFFERS, 1), (VerdictWord.NONE_SEEN, 2)]


UNSEEN = replace(CARD, verdict=replace(QUIET, word=VerdictWord.NOT_MEASURED))
WAITING = replace(CARD, verdict=replace(QUIET, word=VerdictWord.WAITING))
ALONE = replace(UNSEEN, reference="")


@pytest.mark.parametrize(
    ("cards", "measured"),
    [
        ((), False),
        ((UNSEEN,), False),
        ((WAITING, UNSEEN), False),
        ((WAITING, UNSEEN, CARD), True),
        ((UNSEEN, ALONE), False),
        ((ALONE,), True),
    ],
)
def test_nothing_was_measured_where_no_provider_with_a_reference_was_compared(cards, measured):
    assert report(*cards).measured is measured


def lost_to(cause: str, side: EvidenceSide = EvidenceSide.REFERENCE):
    fall = Shortfall(cause=cause, side=side, pairs=9, sentence="", remedy="")
    return replace(UNSEEN, verdict=replace(UNSEEN.verdict, coverage=replace(QUIET.coverage, shortfalls=(fall,))))


@pytest.mark.parametrize("cause", ["context 8192", "parameter top_k", "thinking", "request"])
def test_requests_that_a_working_reference_does_not_take_are_no_failure_of_the_measurement(cause):
    assert report(lost_to(cause)).measured


@pytest.mark.parametrize(
    "card", [lost_to("401"), lost_to("404"), lost_to("model"), lost_to("500"), lost_to("context 8192", EvidenceSide.PROVIDER)]
)
def test_a_refused_key_a_wrong_name_and_a_failing_side_leave_nothing_measured(card):
    assert not report(card).measured


COUNTED = CheckLine(
    signal="usage",
    answers=40,
    faulty=10,
    low=0.1,
    high=0.4,
    reference_answers=0,
    reference_faulty=0,
    reference_low=0.0,
    reference_high=1.0,
)


def test_a_check_of_which_nothing_was_compared_decides_nothing_and_is_no_evidence():
    assert (COUNTED.deciding, COUNTED.p, COUNTED.p_holm) == (False, 1.0, 1.0)
    assert check_sentence(COUNTED, "x") == (
        "x: seen in 25 % of 40 answers; too few compared conversations to decide whether the reference does it too"
    )
    assert (COUNTED.plus, COUNTED.minus, COUNTED.alone, COUNTED.conversations) == (0, 0, 0, 0)


@pytest.mark.parametrize(("worse", "plain", "deciding"), [(True, False, True), (False, True, True), (False, False, False)])
def test_a_check_decides_where_it_is_worse_or_plain(worse, plain, deciding):
    assert replace(COUNTED, worse=worse, plain=plain).deciding is deciding


@pytest.mark.parametrize(("answers", "faulty", "rate", "known"), [(0, 0, 0.0, None), (4, 1, 0.25, 0.25), (1, 1, 1.0, 1.0)])
def test_a_rate_is_a_share_of_the_answers(answers, faulty, rate, known):
    found = replace(COUNTED, answers=answers, faulty=faulty, reference_answers=answers, reference_faulty=faulty)
    assert (found.rate, found.reference_rate) == (rate, known)


def test_shares_of_a_segment_without_pairs_or_controls_are_none_seen_and_not_known():
    line = SegmentLine(**WHO, signal="text", segment="s", value="v", differs=3, pairs=12, conversations=1, elsewhere=None)
    assert (line.share, line.noise, line.beyond_noise) == (0.25, None, False)
    assert replace(line, differs=0, pairs=0).share == 0.0
    assert replace(line, noise_differs=1, noise_pairs=5).noise == 0.2


@pytest.mark.parametrize(
    ("name", "state", "headline"),
    [
        ("r", "failing", "the reference r (m) is failing: because"),
        ("reference", "moved", "the reference (m) is moved: because"),
        ("r", "refusing", "the reference r (m) because"),
        ("r", "unusable", "the reference r (m) because"),
    ],
)
def test_the_headline_of_a_finding_names_the_reference_and_its_state(name, state, headline):
    assert ReferenceLine(reference=name, model="m", state=state, sentence="because").headline == headline


@pytest.mark.parametrize(
    ("cards", "undecided"),
    [
        ((), True),
        ((CARD,), False),
        ((CARD, UNSEEN), True),
        ((CARD, ALONE), False),
        ((ALONE,), True),
        ((FAR,), False),
    ],
)
def test_a_report_is_undecided_where_the_evidence_about_any_provider_with_a_reference_is_not_enough(cards, undecided):
    assert report(*cards).undecided is undecided


@pytest.mark.parametrize(("requests", "drifted"), [(1, False), (0, True)])
def test_a_candidate_without_a_request_is_no_candidate(requests, drifted):
    rows = (traffic("p", "candidate", requests), traffic("q", "primary"))
    assert report(FAR, replace(CARD, provider="q"), traffic=rows).drifted is drifted


def test_the_most_frequent_cause_decides_whether_a_reference_refuses_the_requests():
    mixed = lost_to("context 8192")
    [fall] = mixed.verdict.coverage.shortfalls
    both = (replace(fall, cause="401"), fall)
    coverage = replace(mixed.verdict.coverage, shortfalls=both)
    assert not report(replace(mixed, verdict=replace(mixed.verdict, coverage=coverage))).measured
