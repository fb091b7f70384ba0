"""alarm_sentence(): an alarm as one sentence: the provider, its effect and size, since when, and which side moved if known."""

from __future__ import annotations

from datetime import UTC, datetime

from shadow.drift.attribution import Blame, SecondLook
from shadow.drift.effect_phrases import effect
from shadow.drift.excess_estimates import GroupKey
from shadow.drift.group_state import GroupState
from shadow.drift.state_transitions import DriftState


def alarm_sentence(group: GroupKey, state: GroupState) -> str:
    """The sentence of a group's alarm, also of one whose page still waits; empty without one. It ends without a full stop."""
    party, reference = group.party, group.reference
    named = state.alarm.named
    if state.alarm.state is not DriftState.DRIFT or named is None:
        return state.why if state.alarm.failing else ""
    found = named.estimate
    moved = f"{effect(named.key[0], found.size * named.key[1])}, since about {_moment(found.since)} UTC"
    return "; ".join([_blamed(party, reference, moved, state.look), *(state.look.facts if state.look else ()), *_also(state)])


def _blamed(provider: str, reference: str, moved: str, look: SecondLook | None) -> str:
    blame = look.blame if look else Blame.NOT_YET_KNOWN
    if blame is Blame.REFERENCE and look:
        return f"the reference {reference} moved: compared with it, {provider}: {moved}; {look.by} left it at the same time"
    compared = f"{provider}, compared with {reference}: {moved}"
    if blame is Blame.PROVIDER:
        witness = (
            f"{look.by} is still the same as {reference} in this signal" if look and look.by else "a fault of its own answers"
        )
        return f"{compared}; the provider: {witness}"
    why = look.why(reference) if look else "the second look is missing"
    return f"{provider}, or its reference {reference}: {moved}; which of the two moved is not yet known: {why}"


def _also(state: GroupState) -> list[str]:
    """What passed the threshold beside the test that names the alarm, in the order in which it did."""
    named = state.alarm.named
    others = [latch for key, latch in state.alarm.latches.items() if named is None or key != named.key]
    also = [effect(latch.key[0], latch.estimate.size * latch.key[1]) for latch in others]
    return [f"also: {', '.join(also)}"] if also else []


def _moment(at: float) -> str:
    try:
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError, OSError):
        return f"{at:.0f} s"
