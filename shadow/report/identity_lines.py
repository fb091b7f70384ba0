"""Reads serving identities, chat templates and segments of a report from the store."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from shadow.findings.finding import TIMES
from shadow.identity.chat_template import MOST, template_difference
from shadow.identity.prompt_sample import PromptSample, TokenCause
from shadow.identity.request_shape import prompt_sample
from shadow.report.check_rates import wilson
from shadow.report.figures import GreedyLine, IdentityLine, SegmentLine, TemplateLine
from storage.rows import IdentityRow, SegmentCount, SignalCount
from storage.store import Reader

IDENTITIES = 1_000
SHAPES = 20_000
FEWEST = 20
"""Least pairs of a segment, and of the other requests, to compare the two."""
MARGIN = 0.05
"""Difference of shares by which a segment must exceed the other requests, besides being twice as high."""

APART = 3.0
"""Standard deviations of the two intervals, of a share and of its noise, that must not overlap for a mark."""

Key = tuple[str, str, str]


def identity_lines(reader: Reader, since: float, until: float) -> tuple[IdentityLine, ...]:
    """The current identity of each provider and model, with its changes in the period."""
    changes: dict[tuple[str, str], list[IdentityRow]] = defaultdict(list)
    for row in reader.identity_queries.identities(since, until, IDENTITIES):
        if row.previous:
            changes[row.provider, row.model].append(row)
    limits = reader.identity_queries.limits(since, until)
    latest = reader.identity_queries.latest(IDENTITIES)
    return tuple(
        _identity(row, changes[row.provider, row.model], limits.get((row.provider, row.model), (None, None))) for row in latest
    )


def identity_changes(lines: Iterable[IdentityLine], key: Key) -> tuple[float, ...]:
    """When the identity of a key's provider and model last changed in the period; empty without a change."""
    return tuple(line.since for line in lines if (line.provider, line.model) == key[:2] and line.changes)


def _identity(row: IdentityRow, changed: Sequence[IdentityRow], limits: tuple[int | None, int | None]) -> IdentityLine:
    return IdentityLine(
        provider=row.provider,
        model=row.model,
        identity=row.identity,
        since=row.started,
        changes=len(changed),
        latest=tuple(_strings(changed[0].changes)) if changed else (),
        facts={facet: tuple(map(str, values)) for facet, values in _table(row.facts).items()},
        accepted_tokens=limits[0],
        refused_bytes=limits[1],
    )


def _strings(text: str) -> Iterator[str]:
    return (f"{item}" for item in json.loads(text))


def _table(text: str) -> Mapping[str, Sequence[object]]:
    found = json.loads(text)
    return {name: values for name, values in found.items() if isinstance(values, list)} if isinstance(found, dict) else {}


def template_lines(reader: Reader, since: float, until: float) -> tuple[TemplateLine, ...]:
    """What prompt tokens reveal about each provider's template, from the newest pairs of the period."""
    samples: dict[Key, list[PromptSample]] = defaultdict(list)
    for group, shape in reader.identity_queries.shapes(since, until, SHAPES):
        key = (group.provider, group.model, group.reference)
        if len(samples[key]) < MOST and (sample := prompt_sample(shape)):
            samples[key].append(sample)
    return tuple(_template(key, found) for key, found in sorted(samples.items()) if found)


def _template(key: Key, newest_first: Sequence[PromptSample]) -> TemplateLine:
    found = template_difference(newest_first[::-1])
    return TemplateLine(
        provider=key[0],
        model=key[1],
        reference=key[2],
        causes=tuple(cause.value for cause in found.causes),
        fault=any(cause.is_fault for cause in found.causes) and found.causes != (TokenCause.UNEXPLAINED,),
        samples=found.samples,
        explained=found.explained,
        sentence=found.sentence,
    )


def segment_lines(reader: Reader, since: float, until: float) -> tuple[SegmentLine, ...]:
    """Every signal of every segment: its share of differences, and those of the other requests and of the reference itself.

    Times are excluded, because they do not show what is served.
    """
    return tuple(_segments(count for count in reader.identity_queries.segments(since, until) if count.signal not in TIMES))


@dataclass(slots=True)
class _Sum:
    """The counts of one signal in one segment: the provider's pairs, and the reference's controls."""

    differs: int = 0
    pairs: int = 0
    conversations: int = 0
    noise_differs: int = 0
    noise_pairs: int = 0

    def add(self, count: SegmentCount) -> None:
        differs = count.count if count.state == "differ" else 0
        if count.comparison == "self":
            self.noise_pairs += count.count
            self.noise_differs += differs
            return
        self.pairs += count.count
        self.differs += differs
        self.conversations += count.conversations if differs else 0

    @property
    def beyond_noise(self) -> bool:
        """Whether the two intervals do not overlap; they are wide, because a report holds hundreds of them."""
        low, _ = wilson(self.differs, self.pairs, APART)
        _, high = wilson(self.noise_differs, self.noise_pairs, APART)
        return low > high


def _segments(counts: Iterable[SegmentCount]) -> Iterator[SegmentLine]:
    sums: dict[tuple[Key, str, str], dict[str, _Sum]] = defaultdict(lambda: defaultdict(_Sum))
    for count in counts:
        group = (count.group.provider, count.group.model, count.group.reference)
        sums[group, count.segment, count.signal][count.value].add(count)
    for (group, segment, signal), values in sorted(sums.items()):
        differs, compared = (sum(getattr(found, name) for found in values.values()) for name in ("differs", "pairs"))
        for value, found in sorted(values.items()):
            rest = compared - found.pairs
            if found.pairs:
                yield _line(group, (segment, value, signal), found, (differs - found.differs) / rest if rest else None)


def _line(group: Key, where: tuple[str, str, str], found: _Sum, elsewhere: float | None) -> SegmentLine:
    segment, value, signal = where
    return SegmentLine(
        provider=group[0],
        model=group[1],
        reference=group[2],
        signal=signal,
        segment=segment,
        value=value,
        differs=found.differs,
        pairs=found.pairs,
        conversations=found.conversations,
        elsewhere=elsewhere,
        noise_differs=found.noise_differs,
        noise_pairs=found.noise_pairs,
        beyond_noise=found.beyond_noise,
    )


def greedy_lines(counts: Iterable[SignalCount]) -> tuple[GreedyLine, ...]:
    """The compared signals of the greedy pairs."""
    sums: dict[tuple[Key, str], list[int]] = defaultdict(lambda: [0, 0])
    for count in counts:
        if count.comparison == "greedy" and count.state in {"match", "differ"}:
            found = sums[(count.group.provider, count.group.model, count.group.reference), count.signal]
            found[0] += count.count if count.state == "differ" else 0
            found[1] += count.count
    return tuple(
        GreedyLine(provider=key[0], model=key[1], reference=key[2], signal=signal, differs=differs, pairs=pairs)
        for (key, signal), (differs, pairs) in sorted(sums.items())
    )


def stands_out(line: SegmentLine) -> bool:
    """Whether a signal differs in this segment twice as often as elsewhere and 5 points more, both with 20 pairs or more."""
    if line.elsewhere is None or line.pairs < FEWEST:
        return False
    return line.share >= max(2 * line.elsewhere, line.elsewhere + MARGIN)
