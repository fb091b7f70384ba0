import pytest

from shadow.studies.own_checks.answer_facts import AnswerFacts
from shadow.studies.own_checks.check_spec import read_check
from shadow.studies.own_checks.run_checks import check_answer


def points(table: dict[str, object], text: str) -> float:
    return check_answer(read_check(table), AnswerFacts(text=text)).points


def why(table: dict[str, object], text: str) -> str:
    return check_answer(read_check(table), AnswerFacts(text=text)).why


OCEAN = {
    "The endless blue horizon whispers secrets of distant worlds beyond boundless imagination.": 12,
    "The ocean waves rhythmically crash a soothing sound that calms the soul": 12,
    "Ocean waves whisper ancient secrets, painting shifting horizons beneath endless skies.": 11,
    "Waves whispered secrets to wandering soulsbeneath endless blue horizons of mystery.": 11,
}


@pytest.mark.parametrize(("sentence", "words"), OCEAN.items())
def test_the_sentences_of_the_article_have_twelve_twelve_eleven_and_eleven_words(sentence: str, words: int):
    assert points({"kind": "words", "equals": words}, f" {sentence}\n") == 1
    assert points({"kind": "words", "equals": 12, "points": 5}, sentence) == (5 if words == 12 else 0)


@pytest.mark.parametrize(("count", "given"), [(11, 0), (12, 5), (13, 0)])
def test_a_twelve_word_sentence_gets_all_points_or_none(count: int, given: int):
    assert points({"kind": "words", "equals": 12, "points": 5}, "word " * count) == given


def test_wrong_count_is_named_with_the_requested_one():
    assert why({"kind": "words", "at_least": 2, "at_most": 3}, "one") == "1 word; asked for at least 2 and at most 3"


@pytest.mark.parametrize(("length", "given"), [(280, 1), (281, 0)])
def test_characters_are_counted_without_the_white_space_at_the_ends(length: int, given: int):
    assert points({"kind": "max_characters", "at_most": 280}, "\n" + "ü" * length + "  ") == given


@pytest.mark.parametrize(("text", "given"), [("so Yes.", 1), ("yes", 1), ("no", 0)])
def test_part_is_found_in_either_case_on_request(text: str, given: int):
    assert points({"kind": "contains", "text": "YES", "ignore_case": True}, text) == given
    assert points({"kind": "contains", "text": "YES", "ignore_case": True, "absent": True}, text) == 1 - given


def test_pattern_is_searched_anywhere_and_its_absence_can_be_required():
    assert points({"kind": "regex", "pattern": r"\d{3}"}, "a 123") == 1
    assert points({"kind": "regex", "pattern": r"^\d{3}"}, "a 123") == 0
    assert points({"kind": "regex", "pattern": "```", "absent": True}, "```json") == 0


def test_a_pattern_that_would_backtrack_for_ever_ends():
    assert points({"kind": "regex", "pattern": "(a+)+$"}, "a" * 50_000 + "b") == 0


def test_a_lone_surrogate_in_the_text_is_no_failure_of_the_check():
    assert points({"kind": "regex", "pattern": "b$"}, "\ud800b") == 1


ANIMALS = "1. Ant\n2. Bear\n3. Cat\n4. Dog\n5. Elephant"


@pytest.mark.parametrize(
    ("table", "good", "bad"),
    [
        ({"equals": 5}, ANIMALS, "1. Ant"),
        ({"each_at_most": 8}, ANIMALS, "1. Salamander"),
        ({"sorted": True}, ANIMALS, "1. Bear\n2. Ant"),
        ({"numbered": True}, ANIMALS, "Ant\nBear"),
        ({"at_most": 6}, ANIMALS, ANIMALS + "\nand\nmore"),
    ],
)
def test_lines_are_held_to_each_property(table: dict[str, object], good: str, bad: str):
    assert points({"kind": "lines", **table}, good) == 1
    assert points({"kind": "lines", **table}, bad) == 0
    assert why({"kind": "lines", **table}, bad)


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("1. Ant\n2) Bear", True),
        ("1.Ant\n2.Bear", True),
        ("\n".join(f"{n}. x" for n in range(1, 13)), True),
        ("\n".join(f"{n}. x" for n in [*range(1, 12), 13]), False),
        ("10. Ant\n20. Bear", False),
        ("1st Ant\n2nd Bear", False),
        ("1 Ant\n2 Bear", False),
        ("1.5 litres\n2.5 litres", False),
        ("0. Ant\n1. Bear", False),
    ],
)
def test_lines_are_numbered_by_numbers_that_count_from_1(text: str, passes: bool):
    assert points({"kind": "lines", "numbered": True}, text) == passes


def test_empty_lines_are_not_counted_and_upper_case_is_no_order():
    assert points({"kind": "lines", "equals": 2, "sorted": True}, "\n1) ant\n\n 2) Bear \n") == 1


@pytest.mark.parametrize(
    ("table", "text", "reason"),
    [
        ({"kind": "words", "equals": 0}, "a b", "2 words; asked for exactly 0"),
        ({"kind": "max_characters", "at_most": 0}, "a", "1 character; asked for at most 0"),
        ({"kind": "lines", "equals": 1}, "a\nb", "2 lines; asked for exactly 1"),
        ({"kind": "lines", "each_at_most": 2}, "ab\n1. abc\nabcd", "'abc' has 3 characters, at most 2 are asked for"),
        ({"kind": "lines", "each_at_most": 0}, "a", "'a' has 1 character, at most 0 are asked for"),
        ({"kind": "lines", "sorted": True}, "a\n2. c\nB\na", "'B' stands behind 'c'"),
        ({"kind": "lines", "numbered": True}, "1. a\nb\nc", "line 2 does not begin with its number"),
        ({"kind": "contains", "text": "x" * 61}, "", f"'{'x' * 59}…' is not in the text"),
        ({"kind": "contains", "text": "x" * 60}, "", f"'{'x' * 60}' is not in the text"),
        ({"kind": "contains", "text": "a", "absent": True}, "a", "'a' is in the text"),
        ({"kind": "regex", "pattern": "a+", "absent": True}, "aa", "the pattern 'a+' is in the text"),
    ],
)
def test_the_first_thing_that_is_wrong_is_the_reason(table: dict[str, object], text: str, reason: str):
    assert why(table, text) == reason


@pytest.mark.parametrize("bound", ["equals", "at_least", "at_most"])
def test_a_count_at_its_bound_passes(bound: str):
    assert points({"kind": "words", bound: 2}, "a b") == 1
    assert points({"kind": "lines", bound: 2}, "a\nb") == 1


def test_a_line_of_exactly_the_longest_length_passes_and_equal_lines_are_in_order():
    assert points({"kind": "lines", "each_at_most": 3, "sorted": True}, "1) abc\n2) ABC\n3) abd") == 1


def test_a_part_is_found_in_its_own_case_alone_unless_it_is_ignored():
    assert points({"kind": "contains", "text": "Yes"}, "yes") == 0
