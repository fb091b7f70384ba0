"""Whether reasoning came in its own field, once, and only where the request allows it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from shadow.checks.prompts.prompt_text import prompt_text
from shadow.findings.finding import Finding, Signal
from shadow.findings.finding_builders import match_or_differ, not_measured
from shadow.reading.completion import Choice, Completion
from shadow.reading.parsed_request import ParsedRequest

_REASONING_FORM = Signal.REASONING_FORM
READ = 100_000
"""Characters of a response that are searched."""
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)


THINK = re.compile(r"</?(?:think|thinking|seed:think)>|\[/?THINK\]|◁/?think▷")
"""Tags in which reasoning comes where no parser took it out."""


_OFF = ("none", "off", "disabled")


def reasoning_form(request: ParsedRequest, completion: Completion) -> Finding:
    """Reasoning comes in its own field, once, and not at all where the request turned it off."""
    first = completion.first
    text = (first.text or "")[:READ]
    tag = THINK.search(_CODE.sub("", text)) if "think" in text or "THINK" in text else None
    if tag and (reason := _by_right(request, completion, tag[0])):
        return not_measured(_REASONING_FORM, reason)
    if tag and tag[0] not in prompt_text(request):
        return match_or_differ(_REASONING_FORM, False, tag[0], "", f"{tag[0]} is in the text: its reasoning was not taken out")
    if not (first.reasoning or "").strip():
        return not_measured(_REASONING_FORM, "the answer shows no reasoning")
    reason = _strange(request, first)
    return match_or_differ(_REASONING_FORM, not reason, first.reasoning_field, "", reason)


def _by_right(request: ParsedRequest, completion: Completion, tag: str) -> str:
    """Why a tag may occur in the text: the request mentions it, or it is the model's own word and no mark of a template."""
    if request.body.get("reasoning_format") == "raw":
        return "the request sets reasoning_format to raw"
    its_own = request.api == "messages" or "claude" in completion.model.casefold()
    return f"{tag} is a word that this model writes itself" if its_own and "thinking>" in tag else ""


def _strange(request: ParsedRequest, first: Choice) -> str:
    thought = (first.reasoning or "").strip()
    if turned_off(request.body):
        return f"the request turned reasoning off, and {len(thought)} characters of it came"
    if len(thought) > 80 and (first.text or "").lstrip().startswith(thought):
        return "the reasoning is in the text a second time"
    return ""


def turned_off(body: Mapping[str, object]) -> bool:
    """Whether a request turns reasoning off in one of the ways that servers understand."""
    template = body.get("chat_template_kwargs")
    thinking, reasoning = body.get("thinking"), body.get("reasoning")
    return (
        body.get("reasoning_effort") in _OFF
        or body.get("enable_thinking") is False
        or (isinstance(template, dict) and False in (template.get("enable_thinking"), template.get("thinking")))
        or (isinstance(thinking, dict) and thinking.get("type") in _OFF)
        or (isinstance(reasoning, dict) and (reasoning.get("enabled") is False or reasoning.get("effort") in _OFF))
    )
