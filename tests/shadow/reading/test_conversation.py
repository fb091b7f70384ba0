"""One key for all turns of a conversation, another for another."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from shadow.reading.ask import read_ask
from shadow.reading.conversation import conversation_key
from tests.shadow.reading.hostile import HOSTILE

SYSTEM = {"role": "system", "content": "Be short."}
FIRST = {"role": "user", "content": [{"type": "text", "text": "When is high water?"}]}
REPLY = {"role": "assistant", "content": "06:42."}
SECOND = {"role": "user", "content": "And low?"}


def key(*messages: object, model: str = "m", **more: object) -> str:
    body = json.dumps({"model": model, "messages": messages, **more}).encode()
    return conversation_key(read_ask("/v1/chat/completions", (), body, False))


def test_every_turn_has_the_key_of_the_first():
    assert key(SYSTEM, FIRST) == key(SYSTEM, FIRST, REPLY, SECOND) == key(SYSTEM, FIRST, temperature=1)
    assert len(key(SYSTEM, FIRST)) == 32


def test_another_opening_or_model_has_another():
    keys = [
        key(SYSTEM, FIRST),
        key(FIRST),
        key(SYSTEM, SECOND),
        key(SYSTEM, FIRST, model="n"),
        key({**SYSTEM, "role": "developer"}, FIRST),
    ]
    assert len(set(keys)) == len(keys)


def test_what_has_no_opening_has_no_key():
    assert key() == ""
    assert key(REPLY) == ""
    assert conversation_key(read_ask("/v1/chat/completions", (), b"nonsense", False)) == ""


@given(st.lists(HOSTILE, max_size=3))
def test_no_messages_make_it_raise(messages):
    key(*messages)
