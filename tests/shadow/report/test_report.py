"""Whole pages of one report that is made by hand: what a reader of the terminal, of Markdown and of a CI sees."""

import json
from dataclasses import replace

import pytest

from shadow.report.figures import ReferenceLine
from shadow.report.latency_lines import LatencyLine
from shadow.report.report_html import as_html
from shadow.report.report_junit import as_junit
from shadow.report.report_markdown import as_markdown
from shadow.report.report_text import printed, render
from shadow.report.verdict_text import status_json, status_lines, verdict_text
from shadow.verdict.evidence import EvidenceSide, PeriodCoverage, Shortfall
from shadow.verdict.verdict_value import VerdictWord
from tests.shadow.report.made_pages import BRIEF, JUNIT, MARKDOWN, PAGE, SHORT
from tests.shadow.report.made_report import (
    CONTEXT,
    FAITHFUL,
    GARBLER,
    HIDDEN,
    LONER,
    NEWCOMER,
    UNTIL,
    card,
    check,
    gap,
    report,
    signal,
    verdict,
    whole,
)


def test_a_whole_report_is_heading_references_verdicts_and_tables():
    assert render(whole(), width=124, color=False) == PAGE


def test_a_brief_report_of_a_narrow_terminal_has_the_verdicts_and_the_checks():
    assert render(whole(), width=99, color=False, brief=True) == BRIEF


def test_a_report_without_a_request_is_not_measured():
    assert render(report(since=0.0), width=100, color=False) == (
        "sameweights  until 2023-11-15 22:13:20 UTC\n  0 requests, 0 failed, 0 compared with a reference\n\n"
        "  ?  not measured: no request in this period"
    )
    assert as_markdown(report(since=0.0)) == (
        "## sameweights: until 2023-11-15 22:13:20 UTC\n\nNot measured: no request in this period.\n"
    )


def test_markdown_has_the_verdicts_what_is_missing_and_a_section_for_each_provider():
    assert as_markdown(whole()) == MARKDOWN


def test_a_ci_has_a_case_for_each_provider():
    assert as_junit(whole()) == JUNIT


@pytest.mark.parametrize(("since", "seconds"), [(UNTIL - 0.5, "0.500"), (0.0, f"{UNTIL:.3f}"), (-5.0, f"{UNTIL:.3f}")])
def test_the_time_of_a_suite_is_that_of_the_period(since, seconds):
    assert f'time="{seconds}" timestamp="2023-11-15T22:13:20"' in as_junit(report(since=since))


def test_a_short_report_has_verdicts_what_is_missing_and_the_next_command():
    found = whole()
    shown = verdict_text(
        found.cards, found.references, period="all", sampled="rows are sampled", now=UNTIL, width=100, color=False
    )
    assert shown == SHORT


def test_a_status_has_a_line_for_each_provider_and_how_rows_are_sampled():
    lines = status_lines(whole().cards, now=UNTIL, sampled="rows are sampled")
    assert lines[1:] == (
        "? newcomer: undecided, 1 pair; too few pairs",
        "✓ faithful: no difference seen, 200 pairs; 6 points or more in kind of answer would have shown",
        "… loner: waiting for the first pair; no pair yet",
        "note: rows are sampled",
    )
    assert json.loads(status_json([GARBLER], now=UNTIL, sampled="rows are sampled"))["rows"] == "rows are sampled"
    assert "rows" not in json.loads(status_json([GARBLER], now=UNTIL))


@pytest.mark.parametrize(
    ("cards", "command"),
    [
        ([FAITHFUL], "report --full --since 7d"),
        ([FAITHFUL, LONER], "report --full --since 7d"),
        ([FAITHFUL, NEWCOMER], "doctor --db x"),
        ([], "doctor --db x"),
        ([FAITHFUL, replace(GARBLER, provider="a b")], "report 'a b' --since 7d"),
    ],
)
def test_the_next_command_is_that_of_the_worst_provider_else_of_what_is_not_known(cards, command):
    shown = verdict_text(cards, period="all", now=UNTIL, width=100, color=False, options=" --since 7d", doctor_options=" --db x")
    assert shown.endswith(f"\nNext: sameweights {command}")


def test_two_findings_about_references_and_one_note_of_a_provider_are_in_the_short_report():
    lines = [ReferenceLine(reference=name, model="m", state="failing", sentence="fails") for name in "abc"]
    noted = replace(GARBLER, verdict=replace(GARBLER.verdict, notes=GARBLER.verdict.notes * 2))
    shown = verdict_text([noted], lines, period="all", now=UNTIL, width=100, color=False)
    assert (shown.count("! the reference"), shown.count("note: its identity changed")) == (2, 1)


@pytest.mark.parametrize(
    ("one", "stated"), [(FAITHFUL, "no difference seen, 200 pairs"), (NEWCOMER, "undecided since 22:12 UTC today, 1 pair")]
)
def test_since_when_is_stated_but_of_a_provider_in_which_no_difference_is_seen(one, stated):
    dated = replace(one, verdict=replace(one.verdict, since=UNTIL - 60))
    assert f": {stated}; " in status_lines([dated], now=UNTIL)[0]


@pytest.mark.parametrize(("one", "colour"), [(GARBLER, "1;31"), (FAITHFUL, "32"), (NEWCOMER, "33"), (LONER, "33")])
def test_each_verdict_has_its_colour_on_both_faces(one, colour):
    assert f"\x1b[{colour}m{one.verdict.sentence[:7]}" in render(report(one), width=100, color=True)
    shown = verdict_text([one], period="all", now=UNTIL, width=100, color=True)
    assert shown.split("\n")[1].startswith(f"\x1b[{colour}m")


def lost(count):
    """A provider that lost pairs by so many causes, the first most."""
    causes = tuple(replace(HIDDEN, sentence=f"cause {place}", pairs=9 - place) for place in range(count))
    coverage = PeriodCoverage(requests=400, asked=200, compared=150, shortfalls=causes)
    return replace(NEWCOMER, verdict=replace(NEWCOMER.verdict, coverage=coverage))


def heading(*cards, **more):
    return render(report(*cards, **more), width=200, color=False).partition("\n\n")[0]


@pytest.mark.parametrize(("count", "shown"), [(5, 5), (6, 5)])
def test_the_heading_has_the_five_most_frequent_causes(count, shown):
    assert heading(lost(count)).count("not compared: newcomer: cause") == shown


@pytest.mark.parametrize(("count", "shown"), [(3, 3), (4, 3)])
def test_the_short_faces_have_the_three_most_frequent_causes(count, shown):
    lines = as_markdown(report(lost(count))).partition("### ")[0].split("\n")
    assert sum(": cause " in line for line in lines) == shown


@pytest.mark.parametrize(
    ("state", "model", "stated"),
    [("refusing", "m", False), ("unusable", "m", False), ("failing", "m", True), ("refusing", "other", True)],
)
def test_a_cause_that_the_line_of_the_reference_states_is_not_in_the_heading_again(state, model, stated):
    line = ReferenceLine(reference="official", model=model, state=state, sentence="refuses")
    found = heading(GARBLER, references=(line,))
    assert ("it is too small in 40" in found) is stated
    assert "it refused in 30" in found


@pytest.mark.parametrize(("pairs", "of"), [(150, ""), (151, " of 151 sent to one")])
def test_the_heading_states_pairs_that_were_sent_and_not_compared(pairs, of):
    quiet = replace(GARBLER, pairs=pairs, verdict=FAITHFUL.verdict)
    assert heading(quiet).endswith(f", 150 compared with a reference{of}")


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        ("differs much: a: b", ["differs much", "a: b"]),
        ("undecided: few; wait; more", ["undecided: few", "wait; more"]),
        ("not measured: none; wait", ["not measured: none", "wait"]),
        ("waiting: none; wait", ["waiting: none", "wait"]),
        ("differs; wait", ["differs", "wait"]),
        ("differs", ["differs"]),
    ],
)
def test_the_evidence_of_a_verdict_stands_below_it(sentence, shown):
    text = render(report(card("p", verdict(VerdictWord.SUSPECT, sentence))), width=100, color=False)
    found = text.partition("~  p  ")[2].partition("\n\n")[0]
    assert [line.strip() for line in found.split("\n")] == shown


def test_a_provider_of_two_models_has_the_model_in_its_name():
    text = render(report(GARBLER, replace(GARBLER, model="other"), FAITHFUL), width=140, color=False)
    assert "✗  garbler / m      differs" in text
    assert "✗  garbler / other  differs" in text
    assert "✓  faithful         no" in text


def rows(title, *cards):
    """The lines of a table below its header, each run of blanks as one."""
    text = render(report(*cards), width=250, color=False).partition(f"\n{title}  ")[2].partition("\n\n")[0]
    return [" ".join(line.split()) for line in text.split("\n")[3:]]


def test_a_signal_without_a_noise_an_excess_or_an_end_of_its_interval_has_dashes():
    lines = (
        signal("text", "differs", 0.2, (5, 0), low=None),
        signal("tools", "differs", None, (0, 3), noise_of=0),
        signal("error", "x", 0.0),
    )
    assert rows("signals", replace(FAITHFUL, signals=lines)) == [
        "faithful",
        "text 40 % of 150 4.0 % of 50 +20 5/0 - - differs",
        "tools chosen 40 % of 150 4.0 % - - - differs",
        "1 more: x",
    ]


def test_signals_without_an_odd_pair_are_counted_by_outcome_alone():
    quiet = (signal("text", "x", 0.0), signal("tools", "x", 0.0))
    assert rows("signals", replace(FAITHFUL, signals=quiet)) == ["faithful", "2 signals: x"]


@pytest.mark.parametrize(("faulty", "plus", "shown"), [(0, 0, 0), (1, 0, 1), (0, 1, 1)])
def test_a_check_is_in_the_table_where_an_answer_failed_it(faulty, plus, shown):
    assert len(rows("checks", replace(FAITHFUL, checks=(check("usage", faulty=faulty, plus=plus),)))) == shown


def test_checks_that_decide_come_first_then_the_least_likely_then_the_most_frequent():
    lines = (
        check("usage", p=0.2),
        check("stop", p=0.1, faulty=3),
        check("seed", p=0.1, faulty=50),
        check("lost_space", plain=True, p=1.0),
    )
    found = rows("checks", replace(FAITHFUL, checks=lines))
    assert [line.split(":")[0] for line in found] == [
        "faithful lost spaces",
        "faithful seed",
        "faithful stop ignored",
        "faithful usage missing or wrong",
    ]


def test_signals_that_are_missing_alike_share_a_line_the_longest_first():
    gaps = (gap("text", pairs=3), gap("tools", pairs=9), gap("seed", pairs=9), gap("stop", "not_comparable", 9))
    assert rows("not compared", replace(FAITHFUL, gaps=gaps)) == [
        "faithful 9 of 200 not measured: tools chosen, seed",
        "faithful 3 of 200 not measured: text",
        "faithful 9 of 200 not comparable: stop ignored",
    ]


def test_a_report_of_one_provider_does_not_count_verdicts():
    assert "1 different" not in render(report(GARBLER), width=100, color=False)


def test_the_side_of_a_cause_is_the_provider_where_it_is_not_known():
    unknown = Shortfall(cause="x", side=EvidenceSide.UNKNOWN, pairs=50, sentence="unclear", remedy="look")
    coverage = replace(GARBLER.verdict.coverage, shortfalls=(CONTEXT, unknown))
    text = as_markdown(report(replace(GARBLER, verdict=replace(GARBLER.verdict, coverage=coverage))))
    assert "- 50 of 200 pairs of garbler (garbler): unclear; look\n- 40 of 200 pairs of garbler (official): it is" in text


@pytest.mark.parametrize("color", [False, True])
def test_a_text_is_printed_as_it_stands_without_markup_emoji_or_colours_of_its_own(color):
    text = "1 of 2 [bold]x[/bold] :smile: 'quoted' True"
    assert printed([text], width=100, color=color) == text


def test_two_verdicts_are_counted():
    assert "\n  1 different, 1 without a difference seen\n" in render(report(GARBLER, FAITHFUL), width=100, color=False)


@pytest.mark.parametrize(
    ("models", "end"), [(20, "n-19"), (21, "\n  and 1 more: --json shows all"), (1_221, "and 1,201 more: --json shows all")]
)
def test_the_twenty_worst_models_are_shown_and_the_others_counted(models, end):
    cards = [replace(LONER, model=f"n-{number:02}") for number in range(models)]
    text = render(report(*cards), width=100, color=False, brief=True)
    assert (text.endswith(end), "more" in text, text.count("…  loner / n-")) == (models > 20, models > 20, 20)
    short = verdict_text(cards, period="all", now=UNTIL, width=100, color=False)
    assert ("more: --json shows all" in short, short.count("… loner n-")) == (models > 20, 20)


@pytest.mark.parametrize(("width", "wide"), [(99, False), (100, True)])
def test_a_terminal_of_100_columns_has_the_wide_tables(width, wide):
    times = LatencyLine(provider="p", role="provider", measure="seconds", answers=3, p50=0.5, p95=1.25, reference="r")
    text = render(report(replace(FAITHFUL, signals=GARBLER.signals), latency=(times,)), width=width, color=False)
    assert ("detectable\n" in text, "p50 / p95, ratio\n" in text) == (wide, not wide)


@pytest.mark.parametrize(("since", "begin"), [(0.5, True), (0.0, False), (-1.0, False)])
def test_a_period_has_a_begin_where_one_was_given(since, begin):
    found = report(GARBLER, since=since)
    for text in (render(found, width=100, color=False), as_markdown(found), as_html(found)):
        assert ("1970-01-01 00:00:00 to 2023-11-15 22:13:20 UTC" in text) is begin
        assert ("until 2023-11-15 22:13:20 UTC" in text) is not begin
