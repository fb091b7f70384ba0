"""Pairs in a terminal."""

import json
import re

import pytest

from shadow.terminal.pair_text import pair_columns, pair_json, pair_text
from tests.exchanges import said
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
    evidence = 'Evidence: tool arguments (get_weather.city: "Oslo" against "Quito").'
    assert f"{evidence} Both answers of the reference agree there." in " ".join(text.split())
    line = next(line for line in text.split("\n") if "get_weather" in line and "│" in line)
    assert line.count("get_weather") == 3
    assert "request: user: Weather?" in text
    assert "changed in the shadow request: the model is called otherwise there" in text
    assert "Evidence (1)" in text
    assert re.search(r"Same \(\d+\)  ", text)
    assert re.search(r"Not measured \(\d+\)\n", text)


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
    assert found["schema"] == "sameweights.pair/1"
    assert found["pair"]["alterations"] == ["the model is called otherwise there"]
    assert {finding["comparison"] for finding in found["findings"]} == {"cross", "self"}
