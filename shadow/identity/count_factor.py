"""Finds counts that are larger by one factor: a multiplied bill, or another tokenizer. Equal answers distinguish the two."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median

from shadow.identity.prompt_sample import FEW, NEAR, Explanation, PromptSample, TokenCause, explanation
from shadow.identity.robust_line import fit

LEAST = 0.02
"""Share by which the counts must differ."""
ROUGH = 0.3
"""Share of the difference by which a tokenizer may deviate: it splits each text in its own way."""
EXACT = 0.6
"""Share of the pairs up to which a factor that fits to the token may be chance."""
ENOUGH = 0.95
"""Share of the equal answers that a rule must hold for."""
SHORT = 8
"""Completion tokens below which an equal answer is no evidence of a factor."""


def factor_explanations(samples: Sequence[PromptSample]) -> Iterator[Explanation]:
    """At most one explanation: the bill, the tokenizer, or a factor for which neither can be decided."""
    counts = [float(sample.reference_tokens) for sample in samples]
    fitted = fit([[count] for count in counts], [float(sample.provider_tokens) for sample in samples])
    factor = fitted[0] if fitted else 1.0
    if abs(factor - 1) < LEAST:
        return
    exact = [abs(sample.provider_tokens - factor * count) <= NEAR for sample, count in zip(samples, counts, strict=True)]
    alike = [one for one in samples if one.same_text and min(one.provider_completion, one.reference_completion) >= SHORT]
    if sum(exact) > EXACT * len(exact) and not _counts_agree(alike):
        found = _exact(alike, factor)
        yield explanation((found[0],), samples, exact, found[1])
    elif (rough := _rough(samples, factor)) and _counts_differ(alike):
        yield explanation(
            (TokenCause.TOKENIZER,),
            samples,
            rough,
            f"another tokenizer, or estimated counts: prompts {factor - 1:+.0%}, and equal answers are counted differently too",
        )


def _exact(alike: Sequence[PromptSample], factor: float) -> tuple[TokenCause, str]:
    hits = [abs(one.provider_completion - factor * one.reference_completion) <= NEAR for one in alike]
    if factor > 1 and len(alike) >= FEW and sum(hits) >= ENOUGH * len(hits):
        return (
            TokenCause.BILL,
            f"both counts are larger by the factor {factor:.2f} while {len(alike)} answers are equal: the bill",
        )
    return TokenCause.UNEXPLAINED, ""


def _rough(samples: Sequence[PromptSample], factor: float) -> list[bool] | None:
    """Which pairs the factor explains by and large; None where a constant stands beside it."""
    differences = [float(sample.difference) for sample in samples]
    line = fit([[1.0, float(sample.reference_tokens)] for sample in samples], differences)
    if line is None or abs(line[0]) > max(3.0, 0.1 * median(map(abs, differences))):
        return None
    allowed = [max(2.0, ROUGH * abs(value)) for value in differences]
    return [
        abs(value - (factor - 1) * sample.reference_tokens) <= most
        for sample, value, most in zip(samples, differences, allowed, strict=True)
    ]


def _counts_differ(alike: Sequence[PromptSample]) -> bool:
    """Whether equal answers have different counts, and not by one exact factor, which no tokenizer keeps to."""
    differ = sum(one.provider_completion != one.reference_completion for one in alike)
    if len(alike) < FEW or differ < EXACT * len(alike):
        return False
    factor = median(one.provider_completion / one.reference_completion for one in alike)
    kept = sum(abs(one.provider_completion - factor * one.reference_completion) <= NEAR for one in alike)
    return kept < ENOUGH * len(alike)


def _counts_agree(alike: Sequence[PromptSample]) -> bool:
    same = sum(one.provider_completion == one.reference_completion for one in alike)
    return len(alike) >= FEW and same >= ENOUGH * len(alike)
