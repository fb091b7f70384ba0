"""The report as text: verdicts first, 100 columns, nothing that drives the screen."""

import pytest

from shadow.views.report import as_text, build
from shadow.views.report_text import moment
from tests.records import NOW, add_live, add_pair, fill


@pytest.fixture
def text(store):
    fill(store)
    return as_text(build(store, 0.0, NOW + 60))


def test_each_provider_has_its_verdict_in_the_first_lines(text):
    head = "\n".join(text.split("\n")[:14])
    for line in (
        "✗  garbler   differs from its reference more than the reference differs from itself",
        "✗  squeezer  gives faulty answers more often than its reference",
        "?  newcomer  undecided: too few pairs to say",
        "?  loner     waiting: no pair yet",
        "✓  faithful  ",
    ):
        assert line in head


def test_no_line_is_longer_than_the_page(text):
    assert max(len(line) for line in text.split("\n")) <= 100


@pytest.mark.parametrize("part", ["signals", "checks", "latency", "not compared"])
def test_every_part_is_there(text, part):
    assert f"\n{part}  " in text


def test_colour_is_only_where_it_is_asked_for(store, text):
    assert "\x1b" not in text
    assert "\x1b[" in as_text(build(store, 0.0, NOW + 60), color=True)


def test_a_hostile_model_name_is_shown_and_not_obeyed(store):
    add_pair(store, "p", "Hello", "Hello", model="evil\x1b[2J[red]")
    add_live(store, "p", model="other")
    assert store.flush(20)
    text = as_text(build(store, 0.0, NOW + 60))
    assert "\x1b" not in text
    assert "evil[ESC][2J[red]" in text


def test_moments_are_in_utc():
    assert moment(0.0) == "1970-01-01 00:00:00"


def test_a_brief_report_has_the_verdicts_and_leaves_the_long_tables_out(store, text):
    brief = as_text(build(store, 0.0, NOW + 60), brief=True)
    assert brief.split("\nchecks")[0] == text.split("\nsignals")[0]
    assert "\nchecks  " in brief
    for part in ("signals", "not compared"):
        assert f"\n{part}  " not in brief
