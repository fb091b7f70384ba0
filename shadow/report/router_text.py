"""with_router(): what is known of the servers behind a router, as notes of its verdict, one sentence each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from rich.table import Table

from shadow.choice.candidate_claims import ChoiceVerdict
from shadow.choice.upstream_claims import SAME_WITHIN, WORSE_BEYOND
from shadow.drift.effect_phrases import points
from shadow.findings.number_words import number_of
from shadow.presentation.safe_text import one_line
from shadow.presentation.text_tables import report_table
from shadow.reading.upstream_name import OTHER, UNNAMED
from shadow.report.figures import Scorecard
from shadow.report.router_lines import RouterLine, UpstreamLine
from shadow.report.verdict_rows import WORSE_UPSTREAM
from shadow.verdict.phrases import named, percent, recent
from shadow.verdict.verdict_value import ReasonGround, VerdictReason, VerdictWord

NAMED = 3
"""Most servers of a kind that one sentence lists."""
MOST_UNKNOWN = 0.2
"""Share of pairs without a server's name beyond which the router does not say enough."""
_SHOWN = 40


def with_router(card: Scorecard, routers: Sequence[RouterLine], now: float) -> Scorecard:
    """The card of a router with what is known of its servers as notes, which decide nothing about the router as a whole."""
    key = (card.provider, card.model, card.reference)
    found = [line for line in routers if (line.provider, line.model, line.reference) == key]
    notes = [_note(sentence, subject) for line in found for subject, sentence in _notes(line, card, now)]
    return replace(card, verdict=replace(card.verdict, notes=(*notes, *card.verdict.notes))) if notes else card


def _note(sentence: str, subject: str) -> VerdictReason:
    return VerdictReason(word=VerdictWord.NONE_SEEN, ground=ReasonGround.UPSTREAM, subject=subject, phrase=sentence)


def upstream_table(routers: Sequence[RouterLine], now: float) -> Table:
    """Each server of each router with its part of the traffic, its pairs and what is known of it."""
    table = report_table("<provider", "<upstream", "traffic", "pairs", "<")
    for router in routers:
        for line in router.upstreams:
            name = one_line(line.upstream, _SHOWN)
            cells = (router.provider, name, percent(line.share), f"{line.pairs:,}", upstream_sentence(line, now))
            table.add_row(*cells, style="red" if line.worse else "")
    return table


def _notes(router: RouterLine, card: Scorecard, now: float) -> Iterator[tuple[str, str]]:
    """(subject, sentence) of each note: the servers that differ, then what is not yet known, what a fault of one could hide, and
    what changes of server cost.
    """
    bad = any(line.verdict in _BAD for line in router.upstreams)
    yield from ((WORSE_UPSTREAM if bad else "upstream", sentence) for sentence in _found(router, now))
    yield from (("upstream", sentence) for sentence in (*_unknown(router), *_hidden(router, card), *_changes(router)))


def upstream_sentence(line: UpstreamLine, now: float) -> str:
    """What is known of one server."""
    name = one_line(line.upstream, _SHOWN)
    if line.verdict == ChoiceVerdict.WORSE:
        return f"{name} is worse by more than {points(WORSE_BEYOND)}: {named(line.signal)}{_size(line)}{_details(line, now)}"
    if line.verdict == ChoiceVerdict.DIFFERS:
        unknown = f"whether by more than {points(WORSE_BEYOND)} is not yet known"
        return f"{name} differs in {named(line.signal)}{_details(line, now)}; {unknown}"
    if line.verdict == ChoiceVerdict.SAME:
        return f"{name} is the same within {points(SAME_WITHIN)} of conversations ({number_of(line.pairs, 'pair')})"
    return f"{name} is not yet known ({_progress(line)})"


def _found(router: RouterLine, now: float) -> Iterator[str]:
    count = len(router.upstreams)
    bad = [line for line in router.upstreams if line.verdict in _BAD]
    bad.sort(key=lambda line: (line.verdict != ChoiceVerdict.WORSE, -abs(line.size or 0.0)))
    for place, line in enumerate(bad[:NAMED]):
        yield f"{f'of its {count} upstreams ' * (not place)}{upstream_sentence(line, now)}"
    if len(bad) > NAMED:
        yield f"{len(bad) - NAMED} more of its upstreams are worse or differ"
    if not bad:
        same = sum(line.verdict == ChoiceVerdict.SAME for line in router.upstreams)
        proven = f"{same} {_are(same)}" if same else "none is"
        yield f"of its {number_of(count, 'upstream')} none is found to differ, {proven} proven the same"


def _unknown(router: RouterLine) -> Iterator[str]:
    open_ones = [line for line in router.upstreams if line.verdict not in _SETTLED and line.upstream not in {UNNAMED, OTHER}]
    if open_ones:
        shown = ", ".join(_progress(line) for line in open_ones[:NAMED]) + ", …" * (len(open_ones) > NAMED)
        yield f"{len(open_ones)} {_are(len(open_ones))} not yet known ({shown})"
    if router.unknown > MOST_UNKNOWN:
        yield f"the router does not say who answered in {percent(router.unknown)} of the pairs"


def _hidden(router: RouterLine, card: Scorecard) -> Iterator[str]:
    """How large a fault of one server alone may be before the router's own verdict shows it."""
    power = card.verdict.power
    shares = [line for line in router.upstreams if line.share and line.verdict not in _SETTLED]
    if power is None or power.smallest is None or not shares:
        return
    line = max(shares, key=lambda each: each.share or 0.0)
    least = power.smallest / (line.share or 1.0)
    name = one_line(line.upstream, _SHOWN)
    of = f"{percent(line.share)} of the traffic"
    shows = f"from {points(least)} on" if least < 1 else "at no size"
    yield f"in the router as a whole a fault of {name} alone ({of}) would show {shows}"


def _changes(router: RouterLine) -> Iterator[str]:
    if not router.conversations:
        return
    text = f"{percent(router.changed / router.conversations)} of conversations changed upstream"
    if router.cached_after_change is not None and router.cached_else:
        after, other = percent(router.cached_after_change), percent(router.cached_else)
        text += f"; cached share {after} after a change, {other} without"
    yield text


_BAD = frozenset({ChoiceVerdict.WORSE.value, ChoiceVerdict.DIFFERS.value})
_SETTLED = _BAD | {ChoiceVerdict.SAME.value}


def _size(line: UpstreamLine) -> str:
    return f", about {points(abs(line.size))}" if line.size else ""


def _details(line: UpstreamLine, now: float) -> str:
    since = f", since {recent(line.since, now)}" if line.since is not None else ""
    share = "" if line.share is None else f" ({percent(line.share)} of your traffic)"
    return since + share


def _progress(line: UpstreamLine) -> str:
    if line.needed is None:
        return number_of(line.pairs, "pair")
    return f"{line.missing_pairs:,} of about {number_of(line.needed, 'pair')}"


def _are(number: int) -> str:
    return "is" if number == 1 else "are"
