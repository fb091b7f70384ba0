"""Why two servers count other prompts for the same request: the difference of their prompt tokens, taken apart into its causes.

difference = constant + per message + per tool + per reasoning turn, exact on whole numbers where they explain it, else with the
sizes of tools, reasoning and the whole prompt. The simplest sum that explains nine samples of ten is taken, and nothing is
named that fewer explain.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

from shadow.identity.lines import dot, fit, offset


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One pair: the shape of its request, and the prompt tokens that both sides counted; characters are those of the JSON."""

    messages: int
    tools: int
    tool_characters: int
    reasoning_turns: int
    reasoning_characters: int
    provider_tokens: int
    reference_tokens: int


class Cause(StrEnum):
    """What lies behind a difference of prompt tokens; a closed set."""

    NONE = "none"
    STUB = "generation_stub"
    SYSTEM_PROMPT = "hidden_system_prompt"
    SHORTER_FRAME = "missing_constant"
    MESSAGE_FRAME = "message_frame"
    TOOLS_TEMPLATE = "tools_template"
    TOOLS_DROPPED = "tools_dropped"
    REASONING_TEMPLATE = "reasoning_template"
    REASONING_DROPPED = "reasoning_dropped"
    TOKENIZER = "tokenizer"
    UNEXPLAINED = "unexplained"
    TOO_FEW = "too_few"

    @property
    def is_fault(self) -> bool:
        """Whether the two serve something else: a stub of 0 to 3 tokens is counted or not by convention."""
        return self not in {Cause.NONE, Cause.STUB, Cause.TOO_FEW}


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """What was found: the causes, the terms of the sum, the share of samples it explains, and a sentence."""

    causes: tuple[Cause, ...]
    constant: int
    terms: tuple[tuple[str, float], ...]
    exact: bool
    explained: float
    samples: int
    sentence: str


COUNTS = ("messages", "tools", "reasoning_turns")
SIZES = ("tool_characters", "reasoning_characters", "reference_tokens")
FEWEST = 20
"""Samples below which nothing is named."""
MOST = 400
"""Newest samples looked at."""
ENOUGH = 0.9
"""Share of the samples that a sum must explain."""
FEW = 10
"""Samples with tools, or with reasoning, from which they must be explained as well as all."""
STUB = 3
"""Tokens of the generation stub, counted by some servers and not by others."""
SLACK = 2.0
"""Tokens by which a sum with sizes may miss, beside a tenth of the difference."""
DROPPED = 0.12
"""Tokens per character from which a size that costs the provider less did not reach its model at all (an eighth is sparse)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sum:
    """A candidate: which terms, their coefficients, the constant, and the share of the samples it explains."""

    terms: tuple[str, ...]
    coefficients: tuple[float, ...]
    constant: int
    explained: float
    exact: bool


def template(samples: Sequence[Sample]) -> Template:
    """The likely causes of the differences in `samples`, oldest first; at most the newest 400 are looked at."""
    newest = samples[-MOST:]
    if len(newest) < FEWEST:
        return _told((Cause.TOO_FEW,), None, len(newest))
    best = next(_sums(newest), None)
    if best is None:
        return _told((Cause.UNEXPLAINED,), None, len(newest))
    return _told(_causes(best), best, len(newest))


def _sums(samples: Sequence[Sample]) -> Iterator[_Sum]:
    """Sums that explain enough, the simplest first: whole numbers before sizes, few terms before many."""
    for names, exact in ((COUNTS, True), ((*SIZES, *COUNTS), False)):
        for count in range(4):
            fitted = (_sum(samples, terms, exact=exact) for terms in combinations(names, count))
            good = [found for found in fitted if found is not None and found.explained >= ENOUGH]
            yield from sorted(good, key=lambda found: -found.explained)


def _sum(samples: Sequence[Sample], terms: tuple[str, ...], *, exact: bool) -> _Sum | None:
    rows = [[float(getattr(sample, term)) for term in terms] for sample in samples]
    differences = [float(sample.provider_tokens - sample.reference_tokens) for sample in samples]
    fitted = fit([[1.0, *row] for row in rows], differences)
    if fitted is None:
        return None
    pairs = zip(terms, fitted[1:], strict=True)
    coefficients = tuple(float(round(value)) if exact or term in COUNTS else value for term, value in pairs)
    if not all(coefficients):
        return None
    constant = _commonest(rows, differences, coefficients) if exact else round(offset(rows, differences, coefficients))
    misses = [abs(value - constant - dot(coefficients, row)) for row, value in zip(rows, differences, strict=True)]
    allowed = [0.0 if exact else max(SLACK, 0.1 * abs(value)) for value in differences]
    hits = [miss <= most for miss, most in zip(misses, allowed, strict=True)]
    return _Sum(terms=terms, coefficients=coefficients, constant=constant, explained=_explained(samples, hits), exact=exact)


def _explained(samples: Sequence[Sample], hits: Sequence[bool]) -> float:
    """The share of hits, over all or over those with tools or with reasoning, whichever is least: few of these must not drown."""
    groups = [list(hits)] + [
        [hit for sample, hit in zip(samples, hits, strict=True) if getattr(sample, term)] for term in ("tools", "reasoning_turns")
    ]
    return min(sum(group) / len(group) for place, group in enumerate(groups) if place == 0 or len(group) >= FEW)


def _commonest(rows: Sequence[Sequence[float]], values: Sequence[float], coefficients: Sequence[float]) -> int:
    """What the whole-number terms leave most often."""
    left = Counter(round(value - dot(coefficients, row)) for row, value in zip(rows, values, strict=True))
    return left.most_common(1)[0][0]


def _causes(found: _Sum) -> tuple[Cause, ...]:
    causes = [_of_constant(found)]
    causes += [_of_term(term, value) for term, value in zip(found.terms, found.coefficients, strict=True)]
    if Cause.TOOLS_DROPPED in causes:
        causes = [cause for cause in causes if cause is not Cause.TOOLS_TEMPLATE]
    if Cause.REASONING_DROPPED in causes:
        causes = [cause for cause in causes if cause is not Cause.REASONING_TEMPLATE]
    named = tuple(dict.fromkeys(cause for cause in causes if cause is not Cause.NONE))
    faults = tuple(cause for cause in named if cause.is_fault)
    return faults or named or (Cause.NONE,)


def _of_constant(found: _Sum) -> Cause:
    """The cause of a constant; one of a token or two beside sizes is rounding."""
    constant = found.constant
    if constant == 0 or (found.terms and not found.exact and abs(constant) <= STUB):
        return Cause.NONE
    if constant < 0:
        return Cause.SHORTER_FRAME
    return Cause.STUB if constant <= STUB else Cause.SYSTEM_PROMPT


def _of_term(term: str, value: float) -> Cause:
    if term == "messages":
        return Cause.MESSAGE_FRAME
    if term == "reference_tokens":
        return Cause.TOKENIZER
    tools = term.startswith("tool")
    if term in SIZES and value <= -DROPPED:
        return Cause.TOOLS_DROPPED if tools else Cause.REASONING_DROPPED
    return Cause.TOOLS_TEMPLATE if tools else Cause.REASONING_TEMPLATE


_PHRASES = {
    Cause.NONE: "both count the same prompt tokens",
    Cause.STUB: "the provider counts the generation stub, or one of the two does not, which is no fault",
    Cause.SYSTEM_PROMPT: "the provider puts text of its own into every prompt: a hidden or default system prompt",
    Cause.SHORTER_FRAME: "the reference puts tokens into every prompt that the provider leaves out: a default prompt, a start",
    Cause.MESSAGE_FRAME: "each message is framed otherwise: another chat template",
    Cause.TOOLS_TEMPLATE: "tools are written into the prompt otherwise: another tool template",
    Cause.TOOLS_DROPPED: "the tools do not reach the provider's model",
    Cause.REASONING_TEMPLATE: "earlier reasoning is written into the prompt otherwise",
    Cause.REASONING_DROPPED: "earlier reasoning does not reach the provider's model",
    Cause.TOKENIZER: "the whole prompt counts in proportion: another tokenizer",
    Cause.UNEXPLAINED: "the prompt tokens differ in a way that no sum of constant, messages, tools and reasoning explains",
    Cause.TOO_FEW: f"fewer than {FEWEST} pairs with both counts",
}


def _told(causes: tuple[Cause, ...], found: _Sum | None, samples: int) -> Template:
    terms = tuple(zip(found.terms, found.coefficients, strict=True)) if found else ()
    sentence = "; ".join(_PHRASES[cause] for cause in causes)
    if found and any(cause is not Cause.NONE for cause in causes):
        sentence += f" (difference = {_shown(found)}; {found.explained:.0%} of {samples} pairs)"
    return Template(
        causes=causes,
        constant=found.constant if found else 0,
        terms=terms,
        exact=bool(found and found.exact),
        explained=found.explained if found else 0.0,
        samples=samples,
        sentence=sentence,
    )


def _shown(found: _Sum) -> str:
    parts = [f"{found.constant:+d}"] if found.constant or not found.terms else []
    for term, value in zip(found.terms, found.coefficients, strict=True):
        number = f"{value:+.0f}" if term in COUNTS else f"{value:+.3f}"
        parts.append(f"{number} a {term.replace('_', ' ').removesuffix('s')}")
    return " ".join(parts)
