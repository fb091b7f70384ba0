import pytest

from shadow.checks.lost_space.word_pairs import (
    KNOWN,
    _are_long,
    _has_ending,
    _inflections,
    are_two,
    begins_a_sentence,
    words_at_a_mark,
)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("souls", "beneath"),
        ("of", "the"),
        ("in", "which"),
        ("to", "be"),
        ("have", "a"),
        ("quickly", "found"),
        ("width", "of"),
        ("kowalczyk", "that"),
        ("because", "kowalczyk"),
        ("from", "words"),
    ],
)
def test_pair_that_hardly_ever_makes_one_word_is_two(left, right):
    assert are_two(left, right)


@pytest.mark.parametrize(
    ("left", "right", "two"),
    [
        ("of", "a", True),
        ("saw", "a", False),
        ("old", "a", False),
        ("range", "do", True),
        ("special", "my", True),
        ("my", "special", False),
        ("me", "port", False),
        ("final", "obviously", False),
        ("deviations", "fair", True),
        ("kowalczyk", "very", False),
        ("i", "they", False),
        ("xq", "which", True),
        ("about", "xq", False),
        ("about", "qzx", True),
        ("he", "give", True),
        ("never", "go", True),
        ("fields", "up", True),
        ("house", "up", False),
        ("of", "plan", True),
        ("of", "end", False),
        ("of", "story", True),
        ("dog", "we", True),
        ("kid", "to", True),
        ("ill", "me", False),
        ("ten", "and", True),
        ("who", "state", True),
        ("now", "any", True),
        ("analysis", "times", True),
        ("model", "functions", False),
    ],
)
def test_a_pair_is_two_words_by_the_kind_of_each_half_and_by_its_length(left, right, two):
    assert are_two(left, right) is two


ORDINARY = """
    therapist theme island another cannot often within without nothing something thousand notebook database waterfall
    newspaper invalid understand overcome somewhere whatever software behave idea area into upon forever hasten notable
    breathe proof paperback sportsman meaningless overview everyday thanksgiving isinstance startswith hyperparameter
    beforehand
"""


@pytest.mark.parametrize("word", ORDINARY.split())
def test_ordinary_word_is_one_wherever_it_is_cut(word):
    assert not [word[:at] for at in range(1, len(word)) if are_two(word[:at], word[at:])]


def test_known_word_is_one_wherever_it_is_cut():
    assert not [word for word in KNOWN for at in range(1, len(word)) if are_two(word[:at], word[at:])]


PROSE = "There was one, and then one more; so it went. It ended, as it had begun. "


@pytest.mark.parametrize(
    ("before", "after", "two"),
    [
        ("But there was one,", "and then", ("one,", "and")),
        ("But there was one;", "so it went", None),
        ("But it ended.", "The end", ("ended.", "The")),
        ("But it ended.", "the end", None),
        ("Call it with `x`", "and then", ("`", "and")),
        ("Call it with", "`x` then", ("with", "`")),
        ("Call an `x", "`and then", None),
        ("See example.", "Org now", None),
        ("See the Kowalczyk,", "and then", None),
        ("The name,", "Kowalczyk then", None),
    ],
)
def test_mark_without_its_space_between_known_words_gives_both_words(before, after, two):
    text = PROSE + before + after
    assert words_at_a_mark(text, len(PROSE + before)) == two


def test_list_of_values_without_spaces_gives_no_words():
    text = PROSE + "The head is name,value or one,two."
    assert words_at_a_mark(text, text.index("value")) is None
    assert words_at_a_mark("It is one,two.", 9) is None


@pytest.mark.parametrize(
    ("word", "forms"),
    [
        ("use", {"use", "uses", "useed", "useing", "usely", "useer", "used", "user", "using", "usation"}),
        ("try", {"try", "trys", "tryed", "trying", "tryly", "tryer", "tries", "tried"}),
        ("box", {"box", "boxs", "boxed", "boxing", "boxly", "boxer", "boxes"}),
        ("bus", {"bus", "buss", "bused", "busing", "busly", "buser", "buses"}),
        ("ash", {"ash", "ashs", "ashed", "ashing", "ashly", "asher", "ashes"}),
        *((word, {word}) for word in ("be", "by", "us", "ch")),
    ],
)
def test_a_word_of_three_letters_has_its_inflections_and_a_shorter_one_none(word, forms):
    assert _inflections(word) == forms


@pytest.mark.parametrize(
    ("word", "ends"),
    [
        *((word, True) for word in ("worked", "going", "really", "nation", "moment", "kindness", "ability", "famous", "active")),
        *((word, True) for word in ("useful", "table", "possible", "cities", "absence", "finance", "houses", "words")),
        *((word, False) for word in ("class", "status", "house", "world", "used", "days", "city")),
    ],
)
def test_a_known_word_of_five_letters_has_an_ending_that_begins_hardly_any_compound(word, ends):
    assert bool(word in KNOWN and _has_ending(word)) == (ends and word in KNOWN)


@pytest.mark.parametrize(
    ("left", "right", "two"), [("working", "table", True), ("worked", "table", True), ("house", "table", False)]
)
def test_a_known_word_with_an_ending_and_another_are_two(left, right, two):
    assert are_two(left, right) is two


@pytest.mark.parametrize(
    ("left", "right", "begins"),
    [
        *((left, right, True) for left, right in (("However", "the"), ("This", "means"), ("When", "you"), ("Then", "the"))),
        *(
            (left, right, False)
            for left, right in (
                ("Xyz", "the"),
                ("The", "xqz"),
                ("There", "fore"),
                ("With", "out"),
                ("For", "you"),
                ("This", "object"),
            )
        ),
    ],
)
def test_a_word_with_a_capital_begins_a_sentence_where_a_known_word_follows_that_makes_no_other_with_it(left, right, begins):
    assert begins_a_sentence(left, right) is begins


@pytest.mark.parametrize(
    ("left", "right", "two"), [("accept", "agent", True), ("agent", "accept", False), ("accept", "area", False)]
)
def test_two_known_words_are_two_from_six_and_five_letters_on(left, right, two):
    assert {left, right} <= KNOWN
    assert _are_long(left, right) is two


@pytest.mark.parametrize(
    ("before", "after", "two"),
    [
        ("But One,", "house then", ("One,", "house")),
        ("But Kowalczyk,", "and then", None),
        ("But kowalczyk,", "and then", ("kowalczyk,", "and")),
        ("But kowalczyk,", "house then", None),
        ("Call an `", "and then", None),
        ("Call it `x`", "a then", None),
        ("Call it `x`", "The end", None),
        ("Call it with", "` then", None),
        ("Call it kowalczyk", "`x` then", None),
        ("Call it with", "`_x` then", ("with", "`")),
        ("But " + "k" * 46 + ",", "and then", ("k" * 46 + ",", "and")),
        ("But " + "k" * 47 + ",", "and then", None),
        ("But (one:", "and then", None),
    ],
)
def test_mark_without_its_space_is_one_by_the_words_on_both_sides(before, after, two):
    text = PROSE + before + after
    assert words_at_a_mark(text, len(PROSE + before)) == two


def test_mark_at_the_very_beginning_or_end_of_a_text_is_one():
    assert words_at_a_mark(" one,and then, so it was, it ended", 5) == ("one,", "and")
    assert words_at_a_mark(PROSE + "But there was one,and", len(PROSE + "But there was one,")) == ("one,", "and")


@pytest.mark.parametrize(("more", "two"), [("", None), (" so, it", None), (" so, it, was", ("one,", "and"))])
def test_mark_must_stand_twice_with_its_space(more, two):
    text = " There was one,and" + more
    assert words_at_a_mark(text, 15) == two
