"""Lays out a request for the page: messages by role, offered tools, parameters; pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from shadow.findings.number_words import number_of
from shadow.presentation.call_tables import json_text
from shadow.reading.parsed_request import ParsedRequest

MESSAGES = 200
TEXT = 20_000
SHOWN_APART = frozenset({"messages", "tools", "functions", "input", "instructions", "prompt", "system"})
"""Members of a request, in any API, that are shown as messages or tools."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageView:
    """One message, tool or parameter with its role or name."""

    role: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestView:
    """The request as shown; `trouble` states why there is nothing to show, `more` what is omitted, "" otherwise."""

    messages: tuple[MessageView, ...]
    tools: tuple[MessageView, ...]
    parameters: tuple[MessageView, ...]
    trouble: str
    more: str


def request_view(request: ParsedRequest, *, kept: bool, size: int) -> RequestView:
    """The request as shown; `kept` is False when its body of `size` bytes was not stored."""
    trouble = f"Not read ({request.unread.why}): {request.unread.detail}" if request.unread else ""
    if not kept and size:
        trouble = f"The body ({number_of(size, 'byte')}) was not kept."
    dropped = len(request.messages) - MESSAGES
    return RequestView(
        # the last messages, because the answer is a reply to them
        messages=tuple(_message(message) for message in request.messages[-MESSAGES:]),
        tools=tuple(MessageView(role=tool.name, text=_pretty(tool.schema)) for tool in request.tools[:MESSAGES]),
        parameters=tuple(
            MessageView(role=name, text=json_text(value)) for name, value in _sent(request).items() if name not in SHOWN_APART
        ),
        trouble=trouble,
        more=f"{dropped:,} earlier messages are not shown" if dropped > 0 else "",
    )


def _sent(request: ParsedRequest) -> Mapping[str, object]:
    return {} if request.unread else request.sent or request.body


def _message(message: Mapping[str, object]) -> MessageView:
    role = message.get("role")
    content = message.get("content")
    rest = {name: value for name, value in message.items() if name not in {"role", "content"}}
    parts = [] if content is None else [content if isinstance(content, str) else _pretty(content)]
    parts += [f"{name}: {_pretty(value)}" for name, value in rest.items()]
    return MessageView(role=role if isinstance(role, str) else "(no role)", text=_cut("\n".join(parts)))


def _pretty(value: object) -> str:
    try:
        return _cut(json.dumps(value, ensure_ascii=False, indent=2))
    except (RecursionError, ValueError, TypeError):
        return "(too deep to show)"


def _cut(text: str) -> str:
    return text if len(text) <= TEXT else f"{text[:TEXT]} … ({len(text):,} characters)"
