"""Whether the text that the user reads holds a marker of the chat template."""

from __future__ import annotations

import re

from shadow.checks.call_in_text import all_calls_in_text, calls_in_text
from shadow.checks.prompts.prompt_text import answer_cap, prompt_text
from shadow.findings.finding import Finding, Signal
from shadow.findings.finding_builders import match_or_differ, not_measured
from shadow.reading.completion import Completion
from shadow.reading.parsed_request import ParsedRequest

_TEMPLATE_LEAK = Signal.TEMPLATE_LEAK
READ = 100_000
"""Characters of an answer that are searched."""
_TURNS = """
    im_start im_end im_sep endoftext end_of_text begin_of_text eot_id eom_id start_header_id end_header_id python_tag start end
    message channel constrain return call tool_calls_section_begin tool_calls_section_end tool_call_begin tool_call_end
    tool_call_argument_begin tool_call tool_response user assistant system observation tool pad padding eos bos
    START_OF_TURN_TOKEN END_OF_TURN_TOKEN CHATBOT_TOKEN START_RESPONSE START_ACTION
"""
_WIDE = """
    begin_of_sentence end_of_sentence User Assistant tool_calls_begin tool_calls_end tool_call_begin tool_call_end tool_sep DSML
"""
_OTHER = """
    <start_of_turn> <end_of_turn> <tool_call> </tool_call> <tool_response> <function_calls> </function_calls>
    <minimax:tool_call> <seed:tool_call> [TOOL_CALLS] [/TOOL_CALLS] [AVAILABLE_TOOLS] [TOOL_RESULTS] [INST] [/INST]
    <<SYS>> <</SYS>> ]<]minimax[>[ [e~[ <0x0A>
"""
MARKERS = (
    *(f"<|{name}|>" for name in _TURNS.split()),
    # one family writes its markers with a wide bar and a low block in place of the underscore
    *(f"<\uff5c{name}\uff5c".replace("_", "\u2581") for name in _WIDE.split()),
    *_OTHER.split(),
)
"""Tokens by which the templates of open models mark turns, tools and channels; none is a word of any language."""
OF_CALLS = frozenset(
    marker for marker in MARKERS if re.search("call|tool|TOOL|python_tag|ACTION|DSML|channel|message|constrain|start\\|", marker)
)
"""Those around a call: a text that the request calls for may hold them, as `call_in_text` judges."""
_FIRST = re.compile("<[|\uff5c<a-z0/]|\\[[A-Z/e]|\\]<\\]")
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)


def template_leak(request: ParsedRequest, completion: Completion) -> Finding:
    """The text holds no marker of a template, unless the request holds it too, or the text quotes it as code.

    Markers about a written call are excused where `call_in_text` excuses the call. Where both name one answer, a verdict counts
    `call_in_text` alone (storage.evidence_rules.SAME_FAULT).
    """
    text = (completion.first.text or "")[:READ]
    if not text:
        return not_measured(_TEMPLATE_LEAK, "the answer has no text")
    found = [marker for marker in MARKERS if marker in text] if ("<" in text or "[" in text) and _FIRST.search(text) else []
    if found:
        bare, asked = _CODE.sub("", text), prompt_text(request)
        excused = OF_CALLS if all_calls_in_text(request, completion) and not calls_in_text(request, completion) else frozenset()
        found = [marker for marker in found if marker in bare and marker not in asked and marker not in excused]
    if not found:
        return match_or_differ(_TEMPLATE_LEAK, True, "", "", "")
    names = ", ".join(found[:4])
    reason = f"{names} is in the text{answer_cap(completion.first.text or '', READ)}"
    return match_or_differ(_TEMPLATE_LEAK, False, names, "", reason)
