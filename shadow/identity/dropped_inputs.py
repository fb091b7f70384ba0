"""Detects tools, or earlier reasoning, that do not reach the provider's model. Prompt tokens are then missing in requests that
have them, and only there.

The cost of the tools is estimated from the reference's own counts, in requests with and without tools; a missing part is
distinguished from the whole only where that cost is known well enough.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from math import inf, sqrt
from statistics import median

from shadow.identity.prompt_sample import FEW, NEAR, Explanation, PromptSample, TokenCause, explanation
from shadow.identity.robust_line import dot, fit

REPEATED = 3
"""Pairs with the same tools from which their difference is known."""
SPARSE, DENSE = 1 / 7, 1 / 2
"""Tokens for a character, at least and at most, of JSON and of prose."""
SURE = 0.07
"""Share by which the missing tokens may differ from the cost of the tools when all of them are reported missing."""
VAGUE = 0.12
"""Relative error of the cost above which the part and the whole cannot be distinguished."""
LEAST, PART = 0.15, 0.92
"""Shares of the cost between which a part is missing."""
UNLIKE = 1.3
"""Times that one set of tools must be as large as another, for a part to be distinguished from a constant."""
PREAMBLE = 250
"""Missing tokens above which a different preamble to the tools cannot be the cause."""

ToolSet = tuple[int, int, int]


def dropped_reasoning(samples: Sequence[PromptSample]) -> Iterator[Explanation]:
    """Each pair lacks about what its own earlier reasoning must cost, and nothing where there is none."""
    carrying = sum(sample.reasoning_turns > 0 for sample in samples)
    if min(carrying, len(samples) - carrying) >= FEW:
        hits = [
            _lacks(sample, sample.reasoning_characters) if sample.reasoning_turns else abs(sample.difference) <= NEAR
            for sample in samples
        ]
        yield explanation((TokenCause.REASONING_DROPPED,), samples, hits, "earlier reasoning does not reach the provider's model")


def _lacks(sample: PromptSample, characters: int) -> bool:
    return SPARSE * characters - NEAR <= -sample.difference <= DENSE * characters + NEAR + 4 * sample.reasoning_turns


def changed_tools(samples: Sequence[PromptSample]) -> Iterator[Explanation]:
    """A difference that stands beside tools alone, the same for the same tools."""
    offering = [sample for sample in samples if sample.tools]
    middle = median(sample.difference for sample in offering) if len(offering) >= FEW else 0.0
    if abs(middle) <= NEAR:
        return
    expected = _expected(offering)
    hits = [abs(sample.difference - expected.get(_set(sample), inf)) <= NEAR for sample in offering]
    if sum(hits) < len(hits) / 2:
        line = _line(offering)
        hits = [abs(sample.difference - line(sample)) <= NEAR for sample in offering] if line else hits
    if len(samples) - len(offering) < FEW:
        found: tuple[TokenCause, str] | None = (
            TokenCause.UNEXPLAINED,
            "",
        )  # tools may bring what always stands beside them
    else:
        found = _named(samples, offering, middle)
    if found is None:
        return
    of_tools = iter(hits)
    every = [next(of_tools) if sample.tools else abs(sample.difference) <= NEAR for sample in samples]
    yield explanation((found[0],), samples, every, found[1])


def _set(sample: PromptSample) -> ToolSet:
    return sample.tools, sample.tool_characters, sample.schema_characters


def _expected(offering: Sequence[PromptSample]) -> dict[ToolSet, float]:
    """The difference of each set of tools that was offered often enough."""
    found: dict[ToolSet, list[int]] = defaultdict(list)
    for sample in offering:
        found[_set(sample)].append(sample.difference)
    return {key: median(values) for key, values in found.items() if len(values) >= REPEATED}


class _Line:
    """A difference by the number of tools and one of their sizes."""

    def __init__(self, size: str, coefficients: Sequence[float]) -> None:
        self._size, self._coefficients = size, coefficients

    def __call__(self, sample: PromptSample) -> float:
        return dot(self._coefficients, (float(sample.tools), float(getattr(sample, self._size))))


def _line(offering: Sequence[PromptSample]) -> _Line | None:
    """The better of two lines, for tools that hardly come twice."""
    values = [float(sample.difference) for sample in offering]
    lines = []
    for size in ("tool_characters", "schema_characters"):
        fitted = fit([[float(sample.tools), float(getattr(sample, size))] for sample in offering], values)
        lines += [_Line(size, fitted)] if fitted else []
    return min(lines, key=lambda line: median(abs(line(one) - one.difference) for one in offering), default=None)


def _named(samples: Sequence[PromptSample], offering: Sequence[PromptSample], middle: float) -> tuple[TokenCause, str] | None:
    if middle > 0:
        return (
            TokenCause.TOOLS_TEMPLATE,
            f"tools are written into the prompt differently ({middle:+.0f} tokens in the middle where there are any)",
        )
    cost = _cost(samples, offering)
    if cost is None:
        return None
    each, error = cost
    share = -middle / median(each)
    if error > VAGUE:
        return None
    if abs(share - 1) <= max(SURE, error):
        return (
            TokenCause.TOOLS_DROPPED,
            f"the tools do not reach the provider's model ({middle:+.0f} tokens in the middle where there are any)",
        )
    if LEAST <= share <= PART - max(SURE, error) and (-middle > PREAMBLE or _in_proportion(offering, each)):
        return (
            TokenCause.SCHEMAS_SHORTENED,
            f"about {share:.0%} of what the tools cost is missing: their schemas are dropped or shortened",
        )
    if -middle <= 16 * median(sample.tools for sample in offering) and share < LEAST:
        return (
            TokenCause.TOOLS_TEMPLATE,
            f"tools are written into the prompt differently ({middle:+.0f} tokens in the middle where there are any)",
        )
    return None


def _cost(samples: Sequence[PromptSample], offering: Sequence[PromptSample]) -> tuple[list[float], float] | None:
    """What the tools of each sample cost the reference, and the relative error of it; None where it cannot be estimated."""
    for sizes in (("tools", "tool_characters"), ("tool_characters",)):
        others = [name for name in ("messages", "system", "text_characters", "reasoning_characters") if _varies(samples, name)]
        rows = [[1.0, *(float(getattr(sample, name)) for name in (*others, *sizes))] for sample in samples]
        counts = [float(sample.reference_tokens) for sample in samples]
        fitted = fit(rows, counts)
        if fitted is None:
            continue
        tools = fitted[1 + len(others) :]
        each = [dot(tools, [float(getattr(sample, name)) for name in sizes]) for sample in offering]
        spread = 1.4826 * median(abs(count - dot(fitted, row)) for row, count in zip(rows, counts, strict=True))
        error = 3 * spread * sqrt(1 / len(offering) + 1 / (len(samples) - len(offering)))
        return (each, error / median(each)) if median(each) > FEW else None
    return None


def _varies(samples: Sequence[PromptSample], name: str) -> bool:
    return len({getattr(sample, name) for sample in samples}) > 1


def _in_proportion(offering: Sequence[PromptSample], costs: Sequence[float]) -> bool:
    """Whether larger tools lack more, as when a part of each is missing, rather than all the same, as with another preamble."""
    pairs = sorted(zip(costs, (-sample.difference for sample in offering), strict=True))
    quarter = len(pairs) // 4
    small, large = pairs[:quarter], pairs[-quarter:]
    low, high = median(cost for cost, _ in small), median(cost for cost, _ in large)
    if high < UNLIKE * low:
        return False
    grown = median(lack for _, lack in large) / max(median(lack for _, lack in small), 1.0)
    return abs(grown / (high / low) - 1) <= 0.25
