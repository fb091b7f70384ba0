"""Maps rows of the store to values of drift and judgements to rows; nothing is decided here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict

import orjson

from shadow.drift.alarm_budget import TestKey
from shadow.drift.alarm_titles import REFERENCE_MOVED
from shadow.drift.change_point import EvaluatedPair
from shadow.drift.count_detector import CountSide, TokenCounts
from shadow.drift.drift_status import DriftStatus
from shadow.drift.effect_phrases import leans
from shadow.drift.excess_estimates import GroupKey
from shadow.drift.group_state import GroupStanding, JudgedPair, Judgement
from shadow.identity.request_shape import counted_sample
from shadow.verdict.alarm_verdict import alarm_verdict
from storage.judgement_rows import AlarmRow, EvidenceRow, JudgedPairRow
from storage.rows import PairGroup

NOTHING = "nothing_applied"


def key_of(group: PairGroup) -> GroupKey:
    """The key of a group, from its row."""
    return GroupKey(group.route, group.model, group.provider, group.reference, group.upstream)


def group_of(key: GroupKey) -> PairGroup:
    """The group of a row, from its key."""
    return PairGroup(**key._asdict())


def judged_pair(row: JudgedPairRow) -> JudgedPair:
    """A stored pair, ready to be judged."""
    return JudgedPair(
        pair_id=row.pair_id,
        group=key_of(row.group),
        started=row.started,
        conversation=row.conversation,
        fingerprint=row.fingerprint,
        kind=row.kind,
        payoffs=row.payoffs,
        excluded=row.excluded,
        counts=token_counts(row.shape),
        upstream=row.upstream,
    )


def token_counts(shape: str) -> tuple[TokenCounts, ...]:
    """The tokens of both sides of a pair for the same words, by the stored shape of its request."""
    sample = counted_sample(shape)
    if sample is None:
        return ()
    found = [TokenCounts(side=CountSide.PROMPT, provider=sample.provider_tokens, reference=sample.reference_tokens)]
    if sample.same_text:
        found.append(
            TokenCounts(side=CountSide.COMPLETION, provider=sample.provider_completion, reference=sample.reference_completion)
        )
    return tuple(each for each in found if each.provider and each.reference)


def stored_evidence(row: EvidenceRow) -> EvaluatedPair:
    """Evidence of one pair, as stored."""
    return EvaluatedPair(
        pair_id=row.pair_id, started=row.started, conversation=row.conversation, kind=row.kind, payoff=row.payoff
    )


def batch_evidence(
    judged: Iterable[tuple[JudgedPair, Mapping[str, int]]], group: GroupKey, signal: str
) -> Iterable[EvaluatedPair]:
    """The evidence of one group and signal among pairs judged in this batch, each with the payoffs that counted."""
    for each, counted in judged:
        if each.group == group and signal in counted:
            yield EvaluatedPair(
                pair_id=each.pair_id,
                started=each.started,
                conversation=each.conversation,
                kind=each.kind,
                payoff=counted[signal],
            )


def reason(judged: JudgedPair, judgement: Judgement) -> str:
    """The main reason why not all payoffs of a pair counted; empty when they did."""
    if judged.payoffs and judgement.counted == judged.payoffs:
        return ""
    return judgement.excluded[0] if judgement.excluded else NOTHING


def alarm(
    status: DriftStatus, old: GroupStanding, new: GroupStanding, *, pair_id: str, at: float, tests: Iterable[TestKey] = ()
) -> AlarmRow:
    """The row of a group's change from `old` to `new`, with its latched tests in full, or the names of `tests` where none is."""
    latched = [asdict(each) for each in (*status.past, *status.failing)]
    verdict = alarm_verdict(status)
    details = {
        "verdict": verdict.word if verdict else None,
        "verdict_sentence": verdict.sentence if verdict else "",
        "blame": status.blame,
        "sentence": status.sentence,
        "blame_why": status.blame_why,
        "by": status.by,
        "facts": status.facts,
        "reference_suspected": new.name == REFERENCE_MOVED,
        "tests": latched or [{"signal": signal, "direction": leans(signal, direction)} for signal, direction in tests],
    }
    return AlarmRow(
        at=at,
        pair_id=pair_id,
        group=group_of(status.group),
        old=old.state.value,
        new=new.state.value,
        name=new.name or old.name,
        details=orjson.dumps(details).decode(),
    )
