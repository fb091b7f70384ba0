"""Describes the tokens that a provider counts beyond its reference for the same words: in proportion, a constant, or by requests.

It describes and does not decide: `shadow.drift.count_detector` decides whether more are counted at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median, quantiles

from shadow.identity.chat_template import FEWEST, MOST, template_difference
from shadow.identity.prompt_sample import FEW, PromptSample, TokenCause, explanation
from shadow.identity.robust_line import dot, fit
from shadow.measures.token_allowance import COMPLETION_ALLOWANCE, PROMPT_ALLOWANCE, TOLERATED, TokenAllowance

HELD = 0.8
"""Share of the requests, and of every kind and both halves of their sizes, that a description must hold for."""
QUARTER = 0.25
"""Part of the expected tokens that each request must have more, because a tokenizer splits each text in its own way."""
ALIKE = 1.25
"""Large requests over small ones, below which a factor and a constant cannot be distinguished."""
RIVAL = 0.9
"""The line by length must leave at most this part of what a line by any other size leaves."""
WITHIN = 0.1
"""Part of a constant by which a request may miss it."""
NEARLY_ALL = 0.9
"""Share of the additional tokens that the requests of one kind must have."""
PLAINLY = 0.5
"""Another size explains the tokens where its line leaves at most this part of what the line by length leaves."""
RIVALS = {
    "messages": "the number of messages",
    "system": "a system message",
    "tools": "the number of tools",
    "tool_characters": "the size of the tools",
    "reasoning_turns": "the number of earlier reasoning turns",
}
NOT_TEMPLATE = frozenset(
    {TokenCause.NONE, TokenCause.STUB, TokenCause.BILL, TokenCause.TOKENIZER, TokenCause.UNEXPLAINED, TokenCause.TOO_FEW}
)
SAME_WORDS = "than the reference counts for the same words"


class ExtraShape(StrEnum):
    """How the additional tokens lie over the requests; a closed set."""

    TOO_FEW = "too_few"
    NONE = "none"
    PROPORTION = "proportion"
    CONSTANT = "constant"
    TEMPLATE = "template"
    KIND = "kind"
    ALIKE = "sizes_alike"
    UNEXPLAINED = "unexplained"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtraTokens:
    """`requests` compared, `share` of tokens more over all of them (0.02 is 2 %), `tokens` more in the median request, and a
    phrase.
    """

    shape: ExtraShape
    requests: int
    share: float
    tokens: float
    phrase: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedWords:
    """One request: the tokens of both for the same words."""

    sample: PromptSample
    provider: int
    reference: int

    @property
    def more(self) -> int:
        """Tokens that the provider counts more."""
        return self.provider - self.reference

    def beyond(self, allowance: TokenAllowance) -> bool:
        """Whether that is more than is tolerated."""
        return allowance.excess(self.provider, self.reference) > 0


_KINDS: Sequence[tuple[str, Callable[[CountedWords], bool]]] = (
    ("with tools", lambda one: one.sample.tools > 0),
    ("without tools", lambda one: one.sample.tools == 0),
    ("with a system message", lambda one: one.sample.system > 0),
    ("without a system message", lambda one: one.sample.system == 0),
    ("with earlier reasoning", lambda one: one.sample.reasoning_turns > 0),
    ("of three messages and more", lambda one: one.sample.messages >= 3),
    ("under 1,000 tokens", lambda one: one.reference < 1_000),
    ("of 1,000 tokens and more", lambda one: one.reference >= 1_000),
    ("of 4,000 tokens and more", lambda one: one.reference >= 4_000),
    ("of 16,000 tokens and more", lambda one: one.reference >= 16_000),
)


def extra_prompt_tokens(samples: Sequence[PromptSample]) -> ExtraTokens:
    """What is more in the prompts of the newest 400 of `samples`, oldest first."""
    counted = [
        CountedWords(sample=one, provider=one.provider_tokens, reference=one.reference_tokens)
        for one in samples
        if PROMPT_ALLOWANCE.counts(one.reference_tokens)
    ][-MOST:]
    return _enough(counted, PROMPT_ALLOWANCE) or _alike(counted) or _template(counted) or _described(counted)


def extra_completion_tokens(samples: Sequence[PromptSample]) -> ExtraTokens:
    """What is more in the completions of equal answers, of the newest 400, oldest first."""
    counted = [
        CountedWords(sample=one, provider=one.provider_completion, reference=one.reference_completion)
        for one in samples
        if one.same_text and COMPLETION_ALLOWANCE.counts(one.reference_completion) and one.provider_completion
    ][-MOST:]
    return _enough(counted, COMPLETION_ALLOWANCE) or _alike(counted) or _described(counted)


def _enough(counted: Sequence[CountedWords], allowance: TokenAllowance) -> ExtraTokens | None:
    """The answer where there is too little to describe: too few requests, or none that has more."""
    if len(counted) < FEWEST:
        return _made(ExtraShape.TOO_FEW, counted, f"{len(counted)} of {FEWEST} comparable requests")
    if not any(one.beyond(allowance) for one in counted):
        return _made(ExtraShape.NONE, counted, f"none more {SAME_WORDS} ({len(counted)} requests)")
    return None


def _template(counted: Sequence[CountedWords]) -> ExtraTokens | None:
    """A difference that another chat template explains to the token, other than one constant in every prompt."""
    found = template_difference([one.sample for one in counted])
    if NOT_TEMPLATE.intersection(found.causes) or TokenCause.CONSTANT in found.causes:
        return None
    amount = f"{_mean_more(counted):.0f} tokens more in the mean request {SAME_WORDS}"
    return _made(ExtraShape.TEMPLATE, counted, f"{amount}: {found.sentence}")


def _described(counted: Sequence[CountedWords]) -> ExtraTokens:
    return _proportion(counted) or _constant(counted) or _other_size(counted) or _kind(counted) or _unexplained(counted)


def _alike(counted: Sequence[CountedWords]) -> ExtraTokens | None:
    """Requests of nearly one size, over which a factor and a constant are the same."""
    ends = quantiles((one.reference for one in counted), n=10)
    if ends[-1] > ALIKE * ends[0]:
        return None
    amount = f"about {_median_more(counted):.0f} tokens ({_share(counted):.1%}) more a request {SAME_WORDS}"
    why = "of nearly one size, so that a factor and a constant cannot be distinguished"
    return _made(ExtraShape.ALIKE, counted, f"{amount} ({len(counted)} requests {why})")


def _proportion(counted: Sequence[CountedWords]) -> ExtraTokens | None:
    """A factor that holds in every kind of request and in both halves of their sizes, and that no other size explains as well."""
    line = _line(counted, "reference")
    if line is None or line[1] < TOLERATED:
        return None
    middle = median(one.reference for one in counted)
    hits = [one.more >= QUARTER * line[1] * one.reference for one in counted]
    if line[1] * middle <= abs(line[0]) or not _held(counted, hits) or _rivalled(counted, line):
        return None
    phrase = f"{line[1]:.1%} more tokens {SAME_WORDS} ({len(counted)} requests, in proportion to length)"
    return _made(ExtraShape.PROPORTION, counted, phrase)


def _constant(counted: Sequence[CountedWords]) -> ExtraTokens | None:
    size = _median_more(counted)
    hits = [abs(one.more - size) <= max(1.0, WITHIN * abs(size)) for one in counted]
    if size <= 0 or not _held(counted, hits):
        return None
    phrase = f"{size:.0f} tokens more a request {SAME_WORDS} ({len(counted)} requests): another template"
    return _made(ExtraShape.CONSTANT, counted, phrase)


def _other_size(counted: Sequence[CountedWords]) -> ExtraTokens | None:
    """Tokens that grow with another size of the request than its length: a template that renders a part longer."""
    line = _line(counted, "reference")
    lines = {term: other for term in RIVALS if (other := _line(counted, term)) and other[1] > 0}
    left = {term: _left(counted, other, term) for term, other in lines.items()}
    best = min(left, key=lambda term: left[term], default=None)
    if line is None or best is None or left[best] > PLAINLY * _left(counted, line, "reference"):
        return None
    amount = f"{_mean_more(counted):.0f} tokens more in the mean request {SAME_WORDS} ({len(counted)} requests)"
    return _made(ExtraShape.TEMPLATE, counted, f"{amount}, growing with {RIVALS[best]}: another template")


def _kind(counted: Sequence[CountedWords]) -> ExtraTokens | None:
    """The smallest kind of request that has nearly all of the additional tokens."""
    whole = sum(max(one.more, 0) for one in counted)
    found = [(name, [one for one in counted if fits(one)]) for name, fits in _KINDS]
    holding = [
        (name, own)
        for name, own in found
        if FEW <= len(own) < len(counted) and _most_have(own) and sum(max(one.more, 0) for one in own) >= NEARLY_ALL * whole
    ]
    if not holding:
        return None
    name, own = min(holding, key=lambda each: len(each[1]))
    where = f"in requests {name} ({len(own)} of {len(counted)})"
    share = f"{_share(own):.1%} more" if _proportion(own) else f"about {_median_more(own):.0f} tokens more a request"
    return _made(ExtraShape.KIND, counted, f"{share} {SAME_WORDS}, {where}")


def _most_have(counted: Sequence[CountedWords]) -> bool:
    """Whether most requests have more: where few do, another reason than their kind is behind it."""
    return sum(one.more > 0 for one in counted) >= HELD * len(counted)


def _unexplained(counted: Sequence[CountedWords]) -> ExtraTokens:
    more = [one for one in counted if one.more > 0]
    amount = f"{_share(more):.1%} more tokens {SAME_WORDS} in {len(more)} of {len(counted)} requests"
    return _made(ExtraShape.UNEXPLAINED, counted, f"{amount}; what these have in common is not known")


def _line(counted: Sequence[CountedWords], term: str) -> tuple[float, ...] | None:
    """The additional tokens as a constant and a multiple of one size."""
    return fit([[1.0, _size(one, term)] for one in counted], [float(one.more) for one in counted])


def _size(one: CountedWords, term: str) -> float:
    return float(one.reference if term == "reference" else getattr(one.sample, term))


def _left(counted: Sequence[CountedWords], line: Sequence[float], term: str) -> float:
    """The sum of what a line leaves."""
    return sum(abs(one.more - dot(line, (1.0, _size(one, term)))) for one in counted)


def _rivalled(counted: Sequence[CountedWords], line: Sequence[float]) -> bool:
    """Whether another size explains the tokens nearly as well as the length does."""
    own = _left(counted, line, "reference")
    others = [(term, other) for term in RIVALS if (other := _line(counted, term))]
    return any(own > RIVAL * _left(counted, other, term) for term, other in others)


def _held(counted: Sequence[CountedWords], hits: Sequence[bool]) -> bool:
    """Whether a description holds for nearly all, in every kind of request and in both halves of their sizes."""
    samples = [one.sample for one in counted]
    by_size = [hit for _, hit in sorted(zip((one.reference for one in counted), hits, strict=True))]
    half = len(hits) // 2
    halves = (by_size[:half], by_size[half:])
    worst = explanation((), samples, hits, "").worst
    return worst >= HELD and all(sum(part) >= HELD * len(part) for part in halves)


def _share(counted: Sequence[CountedWords]) -> float:
    """Tokens more over all of these requests, as a share of the reference's."""
    counts = sum(one.reference for one in counted)
    return sum(one.more for one in counted) / counts if counts else 0.0


def _mean_more(counted: Sequence[CountedWords]) -> float:
    return sum(one.more for one in counted) / len(counted)


def _median_more(counted: Sequence[CountedWords]) -> float:
    return median(one.more for one in counted)


def _made(shape: ExtraShape, counted: Sequence[CountedWords], phrase: str) -> ExtraTokens:
    tokens = _median_more(counted) if counted else 0.0
    return ExtraTokens(shape=shape, requests=len(counted), share=_share(counted), tokens=tokens, phrase=phrase)
