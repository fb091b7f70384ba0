from dataclasses import replace

from shadow.config import Config
from shadow.views.planning import Means, told
from tests.shadow.views.test_drifting_text import CALM

MEANS = Means(per_day=20_000, floor=0.1, price=0.002, days=7, drop=0.1)


def test_the_plan_says_pairs_days_money_and_the_sample_it_takes():
    text = told(Config(), MEANS, ())
    assert "5 points: about" in text
    assert "days" in text
    assert "calls a pair" in text
    assert "To find 10 points within 7 days: [shadow] sample_rate = 0.00" in text


def test_what_cannot_be_found_is_said():
    assert "too few requests" in told(Config(), replace(MEANS, drop=0.01), ())


def test_what_could_not_have_been_seen_is_said():
    text = told(Config(), MEANS, (CALM, replace(CALM, provider="big", pairs=20_000)))
    assert "calm, m: 10 pairs so far; nothing could have been seen by now" in text
    assert "big, m: 20000 pairs so far; less than" in text
