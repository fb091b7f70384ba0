"""Exchanges made by hand, with times that are easy to reckon with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass

from proxy.exchange import ChunkTimings, Exchange, Failure, FailureKind, Labels, Request, Response, Role


def exchange(
    body: bytes | None,
    ends: list[int],
    *,
    content_type: str = "text/event-stream",
    encoding: str = "",
    status: int = 200,
    stream: bool = True,
    failure: str = "",
    size: int | None = None,
    target: str = "/v1/chat/completions",
) -> Exchange:
    """Chunks that ended at `ends`, the first after 1 s, each later one an eighth of a second after the one before.

    No body is no response; a failure is named by its kind.
    """
    headers = (("Content-Type", content_type), *((("Content-Encoding", encoding),) if encoding else ()))
    answered = body is not None
    body = body or b""
    response = Response(
        status=status,
        reason="",
        headers=headers,
        body=body,
        size=len(body) if size is None else size,
        marks=ChunkTimings([1 + position / 8 for position in range(len(ends))], ends),
        head_seconds=0.5,
    )
    return Exchange(
        id="0",
        role=Role.PRIMARY,
        started=0.0,
        labels=Labels(route="r", provider="p", reference="q", model="m", stream=stream),
        request=Request(method="POST", target=target, headers=(), body=b"{}", size=2),
        response=response if answered else None,
        failure=Failure(kind=FailureKind(failure), detail="it broke", after_head=True) if failure else None,
        seconds=9.0,
        overhead=0.0,
    )


def members(value: object) -> object:
    """A parsed value by the names of its members, all the way down, as JSON can hold it."""
    if is_dataclass(value):
        return {field.name: members(getattr(value, field.name)) for field in fields(value)}
    if hasattr(value, "_asdict"):
        return {name: members(held) for name, held in value._asdict().items()}
    if isinstance(value, Mapping):
        return {name: members(held) for name, held in value.items()}
    return [*map(members, value)] if isinstance(value, (list, tuple)) else value
