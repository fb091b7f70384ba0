"""Counts what each reference and candidate refused, and words it at most once a minute, with what to do; pure.

A sentence holds the status and never the reference's own message, which may quote a prompt or a key.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

EVERY_SECONDS = 60.0
REFERENCE, CANDIDATE = "reference", "candidate"
"""What a server is to the requests that it refused."""
REMEDIES: Mapping[int, str] = {
    400: "it does not accept these requests as they are: `sameweights pairs --signal parameters` shows them",
    401: "its key is missing or wrong: see the variable that api_key_env names",
    402: "its account has no credit",
    403: "its key may not use this model, or not from here",
    404: "its base_url is wrong, or it does not know the model: `models` renames a model for one provider",
    422: "it does not accept these requests as they are: `sameweights pairs --signal parameters` shows them",
    429: "it limits the rate or the quota: lower shadow.sample_rate or shadow.concurrency",
}
"""What to do about a status; the others are the reference's own trouble."""


@dataclass(slots=True, kw_only=True)
class _Count:
    side: str = REFERENCE
    asked: int = 0
    refused: Counter[int] = field(default_factory=Counter)


class ReferenceErrors:
    """The answers of each reference since its last sentence."""

    def __init__(self) -> None:
        self._counts: dict[str, _Count] = {}
        self._reported: dict[str, float] = {}
        self._answered: set[str] = set()

    def __repr__(self) -> str:
        return f"ReferenceErrors({ {name: (count.asked, dict(count.refused)) for name, count in self._counts.items()} })"

    def note(self, name: str, status: int | None, *, side: str = REFERENCE) -> None:
        """Count one answer of a reference or candidate; None is a connection that failed, which is no refusal."""
        self._answered.add(name)
        count = self._counts.setdefault(name, _Count())
        count.side = side
        count.asked += 1
        if status is not None and status >= 400:
            count.refused[status] += 1

    @property
    def heard(self) -> frozenset[str]:
        """The references and candidates that have answered, or failed to."""
        return frozenset(self._answered)

    def due(self, now: float) -> Sequence[str]:
        """A sentence for each reference that refused something, none twice within `EVERY_SECONDS` of monotonic `now`."""
        return [self._sentence(name) for name in sorted(self._counts) if self._is_due(name, now)]

    def _is_due(self, name: str, now: float) -> bool:
        if not self._counts[name].refused or now - self._reported.get(name, -EVERY_SECONDS) < EVERY_SECONDS:
            return False
        self._reported[name] = now
        return True

    def _sentence(self, name: str) -> str:
        count = self._counts.pop(name)
        return refusal(name, count.refused.total(), count.asked, count.refused.most_common(1)[0][0], side=count.side)


def refusal(name: str, refused: int, asked: int, status: int, *, side: str = REFERENCE) -> str:
    """What a reference or candidate refused, by its most frequent status, and what to do."""
    remedy = REMEDIES.get(status, "the error is on its side")
    return f"the {side} {name} refused {refused} of {asked} shadow requests: {status}; {remedy}"
