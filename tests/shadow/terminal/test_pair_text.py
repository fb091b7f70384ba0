"""Pairs in a terminal."""

import json
import re
from dataclasses import replace

import pytest

from shadow.findings.finding import Signal
from shadow.presentation.pair_evidence import NO_RESULT
from shadow.reading.parsed_request import parse_request
from shadow.terminal.pair_text import last_message, pair_columns, pair_json, pair_text
from tests.exchanges import asked, said
from tests.records import add_pair, calling


def shown(store, pair_id: str, **more) -> str:
    return pair_text(pair_columns(store, pair_id), **{"width": 100, "color": False, **more})


@pytest.fixture
def pair(store):
    name = add_pair(store, "garbler", calling("Oslo"), calling("Quito"), calling("Quito"))
    assert store.flush(20)
    return name


def test_answers_are_side_by_side_below_what_differs(store, pair):
    text = shown(store, pair)
    heading = "2023-11-14 22:13:20 UTC · pretend-small · route default · garbler against official"
    assert " ".join(text.split()).startswith(f"{pair} {heading} ")
    evidence = 'Evidence: tool arguments (get_weather.city: "Oslo" against "Quito").'
    assert f"{evidence} Both answers of the reference agree there." in " ".join(text.split())
    line = next(line for line in text.split("\n") if "get_weather" in line and "│" in line)
    assert line.count("get_weather") == 3
    assert "request: user: Weather?" in text
    assert "changed in the shadow request: the model is called otherwise there" in text
    assert "Evidence (1)" in text
    assert re.search(r"Same \(\d+\)  ", text)
    unmeasured = re.search(r"Not measured \(\d+\)\n  text, length: neither answer writes any text\n", text)
    assert unmeasured, "signals of one reason are a line, two to the right of the heading"


def test_figure_stays_in_the_row_of_its_name_where_another_one_is_wrapped(store):
    body = said("Hello").replace(b'"usage"', b'"service_tier": "default", "usage"')
    name = add_pair(store, "garbler", body, body, body)
    assert store.flush(20)
    rows = [line.split("│")[1:-1] for line in shown(store, name, width=80).split("\n") if line.startswith("│")]
    named = {cells[0].strip(): [cell.strip() for cell in cells[1:]] for cells in rows if cells[0].strip()}
    assert named["parameters applied"] == ["service_tier"] * 3
    assert named["echoed model"] == ["pretend-small"] * 3


def test_arguments_begin_on_a_line_of_their_own_so_that_no_word_is_broken(store, pair):
    words = " ".join(" ".join(line.split("│")) for line in shown(store, pair, width=80).split("\n")).split()
    assert words.count("get_weather") == 3
    assert words.count('{"city":') == 3


def test_no_line_is_longer_than_the_page(store, pair):
    assert max(len(line) for line in shown(store, pair).split("\n")) <= 100


def test_words_of_only_one_answer_are_coloured(store):
    name = add_pair(store, "p", "It is raining today", "It is sunny today")
    assert store.flush(20)
    text = shown(store, name, color=True)
    assert "\x1b[1;31mraining" in text
    assert "\x1b[1;31msunny" in text


@pytest.mark.parametrize(("live", "reference"), [("", "It is sunny today"), ("It is raining today", "")])
def test_no_word_is_coloured_where_one_answer_has_no_text(store, live, reference):
    name = add_pair(store, "p", live, reference)
    assert store.flush(20)
    assert not re.search(r"\x1b\[1;31m(It|is|sunny|raining|today)", shown(store, name, color=True))


@pytest.mark.promise("reader.terminal")
def test_terminal_sequences_in_answers_are_shown_by_name(store):
    name = add_pair(store, "p", "evil \x1b[2J [bold]x[/bold]", "good")
    assert store.flush(20)
    text = shown(store, name)
    assert "\x1b" not in text
    assert "[ESC][2J [bold]x[/bold]" in text


def test_incomparable_pair_states_its_reason(store):
    name = add_pair(store, "p", "Hello", "Hello", status=500)
    assert store.flush(20)
    assert "Not compared: the provider returned no complete response" in shown(store, name)


def test_a_long_answer_is_cut_with_its_length(store):
    name = add_pair(store, "p", "line\n" * 100, "line\n" * 100)
    assert store.flush(20)
    assert "... 61 more lines" in shown(store, name)


def test_an_unknown_id_is_none(store, pair):
    assert pair_columns(store, "f" * 32) is None


def test_the_json_of_a_pair_has_its_bodies_as_text(store, pair):
    found = json.loads(pair_json(pair_columns(store, pair)))
    assert "Oslo" in found["answers"][0]["exchange"]["response_body"]
    assert "marks" not in found["answers"][0]["exchange"]
    assert found["answers"][0]["exchange"]["started_time"].startswith("2023-11-14T22:13:20")
    assert found["schema"] == "sameweights.pair/1"
    assert found["pair"]["alterations"] == ["the model is called otherwise there"]
    assert {finding["comparison"] for finding in found["findings"]} == {"cross", "self"}


AGREES, DIFFERS = "the reference agrees with itself", "the reference differs from itself too"
ALONE = "there is no second answer of the reference to compare with"


@pytest.mark.parametrize(
    ("control", "group", "mark", "why"),
    [("Quito", "Evidence", "✗", AGREES), ("Rome", "Noise", "~", DIFFERS), (None, "Noise", "~", ALONE)],
)
def test_difference_is_a_line_below_its_group_with_what_the_reference_does(store, control, group, mark, why):
    name = add_pair(store, "garbler", calling("Oslo"), calling("Quito"), control and calling(control))
    assert store.flush(20)
    lines = [line.rstrip() for line in shown(store, name, width=200).split("\n")]
    place = lines.index(f"{group} (1)")
    assert lines[place + 1] == f'{mark}  tool arguments  get_weather.city: "Oslo" against "Quito"; {why}'


@pytest.mark.parametrize(("length", "name"), [(300, "n" * 300), (301, "n" * 299 + "…")])
def test_the_first_300_characters_of_a_name_are_shown(store, length, name):
    pair_id = add_pair(store, "p", calling("Oslo", "n" * length), calling("Oslo", "n" * length))
    assert store.flush(20)
    assert shown(store, pair_id, width=2_000).split().count(name) == 2


def test_the_first_40_lines_and_8000_characters_of_a_text_are_shown(store):
    lines = ["line\n" * 39 + "last", "line\n" * 40 + "last", "%" * 8_000, "%" * 8_001]
    names = [add_pair(store, "p", text, text) for text in lines]
    assert store.flush(20)
    texts = [shown(store, name, width=600) for name in names]
    assert ["last" in text for text in texts[:2]] == [True, False]
    assert "... 1 more lines" in texts[1]
    assert [text.count("%") for text in texts[2:]] == [16_000, 16_000]
    assert ["--json" in text for text in texts[2:]] == [False, True]


@pytest.mark.parametrize(("length", "shown_as"), [(297, "w" * 297), (298, "w" * 297 + "...")])
def test_request_is_shown_with_300_characters(store, length, shown_as):
    name = add_pair(store, "p", "Hello", "Hello", request=asked("w" * length))
    assert store.flush(20)
    assert f"request: user: {shown_as}" in shown(store, name, width=400).split("\n")


@pytest.mark.parametrize(("length", "note"), [(7_988, False), (7_989, True)])
def test_the_first_8000_characters_of_arguments_are_shown(store, length, note):
    pair_id = add_pair(store, "p", calling("x" * length), calling("x" * length))
    assert store.flush(20)
    assert ('x" ... 1 more characters' in shown(store, pair_id, width=20_000)) is note


def test_text_of_one_answer_and_calls_of_the_other_are_rows_of_their_own(store):
    name = add_pair(store, "p", "Hello", calling("Oslo"))
    assert store.flush(20)
    text = shown(store, name, width=100)
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in text.split("\n") if line.startswith("│")]
    assert ["text", "Hello", ""] in rows
    assert ["calls", "", "get_weather"] in rows
    assert not [cells for cells in rows if cells[0] == "errors"]


def test_outcome_of_a_call_is_shown_unless_it_is_valid(store, pair):
    columns = pair_columns(store, pair)
    assert "valid" not in pair_text(columns, width=100, color=False).split("Same (")[0]
    wrong = replace(columns, answers=(replace(columns.answers[0], outcomes=("unknown_tool",)), *columns.answers[1:]))
    assert "unknown tool" in pair_text(wrong, width=100, color=False)


REFUTED = "the provider's verdict rests on none of them"
CHECKED = {
    "alone": ("Evidence", "✗", "seen"),
    "shared": ("Noise", "~", "seen; the reference's answer fails it too"),
    "single": ("Noise", "~", f"seen; {REFUTED}"),
    "unchecked": ("Failed checks without an answer to compare", "?", f"seen; {NO_RESULT}"),
}


@pytest.mark.parametrize("kind", CHECKED)
def test_failed_check_is_a_line_below_the_group_it_belongs_to(store, kind):
    name = add_pair(store, "p", "Hello", "Hello", faults=(Signal.LOST_SPACE,))
    assert store.flush(20)
    columns = pair_columns(store, name)
    evidence = replace(columns.evidence, **{"alone": (), kind: columns.evidence.alone}, why=REFUTED)
    lines = [line.rstrip() for line in pair_text(replace(columns, evidence=evidence), width=200, color=False).split("\n")]
    group, mark, why = CHECKED[kind]
    assert lines[lines.index(f"{group} (1)") + 1] == f"{mark}  lost spaces  {why}"


def asking(*contents):
    body = {"model": "m", "messages": [{"role": f"r{place}", "content": each} for place, each in enumerate(contents)]}
    return parse_request("/v1/chat/completions", (("content-type", "application/json"),), json.dumps(body).encode(), False)


@pytest.mark.parametrize(
    ("contents", "text"),
    [
        ((), ""),
        (("one",), "r0: one"),
        (("one", "two"), "r1: two"),
        ((None,), ""),
        (([{"type": "text", "text": "Grüße"}],), 'r0: [{"type": "text", "text": "Grüße"}]'),
        (("x" * 297,), f"r0: {'x' * 297}"),
        (("x" * 298,), f"r0: {'x' * 297}..."),
    ],
)
def test_the_last_message_is_shown_with_its_role(contents, text):
    assert last_message(asking(*contents)) == text


def one_pair(store, *answers, **more):
    name = add_pair(store, "p", *answers, **more)
    assert store.flush(20)
    return pair_columns(store, name)


@pytest.mark.parametrize(
    ("answers", "status", "colour"),
    [
        (("Hello", "Hello"), 200, ""),
        (("Hello", "Hello"), 500, "\x1b[33m"),
        ((calling("Oslo"), calling("Quito"), calling("Quito")), 200, "\x1b[1;31m"),
    ],
)
def test_the_sentence_is_red_with_evidence_and_yellow_where_nothing_was_compared(sqlite_store, answers, status, colour):
    text = pair_text(one_pair(sqlite_store, *answers, status=status), width=300, color=True)
    line = text.split("\n")[1]
    assert re.match(r"(\x1b\[[0-9;]+m)?", line)[0] == colour


def test_parts_of_a_pair_are_parted_by_an_empty_line(sqlite_store):
    lines = pair_text(one_pair(sqlite_store, "Hello", "Hello"), width=100, color=False).split("\n")
    top, bottom = (next(place for place, line in enumerate(lines) if line.startswith(sign)) for sign in "╭╰")
    assert (lines[top - 1], lines[bottom + 1]) == ("", "")
    assert "├" in "".join(line[:1] for line in lines[top + 3 : bottom]), "a line stands below the texts"


def test_words_that_one_answer_alone_has_are_marked_in_its_own_column(sqlite_store):
    text = pair_text(one_pair(sqlite_store, "It is raining today", "It is sunny today"), width=120, color=True)
    [line] = [line for line in text.split("\n") if "raining" in line]
    left, right = line.index("\x1b[1;31mraining"), line.index("\x1b[1;31msunny")
    assert left < right


def test_a_text_beside_an_answer_that_failed_is_shown_without_marks(sqlite_store):
    columns = one_pair(sqlite_store, "Hello", "Hello")
    alone = replace(columns, answers=columns.answers[:1])
    assert "Hello" in pair_text(alone, width=100, color=False)


def test_a_cut_text_states_how_much_more_there_is(sqlite_store):
    columns = one_pair(sqlite_store, "%" * 8_010, "Hello")
    assert "... 10 more characters: --json has them" in " ".join(pair_text(columns, width=20_000, color=False).split())


def test_trouble_and_failed_checks_of_an_answer_are_its_errors(sqlite_store):
    columns = one_pair(sqlite_store, "Hello", "Hello", faults=(Signal.LOST_SPACE,))
    broken = replace(columns, answers=(replace(columns.answers[0], trouble="It ended early."), *columns.answers[1:]))
    lines = pair_text(broken, width=200, color=False).split("\n")
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in lines if line.startswith("│")]
    place = rows.index(["errors", "It ended early.", ""])
    assert rows[place + 1] == ["", "lost spaces: seen", ""]


def test_names_without_a_reason_stand_alone_and_no_empty_line_follows(sqlite_store):
    lines = pair_text(one_pair(sqlite_store, "Hello", "Hello"), width=200, color=False).split("\n")
    place = next(place for place, line in enumerate(lines) if line.startswith("Not measured ("))
    assert all(line.startswith("  ") and line[2] != " " and not line.endswith(": ") for line in lines[place + 1 :])


def test_the_json_of_a_pair_has_the_fields_and_bodies_of_its_exchanges(sqlite_store):
    columns = one_pair(sqlite_store, "Hello", "Hello")
    first = json.loads(pair_json(columns))["answers"][0]["exchange"]
    assert first["response_headers"] == [["content-type", "application/json"]]
    assert json.loads(first["request_body"])["model"] == "pretend-small"
    bare = columns.answers[0].row._replace(response_headers="", request_body=None)
    found = json.loads(pair_json(replace(columns, answers=(replace(columns.answers[0], row=bare),))))["answers"][0]["exchange"]
    assert (found["response_headers"], found["request_body"]) == ([], None)


@pytest.mark.parametrize(("length", "cut"), [(8_000, False), (8_001, True)])
def test_exactly_8000_characters_of_arguments_are_whole(sqlite_store, length, cut):
    columns = one_pair(sqlite_store, calling("x"), calling("x"))
    call = replace(columns.answers[0].calls[0], arguments="x" * length)
    text = pair_text(replace(columns, answers=(replace(columns.answers[0], calls=(call,)),)), width=20_000, color=False)
    assert ("... 1 more characters" in text) is cut
