"""A report for a terminal: one line of verdict a provider first, then the figures it rests on; readable in 100 columns."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from io import StringIO
from typing import Literal

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from shadow.presentation.text_tables import moment, report_table
from shadow.presentation.visible_text import plain
from shadow.report.check_rates import check_sentence
from shadow.report.drift_table import drift_table
from shadow.report.figures import SILENT, Report, Scorecard, SignalLine
from shadow.report.identity_tables import greedy_table, identity_table, segment_table, template_table
from shadow.report.latency_tables import latency_table, pace_table, trigger_table
from shadow.report.stream_faults import stream_table
from shadow.verdict.evidence import EvidenceSide
from shadow.verdict.phrases import named, percent
from shadow.verdict.verdict_value import ReasonGround, VerdictWord

MARKS = {
    VerdictWord.DIFFERS: ("✗", "bold red"),
    VerdictWord.FAULTY: ("✗", "bold red"),
    VerdictWord.SUSPECT: ("~", "yellow"),
    VerdictWord.UNDECIDED: ("?", "yellow"),
    VerdictWord.NONE_SEEN: ("✓", "green"),
    VerdictWord.NOT_MEASURED: ("?", "yellow"),
    VerdictWord.WAITING: ("?", "yellow"),
}
COUNTED = {
    VerdictWord.DIFFERS: "different",
    VerdictWord.FAULTY: "faulty",
    VerdictWord.SUSPECT: "suspect",
    VerdictWord.UNDECIDED: "undecided",
    VerdictWord.NONE_SEEN: "without a difference seen",
    VerdictWord.NOT_MEASURED: "not measured",
    VerdictWord.WAITING: "waiting for a pair",
}
CARDS = 20
"""More providers and models than this stand in the JSON only."""
REASONS = 5
REFERENCES = 5
LONG = frozenset({"signals", "triggers", "not compared", "served by", "segments"})
"""Tables with many lines a provider, or that a first look can do without."""


def render(report: Report, *, width: int, color: bool, brief: bool = False) -> str:
    """The report as text; a brief one has what a first look can take in."""
    return printed(_parts(report, brief=brief), width=width, color=color)


def printed(parts: Iterable[RenderableType], *, width: int, color: bool) -> str:
    """What rich makes of the parts, as text; without colour nothing but printable characters."""
    out = StringIO()
    system: Literal["standard"] | None = "standard" if color else None
    console = Console(
        file=out, width=width, force_terminal=color, color_system=system, highlight=False, emoji=False, markup=False
    )
    for part in parts:
        console.print(part)
    return "\n".join(line.rstrip() for line in out.getvalue().split("\n")).rstrip("\n")


def _parts(report: Report, *, brief: bool) -> Iterator[RenderableType]:
    yield _heading(report)
    yield ""
    if report.references:
        yield _references(report)
        yield ""
    yield _verdicts(report) if report.cards else Text("  ?  not measured: no request in this period", style="yellow")
    if len(report.cards) > 1:
        yield f"\n  {', '.join(f'{count} {COUNTED[word]}' for word, count in report.counts.items())}"
    for title, table in _tables(report):
        if table.row_count and not (brief and title in LONG):
            yield ""
            yield Text(title, style="bold").append(f"  {_SUBTITLES[title]}", style="not bold dim")
            yield Padding(table, (0, 0, 0, 2))
    if len(report.cards) > CARDS:
        yield f"\n  and {len(report.cards) - CARDS} more: --json shows all"


def _references(report: Report) -> Padding:
    """What stands above the verdicts: they are measured against it."""
    lines = [f"!  {plain(one.headline)}" for one in report.references[:REFERENCES]]
    return Padding(Text("\n".join(lines), style="bold yellow"), (0, 0, 0, 2))


def _tables(report: Report) -> tuple[tuple[str, Table], ...]:
    return (
        ("drift", drift_table(report)),
        ("signals", _signals(report)),
        ("checks", _checks(report)),
        ("served by", identity_table(report)),
        ("prompts", template_table(report)),
        ("segments", segment_table(report)),
        ("streaming", stream_table(report)),
        ("greedy", greedy_table(report)),
        ("triggers", trigger_table(report)),
        ("latency", latency_table(report)),
        ("pace", pace_table(report)),
        ("not compared", _gaps(report)),
    )


_SUBTITLES = {
    "drift": "the state now, judged pair by pair as they come, whatever the period; see docs/explanation/drift.md",
    "signals": "noise: the reference against itself; excess in points [95 %], provider/reference odd; seen: the least that shows",
    "checks": "answers that are faulty by themselves, no reference needed",
    "served by": "what the answers tell of their server, as a hash; a change of it has a date",
    "prompts": "prompt tokens against the reference's for the same requests, and the likely cause",
    "segments": "twice as often as in other requests; faint: not beyond the noise, the reference against itself there",
    "streaming": "checks that fail in streams more often than in whole answers, or the other way round",
    "greedy": "both sides asked once more at temperature 0; never among the pairs above",
    "triggers": "tool_call_f1 as verifiers publish it, the reference's own beside it, kappa, calls to the reference's calls",
    "latency": "seconds, p50 / p95, and p50 to the reference's for the same requests; never part of a verdict on the answers",
    "pace": "slower than nine of ten answers were on its first day, or than was asked for; no verdict on the answers either",
    "not compared": "what no pair, or not every pair, could say",
}


def _heading(report: Report) -> Text:
    requests = sum(row.requests for row in report.traffic if row.role == "primary")
    failed = sum(row.failures + row.errors for row in report.traffic if row.role == "primary")
    asked, compared = (sum(getattr(card, name) for card in report.cards) for name in ("pairs", "compared"))
    period = (
        f"from {moment(report.since)} to {moment(report.until)} UTC" if report.since > 0 else f"until {moment(report.until)} UTC"
    )
    heading = Text("sameweights", style="bold").append(f"  {period}", style="not bold")
    of = f" of {asked} that were asked of one" if asked > compared else ""
    heading.append(f"\n  {requests} requests, {failed} failed, {compared} compared with a reference{of}", style="not bold dim")
    return heading.append("".join(f"\n  {cause}" for cause in _causes(report)), style="not bold dim")


def _causes(report: Report) -> Iterator[str]:
    """Why pairs could not be compared, over all providers, the most frequent causes first; what a line of its own states of a
    reference is not repeated.
    """
    known = {(line.reference, line.model) for line in report.references if line.state in SILENT}
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
        mark, style = MARKS[card.verdict.word]
        told = _sentence(card.verdict.sentence, style)
        for note in card.verdict.notes:
            told.append(f"\nnote: {note.phrase}", style="default not bold dim")
        table.add_row(Text(mark, style=style), Text(_name(card, report), style="bold"), told)
    return Padding(table, (0, 0, 0, 2))


def _name(card: Scorecard, report: Report) -> str:
    """The provider, and the model where the provider serves more than one."""
    several = sum(1 for other in report.cards if other.provider == card.provider) > 1
    return f"{card.provider} / {plain(card.model)}" if several else card.provider


def _sentence(sentence: str, style: str) -> Text:
    """The verdict in its colour, what it rests on below it."""
    head, separator, rest = sentence.partition(": ")
    if not separator or head in {"not measured", "undecided", "waiting"}:
        head, separator, rest = sentence.partition("; ")
    text = Text(head, style=style)
    return text.append(f"\n{rest}", style="default not bold") if rest else text


def _signals(report: Report) -> Table:
    """The signals that show anything; how many are quiet, in one line, so that nothing looks forgotten."""
    table = report_table("<provider", "<signal", "differs", "noise", "excess, of which +/-", "p", "seen", "<")
    for card in report.cards[:CARDS]:
        guilty = {reason.subject for reason in card.verdict.reasons if reason.ground is ReasonGround.SIGNAL}
        loud = [line for line in card.signals if line.provider_odd or line.reference_odd]
        for line in sorted(loud, key=lambda line: (line.signal not in guilty, -abs(line.excess or 0.0), line.signal)):
            table.add_row(_name(card, report), *_signal_row(line), style="red" if line.signal in guilty else "")
        for verdict, names in _quiet(card).items():
            table.add_row(_name(card, report), f"{names} {'more' if loud else 'signals'}: {verdict}", style="dim")
    return table


def _quiet(card: Scorecard) -> Mapping[str, int]:
    """How many signals in which neither side was ever the odd one come to what."""
    return Counter(line.verdict for line in card.signals if not (line.provider_odd or line.reference_odd))


def _signal_row(line: SignalLine) -> tuple[str, ...]:
    bounds = "" if line.low is None or line.high is None else f" [{line.low * 100:.0f} to {line.high * 100:.0f}]"
    return (
        named(line.signal),
        f"{percent(line.mismatch)} of {line.differs_of}",
        f"{percent(line.noise)} of {line.noise_of}" if line.noise_of else percent(line.noise),
        "-" if line.excess is None else f"{line.excess * 100:+.0f}{bounds}  {line.provider_odd}/{line.reference_odd}",
        _chance(line.p_holm),
        "-" if line.smallest is None else f"{line.smallest * 100:.{0 if line.smallest >= 0.1 else 1}f}",
        line.verdict,
    )


def _chance(p: float | None) -> str:
    return "-" if p is None else "<0.001" if p < 0.001 else f"{p:.3f}"


def _checks(report: Report) -> Table:
    """The checks that some answer failed, those that make the provider faulty first and in red."""
    table = report_table("<provider", "<")
    for card in report.cards[:CARDS]:
        failed = [line for line in card.checks if line.faulty or line.plus]
        for line in sorted(failed, key=lambda line: (not line.guilty, line.p, -line.rate)):
            table.add_row(_name(card, report), check_sentence(line, named(line.signal)), style="red" if line.guilty else "")
    return table


def _gaps(report: Report) -> Table:
    table = report_table("<provider", "pairs", "<")
    for card in report.cards[:CARDS]:
        for cause in card.verdict.coverage.shortfalls:
            table.add_row(
                _name(card, report), f"{cause.pairs} of {card.pairs}", f"not comparable: {cause.sentence}; {cause.remedy}"
            )
        for reason in sorted(card.reasons, key=lambda reason: -reason.pairs)[:REASONS]:
            table.add_row(_name(card, report), f"{reason.pairs} of {card.pairs}", f"in its words: {plain(reason.reason)}")
        alike: dict[tuple[str, str], list[str]] = defaultdict(list)
        for gap in card.gaps:
            if gap.state == "not_measured" or not card.reasons:
                alike[f"{gap.pairs} of {gap.of}", gap.state.replace("_", " ")].append(named(gap.signal))
        for (pairs, state), names in sorted(alike.items(), key=lambda item: -len(item[1])):
            table.add_row(_name(card, report), pairs, f"{state}: {', '.join(names)}")
    return table
