from dataclasses import replace

import pytest

from shadow.report.drift_lines import DriftLine
from shadow.report.drift_table import drift_details, drift_table
from shadow.report.figures import Report
from shadow.report.report_text import printed

CALM = DriftLine(
    route="default",
    model="m",
    provider="calm",
    reference="r",
    state="ok",
    why="",
    name="",
    pairs=10,
    strongest="",
    evidence=None,
    since=None,
    earliest=None,
    latest=None,
    size=None,
    low=None,
    high=None,
    signals=(),
    requests=(),
    pair_ids=(),
    reference_suspected=False,
    left_out={},
)
ALARM = replace(
    CALM,
    provider="odd",
    state="drift",
    name="arguments",
    since=0.0,
    earliest=0.0,
    latest=0.0,
    size=0.12,
    low=0.05,
    high=0.2,
    requests=("no tools",),
    pair_ids=("0123456789ab",),
    sentence="odd, compared with r, sends different tool arguments 12 points more often",
    blame="provider",
)


def shown(*lines):
    report = Report(since=0.0, until=1.0, cards=(), latency=(), traffic=(), drifting=lines)
    return " ".join(printed([drift_table(report)], width=200, color=False).split())


def test_providers_with_findings_stand_first_with_links():
    text = shown(CALM, ALARM)
    assert text.index("odd") < text.index("calm")
    assert "odd, compared with r, sends different tool arguments 12 points more often; size [5 to 20]" in text
    assert "most in: no tools" in text
    assert "pair 01234567" in text


@pytest.mark.parametrize(
    ("low", "high", "shown_as"), [(0.05, 0.9, "[5 to 90]"), (-0.9, -0.05, "[-90 to -5]"), (0.0, 1.0, "[0 to 100]")]
)
def test_the_size_of_an_alarm_is_shown_in_points(low, high, shown_as):
    assert f"size {shown_as}" in shown(replace(ALARM, low=low, high=high))


def test_an_alarm_whose_page_waits_is_reported_as_one_that_waits():
    assert "an alarm waits for a second look at the other providers: odd," in shown(replace(ALARM, state="suspect", waits=True))


def test_no_group_is_no_line():
    assert drift_table(Report(since=0.0, until=1.0, cards=(), latency=(), traffic=())).row_count == 0


def test_twenty_groups_are_shown_those_with_a_state_to_look_at_first_and_coloured():
    report = Report(since=0.0, until=1.0, cards=(), latency=(), traffic=(), drifting=(CALM,) * 20 + (ALARM,))
    table = drift_table(report)
    assert (table.row_count, list(table.columns[0].cells)[:2]) == (20, ["odd", "calm"])
    assert [row.style for row in table.rows][:2] == ["red", ""]


@pytest.mark.parametrize(("state", "style"), [("suspect", "yellow"), ("not_measured", "yellow"), ("ok", ""), ("recovered", "")])
def test_a_state_has_its_colour_and_its_words(state, style):
    table = drift_table(
        Report(since=0.0, until=1.0, cards=(), latency=(), traffic=(), drifting=(replace(CALM, state=state, why="few"),))
    )
    assert (table.rows[0].style, list(table.columns[3].cells)) == (style, [state.replace("_", " ")])
    assert list(table.columns[4].cells) == ["10"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"sentence": "", "why": "few"}, "few"),
        ({"low": None}, "odd; most in: a; for example pair p1"),
        ({"high": None, "requests": ()}, "odd; for example pair p1"),
        ({"pair_ids": ()}, "odd; size [5 to 20]; most in: a"),
        (
            {"low": None, "requests": (), "pair_ids": (), "one_sided": True, "hung_up": 0.034},
            "odd; clients left before the end in 3.4 % of the requests: the other pairs are a biased selection",
        ),
        (
            {"sentence": "", "one_sided": True, "hung_up": 0.5},
            "clients left before the end in 50 % of the requests: the other pairs are a biased selection",
        ),
    ],
)
def test_details_have_what_is_known_of_an_alarm(more, words):
    line = replace(ALARM, sentence="odd", requests=("a", "b"), pair_ids=("p1", "p2"))
    assert drift_details(replace(line, **more)) == words
