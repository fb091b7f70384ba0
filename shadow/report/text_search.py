"""search(): finds a text in the stored requests and answers of pairs, until the time of the caller is over.

Bodies are stored compressed, and a pseudonymised or absent one holds no text, so pairs are read one by one; the result states
how far it came.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from shadow.findings.number_words import number_of
from shadow.presentation.found_text import SEARCHED, TextPattern, answer_texts, request_texts, text_pattern
from shadow.privacy.privacy_policy import row_of
from shadow.reading.parsed_request import parse_request
from shadow.reading.parsed_response import parse_response
from shadow.records import exchange
from shadow.settings.config_errors import ConfigError
from shadow.verdict.phrases import moment
from storage.rows import PairFilter, PairSummary
from storage.store import Reader

SHORTEST, LONGEST = 2, 200
"""Characters of a text that is searched for."""
MOST_WORDS = 20
"""Words of a text that is searched for, because each of them may be compared at each word of a body."""
READ_AT_ONCE = 50
"""Pairs of one query."""
Side = Literal["request", "provider", "reference", "control"]
Texts = list[tuple[Side, tuple[str, ...]]]
"""The texts of each stored body of a pair."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextHit:
    """A pair that holds the text: first in `side`, there within `excerpt`."""

    summary: PairSummary
    side: Side
    excerpt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSearch:
    """What was found among the `read` pairs, `silent` of them without any stored text, `cut` without the text in the part of a
    longer request or answer that is searched; `last` is the one read last, and `more` is True where others follow it.
    """

    hits: tuple[TextHit, ...]
    read: int
    silent: int
    cut: int
    last: PairSummary | None
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchTime:
    """How long a search reads: seconds of each monotonic clock, as those of processor and wall time; without any, to its end."""

    limits: tuple[tuple[Callable[[], float], float], ...] = ()

    def begun(self) -> Callable[[], bool]:
        """The clocks are read; returns whether one of them is over since."""
        ends = [(clock, clock() + seconds) for clock, seconds in self.limits]
        return lambda: any(clock() >= end for clock, end in ends)


def searched_text(flag: str, text: str) -> TextPattern:
    """The pattern of a text; ConfigError, with the name of its `flag`, for too few or too many characters or words."""
    plain = text.strip()
    if not SHORTEST <= len(plain) <= LONGEST:
        raise ConfigError([f"{flag}: {len(plain)} characters are not between {SHORTEST} and {LONGEST}"])
    if len(words := plain.split()) > MOST_WORDS:
        raise ConfigError([f"{flag}: {len(words)} words are more than {MOST_WORDS}: a part of them finds the same text"])
    return text_pattern(plain)


def search(reader: Reader, wanted: PairFilter, pattern: TextPattern, *, rows: int, time: SearchTime) -> TextSearch:
    """The first `rows` pairs of the filter that hold the text, in its order; at least one pair is read, however late it is."""
    over = time.begun()
    hits: list[TextHit] = []
    last: PairSummary | None = None
    read = silent = cut = 0
    more = False
    for summary in _pairs(reader, wanted):
        if len(hits) == rows or (read and over()):
            more = True
            break
        last, read = summary, read + 1
        texts = list(_texts(reader, summary))
        silent += not texts
        hit = _hit(summary, texts, pattern)
        cut += not hit and any(sum(map(len, found)) > SEARCHED for _, found in texts)
        hits += hit
    return TextSearch(hits=tuple(hits), read=read, silent=silent, cut=cut, last=last, more=more)


def how_far(found: TextSearch) -> str:
    """How many pairs were read for a text, how many of them have none, and how many a longer one than is searched."""
    silent = f"; of {found.silent:,} no text is stored" if found.silent else ""
    cut = f" Of {found.cut:,} only the first {SEARCHED:,} characters of a longer text were searched." if found.cut else ""
    back = f", back to {moment(found.last.pair.started)} UTC" if found.last else ""
    return f"Read the texts of {number_of(found.read, 'pair')}{back}{silent}.{cut}"


def _pairs(reader: Reader, wanted: PairFilter) -> Iterator[PairSummary]:
    wanted = replace(wanted, limit=READ_AT_ONCE)
    while found := reader.pairs(wanted):
        yield from found
        if len(found) < READ_AT_ONCE:
            return
        last = found[-1].pair.id
        wanted = replace(wanted, after_id=last) if wanted.after_id else replace(wanted, before_id=last)


def _hit(summary: PairSummary, texts: Texts, pattern: TextPattern) -> list[TextHit]:
    for side, found in texts:
        if excerpt := pattern.excerpt(found):
            return [TextHit(summary=summary, side=side, excerpt=excerpt)]
    return []


def _texts(reader: Reader, summary: PairSummary) -> Iterator[tuple[Side, tuple[str, ...]]]:
    """The texts of each stored body, the request's first."""
    pair = summary.pair
    sides: tuple[tuple[Side, str], ...] = (
        ("provider", pair.subject_id),
        ("reference", pair.reference_id),
        ("control", pair.control_id),
    )
    for side, exchange_id in sides:
        row = row_of(reader, exchange_id) if exchange_id else None
        if row is None:
            continue
        recorded = exchange(row)
        if side == "provider" and row.request_body is not None:
            sent = recorded.request
            yield "request", tuple(request_texts(parse_request(sent.target, sent.headers, sent.body, sent.truncated)))
        if row.response_body is not None:
            yield side, tuple(answer_texts(parse_response(recorded)))
