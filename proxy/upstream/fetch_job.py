"""Fetch jobs: requests without a client, as values that may be sent to another process; run() carries one out.

What is recorded of a job and what is sent for it are separate, because only the first may be shown.
"""

from __future__ import annotations

import json
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from proxy.exchange import Exchange, Failure, FailureKind, Headers, Labels, Role
from proxy.record.capture import Capture
from proxy.record.recorded_head import RecordedHead
from proxy.routing.provider_origin import ProviderOrigin
from proxy.upstream.upstream_client import UpstreamClient

_LENGTH = struct.Struct("<I")


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchJob:
    """One request to `origin`: `path` is its raw target there, `fields` its header fields as sent, a credential among them.

    `target` and `headers` are those of the record; `total` limits the whole in seconds, `most` the answer in bytes (0 does not),
    `limit` what is kept of either body: never less than the body that is sent.
    """

    identity: str
    role: Role
    labels: Labels
    method: str
    target: str
    headers: Headers
    origin: ProviderOrigin
    path: str
    fields: Headers = field(repr=False)
    body: bytes = field(repr=False)
    total: float
    most: int
    limit: int


async def run(upstream: UpstreamClient, job: FetchJob) -> Exchange:
    """Make the request and read its answer; whatever happens is in the exchange, only cancellation is raised."""
    capture = _capture(job)
    fields = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in job.fields]
    return await upstream.fetch(job.origin, job.method, job.path, fields, job.body, capture, total=job.total, most=job.most)


def failed(job: FetchJob) -> Exchange:
    """The exchange of a job that a fault of the proxy has ended: nothing was measured."""
    fault = Failure(kind=FailureKind.INTERNAL, detail="a fault of the proxy", after_head=False)
    return _capture(job).end(time.monotonic(), fault)


def _capture(job: FetchJob) -> Capture:
    return Capture(
        identity=job.identity,
        role=job.role,
        started=time.time(),
        begun=time.monotonic(),
        limit=job.limit,
        head=RecordedHead(job.method, job.target, job.headers),
        labels=job.labels,
    )


def pack(job: FetchJob) -> bytes:
    """A fetch job as bytes: the length of its JSON part, that part, its body; `unpack` gives back an equal one."""
    fields = {name: getattr(job, name) for name in FetchJob.__slots__ if name not in {"body", "origin"}}
    fields["origin"] = job.origin._asdict()
    words = json.dumps(fields).encode()
    return b"".join((_LENGTH.pack(len(words)), words, job.body))


def unpack(payload: bytes) -> FetchJob:
    """The fetch job that `pack` was given; only our own processes pack any, so that anything else is our error."""
    (length,) = _LENGTH.unpack_from(payload)
    fields = json.loads(payload[4 : 4 + length])
    fields["role"] = Role(fields["role"])
    fields["labels"] = Labels(*fields["labels"])
    fields["origin"] = ProviderOrigin(**fields["origin"])
    for name in ("headers", "fields"):
        fields[name] = _pairs(fields[name])
    return FetchJob(**fields, body=payload[4 + length :])


def _pairs(value: Sequence[Sequence[str]]) -> Headers:
    return tuple((name, text) for name, text in value)
