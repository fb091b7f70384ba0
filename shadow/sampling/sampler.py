"""decide(): whether a request is shadowed, and whether a control is asked at random; hashes only, so it can be repeated.

Decided before any answer is looked at (the rule of validity, drift (a) and (b)).
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """`shadow`: send to the reference; `control`: send twice whatever the answers say; `why` names the reason of a no."""

    shadow: bool
    control: bool
    why: str


def decide(*, key: str, request_id: str, rate: float, control_fraction: float, seed: str) -> Decision:
    """Whether the conversation `key` is in the sample of `rate`, and whether the request's own coin asks for a control.

    The two are independent: the first hashes the key, so that whole conversations are in or out; the second hashes the
    request's id, so that a long conversation is not all controls. The same arguments always give the same decision.
    """
    if _uniform(seed, "shadow", key) >= rate:
        return Decision(shadow=False, control=False, why="not_sampled")
    return Decision(shadow=True, control=_uniform(seed, "control", request_id) < control_fraction, why="")


def tossed(purpose: str, request_id: str, share: float, seed: str) -> bool:
    """A coin of its own for each purpose, thrown with the request's id; it shows heads in `share` of the requests."""
    return _uniform(seed, purpose, request_id) < share


def _uniform(seed: str, purpose: str, text: str) -> float:
    """A number in [0, 1), the same for the same words; lengths keep (ab, c) apart from (a, bc)."""
    parts = (part.encode("utf-8", "surrogatepass") for part in (seed, purpose, text))
    digest = blake2b(b"".join(len(part).to_bytes(8) + part for part in parts), digest_size=8).digest()
    return (int.from_bytes(digest) >> 11) / (1 << 53)
