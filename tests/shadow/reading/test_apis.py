"""Which API a path names, and that each has all its readers."""

from __future__ import annotations

import pytest

from shadow.reading.apis import PATHS, READERS, api_of
from shadow.reading.chat_response import ResponseReading
from shadow.reading.completion import Unread
from shadow.reading.sse import read_stream


@pytest.mark.parametrize(
    ("target", "api"),
    [
        ("/v1/chat/completions", "chat"),
        ("/v1/chat/completions/?api-version=1", "chat"),
        ("/openai/deployments/x/chat/completions?api-version=2024-10-21", "chat"),
        ("/v1/completions", "completions"),
        ("/groq/v1/responses#x", "responses"),
        ("/v1/embeddings", "embeddings"),
        ("/v1/messages?beta=true", "messages"),
        ("/v1/threads/t1/messages", ""),
        ("/v1/conversations/c1/responses", ""),
        ("/v1/responses/resp_1", ""),
        ("/v1/responses/input_tokens", ""),
        ("/v1/models", ""),
        ("/v1/mycompletions", ""),
        ("", ""),
    ],
)
def test_the_end_of_the_path_names_the_api(target, api):
    assert api_of(target) == api


def test_every_api_that_is_read_has_a_path_by_which_it_is_found():
    assert [api_of(f"/v1{PATHS[api]}") for api in READERS] == list(READERS)


@pytest.mark.parametrize("api", READERS)
def test_every_reader_takes_nothing_and_gives_the_reason(api):
    reader = READERS[api]
    for reading in (reader.whole(b"{}", 200), reader.whole(b"", 200), reader.fold(read_stream(b"data: {}\n\n"), 200)):
        assert isinstance(reading, ResponseReading)
        assert isinstance(reading.completion, Unread)
    assert isinstance(reader.as_chat({}), (dict, Unread))
