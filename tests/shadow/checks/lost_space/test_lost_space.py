# ruff: noqa: RUF001 - quotation marks belong to this
import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.checks.lost_space.lost_space import last_word, lost_space
from shadow.findings.finding import FindingState
from tests.shadow.compare.made import ask, choice, completion

PROSE = (
    "There was a young reader from Trent, whose souls of her books went to the sea. "
    "She could not tell whether the island was another theme, or nothing at all; "
    "therefore she asked everyone within the house, and they knew the answer already. "
    "Without the therapist however, it is often understood that somebody forgot. "
)
ALSO = ask(messages=({"role": "user", "content": "Tell me about souls that sleep."},))


def found(pieces, asked=ALSO, *, stream=True):
    return lost_space(asked, completion(choice(pieces=tuple(pieces)), stream=stream))


def tokens(text):
    return re.findall(r"\s?[^\s]+|\s+", text)


def test_faithful_stream_matches():
    assert found(tokens(PROSE)).state is FindingState.MATCH


def test_single_lost_space_differs_at_its_boundary():
    pieces = tokens("The souls" + " beneath the sea are not at rest, and so the story goes on for all of us.")
    pieces[pieces.index(" beneath")] = "beneath"
    result = found(pieces)
    assert result.state is FindingState.DIFFER
    assert (result.subject, result.reference) == ("soulsbeneath", "souls beneath")
    assert result.reason == "chunk boundary at character 9: 'souls' and 'beneath' came joined"


@pytest.mark.parametrize(
    ("before", "after", "joined"),
    [
        ("We don't", "include that", "'tinclude"),
        ("She went to", "define the rest", "todefine"),
        ("It was the", "closure that we had", "theclosure"),
        ("The boat on the", "Danube was late", "theDanube"),
    ],
)
def test_space_lost_between_tokens_differs_with_both_words(before, after, joined):
    text = "There was a young reader, and she asked everyone who was there for the answer. "
    pieces = [*re.findall(r" ?\w+| ?[^\w\s]+|\s+", text + before), *re.findall(r" ?\w+| ?[^\w\s]+|\s+", after + " of the house.")]
    assert found(pieces).subject == joined
    assert found([piece if piece != after.split()[0] else f" {piece}" for piece in pieces]).state is FindingState.MATCH


@pytest.mark.parametrize(
    ("before", "state"),
    [
        ("She was late,", FindingState.DIFFER),
        ("She gave `run` and was late,", FindingState.DIFFER),
        ("She gave `run`, `stop` and was late,", FindingState.DIFFER),
        ("She gave `run`, `stop` and `was late,", FindingState.MATCH),
    ],
)
def test_space_lost_behind_a_comma_differs_behind_any_number_of_code_spans_and_matches_inside_one(before, state):
    behind = "yet the house was open" + ("` then." if before.count("`") % 2 else ".")
    pieces = [piece for text in (PROSE, before, behind) for piece in re.findall(r" ?\w+| ?[^\w\s]+|\s+", text)]
    assert found(pieces).state is state


def test_space_lost_in_german_differs_and_compounds_match():
    text = "Der alte Hafen und die Brücke sind nicht weit von der Straßenbahn, und das ist auch gut so. "
    whole = [*re.findall(r" ?\w+| ?[^\w\s]+|\s+", text), "Er war", " wirk", "lich in der", " Donau", "dampf", "schifffahrt", "."]
    assert found(whole).state is FindingState.MATCH
    assert found([*whole, " Sie hat die", "Briefe", " vergessen."]).subject == "dieBriefe"


def test_halves_that_are_german_words_match_in_another_language():
    text = "Het oude kanaal en zijn brug zijn niet ver van het plein, maar dat is ook goed. "
    assert found([*tokens(text), " Zij heeft die", "Briefe", " vergeten."]).state is FindingState.MATCH


@pytest.mark.parametrize(
    ("left", "right", "state"),
    [("he", "at", "match"), ("so", "on", "match"), ("up", "on", "match"), ("an", "be", "match"), ("we", "out", "differ")],
)
def test_two_short_words_that_meet_are_suspects_from_five_letters_on(left, right, state):
    assert found([*tokens(PROSE), f" There was {left}", right, " of the sea."]).state == state


def test_joined_words_inside_one_piece_do_not_differ():
    assert found([*tokens("I saw the soulsbeneath of it all,"), " and it was good."]).state is not FindingState.DIFFER


def test_stream_stripped_of_all_spaces_differs():
    result = found([piece.strip() for piece in tokens(PROSE)])
    assert result.state is FindingState.DIFFER
    assert "came joined" in result.reason


@pytest.mark.parametrize("seed", range(20))
def test_faithful_text_cut_anywhere_matches(seed):
    rng, pieces, at = random.Random(seed), [], 0
    text = PROSE * 5
    while at < len(text):
        size = rng.randint(1, 7)
        pieces.append(text[at : at + size])
        at += size
    assert found(pieces).state is FindingState.MATCH


@pytest.mark.parametrize("seed", range(10))
def test_stream_that_loses_one_space_in_five_differs(seed):
    rng = random.Random(seed)
    pieces = [piece.lstrip(" ") if rng.random() < 0.2 else piece for piece in tokens(PROSE * 3)]
    assert found(pieces).state is FindingState.DIFFER


@pytest.mark.parametrize(
    "pieces",
    [
        [" It is the", "me of it,", " and the", "y were with", "in the is", "land of that", " and this."],
        ["Use `the", "which` of it for", " all of us and", " not the other."],
        ["See https://example.org/the", "which?x=of", "the and all the rest of it, as you like."],
        ["It is in of", "_which or is", "Which or the", "which2 of all that we have."],
        ["Die Waren und", " werden auf dem", " Schiff", "fahrten gebracht", " was man so", "fort sieht."],
        ["今天天气", "很好我们", "去公园散步"],
        ["The set", "Timeout of the", " node is not in the list", " of all that is."],
    ],
)
def test_compounds_code_addresses_identifiers_and_other_scripts_do_not_differ(pieces):
    assert found(pieces).state is not FindingState.DIFFER


def test_joined_word_that_the_request_uses_matches():
    pieces = ["It is the", "which of all that we", " have in this", " house for you."]
    assert found(pieces).state is FindingState.DIFFER
    assert (
        found(pieces, ask(messages=({"content": [{"type": "text", "text": "What is thewhich?"}]},))).state is FindingState.MATCH
    )


@pytest.mark.parametrize(
    ("pieces", "stream", "reason"),
    [
        (["hello world"], True, "not a stream of several pieces"),
        ([], True, "not a stream of several pieces"),
        (["hello", " there"], False, "not a stream of several pieces"),
        (["今天", "天气"], True, "no chunk boundary is next to a word"),
    ],
)
def test_response_without_a_known_boundary_is_not_measured(pieces, stream, reason):
    result = found(pieces, stream=stream)
    assert result.state is FindingState.NOT_MEASURED
    assert reason in result.reason


def test_messages_of_any_shape_leave_the_check_working():
    odd = ask(messages=({"content": None}, {}, {"content": [1, {"type": "image_url"}, {"text": 5}]}))
    assert found(["It is the", "which of all that we", " have in this", " house for you."], odd).state is FindingState.DIFFER


def test_unknown_words_in_a_stream_of_whole_words_differ_where_a_space_is_lost():
    text = "Nobody asked Mr Kowalczyk for zwölf Äpfel; the survey, as it was, took three weeks. " * 3
    pieces = tokens(text)
    assert found(pieces).state is FindingState.MATCH
    for position in (2, 3, 5, 6, 9):
        robbed = [*pieces[:position], pieces[position].lstrip(), *pieces[position + 1 :]]
        assert found(robbed).subject == (pieces[position - 1].strip(" ;,") + robbed[position].strip(" ;,"))


def test_identifier_cut_within_a_stream_of_whole_words_matches():
    assert found([*tokens(PROSE), "Call `set", "Timeout` now."]).state is FindingState.MATCH
    assert found([*tokens(PROSE), "So setTimeout is called, and set", "Timeout is not."]).state is FindingState.MATCH


FREE = re.compile("[\\s(\"'*_“‘—>-]([A-Za-zäöüÄÖÜß]+)$")
SHORTENED = re.compile("[A-Za-z](['’](?:t|s|ve|ll|re|d|m))$")


@given(
    st.lists(st.sampled_from([*"abtsdmäßÄé1 '’“(\"_-—>.,`\u2003", "ve", "ll", "re", "don't", " it’s"]), max_size=8).map("".join)
)
def test_last_word_is_given_where_a_space_or_an_opening_mark_precedes_it(before):
    before += "" if before[-1:].isalpha() else "t"
    found = SHORTENED.search(before) or FREE.search(before)
    assert last_word(before) == (found[1] if found else "")
