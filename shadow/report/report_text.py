"""Formats a report for a terminal of 100 columns: the verdict of each provider first, then its figures."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Literal

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.padding import Padding
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from shadow.findings.number_words import number_of
from shadow.presentation.safe_text import short_name
from shadow.presentation.text_tables import fitted, report_table
from shadow.presentation.visible_text import plain
from shadow.report.check_rates import check_sentence
from shadow.report.count_lines import NOT_MEASURABLE
from shadow.report.drift_table import drift_table
from shadow.report.figures import WITHOUT_ANSWERS, MissingSignal, Report, Scorecard, SignalLine
from shadow.report.identity_tables import count_table, greedy_table, identity_table, segment_table, template_table
from shadow.report.latency_tables import latency_table, pace_table, trigger_table
from shadow.report.money_table import money_table
from shadow.report.router_text import upstream_table
from shadow.report.stream_faults import stream_table
from shadow.report.verdict_rows import CARDS, MARKS, reference_headlines
from shadow.verdict.evidence import EvidenceSide
from shadow.verdict.phrases import moment, named, percent
from shadow.verdict.verdict_value import ReasonGround, VerdictWord

STYLES = {
    VerdictWord.DIFFERS: "bold red",
    VerdictWord.FAULTY: "bold red",
    VerdictWord.NONE_SEEN: "green",
}
"""The colour of each verdict; the others are yellow."""
UNCERTAIN = "yellow"
COUNTED = {
    VerdictWord.DIFFERS: "different",
    VerdictWord.FAULTY: "faulty",
    VerdictWord.SUSPECT: "suspect",
    VerdictWord.UNDECIDED: "undecided",
    VerdictWord.NONE_SEEN: "without a difference seen",
    VerdictWord.NOT_MEASURED: "not measured",
    VerdictWord.WAITING: "waiting for a pair",
}
REASONS = 5
LONG = frozenset({"signals", "triggers", "not compared", "server identity", "segments"})
"""Tables that a brief report omits."""
WIDE = 100
"""Columns of a terminal from which the signals are shown with `p` and the detectable excess."""


def render(report: Report, *, width: int, color: bool, brief: bool = False) -> str:
    """The report as text; a brief one omits the long tables."""
    return printed(_parts(report, width=width, brief=brief), width=width, color=color)


def printed(parts: Iterable[RenderableType], *, width: int, color: bool) -> str:
    """The parts rendered as text, whose only controls are those of the colours."""
    out = StringIO()
    system: Literal["standard"] | None = "standard" if color else None
    console = Console(
        file=out, width=width, force_terminal=color, color_system=system, highlight=False, emoji=False, markup=False
    )
    for part in parts:
        console.print(_Visible(fitted(part, width)))
    return "\n".join(line.rstrip() for line in out.getvalue().split("\n")).rstrip("\n")


@dataclass(frozen=True, slots=True)
class _Visible:
    """A part of which every text is free of controls, wherever it came from."""

    part: RenderableType

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for segment in console.render(self.part, options):
            yield segment if segment.control else Segment(plain(segment.text), segment.style)


def _parts(report: Report, *, width: int, brief: bool) -> Iterator[RenderableType]:
    yield _heading(report)
    yield ""
    if report.references:
        yield _references(report)
        yield ""
    yield _verdicts(report) if report.cards else Text("  ?  not measured: no request in this period", style="yellow")
    if len(report.cards) > 1:
        yield f"\n  {', '.join(f'{count} {COUNTED[word]}' for word, count in report.counts.items())}"
    for title, table in _tables(report, width):
        if table.row_count and not (brief and title in LONG):
            yield ""
            yield Text(title, style="bold").append(f"  {_SUBTITLES[title]}", style="not bold dim")
            yield Padding(table, (0, 0, 0, 2))
    if len(report.cards) > CARDS:
        yield f"\n  and {len(report.cards) - CARDS:,} more: --json shows all"


def _references(report: Report) -> Padding:
    """The findings about the references, shown above the verdicts."""
    lines = [f"!  {plain(line)}" for line in reference_headlines(report.references)]
    return Padding(Text("\n".join(lines), style="bold yellow"), (0, 0, 0, 2))


def _tables(report: Report, width: int) -> tuple[tuple[str, Table], ...]:
    return (
        ("upstreams", upstream_table(report.routers, report.until)),
        ("drift", drift_table(report)),
        ("signals", _signals(report, wide=width >= WIDE)),
        ("checks", _checks(report)),
        ("server identity", identity_table(report)),
        ("prompt tokens", template_table(report)),
        ("token counts", count_table(report)),
        ("segments", segment_table(report)),
        ("streaming", stream_table(report)),
        ("greedy", greedy_table(report)),
        ("triggers", trigger_table(report)),
        ("latency", latency_table(report, wide=width >= WIDE)),
        ("pace", pace_table(report)),
        ("money", money_table(report)),
        ("not compared", _gaps(report)),
    )


_SUBTITLES = {
    "upstreams": "servers behind a router, at a level that holds for all of them; the verdict above is of the router as a whole",
    "drift": "state now, judged as pairs arrive, independent of the period; see docs/explanation/drift.md",
    "signals": "noise: the reference against itself; excess: in points [95 %], with the pairs in which the provider/reference is "
    "the odd one; detectable: smallest excess these pairs would have revealed",
    "checks": "answers that contradict themselves or their request; no reference needed",
    "server identity": "hash of what responses reveal about the backend, with dated changes",
    "prompt tokens": "compared with the reference's for the same requests, with the likely cause",
    "token counts": f"the provider's against the reference's for the same words; {NOT_MEASURABLE}; not part of a verdict",
    "segments": "request types where a signal differs at least twice as often; dimmed: within the reference's noise",
    "streaming": "checks that fail at different rates in streams and in whole answers",
    "greedy": "requests sent again to both sides at temperature 0; not part of the pairs above",
    "triggers": "tool_call_f1 as verifiers publish it, the reference's own F1, kappa, and the ratio of calls to the reference's",
    "latency": "seconds, p50 / p95, and the ratio of p50 to the reference's on the same requests; not part of a verdict",
    "pace": "slower than nine of ten answers on the first day, or than the configured limit; not part of a verdict",
    "money": "by the configured prices and the token counts that responses report; see docs/how-to/know-the-cost.md",
    "not compared": "signals that could not be judged, and why",
}


def _heading(report: Report) -> Text:
    requests = sum(row.requests for row in report.traffic if row.role == "primary")
    failed = sum(row.failures + row.errors for row in report.traffic if row.role == "primary")
    copies = sum(row.requests for row in report.traffic if row.role == "candidate")
    shadowed, compared = (sum(getattr(card, name) for card in report.cards) for name in ("pairs", "compared"))
    period = (
        f"from {moment(report.since)} to {moment(report.until)} UTC" if report.since > 0 else f"until {moment(report.until)} UTC"
    )
    heading = Text("sameweights", style="bold").append(f"  {period}", style="not bold")
    of = f" of {shadowed:,} sent to one" if shadowed > compared else ""
    sent = f"{number_of(requests, 'request')}, {failed:,} failed"
    sent += f", {number_of(copies, 'copy', 'copies')} to candidates" if copies else ""
    heading.append(f"\n  {sent}, {compared:,} compared with a reference{of}", style="not bold dim")
    sampled = [report.rows.sentence] if report.rows else []
    return heading.append("".join(f"\n  {line}" for line in (*sampled, *_causes(report))), style="not bold dim")


def _causes(report: Report) -> Iterator[str]:
    """Why pairs could not be compared, most frequent causes first, without those that a reference's own line states."""
    known = {(line.reference, line.model) for line in report.references if line.state in WITHOUT_ANSWERS}
    found = [
        (card, cause)
        for card in report.cards
        for cause in card.verdict.coverage.shortfalls
        if cause.side is not EvidenceSide.REFERENCE or (card.reference, card.model) not in known
    ]
    found.sort(key=lambda item: -item[1].pairs)
    for card, cause in found[:REASONS]:
        yield f"not compared: {_name(card, report)}: {cause.sentence} of {card.pairs} pairs; {cause.remedy}"


def _verdicts(report: Report) -> Padding:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("mark", "provider", "verdict"):
        table.add_column(column, no_wrap=column != "verdict", overflow="fold")
    for card in report.cards[:CARDS]:
        mark, style = MARKS[card.verdict.word], STYLES.get(card.verdict.word, UNCERTAIN)
        sentence = _sentence(card.verdict.sentence, style)
        for note in card.verdict.notes:
            sentence.append(f"\nnote: {note.phrase}", style="default not bold dim")
        table.add_row(Text(mark, style=style), Text(_name(card, report), style="bold"), sentence)
    return Padding(table, (0, 0, 0, 2))


def _name(card: Scorecard, report: Report) -> str:
    """The provider, and the model where the provider serves more than one."""
    several = sum(1 for other in report.cards if other.provider == card.provider) > 1
    return f"{card.provider} / {short_name(card.model)}" if several else card.provider


def _sentence(sentence: str, style: str) -> Text:
    """The verdict in its colour, its evidence on the next line."""
    head, separator, rest = sentence.partition(": ")
    if not separator or head in {"not measured", "undecided", "waiting"}:
        head, separator, rest = sentence.partition("; ")
    text = Text(head, style=style)
    return text.append(f"\n{rest}", style="default not bold") if rest else text


def _signals(report: Report, *, wide: bool) -> Table:
    """The signals in which a side was the odd one, below their provider, and the number of the others by outcome.

    A narrow table omits `p` and the detectable excess, so that the names of the signals stay readable.
    """
    columns = ("<signal", "differs", "noise", "excess, odd pairs", *(("p", "detectable") if wide else ()), "<")
    table = report_table(*columns)
    for card in report.cards[:CARDS]:
        deciding = {reason.subject for reason in card.verdict.reasons if reason.ground is ReasonGround.SIGNAL}
        odd = [line for line in card.signals if line.provider_odd or line.reference_odd]
        if card.signals:
            table.add_row(Text(_name(card, report), style="bold"))
        for line in sorted(odd, key=lambda line: (line.signal not in deciding, -abs(line.excess or 0.0), line.signal)):
            table.add_row(*_signal_row(line, wide=wide), style="red" if line.signal in deciding else "")
        for verdict, count in _others(card).items():
            table.add_row(f"{count} {'more' if odd else 'signals'}: {verdict}", style="dim")
    return table


def _others(card: Scorecard) -> Mapping[str, int]:
    """The number of signals without an odd pair, by outcome."""
    return Counter(line.verdict for line in card.signals if not (line.provider_odd or line.reference_odd))


def _signal_row(line: SignalLine, *, wide: bool) -> tuple[str, ...]:
    bounds = "" if line.low is None or line.high is None else f" [{line.low * 100:.0f} to {line.high * 100:.0f}]"
    return (
        named(line.signal),
        f"{percent(line.mismatch)} of {line.differs_of}",
        f"{percent(line.noise)} of {line.noise_of}" if line.noise_of else percent(line.noise),
        "-" if line.excess is None else f"{line.excess * 100:+.0f}{bounds}  {line.provider_odd}/{line.reference_odd}",
        *((_chance(line.p_holm), _detectable(line.smallest)) if wide else ()),
        line.verdict,
    )


def _detectable(smallest: float | None) -> str:
    return "-" if smallest is None else f"{smallest * 100:.{0 if smallest >= 0.1 else 1}f}"


def _chance(p: float | None) -> str:
    return "-" if p is None else "<0.001" if p < 0.001 else f"{p:.3f}"


def _checks(report: Report) -> Table:
    """The checks that some answer failed; those that make the provider faulty come first, in red."""
    table = report_table("<provider", "<")
    for card in report.cards[:CARDS]:
        failed = [line for line in card.checks if line.faulty or line.plus]
        for line in sorted(failed, key=lambda line: (not line.deciding, line.p, -line.rate)):
            table.add_row(_name(card, report), check_sentence(line, named(line.signal)), style="red" if line.deciding else "")
    return table


def _gaps(report: Report) -> Table:
    """What could not be compared. Signals that no pair of any provider shows stand once, above the providers."""
    table = report_table("<provider", "pairs", "<")
    cards = report.cards[:CARDS]
    shared = _everywhere(cards)
    if shared:
        table.add_row("every provider", "all", f"not measured: {', '.join(map(named, sorted(shared)))}")
    for card in cards:
        for cause in card.verdict.coverage.shortfalls:
            table.add_row(
                _name(card, report), f"{cause.pairs} of {card.pairs}", f"not comparable: {cause.sentence}; {cause.remedy}"
            )
        for reason in sorted(card.reasons, key=lambda reason: -reason.pairs)[:REASONS]:
            table.add_row(_name(card, report), f"{reason.pairs} of {card.pairs}", f"reason: {plain(reason.reason)}")
        alike: dict[tuple[str, str], list[str]] = defaultdict(list)
        for gap in card.gaps:
            if gap.signal not in shared and (gap.state == "not_measured" or not card.reasons):
                alike[f"{gap.pairs} of {gap.of}", gap.state.replace("_", " ")].append(named(gap.signal))
        for (pairs, state), names in sorted(alike.items(), key=lambda item: -len(item[1])):
            table.add_row(_name(card, report), pairs, f"{state}: {', '.join(names)}")
    return table


def _everywhere(cards: Sequence[Scorecard]) -> frozenset[str]:
    """The signals that are not measured in any pair of several providers; empty for a single one."""
    unmeasured = [frozenset(gap.signal for gap in card.gaps if _is_whole(gap)) for card in cards if card.gaps]
    return frozenset.intersection(*unmeasured) if len(unmeasured) > 1 else frozenset()


def _is_whole(gap: MissingSignal) -> bool:
    return gap.state == "not_measured" and gap.pairs == gap.of
