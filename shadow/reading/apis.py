"""The API of a request, by the end of its path, and the functions that read it: one line for each API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from shadow.reading import chat_response, embeddings, messages_request, messages_response, responses_stream, text_completions
from shadow.reading.chat_response import ResponseReading
from shadow.reading.completion import Unread
from shadow.reading.sse import EventStream


class ApiReader(NamedTuple):
    """The functions of one API: its request in the words of chat completions, its responses whole and streamed; each is total."""

    as_chat: Callable[[Mapping[str, Any]], dict[str, Any] | Unread]
    whole: Callable[[bytes, int], ResponseReading]
    fold: Callable[[EventStream, int], ResponseReading]


PATHS = {
    "chat": "/chat/completions",
    "completions": "/completions",
    "responses": "/responses",
    "embeddings": "/embeddings",
    "messages": "/messages",
}
"""The end of each API's path, the longer of two that end alike first."""
API_PATHS = tuple(PATHS.values())
STATEFUL_PATHS = ("/threads/", "/conversations/")
"""Parts of paths that end like one of these APIs and add to something that is kept."""

READERS: Mapping[str, ApiReader] = {
    "chat": ApiReader(dict, chat_response.read_whole, chat_response.fold_events),
    "completions": ApiReader(text_completions.as_chat, text_completions.read_whole, text_completions.fold_events),
    "responses": ApiReader(responses_stream.as_chat, responses_stream.read_whole, responses_stream.fold_events),
    "messages": ApiReader(messages_request.as_chat, messages_response.read_whole, messages_response.fold_events),
    "embeddings": ApiReader(embeddings.as_chat, embeddings.read_whole, embeddings.fold_events),
}


@lru_cache(maxsize=64)
def api_of(target: str) -> str:
    """The API that a request target names by the end of its path: a key of PATHS, or ""."""
    path = target.partition("?")[0].partition("#")[0].rstrip("/")
    if any(part in path for part in STATEFUL_PATHS):
        return ""
    return next((api for api, ending in PATHS.items() if path.endswith(ending)), "")
