import random

from shadow.drift.case import Case
from shadow.drift.stakes import Stakes
from shadow.drift.status import statuses
from tests.shadow.drift.leaning import Drive, payoffs

KEY = ("default", "m", "p", "r")


def drifted(seed=1, signals=("args",)):
    draw, case = random.Random(seed), Case(Stakes())
    drive = Drive(case.watch, signals)
    drive.feed(payoffs(draw, 500))
    drive.feed(payoffs(draw, 200, excess=0.5))
    return case


def test_a_group_before_its_first_pair_claims_nothing():
    [status] = statuses({KEY: Case(Stakes())})
    assert (status.state, status.pairs, status.evidence, status.past) == ("ok", 0, (), ())


def test_a_drift_is_told_with_its_start_its_size_and_its_name():
    [status] = statuses({KEY: drifted()})
    [past] = status.past
    assert (status.state, status.name, past.title, past.worse) == ("drift", "args", "args", True)
    assert past.low <= past.size <= past.high
    assert past.earliest <= past.since <= past.latest
    assert status.evidence[0][:2] == ("args", True)
    assert status.evidence[0][2] > status.evidence[1][2]


def test_the_test_that_names_the_alarm_comes_first():
    [status] = statuses({KEY: drifted(signals=("action", "args"))})
    assert [past.signal for past in status.past] == ["args", "action"]


def test_what_is_not_measured_says_why_and_how_often():
    case = Case(Stakes())
    for _ in range(30):
        case.coverage.add(["seed"], judged=False)
    [status] = statuses({KEY: case})
    assert status.state == "not measured"
    assert "seed" in status.why
    assert status.excluded == (("seed", 30),)


def test_two_providers_of_one_reference_are_told_apart_from_one():
    other = ("default", "m", "q", "r")
    assert [status.reference_suspected for status in statuses({KEY: drifted(), other: drifted(2)})] == [True, True]
    assert [status.reference_suspected for status in statuses({KEY: drifted(), other: Case(Stakes())})] == [False, False]
