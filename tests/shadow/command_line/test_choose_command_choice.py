"""What `choose` plans, shows and begins for each flag; the records and the tournament are pretended."""

import io
import json
import math
from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from shadow.command_line import choose_command
from shadow.commands import begin_tournament
from shadow.tournament import (
    route_view,
    tournament_json,
    tournament_markdown,
    tournament_record,
    tournament_text,
    tournament_view,
)
from storage import opening
from tests.shadow.command_line.test_choose_command import CONFIG

NOW = 1_700_000_000.0
NONE = "Nothing was started. To start: sameweights choose --start\n"
BEGAN = "The tournament of agents has begun. To see it: sameweights choose\n"
RUNNING = SimpleNamespace(route="agents", begun=NOW - 60)


@pytest.fixture
def choosing(run, monkeypatch, tmp_path):
    """`choosing("--start", current=...)`: (code, out, err); `choosing.begun` are the tournaments that were begun."""
    (tmp_path / "sameweights.toml").write_text(CONFIG, encoding="utf-8")
    monkeypatch.setenv("COLUMNS", "200")
    reader = SimpleNamespace(studies=SimpleNamespace(studies=tuple), extent=lambda: (1.0, 7.0))
    state = SimpleNamespace(current=None, begun=[], plan=SimpleNamespace(half=1_700.9, nine_of_ten=3_600.9), shown=[], where=[])

    def figures(_, record, now, config):
        state.shown.append((record, now, config.tournament.tolerance))
        return "figures"

    def plan(given, config, route, now):
        assert (given, config.tournament.tolerance, now) == (reader, 20.0, NOW)
        return SimpleNamespace(route=route, plan=state.plan, lines=["The plan.", "Its days."])

    monkeypatch.setattr(choose_command, "reading", lambda *where: state.where.append(where) or nullcontext(reader))
    monkeypatch.setattr(choose_command.time, "time", lambda: NOW)
    monkeypatch.setattr(opening, "is_absent", lambda _: False)
    monkeypatch.setattr(tournament_record, "running", lambda _, name: state.current if name == "agents" else None)
    monkeypatch.setattr(tournament_record, "running_routes", lambda _: ())
    monkeypatch.setattr(route_view, "route_plan", plan)
    monkeypatch.setattr(tournament_json, "plan_document", lambda _, **named: named)
    monkeypatch.setattr(begin_tournament, "begin_tournament", lambda _, record: state.begun.append(record))
    monkeypatch.setattr(tournament_view, "tournament_figures", figures)
    monkeypatch.setattr(tournament_json, "tournament_document", lambda found: {"found": found})
    monkeypatch.setattr(tournament_markdown, "tournament_markdown", lambda found: f"## {found}\n")
    monkeypatch.setattr(tournament_text, "tournament_text", lambda found, *, width, color: f"{found} {width} {color}")

    def call(*flags, current=None):
        state.current = current
        return run("choose", *flags)

    call.begun, call.shown, call.state = state.begun, state.shown, state
    return call


@pytest.mark.parametrize(
    ("flags", "out", "begins"),
    [
        ((), f"The plan.\nIts days.\n{NONE}", 0),
        (("--plan",), "The plan.\nIts days.\n", 0),
        (("--start",), f"The plan.\nIts days.\n{BEGAN}", 1),
    ],
)
def test_plan_comes_first_and_a_tournament_begins_with_its_flag_alone(choosing, flags, out, begins):
    assert choosing(*flags) == (0, out, "")
    assert len(choosing.begun) == begins


def test_tournament_has_the_terms_of_the_configuration_and_the_sizes_of_the_plan(choosing):
    choosing("--start")
    [record] = choosing.begun
    assert (record.route, record.reference, record.candidates) == ("agents", "official", ("host-b", "host-c"))
    assert (record.begun, record.half, record.nine_of_ten, record.kept_since) == (NOW, 1_700, 3_600, 7.0)
    assert record.terms.tolerance == pytest.approx(0.2)
    assert len(record.id) == 32


def test_size_that_no_number_of_requests_reaches_is_not_stored(choosing):
    choosing.state.plan.nine_of_ten = math.inf
    choosing("--start")
    assert (choosing.begun[0].half, choosing.begun[0].nine_of_ten) == (1_700, None)


@pytest.mark.parametrize(("flags", "begun"), [(("--json",), 0.0), (("--json", "--start"), NOW), (("--json", "--plan"), 0.0)])
def test_plan_as_json_has_when_its_tournament_began(choosing, flags, begun):
    assert json.loads(choosing(*flags)[1]) == {"route": "agents", "reference": "official", "begun": begun}
    assert len(choosing.begun) == bool(begun)


@pytest.mark.parametrize(
    ("flags", "out"),
    [((), "figures 200 False\n"), (("--md",), "## figures\n"), (("--json",), '{\n  "found": "figures"\n}\n')],
)
def test_tournament_that_runs_is_shown_in_each_form(choosing, flags, out):
    assert choosing(*flags, current=RUNNING) == (0, out, "")
    assert choosing.shown == [(RUNNING, NOW, 20.0)]


def test_tournament_that_runs_is_neither_planned_away_nor_ended_without_the_flag(choosing):
    assert choosing("--plan", current=RUNNING)[1] == "The plan.\nIts days.\n"
    code, out, err = choosing("--start", current=RUNNING)
    assert (code, out) == (2, "")
    assert err.startswith("choose: a tournament of the route 'agents' runs since 2023-11-14 22:12:20 UTC, and its terms were")
    assert choosing.begun == []
    assert choosing("--start", "--replace", current=RUNNING)[1].endswith(BEGAN)
    assert len(choosing.begun) == 1


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (("--plan", "--start"), "--plan and --start: --plan starts nothing; use only one of them"),
        (("--replace",), "--replace: it ends a tournament to start another one; give --start too"),
        (("--md", "--json"), "--md and --json: one form of output at a time"),
    ],
)
def test_flags_that_contradict_each_other_are_refused(choosing, flags, sentence):
    assert choosing(*flags) == (2, "", f"{sentence}\n")


def test_records_are_those_of_the_database_that_is_named(choosing):
    choosing("--db", "a.db")
    assert choosing.state.where == [(None, "a.db")]


@pytest.mark.parametrize(("answer", "begins"), [("y\n", 1), ("\n", 0)])
def test_at_a_terminal_the_plan_begins_with_a_yes(choosing, monkeypatch, answer, begins):
    terminal = io.StringIO(answer)
    terminal.isatty = lambda: True
    monkeypatch.setattr(choose_command.sys, "stdin", terminal)
    monkeypatch.setattr(choose_command.sys.stdout, "isatty", lambda: True)
    assert choosing()[1].endswith(BEGAN if begins else NONE)
    assert [record.route for record in choosing.begun] == ["agents"] * begins
