"""storage.operator_pattern: an operator's pattern is searched in bounded work, or refused with a sentence that quotes it."""

import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage import operator_pattern
from storage.operator_pattern import MATCHES, READ_BYTES, Pattern, TooManyMatchesError, checked


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        (
            "(?=a)b",
            "invalid perl operator: (?=; look-around is not supported; write the part to remove as a group (?P<secret>...)",
        ),
        ("(?<!a)b", "look-around is not supported"),
        (r"(a)\1", r"invalid escape sequence: \1; it supports neither back references nor \Z; write the text out"),
        (r"a\Z", r"or \z for its end"),
        ("a{1001}", "it repeats at most a thousand times"),
        ("((a{100}){10}){10}", "it repeats at most a thousand times"),
        (r"(\pL{500}){2}", "pattern too large"),
        ("(", "missing ): (; see https://github.com/google/re2/wiki/Syntax"),
        ("a**", "bad repetition operator: **"),
        ("[z-a]", "invalid character class range: z-a"),
    ],
)
def test_pattern_that_re2_refuses_is_quoted_in_a_sentence(pattern, words, capfd):
    with pytest.raises(ValueError, match=re.escape(words)) as refused:
        checked(pattern)
    assert str(refused.value).startswith(f"{pattern!r} is not a regular expression of RE2, the engine of linear time: ")
    assert capfd.readouterr() == ("", "")


@given(
    st.text("ab1é\ud800 \n", max_size=40),
    st.sampled_from([r"a+", r"\d", r"b(?P<secret>1)?", r"(?P<key>a)b|1", r"^a", r"é", r"$"]),
)
def test_what_is_masked_is_what_python_s_engine_finds_and_its_length_stays(text, pattern):
    found = Pattern(pattern)
    expected = list(text)
    for match in re.finditer(pattern.replace("$", r"\Z"), text):
        group = next((name for name in ("secret", "key") if match.groupdict().get(name) is not None), 0)
        for place in range(*match.span(group)):
            expected[place] = "*"
    assert found.masked_text(text) == "".join(expected)
    data = text.encode("utf-8", "surrogatepass")
    assert len(found.masked(data)) == len(data)
    assert found.is_in(data) == bool(re.search(pattern.replace("$", r"\Z"), text))


@pytest.mark.slow
@pytest.mark.parametrize(("count", "fits"), [(50_000, True), (50_001, False)])
def test_a_text_may_hold_fifty_thousand_matches(count, fits):
    assert MATCHES == 50_000
    text = "1" * count
    assert Pattern("1").masked_text(text) == "*" * count
    if fits:
        assert Pattern("1").masked(text.encode()) == b"*" * count
    else:
        with pytest.raises(TooManyMatchesError):
            Pattern("1").masked(text.encode())


@pytest.mark.slow
def test_bytes_read_after_matches_without_a_longest_one_are_limited():
    assert READ_BYTES == 268_435_456
    text = b"1" * 23_170
    assert Pattern(r"\d+x|1").masked(text) == b"*" * len(text)
    with pytest.raises(TooManyMatchesError):
        Pattern(r"\d+x|1").masked(text + b"1")


@pytest.mark.parametrize(("most", "fits"), [(10, True), (9, False)])
def test_bytes_read_after_each_match_without_a_longest_one_are_summed_up_to_their_limit_and_no_others(monkeypatch, most, fits):
    monkeypatch.setattr(operator_pattern, "READ_BYTES", most)
    text = b"1" * 5
    assert Pattern("1").masked(text) == b"*" * 5
    with contextlib.nullcontext() if fits else pytest.raises(TooManyMatchesError):
        assert Pattern(r"\d+x|1").masked(text) == b"*" * 5, "4 + 3 + 2 + 1 + 0 bytes"


def test_bytes_that_are_no_text_are_searched_too():
    assert Pattern("pin (?P<secret>[0-9]{4})").masked(b"\xff pin 1234 \xc3") == b"\xff pin **** \xc3"
