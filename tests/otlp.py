"""An OTLP endpoint over HTTP for tests: it keeps the spans that it gets."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass
class Endpoint:
    """What it got: spans by their names, and the headers of the last request."""

    url: str = ""
    spans: list = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    resources: list[dict] = field(default_factory=list)
    status: int = 200

    def of(self, **attributes: str) -> list:
        """The spans that have these attributes, dots written as two underlines."""
        wanted = {name.replace("__", "."): value for name, value in attributes.items()}
        return [span for span in self.spans if wanted.items() <= values(span).items()]


def values(of) -> dict:
    """The attributes of a span or an event."""
    return {each.key: _value(each.value) for each in of.attributes}


def _value(value) -> object:
    kind = value.WhichOneof("value")
    return tuple(map(_value, value.array_value.values)) if kind == "array_value" else getattr(value, kind)


@asynccontextmanager
async def endpoint(status: int = 200) -> AsyncIterator[Endpoint]:
    kept = Endpoint(status=status)

    async def take(request: web.Request) -> web.Response:
        sent = ExportTraceServiceRequest.FromString(await request.read())
        kept.headers = {name.lower(): value for name, value in request.headers.items()}
        for resource in sent.resource_spans:
            kept.resources.append(values(resource.resource))
            for scope in resource.scope_spans:
                kept.spans += scope.spans
        return web.Response(status=kept.status, content_type="application/x-protobuf")

    app = web.Application(client_max_size=2**26)
    app.router.add_post("/v1/traces", take)
    runner = web.AppRunner(app, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    kept.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield kept
    finally:
        await runner.cleanup()
