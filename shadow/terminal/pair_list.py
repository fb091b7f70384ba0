"""The list of pairs for a terminal and as JSON: each with what of it is evidence, beyond the reference's own noise."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from rich import box
from rich.table import Table
from rich.text import Text

from shadow.presentation.found_text import TextPattern
from shadow.presentation.pair_evidence import PairEvidence, evidence_sentence, pair_evidence
from shadow.presentation.safe_text import one_line, short_name
from shadow.presentation.visible_text import plain
from shadow.report.evident_signals import EvidentSignals
from shadow.report.report_text import printed
from shadow.report.text_search import SearchTime, TextHit, TextSearch, how_far, search
from shadow.verdict.phrases import moment, named, rfc3339
from storage.rows import PairFilter, PairRow, PairSummary
from storage.store import Reader

REASON = 160
"""Most characters of what a pair shows, in a row of the list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedPair:
    """A row of the list: the pair with its counts, and its findings by what explains them; `hit` is where the text was found, if
    one was searched.
    """

    summary: PairSummary
    evidence: PairEvidence
    hit: TextHit | None = None


def pair_lines(reader: Reader, wanted: PairFilter, evident: EvidentSignals | None = None) -> tuple[ListedPair, ...]:
    """The newest pairs that the filter chooses, each with its evidence; `evident` as in `evidence_of`."""
    wanted = replace(wanted, standing=evident.standing) if evident else wanted
    return tuple(ListedPair(summary=one, evidence=evidence_of(reader, one.pair, evident)) for one in reader.pairs(wanted))


def found_lines(
    reader: Reader, wanted: PairFilter, evident: EvidentSignals, pattern: TextPattern
) -> tuple[tuple[ListedPair, ...], TextSearch]:
    """As `pair_lines`, those of all pairs that hold a text, and how many were read; slow where there are many."""
    wanted = replace(wanted, standing=evident.standing)
    found = search(reader, wanted, pattern, rows=wanted.limit, time=SearchTime())
    lines = [
        ListedPair(summary=hit.summary, evidence=evidence_of(reader, hit.summary.pair, evident), hit=hit) for hit in found.hits
    ]
    return tuple(lines), found


def evidence_of(reader: Reader, pair: PairRow, evident: EvidentSignals | None = None) -> PairEvidence:
    """The findings of a pair and the checks of its two answers, by what explains them; without `evident`, as far as this pair
    alone shows it.
    """
    checks, reference = (reader.findings(exchange_id=name) if name else () for name in (pair.subject_id, pair.reference_id))
    return pair_evidence(reader.findings(pair_id=pair.id), checks, reference, evident.of(pair) if evident else None)


def without_evidence(reader: Reader, wanted: PairFilter) -> PairFilter:
    """The filter of an empty list, without its demand for evidence where no pair at all matches the rest of it."""
    whole = replace(wanted, evidence=False)
    return wanted if reader.pairs(replace(whole, limit=1)) else whole


def pairs_text(
    lines: Sequence[ListedPair],
    wanted: PairFilter,
    *,
    width: int,
    color: bool,
    absence: str,
    options: str = "",
    searched: TextSearch | None = None,
) -> str:
    """The list, newest first, with whole ids for `show`; below it the command for the first, or what to do without a row: there
    `absence` states why no pair is evidence.
    """
    if not lines and searched and searched.read:
        return f"None of these pairs holds the text. {how_far(searched)}"
    if not lines:
        if wanted.evidence:
            return f"No pair is evidence here: {absence}. --all lists every pair."
        return "No pair matches; without filters this means that nothing was compared yet."
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="dim")
    for column in (
        "id",
        "when (UTC)",
        "provider",
        "model",
        "found in" if searched else "evidence" if wanted.evidence else "result",
    ):
        table.add_column(column, no_wrap=column in {"id", "when (UTC)"}, overflow="fold")
    for line in lines:
        pair = line.summary.pair
        table.add_row(pair.id, moment(pair.started)[5:], provider_name(pair), short_name(pair.model), result_text(line))
    below = f"\n{how_far(searched)}" if searched else ""
    note = Text(f"{below}\nNext: sameweights show {lines[0].summary.pair.id}{options}", style="dim")
    return printed([table, note], width=width, color=color)


def provider_name(pair: PairRow) -> str:
    """The provider, and the server behind it where it is a router that names one."""
    return plain(f"{pair.provider} by {pair.upstream}" if pair.upstream else pair.provider)


def result_text(line: ListedPair) -> Text:
    """What a pair shows, in a few words, or where the text was found."""
    found, pair = line.evidence, line.summary.pair
    if line.hit:
        return Text(one_line(f"{line.hit.side}: {line.hit.excerpt}", REASON))
    if found.found:
        names = [*(_check(row.signal, row.reason) for row in found.alone), *(named(one.signal) for one in found.evidence)]
        return Text(one_line(", ".join(names), REASON), style="red")
    if pair.comparable:
        return Text(one_line(f"not comparable: {pair.comparable}", REASON), style="yellow")
    return Text(one_line(evidence_sentence(found).rstrip("."), REASON), style="" if found.noise else "green")


def _check(signal: str, reason: str) -> str:
    return f"{named(signal)} ({reason})" if reason else named(signal)


def pairs_json(lines: Sequence[ListedPair], searched: TextSearch | None = None) -> str:
    """The list as JSON (`sameweights.pairs/1`); `searched` is the number of pairs read for a text, with how many of them
    have none and how many were read in part; null without a search.
    """
    counts = {
        "searched": searched.read if searched else None,
        "searched_without_text": searched.silent if searched else None,
        "searched_in_part": searched.cut if searched else None,
    }
    return json.dumps({"schema": PAIRS_SCHEMA, **counts, "pairs": [pair_document(line) for line in lines]}, indent=2)


PAIRS_SCHEMA = "sameweights.pairs/1"


def pair_document(line: ListedPair) -> dict[str, object]:
    """A pair as the members of JSON."""
    summary = line.summary
    return {
        **pair_members(summary.pair),
        "evidence": [row.signal for row in line.evidence.alone] + [one.signal for one in line.evidence.evidence],
        "sentence": plain(evidence_sentence(line.evidence, summary.pair.comparable)),
        "found_in": line.hit.side if line.hit else None,
        "excerpt": plain(line.hit.excerpt) if line.hit else None,
        "differing": list(summary.differing),
        "matches": summary.matches,
        "differs": summary.differs,
        "not_comparable": summary.not_comparable,
        "not_measured": summary.not_measured,
    }


def pair_members(pair: PairRow) -> dict[str, object]:
    """A stored pair as members of JSON: objects in place of JSON in strings, whether it is comparable, its time in RFC 3339."""
    columns = asdict(pair)
    return {
        **columns,
        "started_time": rfc3339(pair.started),
        "comparable": not pair.comparable,
        "why": pair.comparable or None,
        "alterations": json.loads(pair.alterations or "[]"),
        "shape": json.loads(pair.shape or "{}"),
    }
