"""The verdicts in a few lines, of a report made by hand: each line and its place."""

import json
from dataclasses import replace

import pytest

from shadow.report.figures import ReferenceLine
from shadow.report.verdict_text import status_json, status_lines, verdict_text
from shadow.verdict.verdict_value import ReasonGround, VerdictWord
from tests.shadow.report.made_report import FAITHFUL, GARBLER, NEWCOMER, UNTIL, reason

NOTES = (*GARBLER.verdict.notes, reason("more", ReasonGround.IDENTITY, VerdictWord.NONE_SEEN, "a second note"))
NOTED = replace(GARBLER, verdict=replace(GARBLER.verdict, notes=NOTES))
FINDING = "sends different tool arguments 34 points more often, and 1 more signal"
MOVED = [ReferenceLine(reference=f"r{number}", model="m", state="moved", sentence="it moved") for number in range(3)]


def text(*cards, references=(), color=False, **more):
    return verdict_text(cards, references, period="last 24h", now=UNTIL, width=100, color=color, **more)


def test_two_findings_about_references_stand_first_and_one_note_below_its_verdict():
    shown = text(NOTED, FAITHFUL, references=MOVED, sampled="rows are sampled", options=" --db a.db", doctor_options=" x.toml")
    assert shown.split("\n") == [
        "1 of 2 differs from the reference  last 24h",
        "! the reference r0 (m) is moved: it moved",
        "! the reference r1 (m) is moved: it moved",
        "✗ garbler   differs since 14 Nov 23:13 UTC, 150 pairs",
        f"            {FINDING}",
        "            note: its identity changed",
        "✓ faithful  no difference seen, 200 pairs; 6 points or more in kind of answer would have shown",
        "Not measured: 200 of 600 requests have no pair",
        "Not measured: 40 of 200 pairs of garbler (official): it is too small in 40; raise it",
        "Not measured: 30 of 200 pairs of garbler (garbler): it refused in 30; lower the sample",
        "Not measured: 1 signal in no pair: seed",
        "Note: rows are sampled",
        "Next: sameweights report garbler --db a.db",
    ]


@pytest.mark.parametrize(
    ("cards", "command"),
    [
        ((FAITHFUL,), "report --full --db a.db"),
        ((FAITHFUL, NEWCOMER), "doctor x.toml"),
        ((), "doctor x.toml"),
        ((NEWCOMER, GARBLER), "report garbler --db a.db"),
    ],
)
def test_the_next_command_is_about_what_is_worst_then_about_what_is_open(cards, command):
    shown = text(*cards, options=" --db a.db", doctor_options=" x.toml")
    assert shown.split("\n")[-1] == f"Next: sameweights {command}"


@pytest.mark.parametrize(
    ("models", "more"), [(20, []), (21, ["and 1 more: --json shows all"]), (22, ["and 2 more: --json shows all"])]
)
def test_the_20_worst_are_shown_and_the_others_counted(models, more):
    cards = [replace(FAITHFUL, model=f"model-{number:02}") for number in range(models)]
    lines = text(*cards).split("\n")
    assert [line.split()[2] for line in lines if line.startswith("✓")] == [f"model-{number:02}" for number in range(20)]
    assert [line for line in lines if line.startswith("and ")] == more


def test_each_verdict_has_its_colour_and_what_decides_nothing_is_dim():
    lines = text(NOTED, NEWCOMER, FAITHFUL, references=MOVED[:1], sampled="rows are sampled", color=True).split("\n")
    assert lines[0] == "\x1b[1m1 of 2 differs from the reference, 1 undecided\x1b[0m\x1b[2m  last 24h\x1b[0m"
    assert lines[1].startswith("\x1b[1;33m! the reference r0")
    starts = [line[: line.index("m") + 2] for line in lines if line.startswith(("\x1b[1;31m✗", "\x1b[33m?", "\x1b[32m✓"))]
    assert starts == ["\x1b[1;31m✗", "\x1b[33m?", "\x1b[32m✓"]
    assert "\x1b[39msends different tool arguments" in lines[3]
    assert "\x1b[2;39mnote: its identity changed" in lines[4]
    assert all(line.startswith("\x1b[2m") for line in lines if "Not measured" in line or "Note:" in line or "Next:" in line)


def test_status_has_the_finding_behind_the_state_and_the_sampling_last():
    assert status_lines([NOTED, FAITHFUL], now=UNTIL, sampled="rows are sampled") == (
        f"✗ garbler: differs since 14 Nov 23:13 UTC, 150 pairs; {FINDING}",
        "✓ faithful: no difference seen, 200 pairs; 6 points or more in kind of answer would have shown",
        "note: rows are sampled",
    )


def test_status_as_json_has_each_row_and_the_sampling_where_there_is_one():
    found = json.loads(status_json([NOTED], now=UNTIL, sampled="rows are sampled"))
    assert found == {
        "schema": "sameweights.status/1",
        "at": "2023-11-15T22:13:20.000+00:00",
        "providers": [
            {
                "provider": "garbler",
                "model": "m",
                "reference": "official",
                "verdict": "differs",
                "state": "differs",
                "signal": "arguments",
                "finding": FINDING,
                "since": "2023-11-14T23:13:20.000+00:00",
                "pairs": 150,
                "requests": 400,
            }
        ],
        "rows": "rows are sampled",
    }
    assert "rows" not in json.loads(status_json([NOTED], now=UNTIL))
