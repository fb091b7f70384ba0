"""The audit's own copy of a body without its content-encoding, and where each network chunk ended in the decoded bytes.

Bounded, because a kilobyte may unpack to a gigabyte; a stream that was cut is decoded as far as it goes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from proxy.content_coding import CODINGS, FAULTS, ContentCoding, named
from proxy.exchange import Headers
from proxy.named_tuples import maker
from shadow.reading.completion import Unread, UnreadReason
from shadow.reading.response_notes import unread

DECODED_LIMIT = 32 * 1024 * 1024
"""Bytes that any stage of decoding may yield: the largest body that is held by default."""
_LONGEST_CHAIN = 4
_LENGTH = len("content-encoding")
_MOST_PARTS = 1_000


class DecodedBody(NamedTuple):
    """Decoded bytes; `ends[i]` is how many of them had come out when the i-th chunk had arrived.

    `whole` is False when the encoding's own end was never reached.
    """

    body: bytes
    ends: list[int]
    whole: bool


_decoded = maker(DecodedBody)


def decode(headers: Headers, body: bytes, ends: Sequence[int], limit: int = DECODED_LIMIT) -> DecodedBody | Unread:
    """The body as it was before its content-encodings were applied (RFC 9110 8.4); total."""
    names = codings(headers)
    if not names:
        return _decoded(body, list(ends), whole=True)
    unknown = [name for name in names if name not in CODINGS]
    if unknown or len(names) > _LONGEST_CHAIN:
        return Unread(
            why=UnreadReason.ENCODING, detail=f"content-encoding {', '.join(names)[:200]!r} is not one that is read here"
        )
    chain = [CODINGS[name](_MOST_PARTS) for name in reversed(names)]
    try:
        return _unpack(chain, body, ends, limit)
    except OverflowError:
        return Unread(why=UnreadReason.TOO_LARGE, detail=f"the body unpacks to more than {limit} bytes")
    except FAULTS as error:
        return unread(UnreadReason.ENCODING, f"the body is not {', '.join(names)}: {error}")


def codings(headers: Headers) -> list[str]:
    """The content codings in the order they were applied, lower case, `identity` left out."""
    values = [value for name, value in headers if len(name) == _LENGTH and name.lower() == "content-encoding"]
    return named(values) if values else []


def _unpack(chain: list[ContentCoding], body: bytes, ends: Sequence[int], limit: int) -> DecodedBody:
    made = [0] * len(chain)
    out: list[bytes] = []
    moved: list[int] = []
    start = 0
    for end in [*ends, len(body)]:
        piece = body[start:end]
        start = max(start, end)
        for stage, coding in enumerate(chain):
            piece = coding.feed(piece, limit - made[stage]) if piece else b""
            made[stage] += len(piece)
            if made[stage] > limit:
                raise OverflowError
        out.append(piece)
        moved.append(made[-1])
    moved.pop()
    return DecodedBody(b"".join(out), moved, whole=all(coding.done for coding in chain))
