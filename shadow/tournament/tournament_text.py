"""tournament_text(): a tournament for a terminal: a sentence for each candidate, then price, times and availability beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from shadow.choice.candidate_claims import ChoiceVerdict
from shadow.findings.number_words import number_of
from shadow.presentation.text_tables import report_table
from shadow.report.report_text import printed
from shadow.tournament.claim_sentences import LEVEL, limit_sentence, live_sentence, money
from shadow.tournament.segment_figures import STATEMENT, has_segments, segment_sentence, tag_rows
from shadow.tournament.tournament_figures import CandidateFigures, SegmentFigures, TournamentFigures
from shadow.verdict.phrases import moment, named, percent

MARKS = {ChoiceVerdict.SAME: "✓", ChoiceVerdict.WORSE: "✗", ChoiceVerdict.DIFFERS: "✗"}
"""Marks of the verdicts; `?` is that of the others."""
STYLES = {ChoiceVerdict.SAME: "green", ChoiceVerdict.WORSE: "bold red", ChoiceVerdict.DIFFERS: "bold red"}
TAG_COLUMNS = ("candidate", "tag", "requests", "signal", "largest difference")
COLUMNS = ("candidate", "requests", "largest difference", "price of 1,000", "first token", "whole answer", "answered")


def tournament_text(found: TournamentFigures, *, width: int, color: bool) -> str:
    """The whole tournament as text."""
    return printed(_parts(found), width=width, color=color)


def head(found: TournamentFigures) -> str:
    """What the tournament fixed at its start, as one sentence."""
    ended = f" to {moment(found.ended)}" if found.ended else ""
    terms = found.terms
    return (
        f"Route {found.route}, since {moment(found.begun)}{ended} UTC: candidates against {found.reference}, "
        f"tolerance {terms.tolerance * 100:g} points, {terms.places} places."
    )


def planned(found: TournamentFigures) -> str:
    """What was printed before it began; "" where no number was known."""
    if found.half is None or found.nine_of_ten is None:
        return ""
    return f"Planned: {number_of(found.half, 'request')} in half of the cases, {found.nine_of_ten:,} in nine of ten."


def _parts(found: TournamentFigures) -> Iterator[RenderableType]:
    yield Text(head(found), style="dim")
    if words := planned(found):
        yield Text(words, style="dim")
    yield ""
    for each in found.candidates:
        yield Text.assemble((MARKS.get(each.verdict, "?"), STYLES.get(each.verdict, "yellow")), f" {each.sentence}")
        if words := segment_sentence(each):
            yield Text(f"  {words}")
    yield ""
    yield Text(found.rank)
    if any(each.verdict is ChoiceVerdict.SAME for each in found.candidates):
        yield Text(LEVEL, style="dim")
    if has_segments(found.candidates):
        yield Text(STATEMENT, style="dim")
    yield from (Text(note) for note in found.notes)
    yield ""
    yield _table(found)
    if tags := list(tag_rows(found.candidates)):
        yield ""
        yield _tags(tags)
    live = [words for each in found.live if (words := live_sentence(each))]
    limits = [words for each in found.candidates if (words := limit_sentence(each.label, each.limits))]
    if live or limits:
        yield ""
        yield from (Text(words, style="dim") for words in (*live, *limits))


def _table(found: TournamentFigures) -> Table:
    table = report_table("<candidate", *COLUMNS[1:])
    for each in found.candidates:
        table.add_row(*cells(each))
    return table


def _tags(rows: Iterable[tuple[CandidateFigures, SegmentFigures]]) -> Table:
    table = report_table("<candidate", "<tag", *TAG_COLUMNS[2:])
    for one, each in rows:
        table.add_row(*tag_cells(one, each))
    return table


def tag_cells(one: CandidateFigures, each: SegmentFigures) -> tuple[str, ...]:
    """The cells of one candidate in one tag, in the order of TAG_COLUMNS."""
    shown = f"{each.excess * 100:+.1f} [{each.low * 100:.1f} to {each.high * 100:.1f}]"
    return one.label, each.segment.partition("=")[2], f"{each.requests:,}", named(each.signal), shown


def cells(each: CandidateFigures) -> tuple[str, ...]:
    """The cells of one candidate, in the order of COLUMNS."""
    return (
        each.label,
        f"{each.requests:,}",
        difference(each),
        money(each.price.per_thousand) if each.price else "not known",
        _seconds(each.first_token),
        _seconds(each.seconds),
        percent(each.availability),
    )


def difference(each: CandidateFigures) -> str:
    """The largest excess of the required signals in points, with its always-valid interval: `+1.2 [-0.4 to 2.8]`."""
    largest = each.largest
    if largest is None or largest.excess is None or largest.low is None or largest.high is None:
        return "-"
    return f"{largest.excess * 100:+.1f} [{largest.low * 100:.1f} to {largest.high * 100:.1f}]"


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f} s"
