"""Whether one response alone refuses: in its refusal field, or by rule in its words."""

from __future__ import annotations

from shadow.findings.comparability import first_choices, side_names
from shadow.findings.finding import Finding, Signal
from shadow.findings.finding_builders import match_or_differ
from shadow.findings.pair import Pair
from shadow.measures import answer_action as act
from shadow.measures.refusal_in_words import refuses_in_words
from shadow.reading.completion import Choice


def refusal(pair: Pair) -> Finding:
    """Whether the refusal field is filled on both sides or on neither."""
    one, other = (act.fills_refusal(choice) for choice in first_choices(pair))
    who = side_names(pair)[0 if one else 1]
    return match_or_differ(Signal.REFUSAL, one == other, _refuses(one), _refuses(other), f"only {who} refuses")


def _refuses(refused: bool) -> str:
    return "refuses" if refused else "does not refuse"


def refuses(choice: Choice) -> bool:
    """True when the refusal field is filled, or the text refuses by rule; an answer that calls a tool does not."""
    return not act.calls_tool(choice) and (act.fills_refusal(choice) or refuses_in_words(choice.text or ""))


def refusal_in_words(pair: Pair) -> Finding:
    """Whether one side alone refuses, in its refusal field or, by rule, in its words."""
    one, other = (refuses(choice) for choice in first_choices(pair))
    who = side_names(pair)[0 if one else 1]
    first, second = ("refuses" if refused else "does not refuse" for refused in (one, other))
    return match_or_differ(Signal.REFUSAL_WORDS, one == other, first, second, f"only {who} refuses, by the rule on its words")
