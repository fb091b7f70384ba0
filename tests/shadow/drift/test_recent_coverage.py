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


def test_repr_shows_what_was_excluded():
    assert repr(covered("cached", "cut", judged=2)) == "<RecentCoverage latest=4 cached=1 counts={'cached': 1, 'cut': 1}>"


@pytest.mark.parametrize(
    ("reasons", "judged", "why"),
    [
        (["same_server"] * 2, 0, "same server"),
        (["same_server", "cut"], 0, "same server"),
        (["same_server"], 1, ""),
        (["cut"] * 12 + ["denied"] * 8, 0, "an answer was not recorded whole"),
    ],
)
def test_why_a_group_is_not_measured_is_its_own_reference_at_once_or_the_most_frequent_reason(reasons, judged, why):
    found = covered(*reasons, judged=judged).why_not_measured
    assert (why in found) if why else (found == "")


@pytest.mark.parametrize(
    ("reasons", "why"),
    [([], "no pair has counted yet"), (["cut", "denied", "cut"], "no pair has counted yet: an answer was not recorded whole")],
)
def test_why_a_group_waits_is_the_most_frequent_reason(reasons, why):
    assert covered(*reasons).why_waiting == why


@pytest.mark.parametrize(("judged", "excluded", "measured"), [(10, 45, False), (10, 44, True), (60, 44, True), (60, 45, False)])
def test_the_latest_fifty_pairs_decide_whether_a_group_is_measured(judged, excluded, measured):
    made = covered(judged=judged)
    for _ in range(excluded):
        made.add(["cut"], judged=False)
    assert (made.why_not_measured == "") is measured


@pytest.mark.parametrize(("excluded", "judged", "measured"), [(46, 5, False), (60, 5, False), (60, 6, True)])
def test_what_was_excluded_before_the_latest_fifty_pairs_is_forgotten(excluded, judged, measured):
    assert (covered(*["cut"] * excluded, judged=judged).why_not_measured == "") is measured
