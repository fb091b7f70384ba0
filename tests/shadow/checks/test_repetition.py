import pytest

from shadow.checks.repetition import READ, repetition
from shadow.findings.finding import FindingState
from tests.shadow.compare.made import ask, choice, completion, parts

PROSE = " ".join(f"Number {n} of the letters was found in house {n * 7 % 13}, room {n * n}." for n in range(60))


def found(text, asked="Tell me.", reasoning=None):
    asks = ask(messages=({"role": "user", "content": asked},), tools=())
    return repetition(asks, completion(choice(text, reasoning=reasoning)))


@pytest.mark.parametrize(
    "text",
    [
        "and so on " * 60,
        PROSE + " I will now call the tool." * 20,
        PROSE[:777] + "the the " * 90 + PROSE[777:],
        PROSE + "so be it, said the harbour master, and again it rained over all of the valley. " * 6,
        "好的。" * 200,
        "```\n" + "let x = compute(1);\n" * 80 + "```",
    ],
)
def test_loop_is_found_wherever_it_occurs(text):
    assert found(text).state is FindingState.DIFFER
    assert found("ok", reasoning=text).state is FindingState.DIFFER


@pytest.mark.parametrize(
    "text",
    [
        PROSE,
        "=" * 900,
        "0, " * 400,
        "| a | b |\n" * 20,
        "```\n" + "    .float = 0,\n" * 40 + "```",
        "ha " * 100,
        "\n".join(f"- item {n}" for n in range(200)),
    ],
)
def test_tables_lists_rules_and_code_are_no_loops(text):
    assert found(text).state is not FindingState.DIFFER


def test_requested_loop_is_no_fault():
    assert found("so be it " * 100, "Write it 100 times.").state is FindingState.MATCH


def test_loop_has_its_unit_its_count_and_the_length_read():
    result = found("so be it " * 30_000)
    assert result.reason.startswith("'so be it ' stands 11111 times in a row (of the first 100,000 characters")
    assert READ == 100_000


@pytest.mark.parametrize(("length", "state"), [(359, "not_measured"), (360, "differ"), (361, "differ")])
def test_a_text_is_searched_from_360_characters_on(length, state):
    assert found(("and so on " * 40)[:length]).state == state


@pytest.mark.parametrize(("times", "state"), [(4, "match"), (5, "differ")])
def test_a_span_is_a_loop_from_its_fifth_repetition_on(times, state):
    unit = "".join(f"w{number:03} " for number in range(30))
    assert found(unit * times + "x").state == state


@pytest.mark.parametrize(("length", "state"), [(600, "differ"), (601, "match")])
def test_a_unit_of_a_loop_has_600_characters_at_most(length, state):
    unit = ("".join(f"{number:04}w" for number in range(200)))[:length]
    assert found(unit * 8).state == state


def test_loop_is_stated_with_its_unit_and_its_count():
    result = found("and so on " * 60)
    assert parts(result) == ("repetition", "differ", 0.0, "60", "", "'and so on ' stands 60 times in a row")
    assert parts(found(PROSE)) == ("repetition", "match", 1.0, "", "", "")
    assert found("short").reason == "under 360 characters of text came"


@pytest.mark.parametrize(("before", "times"), [(0, 40), (128, 40), (777, 40)])
def test_loop_in_the_middle_of_prose_is_counted_from_where_it_is_found(before, times):
    result = found(PROSE[:before] + "over the hill " * times + PROSE[:200])
    count = int(result.subject)
    assert times - 128 // 14 - 1 <= count <= times
    assert result.reason.endswith(f"stands {count} times in a row")


def test_loop_at_the_very_end_of_a_text_is_found():
    assert found(PROSE[:1_000] + "over the hill " * 26).state is FindingState.DIFFER


@pytest.mark.parametrize(("rows", "state"), [(60, FindingState.MATCH), (61, FindingState.DIFFER)])
def test_rows_of_equal_lines_in_code_are_a_loop_from_1080_characters_behind_a_place_looked_at(rows, state):
    assert found("```\n" + "let x = compute(1);\n" * rows).state is state


@pytest.mark.parametrize("word", ["repeat", "Répète: répét", "wiederhol", "LOREM", "write 5 lines", "3 mal", "20次"])
def test_words_of_a_request_for_repetition_excuse_a_loop(word):
    assert found("so be it " * 100, word).state is FindingState.MATCH


@pytest.mark.parametrize(("length", "shown"), [(78, False), (79, True)])
def test_unit_is_quoted_by_eighty_characters(length, shown):
    unit = ("".join(f"w{number:03}" for number in range(30)))[:length]
    result = found(unit * 8)
    assert ("…" in result.reason) is shown


def test_reasoning_is_searched_where_the_text_is_short_or_fine():
    assert found(PROSE, reasoning="and so on " * 60).subject == "60"
    assert found(PROSE, reasoning="fine").state is FindingState.MATCH
    assert found("fine", reasoning=PROSE).state is FindingState.MATCH


@pytest.mark.parametrize("length", [1, 2, 3, 7, 63, 64, 511, 512, 513, 599])
@pytest.mark.parametrize("times", [6, 9, 40])
def test_loop_of_any_unit_is_counted_whole_beside_other_text(length, times):
    unit = ("".join(f"{number:04}w" for number in range(200)))[-length:]
    text = unit * times
    result = found(text + "#" * 400) if length * times >= 360 else None
    assert result is None or result.subject == str(times)


@pytest.mark.parametrize(("alike", "state"), [(23, "differ"), (24, "match")])
def test_a_unit_in_which_24_characters_come_twice_is_measured_by_the_nearer_of_them(alike, state):
    """Of 128 characters, so that each place looked at is its beginning."""
    begun = "abcdefghijklmnopqrstuvwxyz"[:alike]
    unit = f"{begun}{'1' * 40}{begun}".ljust(128, "2")
    assert found((unit * 10)[: 6 * 128 + 360]).state == state
