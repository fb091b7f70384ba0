"""configured_exporter(): the exporter of a configuration, with everything that it needs; None where no endpoint is set."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from proxy.upstream.trusted_certificates import trusted_certificates
from shadow.settings.installed_version import installed_version
from shadow.settings.otel_headers import parse_headers
from shadow.settings.outbound_checks import proxy_address
from shadow.settings.top_level_config import Config
from shadow.telemetry.otlp_delivery import OtlpDelivery
from shadow.telemetry.stored_spans import RecordReader, StoredSpans

if TYPE_CHECKING:
    from shadow.telemetry.span_exporter import Count, SpanExporter


BEHIND = 50


def configured_exporter(
    config: Config, reader: RecordReader, environ: Mapping[str, str], count: Count, waiting: Callable[[], int]
) -> SpanExporter | None:
    """The exporter, which has not begun yet; `count` is called with what becomes of spans and evaluations.

    While more than `BEHIND` exchanges are `waiting()` for the audit nothing is read for spans.
    """
    settings = config.otel
    if not settings.endpoint:
        return None
    from shadow.telemetry.otlp_messages import OtlpMessages  # noqa: PLC0415 - the extra need not be installed
    from shadow.telemetry.span_exporter import SpanExporter  # noqa: PLC0415 - it loads the extra too

    delivery = OtlpDelivery(
        settings.endpoint,
        parse_headers(environ.get(settings.headers_env, "") if settings.headers_env else ""),
        proxy=proxy_address(config, settings.endpoint, environ),
        tls=trusted_certificates(config.proxy.ca_file) if config.proxy.ca_file else None,
    )
    return SpanExporter(
        StoredSpans(reader, settings, config.proxy.providers),
        OtlpMessages(service=settings.service_name, version=installed_version("unknown")),
        delivery,
        count=count,
        limit=settings.queue,
        busy=lambda: waiting() > BEHIND,
    )
