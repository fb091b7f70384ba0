"""Response times: the first chunk and the first token, the gaps, the total, the rate."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from functools import partial
from itertools import compress
from operator import sub
from typing import NamedTuple

from proxy.exchange import Exchange, Response
from proxy.named_tuples import maker


class ResponseTiming(NamedTuple):
    """Seconds since the request began; None where there was nothing to time.

    `first_chunk` is the first byte of the body, `first_token` the first event with content, reasoning or a tool call.
    `gaps` are the seconds between arrivals that carried content, at most the first 2,000. `rate` is completion tokens
    per second during generation only (first token to last), None for whole bodies or without usage.
    """

    head: float | None
    first_chunk: float | None
    first_token: float | None
    total: float
    gaps: tuple[float, ...]
    rate: float | None
    first_content: float | None = None
    """The first event with text, a refusal or a call: `first_token`, where there was no reasoning before it."""


_new_timing = maker(ResponseTiming)


_MOST_GAPS = 2_000
_SHORTEST_GENERATION = 0.001
"""Seconds; an answer that came in one burst was buffered somewhere and has no rate."""


def response_timing(
    exchange: Exchange,
    *,
    ends: Sequence[int] = (),
    content_ends: Sequence[int] = (),
    tokens: int | None = None,
    first_output: int | None = None,
) -> ResponseTiming:
    """The times of an exchange; `first_output` is where the first event with more than reasoning ended.

    `ends[i]` is where the i-th chunk ended in the decoded body, `content_ends` where each event that carried content ended in
    it. An event came with the first chunk that holds its end: the chunk is the grain, two events in one share a moment.
    """
    response = exchange.response
    if response is None:
        return ResponseTiming(head=None, first_chunk=None, first_token=None, total=exchange.seconds, gaps=(), rate=None)
    moments = _moments(response, ends, content_ends)
    return _new_timing(
        head=response.head_seconds,
        first_chunk=next(compress(response.marks.seconds, response.marks.ends), None),
        first_token=moments[0] if moments else None,
        total=exchange.seconds,
        gaps=tuple(map(sub, moments[1 : _MOST_GAPS + 1], moments)),
        rate=_rate(moments, tokens),
        first_content=_moment(response, bisect_left(ends, first_output)) if first_output is not None else None,
    )


def _moments(response: Response, ends: Sequence[int], content_ends: Sequence[int]) -> list[float]:
    """The arrival times of the chunks in which those events ended."""
    if not content_ends:
        return []
    seconds, first = response.marks.seconds, bisect_left(ends, content_ends[0])
    if ends[first : first + len(content_ends)] == content_ends and len(set(content_ends)) == len(content_ends):
        # a chunk for each event, as most servers send them
        return seconds[first : first + len(content_ends)].tolist()
    chunks = sorted(set(map(partial(bisect_left, ends), content_ends)))
    return list(map(seconds.__getitem__, chunks[: bisect_left(chunks, len(seconds))]))


def _moment(response: Response, chunk: int) -> float | None:
    return response.marks.seconds[chunk] if chunk < len(response.marks) else None


def _rate(moments: list[float], tokens: int | None) -> float | None:
    """Completion tokens by the seconds between the first arrival and the last."""
    generation = moments[-1] - moments[0] if moments else 0.0
    return tokens / generation if tokens and generation >= _SHORTEST_GENERATION else None
