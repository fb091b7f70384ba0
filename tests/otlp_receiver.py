"""An OTLP endpoint over HTTP in the test's own process: it decodes requests, and sends the answers that a test sets."""

import asyncio
from collections import deque
from dataclasses import dataclass, field

from aiohttp import web
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span


def values(attributes) -> dict:
    """Attributes as a dictionary; lists are tuples."""
    return {each.key: value(each.value) for each in attributes}


def value(sent):
    kind = sent.WhichOneof("value")
    return tuple(map(value, sent.array_value.values)) if kind == "array_value" else getattr(sent, kind)


@dataclass
class OtlpReceiver:
    """`answers` are (status, body, headers) of the next requests, then 200; a body is bytes, or a list of segments that are
    sent one after the other. With `silent` set no request is answered.
    """

    spans: list[Span] = field(default_factory=list)
    events: list[LogRecord] = field(default_factory=list)
    resources: list[dict] = field(default_factory=list)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    answers: deque = field(default_factory=deque)
    silent: asyncio.Event = field(default_factory=asyncio.Event)
    url: str = ""

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()  # aiohttp has inflated it
        self.requests.append((request.path, dict(request.headers)))
        if self.silent.is_set():
            await asyncio.Event().wait()
        status, answer, headers = self.answers.popleft() if self.answers else (200, b"", {})
        if status == 200:
            self.keep(request.path, body)
        if isinstance(answer, bytes):
            return web.Response(status=status, body=answer, headers=headers)
        return await _in_segments(request, status, answer)

    def keep(self, path: str, body: bytes) -> None:
        self.raw.append(body)
        if path == "/v1/traces":
            for sent in ExportTraceServiceRequest.FromString(body).resource_spans:
                self.resources.append(values(sent.resource.attributes))
                self.spans += [span for scope in sent.scope_spans for span in scope.spans]
        else:
            for sent in ExportLogsServiceRequest.FromString(body).resource_logs:
                self.resources.append(values(sent.resource.attributes))
                self.events += [record for scope in sent.scope_logs for record in scope.log_records]

    def by_role(self) -> dict[str, Span]:
        """The last span of each role; that of a comparison is `compare`."""
        return {values(span.attributes).get("sameweights.role", "compare"): span for span in self.spans}

    async def __aenter__(self):
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_post("/v1/traces", self.take)
        app.router.add_post("/v1/logs", self.take)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_) -> None:
        await self._runner.cleanup()


async def _in_segments(request: web.Request, status: int, segments: list[bytes]) -> web.StreamResponse:
    """The answer, each segment sent once the client had time to read the one before."""
    response = web.StreamResponse(status=status)
    await response.prepare(request)
    for segment in segments:
        await response.write(segment)
        await asyncio.sleep(0)
    await response.write_eof()
    return response
