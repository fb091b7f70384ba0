from pathlib import Path

import pytest

from shadow.checks.lost_space import word_lists
from shadow.checks.lost_space.word_lists import load_table, load_words

LISTS = sorted((Path(word_lists.__file__).parent / "words").iterdir())


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.stem)
def test_each_list_states_its_origin_and_holds_words(path):
    head, _, body = path.read_text(encoding="utf-8").partition("\n\n")
    assert all(line.startswith("# ") for line in head.splitlines())
    assert "for this project" in head
    assert "of others was copied" in head
    assert load_words(path.stem) == set(body.split())


def test_words_of_a_list_exclude_its_comments():
    words = load_words("english_behind_to")
    assert {"day", "morrow", "gather"} <= words
    assert "#" not in words
    assert "English" not in words


def test_table_gives_each_word_its_letters_in_their_order():
    table = load_table("english_continuations")
    assert table["and"] == ("a", "e", "h", "i", "o", "r", "s", "u", "y")
    assert table["they"] == ()


def test_table_joins_several_lines_of_one_word():
    assert {"complete", "vocation", "stone"} <= set(load_table("english_behind_two_letters")["in"])
