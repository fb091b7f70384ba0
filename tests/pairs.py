"""Pairs in a real store, made of exchanges as the worker makes them."""

from proxy.exchange import Exchange, Role
from shadow.checks.registry import check
from shadow.compare.comparators import compare
from shadow.findings.pair import ControlReason, Pair, PairKind
from shadow.measures.schema_validation import call_kinds
from shadow.presentation.pair_evidence import VerdictSignals
from shadow.privacy.withheld_words import withhold_exchange, withhold_pair
from shadow.reading.parsed_exchange import ParsedExchange, parse_exchange, parse_shadow_exchange
from shadow.records import AnsweredPair, exchange_record, pair_record
from shadow.report.evident_signals import EvidentSignals
from storage.rows import PairRow
from storage.storage_config import Bodies
from storage.store import Store
from tests.exchanges import asked, exchange, labelled
from tests.running import PATIENCE


class RestingOn(EvidentSignals):
    """What is evidence where the verdict about `candidate` rests on these signals and checks."""

    def __init__(self, *signals: str) -> None:
        super().__init__(())
        self._signals = signals
        self.standing = tuple(("candidate", "pretend-small", "official", signal) for signal in signals)

    def of(self, pair: PairRow) -> VerdictSignals:
        """The same for every pair."""
        return VerdictSignals(signals=frozenset(self._signals), noise={})


def keep_pair(
    store: Store,
    live: Exchange | bytes,
    reference: Exchange | bytes,
    control: Exchange | bytes | None = None,
    *,
    reason: ControlReason = ControlReason.RANDOM,
    bodies: Bodies = "full",
    alterations: tuple[str, ...] = (),
    pair_id: str = "a" * 32,
) -> str:
    """Store what came of one request; an answer may be given as its body alone. The pair's id."""
    seen = parse_exchange(_leg(live, Role.PRIMARY, pair_id))
    first = parse_shadow_exchange(_leg(reference, Role.SHADOW, f"r{pair_id[1:]}"), seen)
    second = parse_shadow_exchange(_leg(control, Role.CONTROL, f"c{pair_id[1:]}"), seen) if control is not None else None
    comparisons = [compare(Pair(kind=PairKind.CROSS, request=seen.request, subject=seen.answer, reference=first.answer))]
    if second:
        comparisons.append(compare(Pair(kind=PairKind.SELF, request=seen.request, subject=first.answer, reference=second.answer)))
    store.add_exchange(_record(seen, bodies))
    store.add_pair(
        withhold_pair(
            pair_record(
                AnsweredPair(live=seen, reference=first, control=second, reason=reason if second else ControlReason.NONE),
                comparisons=comparisons,
                payoffs=(),
                exchanges=tuple(_record(each, bodies) for each in (first, second) if each),
                alterations=alterations,
            ),
            bodies,
        )
    )
    assert store.flush(PATIENCE)
    return pair_id


def _leg(answer: Exchange | bytes, role: Role, exchange_id: str) -> Exchange:
    made = exchange(answer, request=asked()) if isinstance(answer, bytes) else answer
    provider = made.labels.provider if role is Role.PRIMARY else made.labels.reference
    return labelled(made._replace(id=exchange_id, role=role), provider=provider)


def _record(seen: ParsedExchange, bodies: Bodies):
    outcomes = call_kinds(seen.request, seen.answer)
    return withhold_exchange(exchange_record(seen, outcomes=outcomes, checks=check(seen.request, seen.answer)), bodies)
