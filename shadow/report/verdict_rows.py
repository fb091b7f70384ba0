"""One row for each provider and model of a report: mark, state, worst finding with its size, since when, pairs; pure.

Every short face (the default report, `status`, Markdown, JUnit) prints these rows, so that none says more than the verdict.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from shadow.drift.effect_phrases import points
from shadow.findings.number_words import number_of, verb_of
from shadow.presentation.safe_text import short_name
from shadow.report.figures import UNDECIDED, UNMEASURED, MissingSignal, ReferenceLine, Scorecard
from shadow.verdict.evidence import EvidenceSide, Shortfall
from shadow.verdict.phrases import named, percent
from shadow.verdict.verdict_value import ReasonGround, VerdictReason, VerdictWord

MARKS: Mapping[VerdictWord, str] = {
    VerdictWord.DIFFERS: "✗",
    VerdictWord.FAULTY: "✗",
    VerdictWord.SUSPECT: "~",
    VerdictWord.UNDECIDED: "?",
    VerdictWord.NONE_SEEN: "✓",
    VerdictWord.NOT_MEASURED: "?",
    VerdictWord.WAITING: "…",
}
"""The mark of each verdict on every face."""
WORDS: Mapping[VerdictWord, str] = {
    VerdictWord.DIFFERS: "differs",
    VerdictWord.FAULTY: "faulty answers",
    VerdictWord.SUSPECT: "suspect",
    VerdictWord.UNDECIDED: "undecided",
    VerdictWord.NONE_SEEN: "no difference seen",
    VerdictWord.NOT_MEASURED: "not measured",
    VerdictWord.WAITING: "waiting for the first pair",
}
"""The state of each verdict in words."""
CARDS = 20
"""Most providers and models that a report shows, since clients choose how many models there are; its JSON has all."""
REFERENCES = 5
"""Most findings about references that are shown."""
WORSE_UPSTREAM = "worse"
"""The subject of a note about a server behind a router that is worse or different; others have `upstream`."""
CAUSES = 3
"""Most causes of missing pairs that are named; `report --full` has all."""
NAMED = 3
"""Most signals that are named where several are in no pair."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictRow:
    """One provider and model. `state` is the verdict in words, `finding` its worst reason with size and interval, or what would
    have been seen, or why nothing was; `since` in epoch seconds (None without a date); `pairs` were compared;
    `notes` decide nothing.
    """

    provider: str
    model: str
    reference: str
    word: VerdictWord
    mark: str
    state: str
    signal: str
    finding: str
    since: float | None
    pairs: int
    requests: int
    notes: tuple[str, ...] = ()
    worse_upstream: str = ""
    """The note about the worst server behind a router, "" where none is worse or different."""

    @property
    def is_adverse(self) -> bool:
        """Whether the row is a finding against the provider."""
        return self.word.is_adverse

    @property
    def is_open(self) -> bool:
        """Whether the evidence of a provider with a reference is not enough for a verdict."""
        return self.word in UNDECIDED and bool(self.reference)


def verdict_rows(cards: Iterable[Scorecard]) -> tuple[VerdictRow, ...]:
    """The rows of these cards, in their order."""
    return tuple(map(verdict_row, cards))


def verdict_row(card: Scorecard) -> VerdictRow:
    """The row of one card."""
    verdict = card.verdict
    faulty = verdict.word is VerdictWord.DIFFERS and any(one.word is VerdictWord.FAULTY for one in verdict.reasons)
    return VerdictRow(
        provider=card.provider,
        model=card.model,
        reference=card.reference,
        word=verdict.word,
        mark=MARKS[verdict.word],
        state=f"{WORDS[verdict.word]}{', faulty answers' * faulty}",
        signal=_subject(verdict.reasons),
        finding=_finding(card),
        since=verdict.since,
        pairs=card.compared,
        requests=card.requests,
        notes=tuple(note.phrase for note in verdict.notes),
        worse_upstream=next((note.phrase for note in verdict.notes if _is_of_bad_server(note)), ""),
    )


def _is_of_bad_server(note: VerdictReason) -> bool:
    return note.ground is ReasonGround.UPSTREAM and note.subject == WORSE_UPSTREAM


def display_name(card: Scorecard | VerdictRow, cards: Sequence[Scorecard | VerdictRow]) -> str:
    """The provider, with the model where it serves several, and the reference where it has several."""
    own = [other for other in cards if other.provider == card.provider]
    model = f" {short_name(card.model)}" if len({other.model for other in own}) > 1 else ""
    reference = f" against {card.reference}" if len({other.reference for other in own}) > 1 and card.reference else ""
    return f"{card.provider}{model}{reference}"


def left_out(found: int) -> str:
    """The sentence on the rows of a report beyond the worst `CARDS`; "" where all are shown."""
    if found <= CARDS:
        return ""
    return f"The {CARDS} worst of {found:,} providers and models are shown; sameweights report --json has all."


def reference_headlines(lines: Sequence[ReferenceLine]) -> tuple[str, ...]:
    """The headlines of the first findings about references, a line for each model, and how many there are more."""
    found = [line.headline for line in lines]
    rest = len(found) - REFERENCES
    return tuple(found) if rest < 1 else (*found[:REFERENCES], f"{rest:,} more of the references and their models")


def headline(rows: Sequence[VerdictRow]) -> str:
    """The rows in one sentence, each counted once: how many differ of those that were judged, then every other state."""
    if not rows:
        return "No request in this period"
    alone = sum(_is_alone(row) for row in rows)
    held = Counter(row.word for row in rows if not _is_alone(row))
    judged = _judged(held)
    if not judged and not held[VerdictWord.UNDECIDED]:
        return "Nothing is measured yet"
    return ", ".join([*(judged or ["No verdict yet"]), *_not_judged(held, alone)])


def _is_alone(row: VerdictRow) -> bool:
    return not row.reference and not row.is_adverse


def _judged(held: Mapping[VerdictWord, int]) -> list[str]:
    differ, none_seen = held[VerdictWord.DIFFERS], held[VerdictWord.NONE_SEEN]
    found = (
        f"{differ} of {differ + none_seen} differ{'s' * (differ == 1)} from the reference" if differ else "",
        f"No difference from the reference seen in {none_seen}" if none_seen and not differ else "",
        _of_several(held[VerdictWord.FAULTY], "has faulty answers", "have faulty answers"),
        _of_several(held[VerdictWord.SUSPECT], "is suspect", "are suspect"),
    )
    return [part for part in found if part]


def _not_judged(held: Mapping[VerdictWord, int], alone: int) -> list[str]:
    undecided, unmeasured = held[VerdictWord.UNDECIDED], sum(held[word] for word in UNMEASURED)
    found = (
        f"{undecided} undecided" if undecided else "",
        f"{unmeasured} not measured" if unmeasured else "",
        _of_several(alone, "has no reference", "have no reference"),
    )
    return [part for part in found if part]


def _of_several(number: int, one: str, more: str) -> str:
    return f"{number} {one if number == 1 else more}" if number else ""


def unmeasured_lines(cards: Sequence[Scorecard]) -> tuple[str, ...]:
    """What the period did not measure: requests without a pair, pairs that could not be compared, signals that no pair shows."""
    return (*_without_pair(cards), *_lost(cards), *_absent(cards))


def _subject(reasons: Sequence[VerdictReason]) -> str:
    """The signal of the worst reason that is about one; "" without one."""
    kinds = {ReasonGround.SIGNAL, ReasonGround.DRIFT, ReasonGround.CHECK, ReasonGround.THRESHOLD, ReasonGround.CLOSER}
    return next((one.subject for one in reasons if one.ground in kinds | {ReasonGround.TOLERANCE}), "")


def _finding(card: Scorecard) -> str:
    verdict = card.verdict
    deciding = [one for one in verdict.reasons if one.word is verdict.word]
    if verdict.word is VerdictWord.NONE_SEEN:
        return _detectable(card)
    if verdict.word in UNDECIDED:
        _, _, rest = verdict.sentence.partition(": ")
        return rest.partition("; ")[0]
    if not deciding:
        return ""
    first, more = _phrase(deciding[0], card), len({one.subject for one in deciding if _is_own(one)} - {deciding[0].subject})
    return f"{first}, and {number_of(more, 'more signal')}" if more else first


def _is_own(reason: VerdictReason) -> bool:
    return reason.ground is not ReasonGround.DISCOVERY


def _phrase(reason: VerdictReason, card: Scorecard) -> str:
    """The reason with its size; a check by its share of the answers, since its own phrase is long."""
    if reason.ground not in {ReasonGround.CHECK, ReasonGround.THRESHOLD}:
        return reason.phrase
    line = next((one for one in card.checks if one.signal == reason.subject), None)
    if line is None:
        return reason.phrase
    other = "" if line.reference_rate is None else f" (reference {percent(line.reference_rate)})"
    return f"{named(line.signal)} in {percent(line.rate)} of {number_of(line.answers, 'answer')}{other}"


def _detectable(card: Scorecard) -> str:
    power = card.verdict.power
    if power is None or power.smallest is None:
        return ""
    return f"{points(power.smallest)} or more in {named(power.signal)} would have shown"


def _without_pair(cards: Sequence[Scorecard]) -> Iterator[str]:
    """A provider and model has a card for each of its references, with the same requests and other pairs."""
    models: defaultdict[tuple[str, str], list[Scorecard]] = defaultdict(list)
    for card in cards:
        models[card.provider, card.model].append(card)
    requests = {key: max(card.requests for card in own) for key, own in models.items()}
    compared = {key: sum(card.pairs for card in own) for key, own in models.items() if any(card.reference for card in own)}
    rest = sum(max(0, requests[key] - pairs) for key, pairs in compared.items())
    if rest:
        yield f"{rest:,} of {number_of(sum(requests.values()), 'request')} have no pair"
    alone = [key for key, number in requests.items() if number and key not in compared]
    if alone:
        names = ", ".join(sorted({provider for provider, _ in alone})[:NAMED])
        number = sum(requests[key] for key in alone)
        yield f"{number_of(number, 'request')} {verb_of(number, 'has', 'have')} no reference ({names})"


def _lost(cards: Sequence[Scorecard]) -> Iterator[str]:
    lost: list[tuple[Scorecard, Shortfall]] = [(card, cause) for card in cards for cause in card.verdict.coverage.shortfalls]
    lost.sort(key=lambda item: -item[1].pairs)
    for card, cause in lost[:CAUSES]:
        side = card.reference if cause.side is EvidenceSide.REFERENCE else card.provider
        yield f"{cause.pairs:,} of {number_of(card.pairs, 'pair')} of {card.provider} ({side}): {cause.sentence}; {cause.remedy}"


def _absent(cards: Sequence[Scorecard]) -> Iterator[str]:
    """The signals that are measured in no pair of any provider."""
    compared = [card for card in cards if card.pairs]
    missing = Counter(gap.signal for card in compared for gap in card.gaps if _is_whole(gap))
    names = sorted(named(signal) for signal, times in missing.items() if times == len(compared))
    if names:
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        yield f"{number_of(len(names), 'signal')} in no pair: {', '.join(names[:NAMED])}{more}"


def _is_whole(gap: MissingSignal) -> bool:
    return gap.state == "not_measured" and gap.pairs == gap.of
