"""What one exchange leaves behind: its bytes up to a limit, its sizes always, and the moment of each piece.

Told the time by whoever knows it; a piece costs two appends, and what has gathered is put away together, some pieces at a time.
"""

from __future__ import annotations

from array import array
from itertools import accumulate

from proxy.exchange import Exchange, Failure, Headers, Marks, Request, Response, Role

_MOST_MARKS = 100_000
"""Marks of one answer: 1.6 MB; a stream of more pieces keeps its last one up to date instead."""
_LOOSE = 16 * 1024
"""Bytes of an answer that lie about in the pieces in which they came: each put away at once costs a paced stream 4 us more."""


class Capture:
    """One exchange in the making; times are monotonic seconds on the clock that `begun` was read from."""

    __slots__ = (
        *("_begun", "_ends", "_head", "_kept", "_limit", "_moments", "_overhead", "_pieces", "_request", "_stowed", "_times"),
        *("_until", "conversation", "identity"),
        *("method", "model", "opted_out", "provider", "reference", "request_headers", "request_size", "role", "route", "size"),
        *("started", "stream", "tag", "target"),
    )

    def __init__(
        self,
        *,
        identity: str,
        role: Role,
        started: float,
        begun: float,
        limit: int,
        method: str,
        target: str,
        headers: Headers,
    ) -> None:
        self.identity = identity
        self.role = role
        self.started = started
        self._begun = begun
        self._limit = limit
        self.method = method
        self.target = target
        self.request_headers = headers
        self.route = self.provider = self.reference = self.model = self.tag = self.conversation = ""
        self.stream = self.opted_out = False
        self.request_size = 0
        self.size = 0
        """Bytes of the answer's body so far."""
        self._request = bytearray()
        self._pieces: list[bytes] = []
        self._moments: list[float] = []
        self._until = _LOOSE
        self._stowed = 0
        self._kept = bytearray()
        self._times = array("d")
        self._ends = array("Q")
        self._head: tuple[int, str, Headers, float] | None = None
        self._overhead = 0.0

    def ask(self, piece: bytes) -> None:
        """Take a piece of the request body, as the client sent it."""
        room = self._limit - len(self._request)
        self.request_size += len(piece)
        if room > 0:
            self._request += piece[:room]

    def sent(self, now: float, waited: float) -> None:
        """The request is being written to the provider, after `waited` seconds that were the client's or the network's."""
        self._overhead = max(0.0, now - self._begun - waited)

    def head(self, status: int, reason: str, headers: Headers, now: float) -> None:
        """The head of the answer is complete."""
        self._head = (status, reason, headers, now - self._begun)

    def add(self, piece: bytes, now: float) -> None:
        """Take a piece of the answer's body, free of transfer framing."""
        self.size += len(piece)
        self._pieces.append(piece)
        self._moments.append(now)
        if self.size >= self._until:
            self._stow()

    def _stow(self) -> None:
        """Put the loose pieces away: bytes up to the limit, a mark for each, the last one true."""
        pieces, moments = self._pieces, self._moments
        self._kept += b"".join(pieces)[: self._limit - len(self._kept)]
        self._times.extend(moments)
        ends = accumulate(map(len, pieces), initial=self._stowed)
        next(ends)
        self._ends.extend(ends)
        if len(self._ends) > _MOST_MARKS:
            del self._times[_MOST_MARKS - 1 : -1], self._ends[_MOST_MARKS - 1 : -1]
        self._stowed = self.size
        self._until = self.size + _LOOSE
        pieces.clear()
        moments.clear()

    @property
    def answered(self) -> bool:
        """True once the head of an answer has come."""
        return self._head is not None

    def end(self, now: float, failure: Failure | None = None) -> Exchange:
        """The exchange is over, by a whole answer or by `failure`."""
        return Exchange(
            id=self.identity,
            role=self.role,
            started=self.started,
            route=self.route,
            provider=self.provider,
            reference=self.reference,
            model=self.model,
            stream=self.stream,
            tag=self.tag,
            conversation=self.conversation,
            opted_out=self.opted_out,
            request=Request(
                method=self.method,
                target=self.target,
                headers=self.request_headers,
                body=bytes(self._request),
                size=self.request_size,
            ),
            response=self._response(),
            failure=failure,
            seconds=now - self._begun,
            overhead=self._overhead,
        )

    def _response(self) -> Response | None:
        if self._head is None:
            return None
        self._stow()
        status, reason, headers, head_seconds = self._head
        begun = self._begun
        return Response(
            status=status,
            reason=reason,
            headers=headers,
            body=bytes(self._kept),
            size=self.size,
            marks=Marks([at - begun for at in self._times], self._ends[:]),
            head_seconds=head_seconds,
        )
