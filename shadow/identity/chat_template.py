"""Explains why two servers count different prompt tokens for the same request: the one cause that fits the differences.

A cause is named where it explains 95 % of the pairs, to the token, and no other explains more than 60 %. Mixtures, and
differences that no cause fits, are unexplained, with their size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from statistics import median

from shadow.identity.count_factor import factor_explanations
from shadow.identity.dropped_inputs import changed_tools, dropped_reasoning
from shadow.identity.frame_terms import ENOUGH, STUB, frame_explanations
from shadow.identity.prompt_sample import NEAR, Explanation, PromptSample, TokenCause


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateDifference:
    """What was found: the causes, the share of samples they explain, and a sentence."""

    causes: tuple[TokenCause, ...]
    explained: float
    samples: int
    sentence: str


FEWEST = 20
"""Samples below which nothing is named."""
MOST = 400
"""Newest samples looked at."""
RIVAL = 0.6
"""Share of every kind of request from which another cause explains too much for one to be named."""
EVERYWHERE = 0.8
"""Share of every kind of request that a cause must explain, beside 95 % of all."""


def template_difference(samples: Sequence[PromptSample]) -> TemplateDifference:
    """The likely cause of the differences in `samples`, oldest first; at most the newest 400 are looked at."""
    newest = samples[-MOST:]
    if len(newest) < FEWEST:
        return _template((TokenCause.TOO_FEW,), 0.0, newest, f"fewer than {FEWEST} pairs with both counts")
    if sum(sample.difference == 0 for sample in newest) >= ENOUGH * len(newest):
        share = sum(sample.difference == 0 for sample in newest) / len(newest)
        return _template((TokenCause.NONE,), share, newest, "both count the same prompt tokens")
    others = [*chain(changed_tools(newest), dropped_reasoning(newest), factor_explanations(newest))]
    exact = [*frame_explanations(newest, 0.0), *others]
    return (
        _found(newest, exact)
        or _found(newest, candidates := [*frame_explanations(newest, NEAR), *others])
        or _rest(newest, candidates)
    )


def _found(samples: Sequence[PromptSample], candidates: Sequence[Explanation]) -> TemplateDifference | None:
    """The one candidate that explains the differences, where no other explains too much of them."""
    best = max(candidates, key=lambda one: one.explained, default=None)
    if best is None or best.explained < ENOUGH or best.worst < EVERYWHERE or best.causes == (TokenCause.UNEXPLAINED,):
        return None
    if any(one.worst > RIVAL and one.causes != best.causes for one in candidates):
        return None
    return _template(best.causes, best.explained, samples, f"{best.sentence}; {best.explained:.0%} of {len(samples)} pairs")


def _rest(samples: Sequence[PromptSample], candidates: Sequence[Explanation]) -> TemplateDifference:
    return _convention(samples, candidates) or _unexplained(samples)


def _convention(samples: Sequence[PromptSample], candidates: Sequence[Explanation]) -> TemplateDifference | None:
    """A stub of up to three tokens that some replicas count and others do not."""
    share = sum(0 <= sample.difference <= STUB for sample in samples) / len(samples)
    if share < ENOUGH or any(one.worst > RIVAL and one.causes != (TokenCause.STUB,) for one in candidates):
        return None
    sentence = "the generation stub is counted by some of the provider's answers and not by others, which is no fault"
    return _template((TokenCause.STUB,), share, samples, f"{sentence}; {share:.0%} of {len(samples)} pairs")


def _unexplained(samples: Sequence[PromptSample]) -> TemplateDifference:
    differing = [sample.difference for sample in samples if sample.difference]
    amount = f"{median(differing):+.0f} tokens in the middle, in {len(differing)} of {len(samples)} pairs"
    return _template((TokenCause.UNEXPLAINED,), 0.0, samples, f"unexplained: {amount}")


def _template(
    causes: tuple[TokenCause, ...], explained: float, samples: Sequence[PromptSample], sentence: str
) -> TemplateDifference:
    return TemplateDifference(causes=causes, explained=explained, samples=len(samples), sentence=sentence)
