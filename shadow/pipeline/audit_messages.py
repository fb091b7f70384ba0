"""The messages between the audit process and its workers: pickled, since both ends are processes of one `serve` of one user.

An exchange goes to a worker with its place in a conversation; what the worker's audit of it came to comes back in one message, so
that it is counted and stored as a whole or, where the worker was killed, lost as a whole and counted.
"""

from __future__ import annotations

import os
import pickle
import socket
import struct
from asyncio import BaseTransport
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from proxy.packing import FrameError, frame
from shadow.findings.finding import FindingState, Signal
from shadow.metrics.answer_counts import AnswerCounts
from shadow.pipeline.candidate_copies import CandidateCopies
from shadow.pipeline.identity_observer import IdentityTraits
from shadow.sampling.conversations import ConversationPlace
from storage.opening import PreparedRecord

HELLO, WELCOME, WORK, RESULT = b"H", b"W", b"X", b"R"


@dataclass(frozen=True, slots=True)
class Hello:
    """The first message of a worker."""

    number: int
    pid: int


@dataclass(frozen=True, slots=True)
class Welcome:
    """The first message to a worker: what it must share with the others. Never written anywhere."""

    secret: bytes
    pseudonyms: bytes
    names: Sequence[tuple[str, str, tuple[str, ...]]]
    exhausted: Mapping[str, str]
    copies: CandidateCopies


class Work(NamedTuple):
    """One exchange for a worker, packed as it came."""

    plane: int
    place: ConversationPlace
    payload: bytes


class KnownNames(NamedTuple):
    """The names of models in the answers of a provider asked for `model`, the latest last."""

    provider: str
    model: str
    names: tuple[str, ...]


class BudgetState(NamedTuple):
    """The limits that are reached, by whose they are."""

    exhausted: Mapping[str, str]


class Reserved(NamedTuple):
    """The answer to a `Reserve`: "" where the request may be sent."""

    number: int
    why: str


class Drain(NamedTuple):
    """The last message to a worker: end what runs, within so many seconds, and answer with `Drained`."""

    patience: float


class Counted(NamedTuple):
    """One answer to be counted."""

    counts: AnswerCounts
    pair_id: str


class FindingCount(NamedTuple):
    """What is counted of a finding."""

    signal: Signal
    state: FindingState
    score: float | None


class FindingsCounted(NamedTuple):
    """The findings of one pair, or of one answer alone, to be counted."""

    provider: str
    model: str
    kind: str
    control_reason: str
    findings: tuple[FindingCount, ...]
    pair_id: str


class ChecksCounted(NamedTuple):
    """The checks of one answer to be counted, as (signal, state): plain texts, since there are thirty and more of each answer."""

    provider: str
    model: str
    verdicts: tuple[tuple[str, str], ...]


class Skipped(NamedTuple):
    """A request that was not shadowed."""

    reason: str


class Identified(NamedTuple):
    """What one answer shows of who serves."""

    traits: IdentityTraits


class Recorded(NamedTuple):
    """A record to be stored; None where it could not be prepared. `plane` is the sender of the exchange, or the row of pairs."""

    plane: int
    record: PreparedRecord | None


class Lost(NamedTuple):
    """An exchange or a pair that is lost."""

    plane: int
    reason: str


class Done(NamedTuple):
    """The worker has handled one exchange of a sender."""

    plane: int


class Reserve(NamedTuple):
    """A request of a tenant ("" for none) that has to be reserved; answered by `Reserved`."""

    number: int
    tenant: str


class Paid(NamedTuple):
    """What the answers of one shadow cost: tokens and money each."""

    costs: tuple[tuple[int, float], ...]
    tenant: str


class WorkerState(NamedTuple):
    """How a worker is, with each message and twice a second."""

    shadows: int
    waiting: int
    fetcher: bool


class Drained(NamedTuple):
    """Nothing runs in the worker any more."""


Message = (
    Hello
    | Welcome
    | Work
    | KnownNames
    | BudgetState
    | CandidateCopies
    | Reserved
    | Drain
    | Counted
    | FindingsCounted
    | ChecksCounted
    | Skipped
    | Identified
    | Recorded
    | Lost
    | Done
    | Reserve
    | Paid
    | WorkerState
    | Drained
)


def packed(kind: bytes, message: object) -> bytes:
    """One frame."""
    return frame(kind, pickle.dumps(message, pickle.HIGHEST_PROTOCOL))


def unpacked(payload: bytes) -> object:
    """The message of a frame, of a process that `is_own` has shown to be this user's; FrameError where there is none."""
    try:
        return pickle.loads(payload)  # noqa: S301 - the other end is a process of this `serve`
    except Exception as error:  # any, because pickle calls what the bytes name
        raise FrameError(f"no message: {type(error).__name__}: {error}") from error


def is_own(transport: BaseTransport) -> bool:
    """Whether a process of this user is at the other end; where the system cannot show it, the folder's mode has to do."""
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return True
    _, uid, _ = struct.unpack(
        "3i", transport.get_extra_info("socket").getsockopt(socket.SOL_SOCKET, option, struct.calcsize("3i"))
    )
    return bool(uid == os.geteuid())
