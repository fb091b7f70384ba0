"""as_html(): a report as one HTML file without script, font or address: light and dark, from 390 pixels on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined

from shadow.findings.number_words import number_of
from shadow.presentation.visible_text import plain
from shadow.report.drift_table import drift_details, drift_rows
from shadow.report.figures import Report, Scorecard
from shadow.report.latency_tables import latency_rows
from shadow.report.money_lines import money_name, with_a_cost
from shadow.report.report_markdown import excess_text
from shadow.report.verdict_rows import CARDS, display_name, left_out, reference_headlines, unmeasured_lines, verdict_rows
from shadow.verdict.phrases import moment, named, percent
from shadow.verdict.verdict_value import ReasonGround
from storage.measured_times import MEASURES

WIDTH = 200
"""Units of an interval's drawing from -100 to +100 points."""


def _shown(value: object) -> object:
    """What a template prints: text without invisible characters; numbers as they are."""
    return plain(value) if isinstance(value, str) else value


_TEMPLATES = Environment(loader=PackageLoader("shadow.report"), autoescape=True, undefined=StrictUndefined, finalize=_shown)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalBar:
    """One signal as it is drawn: its figures as text, and the ends of its interval in units of the drawing (None without)."""

    name: str
    differs: str
    noise: str
    excess: str
    pairs: int
    outcome: str
    found: bool
    low: float | None
    high: float | None
    at: float | None


def as_html(report: Report) -> str:
    """The report as one HTML document."""
    cards = report.cards[:CARDS]
    begin = f"{moment(report.since)} to {moment(report.until)} UTC" if report.since > 0 else f"until {moment(report.until)} UTC"
    return _TEMPLATES.get_template("report.html").render(
        period=begin,
        rows=verdict_rows(cards),
        others=left_out(len(report.cards)),
        references=reference_headlines(report.references),
        sampled=report.rows.sentence if report.rows else "",
        missing=unmeasured_lines(report.cards),
        cards=[(display_name(card, report.cards), card, list(_bars(card))) for card in cards],
        drifting=[(line, drift_details(line)) for line in drift_rows(report)],
        measures=MEASURES,
        latency=list(latency_rows(report)),
        costs=[(money_name(line), line.sentence) for line in with_a_cost(report.money)],
        moment=moment,
        named=named,
        number_of=number_of,
        percent=percent,
        width=WIDTH,
    )


def _bars(card: Scorecard) -> Iterator[SignalBar]:
    deciding = {reason.subject for reason in card.verdict.reasons if reason.ground is ReasonGround.SIGNAL}
    for line in sorted(card.signals, key=lambda line: (line.signal not in deciding, -abs(line.excess or 0.0), line.signal)):
        yield SignalBar(
            name=named(line.signal),
            differs=f"{percent(line.mismatch)} of {line.differs_of:,}",
            noise=percent(line.noise),
            excess=excess_text(line),
            pairs=line.pairs,
            outcome=line.verdict,
            found=line.signal in deciding,
            low=_place(line.low),
            high=_place(line.high),
            at=_place(line.excess),
        )


def _place(share: float | None) -> float | None:
    return None if share is None else round((1 + min(max(share, -1.0), 1.0)) * WIDTH / 2, 1)
