"""raw_answer(): the bytes of an answer as they arrived, one piece for each chunk, cut where a page would grow too long; pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from proxy.exchange import Headers, Response

CHUNKS = 1_000
"""Most chunks that are shown apart."""
CHARACTERS = 100_000
"""Most characters that are shown of an answer."""
LINE = 2_000
"""Most characters that are shown of one chunk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawChunk:
    """One chunk: when it arrived (seconds since the start of the request), its size in bytes, and its text; "" beyond the cut."""

    seconds: float
    size: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RawAnswer:
    """The header fields and chunks of an answer; `cut` states what is left out, or ""."""

    headers: tuple[tuple[str, str], ...]
    chunks: tuple[RawChunk, ...]
    cut: str


def raw_answer(response: Response) -> RawAnswer:
    """The answer as it was received; the ends of the chunks count its bytes before any decoding."""
    marks = response.marks
    body = response.body
    ends = [min(mark.end, len(body)) for mark in marks] or [len(body)]
    times = [mark.seconds for mark in marks] or [0.0]
    chunks = tuple(_chunks(body, ends[:CHUNKS], times))
    notes = [f"the first {CHUNKS:,} of {len(ends):,} chunks are shown"] if len(ends) > CHUNKS else []
    if any(chunk.size and not chunk.text for chunk in chunks) or any(chunk.text.endswith("…") for chunk in chunks):
        notes.append(f"at most {LINE:,} characters of a chunk and {CHARACTERS:,} of an answer are shown")
    return RawAnswer(headers=_fields(response.headers), chunks=chunks, cut="; ".join(notes))


def _chunks(body: bytes, ends: list[int], times: list[float]) -> Iterator[RawChunk]:
    begin, room = 0, CHARACTERS
    for end, seconds in zip(ends, times, strict=False):
        whole = body[begin:end].decode("utf-8", "replace") if room > 0 else ""
        most = min(LINE, max(0, room))
        text = whole if len(whole) <= most else f"{whole[:most]} …"
        room -= len(text)
        yield RawChunk(seconds=seconds, size=end - begin, text=text)
        begin = end


def _fields(headers: Headers) -> tuple[tuple[str, str], ...]:
    return tuple((_word(name), _word(value)) for name, value in headers)


def _word(text: str | bytes) -> str:
    return text.decode("latin-1") if isinstance(text, bytes) else text
