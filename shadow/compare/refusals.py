"""Whether one response alone refuses: in its refusal field, or by rule in its words."""

from __future__ import annotations

from shadow.findings.comparability import choices, names
from shadow.findings.finding import Finding, Signal
from shadow.findings.finding_builders import judged
from shadow.findings.pair import Pair
from shadow.measures import answer_action as act
from shadow.measures.refusal_in_words import refuses_in_words
from shadow.reading.completion import Choice


def refusal(pair: Pair) -> Finding:
    """Whether the refusal field is filled on both sides or on neither."""
    one, other = (act.refuses(choice) for choice in choices(pair))
    who = names(pair)[0 if one else 1]
    return judged(Signal.REFUSAL, one == other, _refuses(one), _refuses(other), f"only {who} refuses")


def _refuses(refused: bool) -> str:
    return "refuses" if refused else "does not refuse"


def refuses(choice: Choice) -> bool:
    """True when the refusal field is filled, or the text refuses by rule; an answer that calls a tool does not."""
    return not act.calls(choice) and (act.refuses(choice) or refuses_in_words(choice.text or ""))


def refusal_in_words(pair: Pair) -> Finding:
    """Whether one side alone refuses, in its refusal field or, by rule, in its words."""
    one, other = (refuses(choice) for choice in choices(pair))
    who = names(pair)[0 if one else 1]
    first, second = ("refuses" if refused else "does not refuse" for refused in (one, other))
    return judged(Signal.REFUSAL_WORDS, one == other, first, second, f"only {who} refuses, by the rule on its words")
