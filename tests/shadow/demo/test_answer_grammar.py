from __future__ import annotations

import re
from collections import Counter

import pytest

from shadow.demo.answer_grammar import question_back, result_in_words, sum_answer, text_answer
from shadow.demo.draws import RandomDraws, generator

ASKED = "Write a few lines on the trade of bread in Graz around 1861."


def drawn(call, temperature=1.0):
    return RandomDraws(generator("words", call), temperature)


def test_text_answer_is_constant_at_temperature_0():
    assert len({text_answer(ASKED, "k", drawn(call, 0.0)) for call in range(20)}) == 1


def test_text_answer_at_temperature_1_varies_its_wording_and_keeps_its_plan():
    said = {text_answer(ASKED, "k", drawn(call)) for call in range(40)}
    assert len(said) > 3
    assert len({text.count(".") for text in said}) == 1


def test_text_answer_is_short_and_complete():
    for key in range(50):
        text = text_answer(ASKED, str(key), drawn(key))
        assert 8 <= len(text.split()) <= 70
        assert not set(text) & set("{}[]|")


def test_a_result_is_reported_in_words():
    assert "stations 3 and free yes" in result_in_words('{"stations": 3, "free": true}', "k", drawn(0))
    assert "just words" in result_in_words("just words", "k", drawn(0))
    assert "nothing" in result_in_words("", "k", drawn(0))


def test_braces_in_a_question_are_not_format_fields():
    assert result_in_words("{broken", "k", drawn(0))
    assert text_answer("Write about {} and {0} in Oslo", "k", drawn(0))


def test_question_back_names_the_missing_argument():
    assert "city" in question_back(ASKED, {"parameters": {"required": ["city"]}}, "k")


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("What is 17 times 23?", "17 times 23 is 391."),
        ("What is 17 plus 23?", "17 plus 23 is 40."),
        ("What is 17 minus 23?", "17 minus 23 is -6."),
        ("What is the time?", ""),
    ],
)
def test_sum_in_the_question_is_answered_correctly(asked, answer):
    assert sum_answer(asked) == answer


def test_text_answer_has_an_opening_one_to_three_points_and_every_other_time_a_closing_sentence():
    closers = re.compile(r"(detail|depth|version|form|patience|time)\.$")
    texts = [text_answer("zebras", str(key), drawn(key)) for key in range(600)]
    closed = [bool(closers.search(text)) for text in texts]
    points = Counter(text.count(". ") - ends for text, ends in zip(texts, closed, strict=True))
    assert set(points) == {1, 2, 3}
    assert 260 < sum(closed) < 340


@pytest.mark.parametrize(
    "phrase", ["about Lyon", "Lyon matters", "rests on compare and", "begin with rivers", "The cost of rivers"]
)
def test_sentences_are_about_the_name_the_first_and_the_last_word_of_the_question(phrase):
    texts = [text_answer("Compare the sturdy bridges of Lyon and Ghent with rivers", str(key), drawn(key)) for key in range(200)]
    assert phrase in " ".join(texts)


def test_topic_without_a_name_is_the_last_three_words_with_a_capital_at_a_begin():
    whole = " ".join(text_answer("red brick clay walls", str(key), drawn(key, 0.0)) for key in range(60))
    assert "about brick clay walls." in whole
    assert "Brick clay walls matters" in whole
    assert "about this." in " ".join(text_answer("", str(key), drawn(key, 0.0)) for key in range(60))


def test_result_that_is_no_json_is_quoted_up_to_twenty_words():
    words = " ".join(f"w{place}" for place in range(25))
    said = result_in_words(words, "k", drawn(0, 0.0))
    assert "w0 w1" in said
    assert "w19." in said
    assert "w20" not in said


def test_result_names_each_member_without_underscores_and_closes_with_a_sentence():
    said = {result_in_words('{"nearest_km": 3, "free": false}', str(key), drawn(0, 0.0)) for key in range(60)}
    assert {text.partition(": ")[2].partition(". ")[0] for text in said} == {"nearest km 3 and free no"}
    closings = {text.partition(". ")[2] for text in said}
    assert closings == {"Let me know if you want more detail.", "That is the short version."}
    assert len({text.partition(": ")[0] for text in said}) == 3


def test_question_back_asks_for_any_required_argument_and_for_a_detail_where_there_is_none():
    tool = {"parameters": {"required": ["start_place", "end"]}}
    asked = {question_back("red brick clay walls", tool, str(key)) for key in range(40)}
    assert asked == {f"Could you tell me which {name} you mean for brick clay walls?" for name in ("start place", "end")}
    assert question_back("walls", {}, "k") == "Could you tell me which detail you mean for walls?"
