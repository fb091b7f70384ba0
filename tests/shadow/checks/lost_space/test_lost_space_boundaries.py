# ruff: noqa: RUF001 - quotation marks belong to this
"""Which boundaries of a stream of tokens have lost their space, and how much of a stream and of its request is read."""

import re

import pytest

from shadow.findings.finding import FindingState
from tests.shadow.checks.lost_space.test_lost_space import PROSE, found, tokens
from tests.shadow.compare.made import ask, parts


def cut(text):
    """As a server sends that has a token for each word and each mark: such a stream has no rhythm."""
    return re.findall(r" ?\w+| ?[^\w\s]+|\s+", text)


def between(before, after, asked=None, *, prose=PROSE):
    """The finding on a stream in which nothing but a piece's end stands between two texts."""
    pieces = [*cut(prose), before, after]
    return found(pieces) if asked is None else found(pieces, ask(messages=({"role": "user", "content": asked},)))


@pytest.mark.parametrize(
    ("before", "after", "joined"),
    [
        (" so besides", "anymore of it.", "besidesanymore"),
        (" so To", "have of it.", "Tohave"),
        (" so Should", "describe of it.", "Shoulddescribe"),
        (" so clothe", "actually of it.", "clotheactually"),
        (" so many", "countof it.", "manycountof"),
        (" so was", "Those of it.", "wasThose"),
        (" so n't", "a boat.", "'ta"),
        (" so he’ll", "go of it.", "’llgo"),
        (" so he’ll", "x of it.", ""),
        (" `run` so the", "which of it.", "thewhich"),
        (" so (the", "which of it.", "thewhich"),
        (" so —the", "which of it.", "thewhich"),
        (" so +the", "which of it.", ""),
        (" so the", "which-ever.", "thewhich"),
        (" so the", "which+ever.", ""),
        (" so the", "which,and.", ""),
        (" so the", "which, and.", "thewhich"),
        (" so `the", "which` of it.", ""),
        (" ```\nso the", "which of it.", ""),
        (" so Anymore", "are of it.", ""),
        (" so ve", "almost of it.", ""),
        (" so however", "Quite of it.", ""),
        (" so forehead", "and of it.", ""),
        (" so WHen", "you of it.", ""),
        (" so When", "you of it.", "Whenyou"),
        (" so clo", "the of it.", ""),
    ],
)
def test_letters_that_meet_as_two_words_of_prose_have_lost_their_space(before, after, joined):
    result = between(before, after)
    assert (result.state, result.subject) == (FindingState.DIFFER if joined else FindingState.MATCH, joined or result.subject)


@pytest.mark.parametrize(
    ("before", "after", "joined"),
    [
        (" Call it with `x`", "and then it.", "`and"),
        (" Call it with", "`x` then it.", "with`"),
        (" Call it with `x", "`and then it.", ""),
        (" She `x late,", "yet the house.", "late,yet"),
        (" She ` said `x`", "and then it.", ""),
        (" She ` said with", "`x` then it.", ""),
        (" She `x late,", "yet` the house.", ""),
        (" It is 9", "and then.", ""),
    ],
)
def test_space_lost_at_a_mark_or_at_the_edge_of_code_differs_unless_code_may_begin_there(before, after, joined):
    result = between(before, after, prose=PROSE * 2)
    assert (result.state, result.subject) == (FindingState.DIFFER if joined else FindingState.MATCH, joined or result.subject)


def test_finding_on_a_lost_space_states_its_place_and_both_words():
    whole = between(" so the", " which of it.")
    assert parts(whole) == ("lost_space", "match", 1.0, f"{len(cut(PROSE)) + 2} pieces", "", "")
    at = len(PROSE) + len(" so the")
    reason = f"chunk boundary at character {at}: 'the' and 'which' came joined"
    assert parts(between(" so the", "which of it.")) == ("lost_space", "differ", 0.0, "thewhich", "the which", reason)


@pytest.mark.parametrize("asked", ["What is thewhich?", "What is the which? thewhich", "TheWhich"])
def test_joined_word_of_the_request_is_a_word_here(asked):
    assert between(" so the", "which of it.", asked).state is FindingState.MATCH
    assert between(" so the", "which of it, thewhich.").state is FindingState.MATCH
    assert between(" so the", "which of it.", "What is the which?").state is FindingState.DIFFER


@pytest.mark.parametrize(("blanks", "state"), [(399_991, FindingState.MATCH), (399_992, FindingState.DIFFER)])
def test_words_of_the_first_four_hundred_thousand_characters_of_a_request_are_known(blanks, state):
    assert between(" so the", "which of it.", "x" * blanks + " thewhich").state is state


GERMAN = "Der alte Hafen und die Brücke sind nicht weit von der Straßenbahn, und das ist auch gut so. "


@pytest.mark.parametrize(
    ("rest", "asked", "state"),
    [
        (" vergessen.", "Sag es mir.", FindingState.DIFFER),
        (" vergessen, dieBriefe.", "Sag es mir.", FindingState.MATCH),
        (" vergessen.", "Was sind dieBriefe?", FindingState.MATCH),
    ],
)
def test_german_words_that_stand_joined_elsewhere_are_one(rest, asked, state):
    pieces = [*cut(GERMAN), " Sie hat die", "Briefe", *cut(rest)]
    assert found(pieces, ask(messages=({"role": "user", "content": asked},))).state is state


@pytest.mark.parametrize(
    ("before", "after", "rest", "state"),
    [
        (" zwölf", "Äpfel;", [], FindingState.DIFFER),
        (" zwölf", "Äpfel;", [" zwölfÄpfel;"], FindingState.MATCH),
        (" `run`", "and", [], FindingState.DIFFER),
        (" `so set", "and` it", [], FindingState.MATCH),
    ],
)
def test_boundary_against_the_rhythm_of_whole_words_is_a_lost_space_outside_code(before, after, rest, state):
    assert found([*tokens(PROSE), before, after, *rest, " so", " it", " was."]).state is state


@pytest.mark.parametrize(
    ("count", "state"), [(8, FindingState.NOT_MEASURED), (9, FindingState.DIFFER), (12, FindingState.DIFFER)]
)
def test_stream_without_any_space_at_an_edge_is_stripped_from_eight_boundaries_on(count, state):
    assert found(["The", "reader"] * (count // 2) + ["The"] * (count % 2)).state is state
    for kept in (" x", "x "):
        assert found([*["The", "reader"] * 6, kept]).state is not FindingState.DIFFER


@pytest.mark.parametrize(
    ("pieces", "state"),
    [
        (["of", "be"] * 9, FindingState.NOT_MEASURED),
        (["and", "qrs."] * 7, FindingState.NOT_MEASURED),
        (["and", "qrs."] * 8, FindingState.DIFFER),
        (["qrs"] * 6 + ["qrs", "her"] * 2 + ["qrs"], FindingState.DIFFER),
        (["qrs"] * 6 + ["qrs", "her"] * 2, FindingState.NOT_MEASURED),
        (["qrs"] * 12, FindingState.NOT_MEASURED),
        (["qzx", " the"], FindingState.MATCH),
        (["qzx ", " the"], FindingState.NOT_MEASURED),
        (["the ", "rzx"], FindingState.MATCH),
        (["the qzx", " rzx the"], FindingState.NOT_MEASURED),
        (["qzx", " rzx"], FindingState.NOT_MEASURED),
    ],
)
def test_stripped_stream_is_known_by_its_common_words_of_three_letters(pieces, state):
    assert found(pieces).state is state


@pytest.mark.parametrize(("fillers", "state"), [(2_998, FindingState.DIFFER), (2_999, FindingState.MATCH)])
def test_the_first_three_thousand_pieces_are_read(fillers, state):
    assert found([*[" of"] * fillers, " the", "which", " of it."]).state is state


@pytest.mark.parametrize(("last", "state"), [(96, FindingState.DIFFER), (97, FindingState.MATCH)])
def test_pieces_are_read_until_a_hundred_thousand_characters_have_come(last, state):
    groups = [" of the se" * 10] * 999
    assert len(groups[0]) == 100
    assert found([*groups, " of".ljust(last, "s"), " the", "which", " of it."]).state is state


def test_empty_pieces_are_left_out():
    assert found(["It is the", "", "which of all that we", "", " have in this", " house for you."]).subject == "thewhich"


@pytest.mark.parametrize(("letters", "state"), [(63, FindingState.DIFFER), (64, FindingState.MATCH)])
def test_word_of_more_than_sixty_three_letters_is_none(letters, state):
    assert between(" so because", "k" * letters + " of it.").state is state
    assert between(" so " + "k" * letters, "that of it.").state is state
    assert found(["k" * letters, "that of all", " the rest, and", " of the others, as you know."]).state is state


def test_word_at_the_very_beginning_of_a_stream_is_read_whole():
    assert found(["because", "kowalczyk of all", " the rest, and", " of the others."]).subject == "becausekowalczyk"


def test_code_after_code_is_left_out_too():
    assert found([*tokens(PROSE), " `run`", " and", " `so set", "and` it", " was."]).state is FindingState.MATCH
    assert found([*tokens(PROSE), " `run`", " and", " `set`", "and", " it", " was."]).state is FindingState.DIFFER


def test_first_of_the_boundaries_of_a_stripped_stream_is_stated():
    result = found([piece.strip() for piece in tokens(PROSE)])
    assert (result.subject, result.reason) == ("Therewas", "chunk boundary at character 5: 'There' and 'was' came joined")


def test_english_words_that_meet_in_a_text_of_another_language_have_lost_nothing():
    dutch = "Het oude kanaal en zijn brug zijn niet ver van het plein, maar dat komt ook goed. "
    assert between(" so the", "which of it.", prose=dutch * 3).state is not FindingState.DIFFER
