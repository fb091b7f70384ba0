"""`report` and `status` over a report that is made by hand: which period, which form, which next command, which exit code."""

import json
from contextlib import nullcontext
from dataclasses import replace

import pytest

from shadow.command_line import report_commands
from shadow.report import build_report
from tests.shadow.report.made_report import FAITHFUL, GARBLER, LONER, NEWCOMER, whole

SAMPLED = "rows are sampled: 90 of 900"


@pytest.fixture
def over(run, monkeypatch):
    """`over(cards)("report", "--md")`: (code, out, err) over a report of these cards for the period that the flags give."""
    monkeypatch.setattr(report_commands, "reading", lambda *_: nullcontext())
    monkeypatch.setenv("COLUMNS", "200")

    def reporting(*cards):
        def build(_, since, until, *_prices):
            return replace(whole(), since=since, until=until, cards=cards)

        monkeypatch.setattr(build_report, "build", build)
        monkeypatch.setattr(build_report, "build_verdicts", build)
        return run

    return reporting


@pytest.mark.parametrize(
    ("flags", "period"),
    [
        ((), "last 24h, 1,416 requests"),
        (("--since", "7d"), "last 7d, 1,416 requests"),
        (("--since", " 30m "), "last 30m, 1,416 requests"),
        (("--since", "all"), "all records, 1,416 requests"),
        (("--since", "2023-11-14", "--until", "2023-11-15"), "2023-11-14 00:00:00 to 2023-11-15 00:00:00 UTC, 1,416 requests"),
        (("--since", "all", "--until", "2023-11-15"), "until 2023-11-15 00:00:00 UTC, 1,416 requests"),
    ],
)
def test_first_line_has_the_period_in_the_words_of_its_flags_and_the_live_requests(over, flags, period):
    code, out, err = over(GARBLER, FAITHFUL)("report", *flags)
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == f"1 of 2 differs from the reference  {period}"


def test_begin_that_is_a_date_is_written_as_a_moment(over):
    out = over(FAITHFUL)("report", "--since", "2023-11-14")[1]
    assert "  2023-11-14 00:00:00 to 20" in out.splitlines()[0]


@pytest.mark.parametrize(
    ("cards", "flags", "code"),
    [
        ((GARBLER,), (), 0),
        ((GARBLER,), ("--fail-on-drift",), 3),
        ((GARBLER, NEWCOMER), ("--fail-on-drift", "--fail-on-unmeasured"), 3),
        ((FAITHFUL, NEWCOMER), ("--fail-on-drift",), 0),
        ((FAITHFUL, NEWCOMER), ("--fail-on-unmeasured",), 4),
        ((FAITHFUL,), ("--fail-on-drift", "--fail-on-unmeasured"), 0),
        ((), ("--fail-on-drift",), 4),
        ((), ("--fail-on-unmeasured",), 4),
        ((), (), 0),
    ],
)
def test_report_exits_with_3_for_drift_and_4_without_evidence_only_where_a_flag_asks_for_it(over, cards, flags, code):
    assert over(*cards)("report", *flags)[0] == code


@pytest.mark.parametrize(("cards", "code"), [((GARBLER,), 3), ((FAITHFUL, NEWCOMER), 4), ((FAITHFUL,), 0), ((), 4)])
def test_status_exits_as_both_flags_of_the_report(over, cards, code):
    assert over(*cards)("status")[0] == code


@pytest.mark.parametrize(
    ("words", "command"),
    [
        ((), "sameweights report garbler"),
        (("--since", "7d"), "sameweights report garbler --since 7d"),
        (("--db", "a b.db"), "sameweights report garbler --db 'a b.db'"),
        (("garbler",), "sameweights pairs --provider garbler --since 24h"),
        (("garbler", "--since", "all", "--db", "a.db"), "sameweights pairs --provider garbler --db a.db"),
    ],
)
def test_next_command_is_about_the_provider_that_differs_in_the_same_period_and_records(over, words, command):
    assert over(GARBLER, FAITHFUL)("report", *words)[1].splitlines()[-1] == f"Next: {command}"


def test_provider_without_a_difference_has_no_next_command_and_all_figures(over):
    out = over(GARBLER, FAITHFUL)("report", "faithful")[1]
    assert "Next: " not in out
    assert "\nnot compared  " in out
    assert "garbler" not in out


def test_doctor_that_is_next_takes_the_configuration_as_its_argument(over, tmp_path):
    (tmp_path / "other.toml").write_text("", encoding="utf-8")
    out = over(NEWCOMER)("report", "other.toml", "--db", "a.db")[1]
    assert out.splitlines()[-1] == "Next: sameweights doctor other.toml --db a.db"


def test_each_form_is_the_whole_report_and_a_file_leaves_the_terminal_quiet(over, tmp_path):
    reporting = over(GARBLER, FAITHFUL)
    assert [card["provider"] for card in json.loads(reporting("report", "--json")[1])["cards"]] == ["garbler", "faithful"]
    markdown = reporting("report", "--md")[1]
    assert markdown.startswith("## sameweights: ")
    assert not markdown.endswith("\n\n")
    assert "\nsignals  " in reporting("report", "--full")[1]
    assert reporting("report", "--html", "r.html") == (0, "", "")
    assert reporting("report", "--junit", "r.xml") == (0, "", "")
    assert (tmp_path / "r.html").read_text(encoding="utf-8").lower().startswith("<!doctype html>")
    assert 'failures="1"' in (tmp_path / "r.xml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("report", "--json", "--md"), "--md and --json: one form of output at a time"),
        (("status", "--json", "--short"), "--short and --json: one form of output at a time"),
        (("report", "a", "b"), "report: one provider and one configuration at most: 'a', 'b'"),
        (("report", "a.toml", "b.toml"), "report: one provider and one configuration at most: 'a.toml', 'b.toml'"),
        (("report", "a.toml", "--config", "b.toml"), "report: one provider and one configuration at most: 'a.toml'"),
        (
            ("report", "p", "--tenant", "x", "--md"),
            "--tenant: its figures are text or --json; leave markdown, provider out, which show verdicts of providers",
        ),
        (("report", "--since", "1h", "--until", "2h"), "--since '1h' is not before --until '2h'"),
    ],
)
def test_what_does_not_go_together_is_refused(over, words, sentence):
    assert over(GARBLER)(*words) == (2, "", f"{sentence}\n")


def test_status_is_a_line_a_provider_in_text_marks_for_a_prompt_and_json_with_the_sampling(over):
    reporting = over(GARBLER, FAITHFUL, LONER)
    lines = reporting("status", "--since", "7d")[1].splitlines()
    assert [line.partition(":")[0] for line in lines] == ["✗ garbler", "✓ faithful", "… loner", "note"]
    assert lines[-1] == f"note: {SAMPLED}"
    assert reporting("status", "--short")[1] == "✗1 ✓1 …1\n"
    found = json.loads(reporting("status", "--json")[1])
    assert (len(found["providers"]), found["rows"]) == (3, SAMPLED)


@pytest.mark.parametrize(
    ("words", "beyond"),
    [
        ((), "and 1 more (✓1): sameweights status --all"),
        (("--since", "7d", "--db", "a.db"), "and 1 more (✓1): sameweights status --all --since 7d --db a.db"),
        (("--all",), "✓ faithful model-20: no difference seen, 200 pairs; 6 points or more in kind of answer would have shown"),
    ],
)
def test_status_counts_those_beyond_twenty_with_the_command_that_lists_them(over, words, beyond):
    cards = [replace(FAITHFUL, model=f"model-{number:02}") for number in range(21)]
    assert over(*cards)("status", *words)[1].splitlines()[20:] == [beyond, f"note: {SAMPLED}"]
