"""A difference of prompt tokens as a sum of whole numbers: a constant, so much a message, a system message, a tool, a turn.

A constant beyond a few tokens is text that is put before every prompt; the others are small, as the frames of a template are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from shadow.identity.prompt_sample import Explanation, PromptSample, TokenCause, explanation
from shadow.identity.robust_line import dot, fit

TERMS = ("constant", "system", "messages", "tools", "reasoning_turns")
LARGEST = {"constant": 8, "system": 8, "messages": 8, "tools": 16, "reasoning_turns": 16}
"""Tokens by which the frame of a template may differ in each term."""
UNSURE = 1.5
"""A term so many times larger is no known frame, and may be one all the same: no other cause is named beside it."""
STUB = 3
"""Tokens of the generation stub, counted by some servers and not by others."""
SCREENED = 130
"""Samples that a sum is fitted to; it is checked against all."""
ENOUGH = 0.95
_OF_TERM = {
    "system": TokenCause.MESSAGE_FRAME,
    "messages": TokenCause.MESSAGE_FRAME,
    "tools": TokenCause.TOOLS_TEMPLATE,
    "reasoning_turns": TokenCause.REASONING_TEMPLATE,
}
_NAMES = {"messages": "a message", "system": "with a system message", "tools": "a tool", "reasoning_turns": "a reasoning turn"}


def frame_explanations(samples: Sequence[PromptSample], near: float) -> Iterator[Explanation]:
    """Every plausible sum of the least number of terms that explains enough, to `near` tokens, and those of fewer terms."""
    for count in range(1, len(TERMS)):
        found = [made for terms in combinations(TERMS, count) if (made := _explained(samples, terms, near))]
        yield from found
        if any(one.explained >= ENOUGH for one in found):
            return


def _explained(samples: Sequence[PromptSample], terms: Sequence[str], near: float) -> Explanation | None:
    rows = [[_cell(sample, term) for term in terms] for sample in samples]
    values = [float(sample.difference) for sample in samples]
    step = -(-len(rows) // SCREENED)
    fitted = fit(rows[::step], values[::step])
    if fitted is None:
        return None
    sizes = [float(round(value)) for value in fitted]
    if "constant" in terms:
        sizes[0] = 0.0
        sizes[0] = _commonest(rows, values, sizes)
    named = _named(dict(zip(terms, map(int, sizes), strict=True)))
    if named is None:
        return None
    hits = [abs(value - dot(sizes, row)) <= near for row, value in zip(rows, values, strict=True)]
    return explanation(named[0], samples, hits, named[1])


def _cell(sample: PromptSample, term: str) -> float:
    return 1.0 if term == "constant" else float(getattr(sample, term))


def _commonest(rows: Sequence[Sequence[float]], values: Sequence[float], sizes: Sequence[float]) -> float:
    """The most frequent remainder after the other terms."""
    left = Counter(round(value - dot(sizes, row)) for row, value in zip(rows, values, strict=True))
    return float(left.most_common(1)[0][0])


def _named(sizes: Mapping[str, int]) -> tuple[tuple[TokenCause, ...], str] | None:
    """The causes of a sum and their sentence; None for a sum that no known cause makes."""
    if set(sizes) == {"constant"}:
        return _constant(sizes["constant"])
    if not all(sizes.values()):
        return None
    if set(sizes) == {"constant", "system"} and abs(sizes["constant"]) > LARGEST["constant"]:
        return _beside_system(sizes["constant"], sizes["constant"] + sizes["system"])
    beyond = max(abs(size) / LARGEST[term] for term, size in sizes.items())
    if beyond > 1:
        return ((TokenCause.UNEXPLAINED,), "") if beyond <= UNSURE else None
    causes = tuple(dict.fromkeys(_OF_TERM[term] for term in sizes if term in _OF_TERM))
    parts = [f"{size:+d}" if term == "constant" else f"{size:+d} {_NAMES[term]}" for term, size in sizes.items()]
    return causes, f"another chat template (difference = {' '.join(parts)})"


def _constant(size: int) -> tuple[tuple[TokenCause, ...], str]:
    if size == 0:
        return (TokenCause.NONE,), "both count the same prompt tokens"
    if size < 0:
        return (
            TokenCause.SHORTER_FRAME,
        ), f"{-size} tokens that the reference puts into every prompt are missing: a start, a default prompt"
    if size <= STUB:
        return (
            TokenCause.STUB,
        ), f"the provider counts the generation stub ({size:+d}), or the reference does not, which is no fault"
    if size <= LARGEST["constant"]:
        return (TokenCause.CONSTANT,), f"{size} tokens more in every prompt: another constant of the template"
    return (TokenCause.SYSTEM_PROMPT,), f"puts about {size} tokens before the messages (a hidden prompt)"


def _beside_system(without: int, beside: int) -> tuple[tuple[TokenCause, ...], str] | None:
    """A constant that is smaller beside a system message, as of a prompt that joins it or is replaced by it."""
    if 0 <= beside < without:
        return (TokenCause.SYSTEM_PROMPT,), (
            f"puts about {without} tokens before the messages (a hidden prompt), {beside} where the request has a system message"
        )
    if without < beside <= 0:
        return (TokenCause.SHORTER_FRAME,), (
            f"{-without} tokens that the reference puts into prompts without a system message are missing: a default prompt"
        )
    return None
