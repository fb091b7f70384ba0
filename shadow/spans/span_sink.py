"""span_sink(): where the audit sends its spans: nowhere, or to the OTLP endpoint of the configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from shadow.findings.finding import Comparison
from shadow.reading.parsed_exchange import ParsedExchange
from shadow.settings.top_level_config import OtelConfig
from storage.rows import FindingRow, PairRow


class SpanSink(Protocol):
    """Takes what was recorded; never waits and never raises."""

    def live(self, parsed: ParsedExchange, checks: Sequence[FindingRow]) -> None:
        """Send the span of one live request."""

    def pair(self, pair: PairRow, legs: Sequence[ParsedExchange], comparisons: Sequence[Comparison]) -> None:
        """Send the spans of one comparison and its requests to the reference."""

    def close(self) -> None:
        """Send what waits, for at most some seconds; slow: off the loop."""


class NoSpans:
    """Sends nothing: `otel.endpoint` is empty."""

    def __repr__(self) -> str:
        return "<NoSpans>"

    def live(self, parsed: ParsedExchange, checks: Sequence[FindingRow]) -> None:
        """Do nothing."""

    def pair(self, pair: PairRow, legs: Sequence[ParsedExchange], comparisons: Sequence[Comparison]) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


def span_sink(config: OtelConfig, environ: Mapping[str, str]) -> SpanSink:
    """The sink of this process; the packages of the extra `otel` are loaded only where there is an endpoint."""
    if not config.endpoint:
        return NoSpans()
    from shadow.spans.otlp_export import OtlpSpans  # noqa: PLC0415 - an extra that most installations lack

    return OtlpSpans(endpoint=config.endpoint, headers=environ.get(config.headers_env, "") if config.headers_env else "")
