"""Reads /v1/completions into the normal form: a prompt becomes messages, a text a message, and the rest is as in chat
completions.

No template stands between the client and the model here, so the text is taken whole, and it may be empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shadow.reading import chat_response
from shadow.reading.chat_response import ResponseReading
from shadow.reading.completion import Completion, Unread, UnreadReason
from shadow.reading.sse import EventStream

SAME = frozenset(
    {
        *("model", "stream", "stream_options", "temperature", "top_p", "seed", "max_tokens", "stop", "logit_bias"),
        *("presence_penalty", "frequency_penalty", "include_stop_str_in_output"),
    }
)
"""Parameters with one name and one meaning in both APIs."""


def as_chat(body: Mapping[str, Any]) -> dict[str, Any] | Unread:
    """The request as a chat completion's: a user's message for each prompt; token ids are a prompt without words."""
    prompts = _prompts(body.get("prompt"))
    if not prompts:
        return Unread(
            why=UnreadReason.WRONG_SHAPE, detail="the request has no prompt that is a text, tokens, or a list of either"
        )
    if body.get("echo"):
        return Unread(why=UnreadReason.NOT_AUDITED, detail="the request sets echo: the answer begins with the prompt")
    made = {key: value for key, value in body.items() if key in SAME}
    count = body.get("n")
    made["n"] = (count if type(count) is int and 0 < count <= 1_000 else 1) * len(prompts)
    if type(body.get("best_of")) is int:
        made.pop("max_tokens", None)  # the tokens of the answers that were not chosen are counted too
    if type(asked := body.get("logprobs")) is int:
        made |= {"logprobs": True, "top_logprobs": asked}
    return made | {"messages": [{"role": "user", "content": prompt} for prompt in prompts]}


def read_whole(body: bytes, status: int) -> ResponseReading:
    """One JSON body with status 2xx."""
    return _with_text(chat_response.read_whole(body, status, _says))


def fold_events(stream: EventStream, status: int) -> ResponseReading:
    """The events of a stream with status 2xx."""
    return _with_text(chat_response.fold_events(stream, status, _says))


def _says(choice: Mapping[str, Any]) -> dict[str, Any]:
    text = choice.get("text")
    return {"role": "assistant", "content": text if isinstance(text, str) else None}


def _with_text(reading: ResponseReading) -> ResponseReading:
    """An answer of another API has choices too, and no text in them."""
    completion = reading.completion
    if isinstance(completion, Completion) and all(choice.text is None for choice in completion.choices):
        return reading._replace(completion=Unread(why=UnreadReason.WRONG_SHAPE, detail="no choice has a text"))
    return reading


def _prompts(prompt: Any) -> list[str | None]:
    if isinstance(prompt, str):
        return [prompt]
    items = prompt if isinstance(prompt, list) else []
    if items and all(type(item) is int for item in items):
        return [None]
    fits = all(isinstance(item, (str, list)) for item in items)
    return [item if isinstance(item, str) else None for item in items] if fits else []
