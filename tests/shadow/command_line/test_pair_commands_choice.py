"""What `pairs` and `answers` read for each flag, and what they print of it; the records are made by hand."""

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from shadow.command_line import pair_commands
from shadow.report import evident_signals
from shadow.terminal import answers_text, pair_list
from storage.rows import PairFilter

ALL = PairFilter(evidence=True, limit=20)
EVIDENCE = evident_signals.EvidentSignals([])


class Asked:
    """A reader without records, and what was read of it."""

    def __init__(self):
        self.found = ["a pair"]
        self.wanted, self.printed, self.periods, self.opened, self.checked = [], [], [], [], []

    def faulty_answers(self, wanted):
        self.wanted.append(wanted)
        return ["an answer"]


@pytest.fixture
def asked(monkeypatch):
    made = Asked()

    def lines(_, wanted, evident):
        assert evident is EVIDENCE
        made.wanted.append(wanted)
        return made.found

    def evidence(reader, now, *period):
        assert (reader, now > 0) == (made, True)
        made.periods.append(period)
        return EVIDENCE

    def found(_, wanted, evident, pattern):
        return lines(None, wanted, evident), pattern

    def text(*given, **named):
        made.printed.append((given, named))
        return "the text"

    monkeypatch.setenv("COLUMNS", "70")
    monkeypatch.setattr(pair_commands, "reading", lambda *where: made.opened.append(where) or nullcontext(made))
    monkeypatch.setattr(evident_signals, "stored_evidence", evidence)
    monkeypatch.setattr(pair_list, "pair_lines", lines)
    monkeypatch.setattr(pair_list, "found_lines", found)
    for module, name in ((pair_list, "pairs"), (answers_text, "answers")):
        monkeypatch.setattr(module, f"{name}_text", text)
        monkeypatch.setattr(module, f"{name}_json", lambda *_: "the json")
    monkeypatch.setattr("shadow.report.known_names.check_known", lambda _, **named: made.checked.append(named))
    return made


@pytest.mark.parametrize(
    ("flags", "wanted"),
    [
        ((), ALL),
        (("--all",), replace(ALL, evidence=False)),
        (("--state", "match"), replace(ALL, evidence=False, state="match")),
        (("--signal", "arguments"), replace(ALL, signal="arguments")),
        (("--aspect", "arguments"), replace(ALL, signal="arguments")),
        (("--segment", "tools=yes"), replace(ALL, segment="tools=yes")),
        (("-n", "7"), replace(ALL, limit=7)),
        *(((f"--{name}", "x"), replace(ALL, **{name: "x"})) for name in ("provider", "model", "route", "upstream", "tag")),
        *(((f"--{name}", "x"), replace(ALL, **{name: "x"})) for name in ("tenant", "conversation")),
    ],
)
def test_each_flag_narrows_the_pairs_that_are_read(run, asked, flags, wanted):
    assert run("pairs", *flags)[:2] == (0, "the text\n")
    assert asked.wanted == [wanted]


@pytest.mark.parametrize(
    ("flags", "period"),
    [((), ("all", "")), (("--since", "7d", "--until", "2d"), ("7d", "2d"))],
)
def test_evidence_is_by_the_verdicts_of_the_period_of_the_flags(run, asked, flags, period):
    run("pairs", *flags)
    assert asked.periods == [period]


def test_list_has_the_columns_of_the_terminal_and_repeats_where_the_records_are(run, asked):
    run("pairs", "--db", "a b.db")
    [((found, chosen), named)] = asked.printed
    assert (found, chosen) == (["a pair"], ALL)
    place = {"options": " --db 'a b.db'", "searched": None}
    assert named == {"width": 70, "color": False, "absence": "there is no verdict yet", **place}


def test_text_that_is_searched_is_found_among_the_pairs_that_the_flags_leave(run, asked):
    run("pairs", "--search", "Heron", "--provider", "x")
    assert asked.wanted == [replace(ALL, provider="x")]
    assert asked.printed[0][1]["searched"].excerpt(("a heron",))


@pytest.mark.parametrize("command", ["pairs", "answers"])
def test_json_is_printed_instead_of_the_list(run, asked, command):
    assert run(command, "--json")[:2] == (0, "the json\n")
    assert asked.printed == []


@pytest.mark.parametrize(
    ("flags", "members"),
    [
        ((), {"signal": "", "provider": "", "model": "", "limit": 20, "since": 0.0, "until": 0.0}),
        (("--signal", "lost_space"), {"signal": "lost_space"}),
        (("--check", "lost_space"), {"signal": "lost_space"}),
        (("--provider", "x", "--model", "y", "-n", "3"), {"provider": "x", "model": "y", "limit": 3}),
        (("--since", "2023-11-14", "--until", "2023-11-15"), {"since": 1_699_920_000.0, "until": 1_700_006_400.0}),
    ],
)
def test_each_flag_narrows_the_answers_that_are_read(run, asked, flags, members):
    assert run("answers", *flags)[:2] == (0, "the text\n")
    [wanted] = asked.wanted
    assert {name: getattr(wanted, name) for name in members} == members
    assert asked.printed == [((["an answer"],), {"width": 70, "color": False})]


@pytest.mark.parametrize(
    ("flags", "notes"),
    [
        (("--signal", "arguments"), ""),
        (("--aspect", "arguments"), "note: --aspect is now --signal; the old name ends with the next version\n"),
    ],
)
def test_former_flag_is_taken_with_a_note(run, asked, flags, notes):
    assert run("pairs", *flags)[2] == notes


@pytest.mark.parametrize("command", ["pairs", "answers"])
def test_records_are_those_of_the_configuration_and_the_database_that_are_named(run, asked, command):
    run(command, "other.toml", "--db", "a.db")
    assert asked.opened == [(Path("other.toml"), "a.db")]


@pytest.mark.parametrize("command", ["pairs", "answers"])
def test_names_of_the_flags_are_examined_only_where_nothing_was_found(run, asked, command):
    run(command, "--provider", "x", "--model", "y")
    [named] = asked.checked
    assert (named["provider"], named["model"], named["found"]) == ("x", "y", True)


def test_where_no_pair_is_evidence_what_other_pairs_there_are_decides_the_words(run, asked, monkeypatch):
    asked.found = []
    monkeypatch.setattr(pair_list, "without_evidence", lambda reader, chosen: (reader is asked, chosen))
    run("pairs")
    assert asked.printed[0][0] == ([], (True, ALL))
    assert asked.checked[0]["found"] is False
