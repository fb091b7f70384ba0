"""Whether the text holds a call of an offered tool, where no application runs it."""

from __future__ import annotations

import re

from shadow.checks.prompts.call_markup import MARKUP, WrittenCall, written_calls
from shadow.checks.prompts.prompt_text import answer_cap, content_text
from shadow.findings.finding import Finding, Signal
from shadow.findings.finding_builders import match_or_differ, not_measured, short
from shadow.reading.completion import Completion
from shadow.reading.parsed_request import ParsedRequest

_CALL_IN_TEXT = Signal.CALL_IN_TEXT
READ = 100_000
"""Characters of an answer that are searched."""
LAST = 20_000
"""Characters of the last message of the user that are searched for words about calls."""
_ABOUT_CALLS = re.compile(
    r"(?<![\w-])(?:(?:tool|function)[ _-]?calls?|calling (?:convention|syntax|format)|markup|chat[ _-]?templates?"
    r"|special tokens?)(?![\w-])",
    re.IGNORECASE,
)
_ABOUT_CODE = re.compile(
    r"\b(?:as|in|the|raw|only|valid|show|print|write|give|return|respond|output|reply|with|some)\b[^.?!\n]{0,30}\bjson\b"
    r"|\bsyntax\b|\bsnippet\b|\bpseudo-?code\b|\bpayload\b|\bone-?liner\b|\bexample (?:call|request|of)\b"
    r"|\b(?:without|instead of) (?:call|run|execut|us|invok)ing\b|\b(?:don't|do not|never) (?:call|run|execute|use|invoke)\b"
    r"|\b(?:how|what|which) (?:would|do|does|could|can|should|tool|function)\b[^.?!\n]{0,60}\b(?:call|invoke|use|look|run)\b",
    re.IGNORECASE,
)


def call_in_text(request: ParsedRequest, completion: Completion) -> Finding:
    """The text holds no call of an offered tool, unless the answer calls that tool too, or the request is about such text."""
    text = completion.first.text or ""
    if not request.tools:
        return not_measured(_CALL_IN_TEXT, "the request offers no tools")
    if request.tool_choice == "none":
        return not_measured(_CALL_IN_TEXT, "tool_choice is none")
    if not text:
        return not_measured(_CALL_IN_TEXT, "the answer has no text")
    found = calls_in_text(request, completion)
    if not found:
        return match_or_differ(_CALL_IN_TEXT, True, "", "", "")
    names = short(", ".join(call.tool for call in found[:4]), 120)
    reason = f"a call of {names} is in the text as {found[0].form.title}{answer_cap(text, READ)}"
    return match_or_differ(_CALL_IN_TEXT, False, names, "", reason)


def calls_in_text(request: ParsedRequest, completion: Completion) -> tuple[WrittenCall, ...]:
    """The calls that a parser should have taken out of the text, without those that the request shows or is about."""
    found, last = all_calls_in_text(request, completion), _last_of_user(request)
    if not found or _ABOUT_CALLS.search(last):
        return ()
    prompt, about_code = content_text(request), _wants_json(request) or _ABOUT_CODE.search(last)
    return tuple(call for call in found if not call.stands_in(prompt) and not (about_code and call.form.title != MARKUP))


def all_calls_in_text(request: ParsedRequest, completion: Completion) -> tuple[WrittenCall, ...]:
    """Calls of tools that were offered, may be called, and are not called beside the text, whatever the request is about."""
    if request.tool_choice == "none":
        return ()
    called = {call.name for call in completion.first.tool_calls}
    offered = dict.fromkeys(tool.name for tool in request.tools if tool.name not in called)
    return tuple(written_calls((completion.first.text or "")[:READ], offered))


def _wants_json(request: ParsedRequest) -> bool:
    wanted = request.body.get("response_format")
    return isinstance(wanted, dict) and wanted.get("type") != "text"


def _last_of_user(request: ParsedRequest) -> str:
    messages = [message for message in request.messages if message.get("role") == "user"]
    content = messages[-1].get("content") if messages else ""
    parts = content if isinstance(content, list) else [{"text": content}]
    texts = [part["text"] for part in parts if isinstance(part, dict) and isinstance(part.get("text"), str)]
    return "\n".join(texts)[:LAST]
