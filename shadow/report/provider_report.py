"""of_provider(): the part of a report that is about one provider, with the figures of its references; pure."""

from __future__ import annotations

from dataclasses import replace

from shadow.report.figures import Report
from shadow.settings.config_errors import ConfigError, meant, quoted


def of_provider(report: Report, provider: str) -> Report:
    """The report with this provider's lines alone; ConfigError with the known names for one that it has no line of."""
    cards = tuple(card for card in report.cards if card.provider == provider)
    if not cards:
        known = sorted({card.provider for card in report.cards})
        none = "; no provider has a request in this period, --since all looks at all records"
        raise ConfigError([f"no such provider in this period: {quoted(provider)}{meant(provider, known) if known else none}"])
    references = {card.reference for card in cards}
    sides = {provider, *references}
    return replace(
        report,
        cards=cards,
        latency=tuple(line for line in report.latency if line.provider in sides),
        traffic=tuple(row for row in report.traffic if row.provider in sides),
        identities=tuple(line for line in report.identities if line.provider in sides),
        templates=tuple(line for line in report.templates if line.provider == provider),
        segments=tuple(line for line in report.segments if line.provider == provider),
        money=tuple(line for line in report.money if line.provider in sides),
        token_counts=tuple(line for line in report.token_counts if line.provider == provider),
        greedy=tuple(line for line in report.greedy if line.provider == provider),
        drifting=tuple(line for line in report.drifting if line.provider == provider),
        paces=tuple(line for line in report.paces if line.provider == provider),
        streaming=tuple(line for line in report.streaming if line.provider == provider),
        routers=tuple(line for line in report.routers if line.provider == provider),
        references=tuple(line for line in report.references if line.reference in references),
    )
