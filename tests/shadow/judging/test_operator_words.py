"""Who and why are taken without outer space, up to the lengths that are stored."""

import os

import pytest

from shadow.judging.operator_words import operator_words
from shadow.settings.config_errors import ConfigError


def test_outer_space_is_removed_and_the_longest_are_taken():
    assert operator_words(" Ada ", "\tso\n") == ("Ada", "so")
    assert operator_words("x" * 100, "y" * 1_000) == ("x" * 100, "y" * 1_000)


def test_each_that_is_too_long_is_a_sentence():
    with pytest.raises(ConfigError) as raised:
        operator_words("x" * 101, "y" * 1_001)
    assert list(raised.value.errors) == [
        "who has 101 characters, at most 100 are stored",
        "why has 1,001 characters, at most 1,000 are stored",
    ]


def test_bytes_that_are_not_utf_8_are_replaced():
    assert operator_words(os.fsdecode(b"caf\xe9"), os.fsdecode(b"so\xff")) == ("caf?", "so?")
