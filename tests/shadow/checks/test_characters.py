# ruff: noqa: RUF001 - broken letters are what this is about
import pytest

from shadow.checks.characters import broken_characters
from shadow.compare.finding import State
from tests.shadow.compare.made import ask, choice, completion


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
def test_what_only_a_broken_decoder_writes_is_seen(text):
    assert found(text).state is State.DIFFER


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
def test_what_people_write_is_fine(text):
    assert found(text).state is State.MATCH


def test_what_the_request_holds_or_asks_about_is_left_alone():
    assert found("caf\ufffd", "What is caf\ufffd?").state is State.NOT_MEASURED
    assert found("cafÃ©", "Why do I see wrong UTF-8?").state is State.NOT_MEASURED
    assert found("").state is State.NOT_MEASURED


def test_the_place_and_the_character_are_told():
    assert found("caf\ufffd").reason == "U+FFFD stands at character 3 of the text"
