"""Values of servers masked in texts, in each form in which they may stand there."""

import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.studies.worlds.secret_mask import SecretMask, secret_mask
from shadow.studies.worlds.server_spec import ServerSpec

VALUES = st.text(min_size=6, max_size=40).filter(lambda text: len(text.strip()) >= 6)


@given(VALUES, st.text(max_size=20), st.text(max_size=20))
def test_no_form_of_a_value_is_left_whatever_stands_around_it(value, before, after):
    mask = SecretMask({"TOKEN": value})
    for form in (value, json.dumps(value), json.dumps(value, ensure_ascii=False), quote(value, safe="")):
        masked = mask.text(f"{before}{form}{after}")
        assert "[TOKEN]" in masked
        assert value not in masked.replace("[TOKEN]", "\n")


def test_a_value_of_six_characters_is_masked_and_one_of_five_is_not():
    mask = SecretMask({"SIX": "abcdef", "FIVE": "vwxyz"})
    assert mask.text("abcdef vwxyz") == "[SIX] vwxyz"


def test_a_value_that_holds_another_is_masked_whole():
    mask = SecretMask({"SHORT": "token-1", "LONG": "token-1-and-more"})
    assert mask.text("token-1-and-more token-1") == "[LONG] [SHORT]"
    assert mask.found("token-1-and-more") == ("LONG",)


def test_each_line_of_a_value_is_masked_alone():
    mask = SecretMask({"KEY": "-----BEGIN KEY-----\nMIIBVQIBADANBg\n-----END KEY-----\n"})
    assert mask.text("it read MIIBVQIBADANBg only") == "it read [KEY] only"


def test_texts_keys_and_numbers_of_a_json_value_are_masked():
    mask = SecretMask({"PIN": "12345678"})
    value = {"default": 12345678, "12345678": ["a 12345678", 1.5, None, True]}
    assert mask.value(value) == {"default": "[PIN]", "[PIN]": ["a [PIN]", 1.5, None, True]}


@given(st.binary(max_size=60))
def test_the_content_of_a_file_without_a_value_stays_byte_by_byte(content):
    mask = SecretMask({"TOKEN": "très-secret-value"})
    assert mask.content(content) == content
    assert mask.content(content + b"\xff" + "très-secret-value".encode()) == content + b"\xff[TOKEN]"


@pytest.mark.parametrize("values", [{}, {"EMPTY": ""}, {"BLANK": "          "}])
def test_without_a_value_nothing_is_masked(values):
    mask = SecretMask(values)
    assert (mask.text("a  b          c"), mask.found("a"), mask.value({"a": [1]})) == ("a  b          c", (), {"a": [1]})


def test_a_world_masks_what_any_of_its_servers_was_given():
    specs = [ServerSpec(name="a", pass_env=("ONE", "UNSET")), ServerSpec(name="b", url="http://h/mcp", token_env="TWO")]
    mask = secret_mask(specs, {"ONE": "value-one", "TWO": "value-two", "OTHER": "value-other"})
    assert mask.text("value-one value-two value-other") == "[ONE] [TWO] value-other"
    assert "value" not in repr(mask)


def test_names_of_values_are_found_each_once_in_their_order():
    mask = SecretMask({"ONE": "value-one", "TWO": "value-two"})
    assert mask.found("value-two value-one value-two") == ("TWO", "ONE")


def test_a_value_in_the_query_of_a_url_is_masked():
    assert SecretMask({"PASS": "open sesame"}).text("?p=open+sesame&q=open%20sesame") == "?p=[PASS]&q=[PASS]"
