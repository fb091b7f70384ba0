"""What one exchange is in the broker: its subject, headers and compressed payload, with the version of the format; pure.

The version stands in the subject, so that a consumer is delivered what it can read and leaves the rest in the stream, and in a
header, so that a message shows it by itself.
"""

from __future__ import annotations

import sys
from hashlib import blake2b

from proxy.exchange import Exchange
from proxy.packing import unpack

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

FORMAT = "1"
"""Version of the payload. A key that a later version adds has a default, so that the number changes with the layout alone."""
FORMAT_HEADER, ID_HEADER = "Sameweights-Format", "Nats-Msg-Id"
"""The server stores a message with an id that it has seen within the stream's window of duplicates once."""
LEVEL = 1
"""76 KB of a stream of 300 chunks become 11 KB in 60 microseconds."""
ADVISED_PAYLOAD = 8_000_000
"""Bytes that the servers should take in a message, the most that NATS advises; the usual 1 MiB is too little for large bodies."""
OVERHEAD = 1024
"""Bytes that a message may have beside its payload: headers, subject and protocol."""

LAST_MOMENT = 253_402_300_800.0
"""The begin of the year 10000, seconds since the epoch."""


class MessageError(ValueError):
    """A message that is no exchange; the text holds nothing of what it carries."""


def subject(shard: int, version: str = FORMAT) -> str:
    """The subject of the exchanges of one stream in one version of the format; `*` names all versions."""
    return f"sameweights.{version}.exchange.{shard}"


def is_readable(subject: str) -> bool:
    """Whether this version reads the messages of a subject."""
    return subject.split(".")[1:2] == [FORMAT]


def stream_name(shard: int) -> str:
    """The name of one stream."""
    return f"SAMEWEIGHTS_EXCHANGE_{shard}"


def shard_of(exchange_id: str, streams: int) -> int:
    """The stream of an exchange: the same for each attempt to publish it."""
    digest = blake2b(exchange_id.encode("utf-8", "replace"), digest_size=4).digest()
    return int.from_bytes(digest) % streams


def headers(exchange_id: str) -> dict[str, str]:
    """The headers of a message."""
    return {FORMAT_HEADER: FORMAT, ID_HEADER: exchange_id}


class PayloadCompressor:
    """Compresses payloads with one reused context; for one thread only."""

    def __init__(self) -> None:
        self._compressor = zstd.ZstdCompressor(level=LEVEL)

    def compress(self, payload: bytes) -> bytes:
        """The payload as one zstd frame (RFC 8878)."""
        return self._compressor.compress(payload, mode=zstd.ZstdCompressor.FLUSH_FRAME)


def read_message(version: str, body: bytes, limit: int) -> Exchange:
    """The exchange of a message; MessageError where there is none, or one of more than `limit` bytes uncompressed."""
    if version != FORMAT:
        raise MessageError(f"format {version[:20]!r}; this version reads {FORMAT!r}")
    try:
        decompressor = zstd.ZstdDecompressor()
        payload = decompressor.decompress(body, max_length=limit + 1)
    except zstd.ZstdError:
        raise MessageError("no zstd frame") from None
    if len(payload) > limit:
        raise MessageError(f"more than {limit:,} bytes uncompressed")
    if not decompressor.eof:
        raise MessageError("the zstd frame is cut off")
    try:
        exchange = unpack(payload)
    except ValueError as why:
        raise MessageError(f"{why}") from None
    if not 0 <= exchange.started < LAST_MOMENT:  # else it is shown and priced by no calendar
        raise MessageError(f"it began at {exchange.started:g}, which is no moment from 1970 to 9999")
    return exchange
