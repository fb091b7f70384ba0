"""Builds findings: one builder for each state, so that only a match has no reason."""

from __future__ import annotations

from functools import lru_cache

from shadow.findings.finding import DIFFER, MATCH, NOT_COMPARABLE, NOT_MEASURED, Finding, Signal

LONGEST = 200
"""Characters kept of a value in a finding."""
_KEPT = 1_024
"""Findings kept, of each of two states: most answers have the same ones."""
_PLAIN = {signal: Finding(signal=signal, state=MATCH, score=1.0) for signal in Signal}
"""The match of each signal whose values are not shown."""


def short(value: object, longest: int = LONGEST) -> str:
    """`value` as text of at most `longest` characters."""
    text = value if type(value) is str else str(value)
    if len(text) <= longest and text.isascii():
        return text
    text = storable(text)
    return text if len(text) <= longest else text[: longest - 1] + "…"


def storable(text: str) -> str:
    """`text` without lone surrogates, which JSON may carry and no file, page or database can."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def match_or_differ(
    signal: Signal, same: bool, subject: object, reference: object, reason: str, *, score: float | None = None
) -> Finding:
    """A match or a difference; without `score` it is 1 or 0. The reason is kept for a difference only."""
    if same and score is None:
        return _PLAIN[signal] if subject == reference == "" else _match(signal, short(subject), short(reference))
    return Finding(
        signal=signal,
        state=MATCH if same else DIFFER,
        score=float(same) if score is None else score,
        reason="" if same else storable(reason),
        subject=short(subject),
        reference=short(reference),
    )


@lru_cache(maxsize=_KEPT)
def _match(signal: Signal, subject: str, reference: str) -> Finding:
    return Finding(signal=signal, state=MATCH, score=1.0, subject=subject, reference=reference)


def not_comparable(signal: Signal, reason: str, subject: object = "", reference: object = "") -> Finding:
    """Both sides were read, but comparing them would be unfair for this `reason`."""
    return Finding(signal=signal, state=NOT_COMPARABLE, reason=reason, subject=short(subject), reference=short(reference))


@lru_cache(maxsize=_KEPT)
def not_measured(signal: Signal, reason: str) -> Finding:
    """There was nothing to measure; `reason` names what is missing."""
    return Finding(signal=signal, state=NOT_MEASURED, reason=reason)
