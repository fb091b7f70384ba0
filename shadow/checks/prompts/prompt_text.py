"""The text of the request: what occurs there may occur in the answer too, so a check looks here before it reports a fault.

Everything is read lazily and at most to a cap, because a prompt may be a whole library and most answers raise no suspicion.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from shadow.reading.parsed_request import ParsedRequest

CAP = 400_000
"""Characters of a request that are read; the rest of a longer one is not searched."""

_ALSO = ("tools", "functions", "response_format", "prediction", "guided_json", "stop")


def prompt_text(request: ParsedRequest) -> str:
    """Every string of the messages, without keys, then of the tools and the requested format, joined by line feeds."""
    return "\n".join(_capped(_strings([request.messages, *(tool.schema for tool in request.tools), *_others(request.body)])))


def message_text(request: ParsedRequest) -> str:
    """The words of the messages alone."""
    return "\n".join(_capped(_strings([request.messages])))


def content_text(request: ParsedRequest) -> str:
    """The contents of the messages, what every template puts before the model; neither calls nor earlier reasoning."""
    texts: list[str] = []
    for message in request.messages:
        content = message.get("content")
        if isinstance(content, str):
            texts.append(content)
        elif content:
            texts += _parts(content)
    text = "\n".join(texts)
    return text if len(text) < CAP else "\n".join(_capped(iter(texts)))


def _parts(content: object) -> Iterator[str]:
    for part in content if isinstance(content, list) else ():
        text = part.get("text") if isinstance(part, dict) else None
        if isinstance(text, str):
            yield text


def answer_cap(text: str, cap: int) -> str:
    """A clause for the reason where a text was not read to its end, else ""."""
    return f" (of the first {cap:,} characters; the rest was not read)" if len(text) > cap else ""


def _others(body: Mapping[str, object]) -> Iterator[object]:
    return (body[key] for key in _ALSO if body.get(key))


def _strings(values: Sequence[object]) -> Iterator[str]:
    """The strings in their order; with a stack of its own, because the values come from a client."""
    waiting: list[object] = list(reversed(values))
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            # because an image or a sound as a data URL is no text
            if not value.startswith("data:"):
                yield value
        elif isinstance(value, dict):
            waiting.extend(reversed([item for key, item in value.items() if key != "role"]))
        elif isinstance(value, list | tuple):
            waiting.extend(reversed(value))


def _capped(strings: Iterator[str]) -> Iterator[str]:
    room = CAP
    for text in strings:
        if room <= 0:
            return
        yield text[:room]
        room -= len(text)
