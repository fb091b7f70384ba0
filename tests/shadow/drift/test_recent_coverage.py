import pytest

from shadow.drift.recent_coverage import RecentCoverage


def test_a_group_is_not_measured_when_hardly_any_of_its_latest_pairs_could_be_judged():
    coverage = RecentCoverage()
    for _ in range(19):
        coverage.add(["reference_failed"], judged=False)
    assert coverage.why_not_measured == ""
    coverage.add(["reference_failed"], judged=False)
    assert "reference failed" in coverage.why_not_measured
    for _ in range(6):
        coverage.add([], judged=True)
    assert coverage.why_not_measured == ""


def test_a_few_cached_answers_turn_agreement_off_until_two_hundred_pairs_hold_fewer():
    coverage = RecentCoverage()
    for _ in range(3):
        assert not coverage.caching
        coverage.add(["cached"], judged=False)
    assert coverage.caching
    assert "cache" in coverage.why_not_measured
    for _ in range(198):
        coverage.add([], judged=True)
    assert not coverage.caching


def test_every_reason_is_counted_and_a_remark_excludes_no_pair():
    coverage = RecentCoverage()
    for _ in range(30):
        coverage.add(["greedy_text", "first_choice_only"], judged=False)
    assert coverage.counts == {"greedy_text": 30, "first_choice_only": 30}
    assert coverage.why_not_measured == ""


def covered(*reasons, judged=0):
    made = RecentCoverage()
    for reason in reasons:
        made.add([reason], judged=False)
    for _ in range(judged):
        made.add([], judged=True)
    return made


@pytest.mark.parametrize(
    ("excluded", "judged", "measured"),
    [(19, 0, True), (20, 0, False), (18, 2, False), (17, 3, True), (45, 5, False), (44, 6, True)],
)
def test_a_group_is_not_measured_from_nine_of_ten_excluded_of_twenty_on(excluded, judged, measured):
    assert (covered(*["cut"] * excluded, judged=judged).why_not_measured == "") is measured


@pytest.mark.parametrize(("cached", "off"), [(2, False), (3, True)])
def test_three_answers_from_a_cache_turn_the_tests_of_agreement_off(cached, off):
    assert covered(*["cached"] * cached, judged=30).caching is off


@pytest.mark.parametrize(("since", "off"), [(197, True), (198, False)])
def test_an_answer_from_a_cache_counts_among_the_latest_two_hundred(since, off):
    assert covered(*["cached"] * 3, judged=since).caching is off
