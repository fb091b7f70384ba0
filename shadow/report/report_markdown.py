"""as_markdown(): a report as Markdown for a ticket or a pull request; what a provider sent cannot become markup."""

from __future__ import annotations

from collections.abc import Iterator

from shadow.presentation.safe_text import markdown
from shadow.report.figures import Report, Scorecard, SignalLine
from shadow.report.money_lines import money_name, with_a_cost
from shadow.report.verdict_rows import CARDS, display_name, left_out, reference_headlines, unmeasured_lines, verdict_rows
from shadow.verdict.phrases import moment, named, percent


def as_markdown(report: Report) -> str:
    """The verdicts, then the signals and checks of each provider, in GitHub's dialect."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    begin = f"{moment(report.since)} to " if report.since > 0 else "until "
    yield f"## sameweights: {begin}{moment(report.until)} UTC"
    yield ""
    for finding in reference_headlines(report.references):
        yield f"> **{markdown(finding)}**"
        yield ""
    if report.rows:
        yield f"> {markdown(report.rows.sentence)}"
        yield ""
    if not report.cards:
        yield "Not measured: no request in this period."
        return
    yield from _verdicts(report)
    missing = unmeasured_lines(report.cards)
    if missing:
        yield ""
        yield "Not measured:"
        yield ""
        yield from (f"- {markdown(line)}" for line in missing)
    for card in report.cards[:CARDS]:
        yield from _card(card, report)
    lines = list(with_a_cost(report.money))
    if lines:
        yield "\n### Cost\n"
        yield from (f"- {markdown(money_name(line))}: {markdown(line.sentence)}." for line in lines)


def _verdicts(report: Report) -> Iterator[str]:
    rows = verdict_rows(report.cards[:CARDS])
    yield "| | provider | model | verdict | finding | since (UTC) | pairs |"
    yield "|---|---|---|---|---|---|---:|"
    for row in rows:
        since = moment(row.since) if row.since is not None else ""
        cells = (row.mark, markdown(row.provider), markdown(row.model), f"**{row.state}**", markdown(row.finding), since)
        yield f"| {' | '.join(cells)} | {row.pairs:,} |"
    if others := left_out(len(report.cards)):
        yield f"\n{others}"


def _card(card: Scorecard, report: Report) -> Iterator[str]:
    yield ""
    yield f"### {markdown(display_name(card, report.cards))}"
    yield ""
    yield f"{markdown(card.verdict.sentence)}."
    yield from (f"\n{markdown(note.phrase)}." for note in card.verdict.notes)
    if card.signals:
        yield ""
        yield "| signal | differs | noise | excess, points [95 %] | pairs | outcome |"
        yield "|---|---:|---:|---:|---:|---|"
        yield from (f"| {' | '.join(_signal(line))} |" for line in card.signals)
    failed = [line for line in card.checks if line.faulty]
    if failed:
        yield ""
        yield "| check | faulty | of answers | reference |"
        yield "|---|---:|---:|---:|"
        for line in failed:
            yield f"| {named(line.signal)} | {percent(line.rate)} | {line.answers:,} | {percent(line.reference_rate)} |"


def _signal(line: SignalLine) -> tuple[str, ...]:
    return named(line.signal), percent(line.mismatch), percent(line.noise), excess_text(line), f"{line.pairs:,}", line.verdict


def excess_text(line: SignalLine) -> str:
    """The excess of a signal in points with its interval: `+69 [62 to 77]`; a dash without one."""
    if line.excess is None:
        return "-"
    bounds = "" if line.low is None or line.high is None else f" [{line.low * 100:.0f} to {line.high * 100:.0f}]"
    return f"{line.excess * 100:+.0f}{bounds}"
