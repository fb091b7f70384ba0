# ruff: noqa: RUF001 - broken letters are what this is about
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.checks.broken_characters import broken_characters
from shadow.findings.finding import FindingState
from tests.shadow.compare.made import ask, choice, completion, parts


def found(text, asked="Tell me."):
    return broken_characters(ask(messages=({"role": "user", "content": asked},), tools=()), completion(choice(text)))


@pytest.mark.parametrize(
    "text",
    [
        "caf\ufffd au lait",
        "na\x00me",
        "na\x1b[0mme",
        "na\x92me",
        "un cafÃ© noir",
        "itâ€™s late",
        "itâ\x80\x99s late",
        "ðŸ˜€ merry",
        "ä½\xa0å¥½",
        "5Â°C",
    ],
)
def test_characters_that_only_a_broken_decoder_writes_differ(text):
    assert found(text).state is FindingState.DIFFER


@pytest.mark.parametrize(
    "text",
    [
        "plain\n\ttext\r\n",
        "„Das macht Spaß“, sagte sie…",
        "„Universitä“",
        "NÃO é À toa",
        "«À la façon d’Ângela»",
        "Āā ßẞ þÞ ®½ ©2024 5°C ¿qué? £5 §3 – — …",
        "今天天气很好😀",
    ],
)
def test_characters_that_people_write_match(text):
    assert found(text).state is FindingState.MATCH


def test_characters_in_or_about_the_request_are_ignored():
    assert found("caf\ufffd", "What is caf\ufffd?").state is FindingState.NOT_MEASURED
    assert found("cafÃ©", "Why do I see wrong UTF-8?").state is FindingState.NOT_MEASURED
    assert found("").state is FindingState.NOT_MEASURED


def test_the_reason_names_the_character_and_its_place():
    assert found("caf\ufffd").reason == "U+FFFD stands at character 3 of the text"


@given(st.text(st.sampled_from("a \t\n\r\f\x0b\x1b\x7f~"), min_size=1, max_size=6))
def test_a_control_character_is_seen_alike_beside_ascii_and_beside_other_letters(text):
    at = next((place for place, one in enumerate(text) if one in "\x0b\x1b\x7f"), None)
    for also in ("", "ø"):
        reason = found(text + also).reason
        assert reason == ("" if at is None else f"U+{ord(text[at]):04X} stands at character {at} of the text")


@given(
    st.lists(
        st.sampled_from(["Ã¡", "â€™", "ðŸ˜", "ä½\xa0å¥½", "Â°", "Ã", "â", "é", "“", "’", "a", " ", "\x80", "é“"]),
        min_size=1,
        max_size=5,
    )
)
def test_text_read_in_another_coding_is_found_wherever_it_occurs(parts):
    text = "".join(parts)
    sign = re.search("â[\x80€].|ðŸ..|[ã-é][\x80-\xbf€™“’].|aÃ¡(?=[a ]|$)|Â[\xa0-\xbf]|\x80", text)
    if found(text).state is FindingState.DIFFER:
        assert sign
    for whole in ("â€™", "Â°", "ðŸ˜€"):
        assert found(f"{text} {whole} a").state is FindingState.DIFFER


@pytest.mark.parametrize(
    ("text", "finish", "state"),
    [
        ("caf\ufffd", "length", FindingState.MATCH),
        ("caf\ufffd\ufffd\ufffd", "length", FindingState.MATCH),
        ("caf\ufffd", "MAX_TOKENS", FindingState.MATCH),
        ("\ufffd", "length", FindingState.NOT_MEASURED),
        ("caf\ufffd", "stop", FindingState.DIFFER),
        ("caf\ufffd au", "length", FindingState.DIFFER),
    ],
)
def test_a_character_that_the_limit_on_length_cut_in_two_is_no_fault(text, finish, state):
    assert broken_characters(ask(tools=()), completion(choice(text, finish=finish))).state is state


@pytest.mark.parametrize(("place", "state"), [(99_999, "differ"), (100_000, "match")])
def test_the_first_100_000_characters_are_read(place, state):
    assert found("x" * place + "\ufffd" + "x").state == state


@pytest.mark.parametrize("byte", [*range(0x80, 0xA0), 0xA0, 0xBF])
def test_each_later_byte_of_a_quotation_mark_is_found_in_either_reading(byte):
    for encoding in ("latin-1", "cp1252"):
        try:
            read = bytes((0xE2, 0x80, byte)).decode(encoding)
        except UnicodeDecodeError:
            continue
        assert found(f"it {read} late").state is FindingState.DIFFER


def test_broken_character_is_stated_with_its_code_and_what_it_looks_like():
    assert parts(found("caf\ufffd")) == (
        *("broken_characters", "differ", 0.0, "'\\ufffd'", ""),
        "U+FFFD stands at character 3 of the text",
    )
    assert parts(found("itâ€™s late")) == (
        *("broken_characters", "differ", 0.0, "'\\xe2\\u20ac\\u2122'", ""),
        "'â€™', which looks like UTF-8 read as Latin-1, stands at character 2 of the text",
    )
    assert parts(found("fine")) == ("broken_characters", "match", 1.0, "", "", "")
    assert found("").reason == "the answer has no text"
    assert found("caf\ufffd", "caf\ufffd?").reason == "the request holds such characters too, or is about encodings"


@pytest.mark.parametrize("word", ["ENCODING", "mojibake", "Zeichensatz", "a charset"])
def test_request_about_encodings_excuses_a_broken_character(word):
    assert found("caf\ufffd", f"Tell me of {word}.").state is FindingState.NOT_MEASURED
    assert found("caf\ufffd", "Tell me of cafés.").state is FindingState.DIFFER


def test_control_character_counts_before_what_was_read_in_another_coding():
    assert found("5Â°C and na\x1bme").subject == "'\\x1b'"


def test_reason_of_a_long_text_states_how_far_it_was_read_for_broken_characters():
    result = found("\ufffd" + "x" * 100_000)
    assert result.reason.endswith("of the text (of the first 100,000 characters; the rest was not read)")
