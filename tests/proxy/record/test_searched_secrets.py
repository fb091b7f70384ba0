"""proxy.record.searched_secrets: a quick look misses no secret however it is written, and finds most texts free of any."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.packing import RequestWords
from proxy.record.credential_removal import TOO_MANY, forms
from proxy.record.searched_secrets import PortionSearch, SearchedSecrets
from tests.written_keys import KEYS, WRITTEN

KEY = b"sk-proj-a1b2c3/d4e5+f6=="
TEXT = st.binary(max_size=60)


@given(TEXT, KEYS, st.sampled_from(sorted(WRITTEN)), st.integers(0, 2))
def test_a_quick_look_misses_no_key_however_it_is_written(data, key, way, place):
    parts = [data, data, data]
    parts[place] += WRITTEN[way](key) + data
    secrets = SearchedSecrets(forms([key]))
    assert not secrets.none_in(*parts)
    assert not secrets.none_in_head(RequestWords(parts[place], b"]}"))


@given(TEXT, KEYS)
def test_a_text_that_json_has_escaped_shows_its_key(data, key):
    text = json.dumps([data.decode("latin-1") + key.decode(), 1]).encode()
    assert not SearchedSecrets(forms([key])).none_in(text, b"", b"")


@given(TEXT, TEXT, TEXT)
def test_a_quick_look_finds_nothing_where_the_anchor_is_not(said, asked, answered):
    """The anchor of this key is its longest run of characters that no coding changes."""
    free = all(b"sk-proj-a1b2c3" not in part for part in (said, asked, answered))
    assert SearchedSecrets(forms([KEY])).none_in(said, asked, answered) == free


def test_a_quick_look_is_for_what_one_step_could_search():
    one, two = SearchedSecrets(forms([KEY])), SearchedSecrets(forms([KEY, b"another-key"]))
    assert one.none_in(b"", b"y" * 1_048_576, b"")
    assert not one.none_in(b"", b"y" * 1_048_576, b"y")
    assert two.none_in(b"", b"y" * (1_048_576 // 2), b"")
    assert not two.none_in(b"", b"y" * (1_048_576 // 2), b"y")


@pytest.mark.parametrize("known", [TOO_MANY, (b"/+/+/+/+",), (KEY, b"%%%%%%%%")])
def test_secrets_that_have_no_anchor_or_are_too_many_are_never_looked_for_quickly(known):
    assert not SearchedSecrets(known).none_in(b"", b"", b"")


def test_the_json_of_a_head_is_searched_once():
    """What is found free of secrets is remembered by itself; JSON of equal bytes is searched again."""
    secrets, words = SearchedSecrets(forms([KEY])), RequestWords(b',"request":["POST"', b"]}")
    assert secrets.none_in_head(words)
    assert secrets.none_in_head(words)
    assert not secrets.none_in_head(RequestWords(words.before + KEY, b"]}"))
    assert secrets.none_in_head(words)


def test_its_picture_shows_no_secret():
    assert repr(SearchedSecrets((KEY,))) == "<SearchedSecrets 1>"


@given(st.lists(st.sampled_from([b"sk-proj-a1b2c", b"3", b"/d4", b"x" * 30, b"s", b"k-proj-a1b2c3"]), max_size=6))
def test_a_search_in_portions_finds_what_one_search_of_all_finds(portions):
    secrets = SearchedSecrets(forms([KEY]))
    search = PortionSearch(secrets)
    for portion in portions:
        search.look(portion)
    assert search.clean == secrets.none_in(b"", b"", b"".join(portions))


def test_a_search_for_more_secrets_than_are_looked_for_finds_nothing_clean():
    search = PortionSearch(SearchedSecrets(TOO_MANY))
    search.look(b"nothing")
    assert not search.clean


def test_a_key_is_found_at_the_very_beginning_of_a_text():
    assert not SearchedSecrets(forms([b"Zabcdefgh"])).none_in(b"Zabcdefgh", b"", b"")
    assert not SearchedSecrets(forms([b"Zabcdefgh"])).none_in(b"", b"Zabcdefgh", b"")


def test_the_rarest_letter_of_a_key_alone_is_no_key():
    assert SearchedSecrets(forms([b"Zabcdefgh"])).none_in(b"Z", b"a Z b", b"abcdefgh")


@pytest.mark.parametrize(("known", "overlap"), [((), 0), ((KEY,), 13), ((b"another-key", KEY), 13), (TOO_MANY, 0)])
def test_at_the_end_of_a_text_a_key_may_begin_that_lacks_one_byte(known, overlap):
    assert SearchedSecrets(known).overlap == overlap


def test_a_search_shows_whether_it_found_anything_and_no_secret():
    search = PortionSearch(SearchedSecrets(forms([KEY])))
    search.look(b"sk-proj-a1b2")
    assert repr(search) == "<PortionSearch <SearchedSecrets 1> clean=True>"
    search.look(b"c3")
    assert repr(search) == "<PortionSearch <SearchedSecrets 1> clean=False>"
