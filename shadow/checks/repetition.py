"""Whether an answer repeats itself without end. A loop is one span after itself, again and again, beyond what tables and lists
do.
"""

from __future__ import annotations

import re

from shadow.checks.prompts.prompt_text import answer_cap, message_text
from shadow.findings.finding import Finding, Signal
from shadow.findings.finding_builders import match_or_differ, not_measured, short
from shadow.reading.completion import Completion
from shadow.reading.parsed_request import ParsedRequest

_REPETITION = Signal.REPETITION
READ = 100_000
"""Characters of a text that are searched, and again of its reasoning."""
STEP = 128
"""Characters between two places at which a loop is looked for."""
PROBE = 24
"""Characters that must come again before anything is measured."""
LONGEST = 600
"""Characters of the longest span that is taken for the unit of a loop."""
TIMES = 5
"""Repetitions, the first one included, from which a span is a loop."""
COVERED = 360
"""Characters that a loop of prose covers at least; code, which may hold rows of equal lines, three times as many."""
_STRIDE = 512
"""Characters that are compared at once; a power of two, whose halves add up to each number below it."""
SHORT = f"under {COVERED} characters of text came"

_LETTERS = re.compile(r"[^\W\d_]")
_REQUESTS = ("repeat", "repet", "répét", "wiederhol", "lorem", "over and over", "重复", "繰り返", "كرر")
_TIMES = re.compile(r"\d\s?(?:times|mal|fois|veces|rows|lines|copies|次|回|遍|مرة)")
"""Words of a request for a repetition."""
_CODE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)


def repetition(request: ParsedRequest, completion: Completion) -> Finding:
    """No span of letters stands five times in a row over 360 characters, in the text or in the reasoning."""
    first = completion.first
    whole = [text for text in (first.text, first.reasoning) if text and len(text) >= COVERED]
    if not whole:
        return not_measured(_REPETITION, SHORT)
    for text in whole:
        loop = _loop(text[:READ])
        if loop and not _is_requested(message_text(request).casefold()):
            unit, times = loop
            reason = f"{short(repr(unit), 80)} stands {times} times in a row{answer_cap(text, READ)}"
            return match_or_differ(_REPETITION, False, times, "", reason)
    return match_or_differ(_REPETITION, True, "", "", "")


def _is_requested(prompt: str) -> bool:
    return any(word in prompt for word in _REQUESTS) or bool(_TIMES.search(prompt))


def _loop(text: str) -> tuple[str, int] | None:
    """The unit of the first loop and how often it stands there; looked for at every 128th character and at the end."""
    last = max(len(text) - COVERED, 0)
    at, fenced = 0, None
    while True:
        following = text.find(text[at : at + PROBE], at + 1, at + LONGEST + PROBE)
        step = STEP
        if following > 0:
            unit = following - at
            length = _length(text, at, unit)
            if length >= max(COVERED, TIMES * unit) and _LETTERS.search(text, at, following):
                if fenced is None:
                    fenced = [found.span() for found in _CODE.finditer(text)]
                if length >= 3 * COVERED or not any(start <= at < end for start, end in fenced):
                    return text[at:following], length // unit
            # because text that was measured need not be measured again: a text of line feeds alone would take too long
            step = max(STEP, length - COVERED)
        if at >= last:
            return None
        at = min(at + step, last)


def _length(text: str, at: int, unit: int) -> int:
    """How far the text goes on repeating itself at this distance, by whole strides and then by halves of one.

    A slice that the text's end cuts is shorter than the one before it, so the two differ.
    """
    reach, step = unit, _STRIDE
    while text[at + reach : at + reach + step] == text[at + reach - unit : at + reach - unit + step]:
        reach += step
    while step:
        if text[at + reach : at + reach + step] == text[at + reach - unit : at + reach - unit + step]:
            reach += step
        step //= 2
    return reach
