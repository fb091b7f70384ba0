"""Counts failed checks per provider, and whether its reference fails them as often on the same requests.

Counts over all traffic are reported with Wilson's 95 % interval; only conversations that both sides answered give a verdict.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from shadow.drift.paired_checks import FEWEST, CheckExcess, Party, Votes, excesses, plain
from shadow.findings.number_words import number_of
from shadow.report.figures import CheckLine
from storage.evidence_rules import SAME_FAULT
from storage.judgement_rows import ComparedChecks
from storage.rows import SignalCount

_Z = 1.959964


class CheckVoteTotals:
    """The votes of a period's compared conversations on every check, tested together as one family of tests."""

    def __init__(self, compared: Iterable[ComparedChecks]) -> None:
        parties = {(one.provider, one.model, one.reference): one for one in compared}
        self._conversations = {party: one.conversations for party, one in parties.items()}
        self._excesses = {(one.votes.party, one.votes.signal): one for one in excesses(_votes(parties))}

    def conversations(self, party: Party) -> int:
        """Conversations in which both sides answered."""
        return self._conversations.get(party, 0)

    def excess(self, party: Party, check: str) -> CheckExcess | None:
        """The excess of one check; None where no answer of either side failed it."""
        return self._excesses.get((party, check))


def _votes(parties: Mapping[Party, ComparedChecks]) -> list[Votes]:
    return [
        Votes(
            party=party,
            signal=vote.signal,
            plus=vote.plus,
            minus=vote.minus,
            alone=vote.alone,
            conversations=one.conversations,
        )
        for party, one in sorted(parties.items())
        for vote in one.votes
    ]


def check_lines(counts: Sequence[SignalCount], paired: CheckVoteTotals, party: Party) -> tuple[CheckLine, ...]:
    """A line for each check that applied to some answer of the provider."""
    provider, model, reference = party
    own = _of(counts, provider, model)
    beside = _of(counts, reference, model) if reference else []
    lines = (_line(check, own, beside, paired, party) for check in sorted({count.signal for count in own}))
    return tuple(line for line in lines if line.answers)


def _of(counts: Iterable[SignalCount], provider: str, model: str) -> list[SignalCount]:
    return [one for one in counts if one.comparison == "check" and (one.group.provider, one.group.model) == (provider, model)]


def _line(
    check: str, own: Iterable[SignalCount], beside: Iterable[SignalCount], paired: CheckVoteTotals, party: Party
) -> CheckLine:
    faulty, answers = _faulty(check, own)
    reference_faulty, reference_answers = _faulty(check, beside)
    low, high = wilson(faulty, answers)
    reference_low, reference_high = wilson(reference_faulty, reference_answers)
    found, conversations = paired.excess(party, check), paired.conversations(party)
    return CheckLine(
        signal=check,
        answers=answers,
        faulty=faulty,
        low=low,
        high=high,
        reference_answers=reference_answers,
        reference_faulty=reference_faulty,
        reference_low=reference_low,
        reference_high=reference_high,
        conversations=conversations,
        plus=found.votes.plus if found else 0,
        minus=found.votes.minus if found else 0,
        alone=found.votes.alone if found else 0,
        p=found.p if found else 1.0,
        p_holm=found.p_holm if found else 1.0,
        worse=found is not None and found.named,
        plain=not conversations and plain(check, faulty - _named_elsewhere(check, own), answers),
    )


def _named_elsewhere(check: str, counts: Iterable[SignalCount]) -> int:
    """Faulty answers whose fault another check may have counted too."""
    return _faulty(SAME_FAULT[check], counts)[0] if check in SAME_FAULT else 0


def _faulty(check: str, counts: Iterable[SignalCount]) -> tuple[int, int]:
    """Faulty answers and checked answers; not measured counts as neither."""
    checked = [count for count in counts if count.signal == check and count.state in {"match", "differ"}]
    return sum(count.count for count in checked if count.state == "differ"), sum(count.count for count in checked)


def check_sentence(line: CheckLine, name: str) -> str:
    """The sentence of one check; `name` is the check in words."""
    share = "under 0.1 %" if 0 < line.rate < 0.0005 else f"{line.rate * 100:.{1 if line.rate < 0.1 else 0}f} %"
    if line.plus + line.minus < FEWEST:
        return f"{name}: seen in {share} of {number_of(line.answers, 'answer')}{_undecided(line)}"
    return f"{name}: {_compared(line)} (all traffic: {share} of {number_of(line.answers, 'answer')})"


def _undecided(line: CheckLine) -> str:
    if line.plain:
        return "; no answer of a reference to the same requests"
    votes = f" ({line.plus + line.minus} of {line.conversations:,} differ between the two)" if line.conversations else ""
    return f"; too few compared conversations to decide whether the reference does it too{votes}"


def _compared(line: CheckLine) -> str:
    other, many = f"{line.minus}" if line.minus else "none", number_of(line.conversations, "conversation")
    if line.alone == line.plus:
        counts = f"{line.plus} of {many} where the reference had none, {other} the other way"
    else:
        counts = f"{line.plus} of {many} in which the reference had fewer, {other} the other way"
    return f"{counts}; more often than its reference" if line.worse else counts


def wilson(hits: int, trials: int, z: float = _Z) -> tuple[float, float]:
    """Wilson's score interval (Wilson 1927) of `z` standard deviations, 95 % by default; (0, 1) without any draw."""
    if not trials:
        return 0.0, 1.0
    share, spread = hits / trials, z * z / trials
    middle = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / trials + spread / (4 * trials)) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)
