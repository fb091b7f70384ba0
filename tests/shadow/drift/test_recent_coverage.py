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
