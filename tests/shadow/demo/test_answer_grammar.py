from __future__ import annotations

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


def test_a_sum_in_the_question_is_answered_correctly():
    assert sum_answer("What is 17 times 23?") == "17 times 23 is 391."
    assert not sum_answer("What is the time?")
