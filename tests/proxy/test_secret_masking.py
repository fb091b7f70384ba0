"""proxy.secret_masking: a secret is found in every coding in which it may come back, and in bounded steps."""

import html
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.record.credential_removal import forms, masked
from proxy.secret_masking import (
    LOOKS,
    LOOKS_A_STEP,
    SearchBudget,
    TooCostlySearchError,
    anchor,
    anchors,
    secret_masker,
    without_beginning,
)
from tests.written_keys import WRITTEN

KEY = "pk+Ab/9x=Q&z<tail'of\"it"
CODINGS = {
    "as it is": lambda key: key,
    "JSON": lambda key: json.dumps(key)[1:-1],
    "JSON of PHP": lambda key: json.dumps(key)[1:-1].replace("/", "\\/"),
    "JSON of .NET": lambda key: "".join(f"\\u{ord(each):04X}" if each in "+&<'\"" else each for each in key),
    "JSON of Java": lambda key: "".join(f"\\u{ord(each):04x}" if each in "=&<'" else each for each in key).replace('"', '\\"'),
    "JSON in JSON": lambda key: json.dumps(json.dumps(key)[1:-1].replace("+", "\\u002b"))[1:-1],
    "percent": lambda key: quote(key, safe=""),
    "percent, lower": lambda key: quote(key, safe="").lower().replace("ab", "Ab").replace("q", "Q"),
    "percent, twice": lambda key: quote(quote(key, safe=""), safe=""),
    "percent, in part": lambda key: quote(key, safe="/='"),
    "HTML": html.escape,
    "HTML in numbers": lambda key: "".join(each if each.isalnum() else f"&#{ord(each)};" for each in key),
    "HTML in hex": lambda key: "".join(each if each.isalnum() else f"&#x{ord(each):X};" for each in key),
    "HTML in names": lambda key: html.escape(key).replace("+", "&plus;").replace("/", "&sol;").replace("=", "&equals;"),
    "HTML, twice": lambda key: html.escape(html.escape(key)),
    "HTML in JSON": lambda key: json.dumps(html.escape(key))[1:-1],
}


def without(data: bytes, secret: bytes, looks: SearchBudget | None = None) -> tuple[bytes, int]:
    """The masked text, and the steps that it took."""
    steps = secret_masker(data, secret, looks or SearchBudget())
    taken = 0
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value, taken
        taken += 1


@pytest.mark.parametrize("coding", CODINGS.values(), ids=CODINGS.keys())
def test_a_secret_is_found_in_every_coding(coding):
    coded = coding(KEY).encode()
    clean, _ = without(b'{"say":"it was %b."}' % coded, KEY.encode())
    assert clean == b'{"say":"it was %b."}' % (b"*" * len(coded))


@given(
    st.text("ab9+/=&<%\\ \"'", min_size=8, max_size=40).filter(lambda text: "\\\\" not in text),
    st.sampled_from(sorted(CODINGS)),
    st.text("ab9+ ", max_size=20),
)
def test_any_secret_is_found_in_any_coding_wherever_it_stands(secret, coding, beside):
    if coding == "percent, lower":
        secret = secret.replace("b", "a").replace("q", "a")
    coded = CODINGS[coding](secret)
    clean, _ = without(f"{beside}{coded}{beside}".encode(), secret.encode())
    assert len(clean) == len(f"{beside}{coded}{beside}")
    assert coded.encode() not in clean or not anchor(secret.encode()).isalnum()


def test_text_that_differs_from_a_secret_in_one_character_is_not_masked():
    resembling = b"pk+Ab/9x=Q&z<tail'of\"in and pk-Ab/9x=Q&z<tail'of\"it"
    assert without(resembling, KEY.encode())[0] == resembling


@pytest.mark.parametrize(
    ("secret", "written", "found"),
    [(b"pass word of mine", b"pass+word+of+mine", True), (b"pass!word!of!mine", b"pass+word+of+mine", False)],
)
def test_a_blank_of_a_secret_is_found_as_the_plus_of_a_form_and_no_other_character_is(secret, written, found):
    assert without(b"say " + written, secret)[0] == b"say " + (b"*" * len(written) if found else written)


@pytest.mark.parametrize(("count", "dear"), [(20_000, False), (20_001, True)])
def test_no_more_places_are_looked_at_than_twenty_thousand_and_five_hundred_in_a_step(count, dear):
    assert (LOOKS, LOOKS_A_STEP) == (20_000, 500)
    text = b"tail " * count
    if dear:
        with pytest.raises(TooCostlySearchError):
            without(text, KEY.encode())
    else:
        assert without(text, KEY.encode()) == (text, 40)


@given(st.integers(8, len(KEY) - 1), st.sampled_from(sorted(set(CODINGS) - {"JSON in JSON"})))
def test_the_beginning_of_a_secret_at_the_end_of_a_cut_text_is_masked_in_any_coding(left, coding):
    cut = CODINGS[coding](KEY[:left]).encode()
    clean = without_beginning(b"it was " + cut, KEY.encode())
    assert clean == b"it was " + b"*" * len(cut)


def test_a_coding_that_is_cut_in_two_is_masked_with_what_stands_before_it():
    assert without_beginning(b"it was pk%2BAb%2F9x%3", KEY.encode()) == b"it was " + b"*" * 14


@pytest.mark.parametrize(("count", "steps"), [(499, 0), (500, 1), (999, 1), (1_000, 2)])
def test_a_step_ends_with_every_five_hundredth_place(count, steps):
    assert without(b"tail " * count, KEY.encode())[1] == steps


@pytest.mark.parametrize("way", sorted(WRITTEN))
@pytest.mark.parametrize(
    "key",
    [
        *(b"%30'0000", b"0000'%30", b"%25'0000", b"0000'%25", b"0000'%2525", b"0000'&amp;", b"&amp;'0000", b"0000&#48;'"),
        *(b"0000%25'", b"0000&amp;'", b"'%250000", b"0000\\'\"'", b"'\\\"'0000", b"00000\\+a", b"0000%%'/", b"0000\\u002b"),
    ],
)
def test_a_key_that_holds_what_reads_as_a_coding_is_found_whole_in_each_coding(key, way):
    written = WRITTEN[way](key).removeprefix(b'\\"').removesuffix(b'\\"')
    assert masked(b"a " + written + b" b", forms([key])) == b"a " + b"*" * len(written) + b" b"


@pytest.mark.parametrize(
    ("secret", "text", "clean"),
    [
        (b"+abcdefgh/=", b"%2Babcdefgh%2F%3D", b"*" * 17),
        (b"+abcdefgh/=", b"x%2Babcdefgh%2F%3Dx", b"x" + b"*" * 17 + b"x"),
        (b"+abcdefgh/=", b"-abcdefgh%2F%3D", b"-abcdefgh%2F%3D"),
        (b"+abcdefgh/=", b"%2Babcdefgh%2F-", b"%2Babcdefgh%2F-"),
        (b"+abcdefgh/=", b"%2Babcdefgh%2F", b"%2Babcdefgh%2F"),
        (b"=+abcdefgh", b"%3D-abcdefgh", b"%3D-abcdefgh"),
        (b"=+abcdefgh", b"%2Babcdefgh", b"%2Babcdefgh"),
        (b"+abcdefgh/", b"\\+abcdefgh%2F", b"\\" + b"*" * 12),
        (b"\"abcdefgh'", b"\\\"abcdefgh\\'", b"*" * 12),
        (b"\"abcdefgh'", b"\\" * 8 + b'"abcdefgh&apos;', b"*" * 23),
        (b"\"abcdefgh'", b"\\" * 9 + b'"abcdefgh&apos;', b"\\" + b"*" * 23),
        (b"//abcdefgh%", b"\\/\\/abcdefgh%25", b"*" * 15),
        (b"+abcdefgh%", b"%2Babcdefgh%2525", b"*" * 16),
        (b"+abcdefgh&", b"%2Babcdefgh&amp;amp;", b"*" * 20),
        (b"'0000%'abc", b"'0000%'abc", b"*" * 10),
        (b"'000000%", b"'000000%25", b"*" * 8 + b"25"),
        (b"'000000%", b"say '000000%25", b"say " + b"*" * 8 + b"25"),
        (b"++abcdefgh++", b"++abcdefgh++abcdefgh++", b"*" * 12 + b"abcdefgh++"),
        (b"+abcdefgh/", b"&plus;abcdefgh&nope;", b"&plus;abcdefgh&nope;"),
        (b"+abcdefgh\\", b"%2Babcdefgh\\\\ x", b"*" * 13 + b" x"),
        (rb"\\uaaaaaaaa\\u005c", rb"%5C\\\\uaaaaaaaa\\\\u005c", b"%5C" + b"*" * 22),
    ],
)
def test_of_a_text_exactly_the_secret_is_masked_however_it_is_written(secret, text, clean):
    assert without(text, secret)[0] == clean


LONG = b"abcdefgh" + b"+" * 40


@pytest.mark.parametrize(
    ("secret", "text", "clean"),
    [
        (KEY.encode(), b"pk+Ab/9x", b"*" * 8),
        (KEY.encode(), b"it was pk+Ab/9", b"it was pk+Ab/9"),
        (KEY.encode(), b"it was pk+Ab/9x%3", b"it was " + b"*" * 10),
        (KEY.encode(), b"it was pk+Ab/9%7", b"it was pk+Ab/9%7"),
        (KEY.encode(), b"it was pk+Ab/9xz", b"it was pk+Ab/9xz"),
        (KEY.encode(), b"it was pk+Ab/9x%" + b"3" * 22, b"it was " + b"*" * 31),
        (KEY.encode(), b"it was pk+Ab/9x%" + b"3" * 23, b"it was pk+Ab/9x%" + b"3" * 23),
        (KEY.encode(), b"it was " + quote(KEY).encode(), b"it was " + quote(KEY).encode()),
        (b"aaaaaaaaabcdefgh", b"xaaaaaaaaaab", b"xa" + b"*" * 10),
        (b"+/abcdefgh", b"say +%2Fabcdefg", b"say " + b"*" * 11),
        (b"+/abcdefgh", b"x" * 100, b"x" * 100),
        (b"xy%abcdefghij", b"say xy%25abcdefg", b"say " + b"*" * 12),
        (b"abcdefgh\\+ijkl", b"say abcdefgh\\\\\\u002bij", b"say " + b"*" * 18),
        (b"abcdefgh\\+ijkl", b"say abcdefgh\\\\u002bij", b"say " + b"*" * 17),
        (b"abcdefgh+\\u0075xyz", b"say abcdefgh%2B\\u0075x", b"say " + b"*" * 18),
        (LONG, b"abcdefghX" * 31, b"abcdefghX" * 31),
        (LONG, b"abcdefghX" * 32, b"abcdefghX" * 31 + b"*" * 9),
        (LONG, b"abcdefghX" * 33, b"abcdefghX" * 31 + b"*" * 18),
        (b"aaaaaaaa+", b"a" * 300, b"a" * 116 + b"*" * 184),
    ],
)
def test_of_a_cut_text_the_beginning_of_a_secret_is_masked_from_eight_characters_on(secret, text, clean):
    """Looked for in the last 24 bytes for each character of the secret, at 32 places, behind which all is masked."""
    assert without_beginning(text, secret) == clean


def test_a_budget_shows_what_is_left_of_it():
    assert repr(SearchBudget(3)) == "<SearchBudget left=3>"


@pytest.mark.parametrize(
    ("secrets", "looked_for"),
    [
        ([], ()),
        ([b"+abcdefgh/i", b"abcdefgh", b"ij+klmn"], (b"abcdefgh", b"klmn")),
        ([b"abcdefgh", b"%%%%%%%%"], None),
    ],
)
def test_a_text_is_free_of_secrets_where_it_has_none_of_their_longest_runs(secrets, looked_for):
    assert anchors(secrets) == looked_for


@pytest.mark.parametrize(("backslashes", "masked_"), [(7, 63), (8, 64), (9, 65), (12, 68)])
def test_of_the_ways_to_read_a_secret_the_eight_shortest_are_followed(backslashes, masked_):
    """Each backslash of a secret may be written as one to eight: the text may hold 56 more than the secret, and no further."""
    text = b"%270000" + b"\\" * 90
    assert without(text, b"'0000" + b"\\" * backslashes)[0] == b"*" * masked_ + text[masked_:]
