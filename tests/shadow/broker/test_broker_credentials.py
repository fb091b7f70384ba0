"""The text of `broker.credentials_env` is taken for what it looks like, and never shown."""

import pytest

from shadow.broker.broker_credentials import credentials_options

SEED = "SU" + "A" * 56


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("", {}),
        (" \n", {}),
        ("me:word:with:colons", {"user": "me", "password": "word:with:colons"}),
        ("sometoken\n", {"token": "sometoken"}),
        (SEED, {"nkeys_seed_str": SEED}),
        (SEED + "A", {"token": SEED + "A"}),
        ("SUabc", {"token": "SUabc"}),
        ("A" * 58, {"token": "A" * 58}),
    ],
)
def test_text_is_credentials_of_its_kind(text, options):
    assert credentials_options(text) == options


def test_text_of_a_credentials_file_is_given_whole():
    text = "-----BEGIN NATS USER JWT-----\nabc\n------END NATS USER JWT------\n"
    options = credentials_options(text)
    assert str(options["user_credentials"]) == text.strip()
