"""Single answers in a terminal: a list of those that failed a check, and one of them whole."""

import json
import re
from dataclasses import replace

import pytest

from shadow.findings.finding import Signal
from shadow.terminal.answers_text import answer_json, answer_text, answer_view, answers_json, answers_text, id_error
from storage.rows import AnswerFilter
from tests.records import add_live, add_pair


@pytest.fixture
def unsampled(store):
    seen = add_live(store, "spacer", "run together \x1b[2J", faults=[Signal.LOST_SPACE])
    assert store.flush(20)
    return seen.exchange.id


def test_answer_list_has_whole_ids_checks_and_reasons(store, unsampled):
    text = answers_text(store.faulty_answers(AnswerFilter()), width=120, color=False)
    assert text.startswith("id  ")
    assert f"\n{unsampled}  " in text
    rows = [re.split(r"\s{2,}", line.strip()) for line in text.split("\n")]
    assert rows[0] == ["id", "when (UTC)", "provider", "model", "failed checks"]
    assert rows[2] == [unsampled, "11-14 22:13:20", "spacer", "pretend-small", "lost spaces: seen (not sampled)"]


def test_sampled_answer_is_listed_without_a_note(store, unsampled):
    (found,) = store.faulty_answers(AnswerFilter())
    assert "not sampled" not in answers_text([replace(found, pair_id="a")], width=120, color=False)


def test_five_pairs_are_listed_where_a_part_of_an_id_matches_more(store):
    names = [add_pair(store, "p", "Hello", "Hello") for _ in range(6)]
    assert store.flush(20)
    assert sum(name in str(id_error(store, names[0][:12])) for name in names) == 5


def test_an_empty_list_is_a_sentence():
    assert (
        answers_text([], width=80, color=False) == "no answer matches; without filters: none that could be checked failed a check"
    )


def test_the_json_of_the_list_has_each_check_with_its_reason(store, unsampled):
    (found,) = json.loads(answers_json(store.faulty_answers(AnswerFilter())))["answers"]
    assert (found["id"], found["pair_id"], found["checks"]) == (unsampled, "", [{"signal": "lost_space", "reason": "seen"}])


def test_an_answer_without_a_pair_is_shown_with_its_request_and_failed_checks(store, unsampled):
    text = answer_text(answer_view(store, unsampled), width=80, color=False)
    assert " ".join(text.split()).startswith(
        f"{unsampled} 2023-11-14 22:13:20 UTC · pretend-small · route default · spacer not compared with a reference; "
    )
    assert "request: user: Weather?" in text
    assert "lost spaces: seen" in text
    assert max(map(len, text.split("\n"))) <= 80


def test_terminal_sequences_in_answers_are_shown_by_name(store, unsampled):
    assert "\x1b" not in answer_text(answer_view(store, unsampled), width=80, color=False)


def test_the_json_of_an_answer_has_its_body_and_every_check(store, unsampled):
    found = json.loads(answer_json(answer_view(store, unsampled)))
    assert "run together" in found["exchange"]["response_body"]
    assert {check["signal"]: check["state"] for check in found["checks"]} == {"lost_space": "differ", "empty_answer": "match"}


def test_an_unknown_id_leads_to_no_answer(store):
    assert answer_view(store, "f" * 28) is None


def test_unknown_part_of_an_id_is_refused_with_the_commands_that_list_ids(store):
    assert str(id_error(store, "feed")) == "no such pair: 'feed'; `sameweights pairs` and `sameweights answers` list ids"


def test_ambiguous_part_of_an_id_is_refused_with_the_candidates(store):
    names = [add_pair(store, "p", "Hello", "Hello") for _ in range(2)]
    assert store.flush(20)
    sentence = str(id_error(store, names[0][:12]))
    assert all(name in sentence for name in names)
    assert "use one of them in full" in sentence


def test_several_failed_checks_of_an_answer_stand_in_one_cell_each_cut(sqlite_store):
    seen = add_live(sqlite_store, "p", "Hello", faults=[Signal.LOST_SPACE, Signal.EMPTY_ANSWER])
    assert sqlite_store.flush(20)
    (found,) = sqlite_store.faulty_answers(AnswerFilter())
    long = replace(found, checks=(("lost_space", "x" * 301), ("stop", "why")), model="m" * 61, provider="a\x1b")
    text = answers_text([long], width=900, color=False)
    row = re.split(r"\s{2,}", text.split("\n")[2].strip())
    assert row[0] == seen.exchange.id
    assert row[2:] == ["a[ESC]", "m" * 59 + "…", f"lost spaces: {'x' * 299}…; stop ignored: why (not sampled)"]


def test_an_answer_is_shown_below_its_heading_and_its_request(sqlite_store):
    seen = add_live(sqlite_store, "p", "Hello")
    assert sqlite_store.flush(20)
    view = answer_view(sqlite_store, seen.exchange.id)
    lines = answer_text(view, width=200, color=True).split("\n")
    assert lines[0].startswith(f"\x1b[1m{seen.exchange.id}\x1b[0m")
    assert lines[1] == "\x1b[33mnot compared with a reference; only checked on its own\x1b[0m"
    assert lines[3] == ""
    assert lines[4].startswith("╭")
    nameless = replace(view, answer=replace(view.answer, row=view.answer.row._replace(model="")))
    assert "· no model · route default · p" in answer_text(nameless, width=200, color=False).replace("UTC ", "")
