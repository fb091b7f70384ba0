from __future__ import annotations

from shadow.demo.answer_grammar import asking_back, prose, sum_of, telling
from shadow.demo.draws import RandomDraws, generator

ASKED = "Write a few lines on the trade of bread in Graz around 1861."


def drawn(call, warmth=1.0):
    return RandomDraws(generator("words", call), warmth)


def test_prose_is_the_same_when_cold():
    assert len({prose(ASKED, "k", drawn(call, 0.0)) for call in range(20)}) == 1


def test_prose_varies_in_its_wording_and_keeps_its_plan_when_warm():
    said = {prose(ASKED, "k", drawn(call)) for call in range(40)}
    assert len(said) > 3
    assert len({text.count(".") for text in said}) == 1


def test_prose_is_short_and_complete():
    for key in range(50):
        text = prose(ASKED, str(key), drawn(key))
        assert 8 <= len(text.split()) <= 70
        assert not set(text) & set("{}[]|")


def test_a_result_is_reported_in_words():
    assert "stations 3 and free yes" in telling('{"stations": 3, "free": true}', "k", drawn(0))
    assert "just words" in telling("just words", "k", drawn(0))
    assert "nothing" in telling("", "k", drawn(0))


def test_braces_in_a_stranger_s_text_do_no_harm():
    assert telling("{broken", "k", drawn(0))
    assert prose("Write about {} and {0} in Oslo", "k", drawn(0))


def test_a_question_back_names_what_is_missing():
    assert "city" in asking_back(ASKED, {"parameters": {"required": ["city"]}}, "k")


def test_a_sum_in_the_question_is_answered_correctly():
    assert sum_of("What is 17 times 23?") == "17 times 23 is 391."
    assert not sum_of("What is the time?")
