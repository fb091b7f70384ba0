"""Converts the result of an MCP tool call to the text of a `tool` message, with each alteration counted.

The result is the JSON object of the protocol (`content`, `structuredContent`, `isError`), MCP 2025-11-25, server/tools.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from shadow.studies.worlds.shown_text import AS_SENT, ShownText

LONGEST = 32_000
"""Characters of a tool message; the rest is cut, with a mark."""
EMPTY = "(no output)"
"""Text of a result without content: some providers refuse an empty tool message."""
_UNREADABLE = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolText:
    """Text of a tool message, whether the tool reports an error, and what was altered."""

    text: str
    is_error: bool
    alterations: tuple[str, ...] = ()


def tool_text(result: Mapping[str, object], shown: ShownText = AS_SENT) -> ToolText:
    """The text for the model: texts joined by newlines, media as a description, structured content where there is no other.

    It is `shown` before it is cut.
    """
    altered: list[str] = []
    content = result.get("content")
    parts = [_part(block, altered) for block in content] if isinstance(content, list) else []
    structured = result.get("structuredContent")
    if not parts and structured is not None:
        parts = [json.dumps(structured, ensure_ascii=False)]
    return _made("\n".join(parts), shown, altered, is_error=result.get("isError") is True)


def _made(text: str, shown: ShownText, altered: list[str], *, is_error: bool) -> ToolText:
    text = shown.text(_cleaned(text, altered), altered) or EMPTY
    if is_error and not text.lower().startswith("error"):
        text = f"Error: {text}"
    return ToolText(text=_cut(text, altered), is_error=is_error, alterations=tuple(altered))


def error_text(sentence: str) -> ToolText:
    """The answer that the study itself gives where the tool gave none."""
    return ToolText(text=f"Error: {sentence}", is_error=True)


def refusal_text(message: str, shown: ShownText = AS_SENT) -> ToolText:
    """The answer where the server refuses a call by an error of the protocol with this message."""
    return _made(message, shown, [], is_error=True)


def _part(block: object, altered: list[str]) -> str:
    kind = _text(block, "type")
    if kind == "text":
        return _text(block, "text")
    if kind in {"image", "audio"}:
        return _media(kind, block, "data", altered)
    if kind == "resource_link":
        return f"[resource {_text(block, 'uri')} {_text(block, 'name')}]"
    resource = block.get("resource") if isinstance(block, Mapping) else None
    if kind == "resource" and isinstance(resource, Mapping):
        return _text(resource, "text") if "text" in resource else _media("resource", resource, "blob", altered)
    altered.append("content of an unknown type is not shown")
    return f"[content of unknown type {kind!r}; not shown]"


def _media(kind: str, block: object, member: str, altered: list[str]) -> str:
    """A description in place of bytes that a tool message cannot hold."""
    altered.append(f"{kind} not shown")
    encoded = _text(block, member)
    try:
        data = base64.b64decode(encoded)
    except ValueError:
        data = encoded.encode(errors="replace")
    media_type = _text(block, "mimeType") or "of unknown type"
    return f"[{kind} {media_type}, {len(data)} bytes, sha256 {sha256(data).hexdigest()[:16]}; not shown]"


def _text(block: object, member: str) -> str:
    value = block.get(member) if isinstance(block, Mapping) else None
    return value if isinstance(value, str) else ""


def _cleaned(text: str, altered: list[str]) -> str:
    clean, found = _UNREADABLE.subn("", text)
    if found:
        altered.append("NUL or lone surrogates left out")
    return clean


def _cut(text: str, altered: list[str]) -> str:
    if len(text) <= LONGEST:
        return text
    altered.append(f"cut at {LONGEST} characters")
    return f"{text[:LONGEST]}\n[cut: {len(text) - LONGEST} more characters]"
