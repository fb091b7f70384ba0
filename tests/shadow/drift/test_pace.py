"""A change of pace: found by blocks and not by requests, dated, recovered, and quiet on a busy day."""

import json
import math
import random
from itertools import pairwise

import pytest

from shadow.drift.betting_factors import GRID
from shadow.drift.pace import Pace, PaceState, high, restored, saved

DAY = 86_400.0


def answers(draw, days, *, factor=1.0, start=0.0, every=12.0):
    """(end, seconds) of streams whose times swing by the hour, drift together (AR(1) over minutes), and vary by themselves."""
    load, at = 0.0, start
    while at < start + days * DAY:
        load = 0.97 * load + draw.gauss(0, 0.05)
        swing = 0.1 * math.sin(2 * math.pi * at / DAY)
        yield at, factor * 0.4 * math.exp(load + swing + draw.gauss(0, 0.3))
        at += draw.expovariate(1 / every)


def fed(pace, timed):
    """The changes that these answers bring."""
    return [turn for _, turn in (pace.add(at, seconds) for at, seconds in timed) if turn]


def test_a_pace_is_learning_for_a_day_and_then_has_the_time_of_nine_of_ten_answers():
    pace = Pace()
    assert fed(pace, answers(random.Random(1), 0.9)) == []
    assert (pace.state, pace.limit) == (PaceState.LEARNING, 0.0)
    fed(pace, answers(random.Random(2), 0.2, start=0.9 * DAY))
    assert pace.state is PaceState.STEADY
    assert 0.5 < pace.limit < 0.8


@pytest.mark.slow
def test_a_steady_provider_is_left_alone_whatever_the_hour():
    for run in range(4):
        pace = Pace()
        assert fed(pace, answers(random.Random(f"steady {run}"), 8)) == []
        assert pace.blocks > 1_500


@pytest.mark.parametrize("run", range(3))
def test_slowdown_by_half_is_found_within_hours_dated_and_its_recovery_found(run):
    draw, pace = random.Random(f"slower {run}"), Pace()
    fed(pace, answers(draw, 3))
    [slower] = fed(pace, answers(draw, 1, factor=1.5, start=3 * DAY))
    assert (slower.old, slower.new) == (PaceState.STEADY, PaceState.SLOWER)
    assert 3 * DAY < slower.at < 3 * DAY + 8 * 3_600
    assert abs(slower.since - 3 * DAY) <= 2 * 3_600
    assert slower.share > 0.2
    [recovered] = fed(pace, answers(draw, 1, start=4 * DAY))
    assert (recovered.new, pace.state) == (PaceState.RECOVERED, PaceState.RECOVERED)
    assert fed(pace, answers(draw, 1, factor=2.0, start=5 * DAY))[0].new is PaceState.SLOWER


def test_the_evidence_is_the_sum_of_the_bets():
    pace = Pace(slo=1.0)
    shares = [0.5, 0.0, 0.3, 1.0]
    for block, share in enumerate([*shares, 0.0], 1):
        for number in range(20):
            pace.add(block * 300.0 + number, 2.0 if number < share * 20 else 0.5)
    sums = [1.0] * len(GRID)
    for share in shares:
        sums = [(total + 1) * (1 + bet / 0.15 * (share - 0.15)) for total, bet in zip(sums, GRID, strict=True)]
    assert math.isclose(pace.evidence, math.log(sum(sums) / len(sums) / 1e9), rel_tol=1e-9)
    assert pace.blocks == len(shares)


def test_a_block_of_few_answers_gives_no_evidence():
    pace = Pace(slo=1.0)
    for block in range(1, 500):
        for number in range(20 - 1):
            pace.add(block * 300.0 + number, 100.0)
    assert (pace.blocks, pace.state) == (0, PaceState.STEADY)


def test_with_a_limit_that_was_set_nothing_is_learned():
    pace = Pace(slo=1.0)
    for block in range(1, 40):
        for number in range(20):
            pace.add(block * 300.0 + number, 2.0)
    assert (pace.state, pace.since) == (PaceState.SLOWER, 300.0)


def test_what_is_recorded_late_belongs_to_the_open_block_and_a_clock_that_jumps_opens_another():
    pace = Pace(slo=1.0)
    assert [pace.add(at, 0.5)[0] for at in (3 * 300.0, 3 * 300.0 - 1, 3 * 300.0 + 5)] == [True, False, False]
    assert pace.answers == 3
    assert [pace.add(at, 0.5)[0] for at in (9e9, 1.0, 2.0)] == [True, True, False]
    assert pace.answers == 2


def test_a_day_of_hardly_any_answers_is_not_enough_to_learn_from():
    pace = Pace()
    for number in range(200 - 1):
        pace.add(number * 86_400.0, 1.0)
    assert pace.state is PaceState.LEARNING
    pace.add(200 * 86_400.0, 1.0)
    assert pace.state is PaceState.STEADY


def test_a_day_that_began_while_the_clock_ran_ahead_begins_again_with_the_clock_that_was_corrected():
    pace = Pace()
    pace.add(500 * 86_400.0, 1.0)
    for number in range(200):
        pace.add(86_400.0 + number * 432.0, 1.0)
    assert (pace.state, pace.begun) == (PaceState.LEARNING, 86_400.0)
    pace.add(2 * 86_400.0, 1.0)
    assert pace.state is PaceState.STEADY


@pytest.mark.parametrize("seconds", [0.0, 1e-9, 1e9])
def test_no_time_is_too_short_or_too_long(seconds):
    pace = Pace()
    for number in range(200 + 5):
        pace.add(number * 86_400.0, seconds)
    assert math.isfinite(pace.limit)


def test_the_high_mark_is_the_ninetieth_percentile_by_two_percent():
    draw = random.Random(3)
    values = sorted(draw.lognormvariate(0, 1) for _ in range(2_000))
    times = {}
    for value in values:
        place = math.floor(math.log(value) / math.log(1.02))
        times[place] = times.get(place, 0) + 1
    assert 1 <= high(times) / values[1_799] <= 1.03


def test_what_was_saved_goes_on_as_what_never_stopped():
    draw = random.Random(5)
    timed = [*answers(draw, 1.2), *answers(draw, 0.6, factor=1.6, start=1.2 * DAY)]
    whole, parts, turns = Pace(), Pace(), []
    cuts = [0, 500, 5_000, 9_000, len(timed)]
    for first, last in pairwise(cuts):
        parts = restored(saved(parts))
        turns += fed(parts, timed[first:last])
    assert fed(whole, timed) == turns
    assert saved(whole) == saved(parts)


def test_an_operator_may_call_it_fixed():
    pace = Pace(slo=1.0, state=PaceState.SLOWER, limit=1.0)
    assert pace.fixed().new is PaceState.STEADY
    assert (pace.state, pace.limit, pace.logs[0]) == (PaceState.STEADY, 1.0, 0.0)


@pytest.mark.parametrize("text", ["", "{", "[]", json.dumps({"tempo": "brisk"})])
def test_a_text_that_holds_no_pace_cannot_be_restored(text):
    with pytest.raises(ValueError):
        restored(text)


def test_stored_snapshot_names_the_state_tempo_as_earlier_versions_did():
    text = saved(Pace(slo=1.0))
    assert json.loads(text)["tempo"] == "steady"
    assert "state" not in json.loads(text)


def blocks(pace, *slow):
    """The changes that blocks of twenty answers bring, of which so many took two seconds and the others half a one."""
    found = []
    for count in slow:
        begin = (pace.block + 1) * 300.0
        found += fed(pace, ((begin + number, 2.0 if number < count else 0.5) for number in range(20)))
        found += fed(pace, [(begin + 300.0, 0.5)])  # which closes it, and alone makes no block
    return found


def test_a_slower_pace_and_its_recovery_are_stated_by_their_blocks():
    """Of twenty answers twelve are slow in seventeen blocks, then none; the first block begins at 300 s, each next 600 later."""
    pace = Pace(slo=1.0)
    [slower] = blocks(pace, *[12] * 17)
    assert (slower.old, slower.new, slower.at, slower.since) == (PaceState.STEADY, PaceState.SLOWER, 10_200.0, 300.0)
    assert (slower.share, pace.found, pace.share) == (pytest.approx(0.6), pytest.approx(0.6), pytest.approx(0.6))
    assert (pace.evidence, pace.above) == (pytest.approx(math.log(1 / 1e3)), 0.0)
    still, sums = (0.15 + 0.6) / 2, [1.0] * len(GRID)
    for _ in range(3):
        assert blocks(pace, 0) == []
        sums = [(total + 1) * (1 + bet / (1 - still) * still) for total, bet in zip(sums, GRID, strict=True)]
        assert pace.evidence == pytest.approx(math.log(sum(sums) / len(sums) / 1e3))
    assert pace.share == pytest.approx(12 * 17 / 20 / 20)
    recovered, *others = blocks(pace, *[0] * 20)
    assert (recovered.old, recovered.new, recovered.since, others) == (PaceState.SLOWER, PaceState.RECOVERED, 300.0, [])
    assert (pace.state, pace.limit) == (PaceState.RECOVERED, 1.0)


def test_a_change_began_where_the_excess_of_slow_answers_was_last_at_its_lowest():
    """Shares of .05 and .10 are below the usual .15; .30 in the third block begins a sum that .05 in the fifth does not end."""
    pace = Pace(slo=1.0)
    for slow, since, share in [(1, 300.0, 0.05), (2, 900.0, 0.1), (6, 1_500.0, 0.3), (6, 1_500.0, 0.3), (1, 1_500.0, 0.65 / 3)]:
        assert blocks(pace, slow) == []
        assert (pace.since, pace.share) == (since, pytest.approx(share))


@pytest.mark.parametrize(("answers", "counted"), [(19, 0), (20, 1)])
def test_a_block_counts_from_twenty_answers_on(answers, counted):
    pace = Pace(slo=1.0)
    for number in range(answers):
        pace.add(300.0 + number, 2.0)
    pace.add(600.0, 2.0)
    assert (pace.blocks, pace.share) == (counted, float(counted))


def test_an_answer_that_takes_exactly_the_limit_is_not_slow():
    pace = Pace(slo=1.0)
    for seconds in (1.0, 1.001):
        pace.add(300.0, seconds)
    assert (pace.answers, pace.slow) == (2, 1)


@pytest.mark.parametrize(("last", "learned"), [(DAY - 1, False), (DAY, True)])
def test_a_pace_is_learned_for_a_whole_day(last, learned):
    pace = Pace()
    for number in range(199):
        pace.add(1_000.0 + number, 1.0)
    pace.add(1_000.0 + last, 1.0)
    assert ((pace.state, pace.limit), pace.begun) == ((PaceState.STEADY, 1.02) if learned else (PaceState.LEARNING, 0.0), 1_000.0)


@pytest.mark.parametrize(("times", "exponent"), [({0: 9, 3: 1}, 1), ({0: 8, 3: 2}, 4), ({-5: 1}, -4), ({7: 90, 2: 10}, 8)])
def test_nine_of_ten_answers_stay_under_the_upper_end_of_the_bin_that_holds_the_ninth(times, exponent):
    assert high(times) == 1.02**exponent


def test_a_new_pace_is_stored_with_nothing_counted():
    zeros = dict.fromkeys(("slo", "limit", "begun", "block", "answers", "slow", "blocks", "since", "above", "summed"), 0)
    assert json.loads(saved(Pace())) == zeros | {
        "counted": 0,
        "found": 0,
        "tempo": "learning",
        "times": {},
        "logs": [0] * len(GRID),
    }
