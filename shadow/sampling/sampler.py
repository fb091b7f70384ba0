"""Decides whether a request is shadowed, and whether a control is sent at random; keyed hashes only, so it can be repeated.

Decided before any response is read (the rule of validity, drift (a) and (b)), under a secret of the installation: a provider
that could compute the sample could serve it better than the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple, Protocol, Self

from proxy.named_tuples import maker


class SamplingDecision(NamedTuple):
    """`shadow`: send to the reference; `control`: send twice whatever the answers hold; `why` is the reason of a skip."""

    shadow: bool
    control: bool
    why: str


_decided = maker(SamplingDecision)


def secret_of(seed: str, drawn: bytes) -> bytes:
    """The 32 bytes that key the sample: `drawn`, those of the installation, or what a configured `seed` comes to."""
    return sha256(b"sameweights.seed\0" + seed.encode("utf-8", "surrogatepass")).digest() if seed else drawn


def decide(*, key: str, request_id: str, rate: float, control_fraction: float, secret: bytes) -> SamplingDecision:
    """Whether the conversation `key` is in the sample of `rate`, and whether the request draws a control.

    The two are independent: the first hashes the key, so that whole conversations are in or out; the second hashes the
    request's id, so that a long conversation is not all controls. The same arguments always give the same decision.
    """
    if _uniform(secret, "shadow", key) >= rate:
        return _decided(shadow=False, control=False, why="not_sampled")
    return SamplingDecision(shadow=True, control=_uniform(secret, "control", request_id) < control_fraction, why="")


def is_drawn(purpose: str, request_id: str, share: float, secret: bytes) -> bool:
    """A repeatable draw for each purpose by the request's id; true in `share` of the requests."""
    return _uniform(secret, purpose, request_id) < share


def take_turns(names: Sequence[str], most: int, key: str, secret: bytes) -> tuple[str, ...]:
    """At most so many of the `names` for the conversation `key`, in their order; 0 is all of them.

    Each has the same chance, and so has each set of them: two candidates share requests whatever their places in a list are.
    """
    if not 0 < most < len(names):
        return tuple(names)
    drawn = sorted(names, key=lambda name: _uniform(secret, "turn", f"{len(name)}:{name}{key}"))[:most]
    return tuple(name for name in names if name in drawn)


def _uniform(secret: bytes, purpose: str, text: str) -> float:
    """A number in [0, 1) by HMAC-SHA-256 (RFC 2104); the length of `purpose` keeps (ab, c) apart from (a, bc)."""
    name = purpose.encode()
    digest = hmac_sha256(secret, len(name).to_bytes(8) + name + text.encode("utf-8", "surrogatepass"))
    return (int.from_bytes(digest[:8]) >> 11) / (1 << 53)


def hmac_sha256(key: bytes, text: bytes) -> bytes:
    """HMAC-SHA-256 (RFC 2104) with the two states of the key kept: `hmac.digest` lets another thread run at each call."""
    within, around = (state.copy() for state in _states(key))
    within.update(text)
    around.update(within.digest())
    return around.digest()


class _Hash(Protocol):
    def copy(self) -> Self: ...
    def update(self, data: bytes, /) -> None: ...
    def digest(self) -> bytes: ...


@lru_cache(maxsize=8)
def _states(key: bytes) -> tuple[_Hash, _Hash]:
    """SHA-256 after the key with its inner and its outer pad, a block of 64 bytes each."""
    block = (sha256(key).digest() if len(key) > 64 else key).ljust(64, b"\0")
    return sha256(bytes(byte ^ 0x36 for byte in block)), sha256(bytes(byte ^ 0x5C for byte in block))
