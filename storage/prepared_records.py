"""RecordPreparer: flattens a record into the rows of its tables and compresses its bodies, before a transaction begins.

The rows are the same for every engine; each engine puts its own key in front of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from operator import attrgetter, itemgetter
from typing import NamedTuple

from storage import rollup_keys
from storage.body_compression import BodyCompressor
from storage.check_sets import set_number
from storage.delta_bodies import DeltaBodies, DeltaBody
from storage.rows import ExchangeRecord, ExchangeRow, FindingRow, IdentityRow, PairRecord, PairRow, PayoffRow, ToolCallRow
from storage.unkept_sums import UnkeptExchange, counted

Values = tuple[object, ...]

PASSED = "passed"
PAYLOAD = ("request_headers", "response_headers", "response_body", "marks")
BODY = ("request_body", "request_base")
"""These depend on whether the exchange before it is stored (see `storage.delta_bodies`)."""
EXCHANGE = tuple(name for name in ExchangeRow._fields if name not in {*PAYLOAD, *BODY})
TOOL_CALL = tuple(column.name for column in fields(ToolCallRow) if column.name != "exchange_id")
CHECK = tuple(name for name in FindingRow._fields if name not in {"exchange_id", "pair_id"})
PAIR = tuple(column.name for column in fields(PairRow))
FINDING = ("exchange_id", *CHECK)
PAYOFF = tuple(column.name for column in fields(PayoffRow) if column.name != "pair_id")
TRIAL = ("kind", "excluded")
IDENTITY = tuple(column.name for column in fields(IdentityRow))


_exchange = itemgetter(*map(ExchangeRow._fields.index, EXCHANGE))  # of a tuple: a third of what its names cost
_headers = attrgetter(*PAYLOAD[:2])
_tool_call = attrgetter(*TOOL_CALL)
_check = attrgetter(*CHECK)
_pair = attrgetter(*PAIR)
_finding = attrgetter(*FINDING)
_payoff = attrgetter(*PAYOFF)
_identity = attrgetter(*IDENTITY)


class RecordRows(NamedTuple):
    """The rows of one exchange or one pair, without the number that it gets when it is written: (table, values) each."""

    id: str
    rows: Sequence[tuple[str, Values]]
    payload: Values = ()
    body: DeltaBody | None = None
    """The request body of an exchange, which follows the `payload` in its row."""
    counts: Sequence[rollup_keys.Key] = ()
    passed: rollup_keys.Passed | None = None
    unkept: UnkeptExchange | None = None
    """The figures of an exchange that gets no row; the changes of identity that it brought are its only `rows`."""


class PreparedRecord(NamedTuple):
    """A record ready to be written: its exchanges, and the pair if it is one."""

    exchanges: tuple[RecordRows, ...]
    pair: RecordRows | None
    source: str = ""

    @property
    def extent(self) -> tuple[int, int]:
        """How many rows it makes, and how many bytes of bodies it holds."""
        parts = [*self.exchanges, *([self.pair] if self.pair else [])]
        return sum(len(part.rows) for part in parts), sum(map(_size, self.exchanges))

    def with_identities(self, found: Mapping[str, Sequence[IdentityRow]]) -> PreparedRecord:
        """The record with the changes of identity that its exchanges brought, by exchange id."""
        exchanges = [each._replace(rows=[*each.rows, *_identities(found.get(each.id, ()))]) for each in self.exchanges]
        return self._replace(exchanges=tuple(exchanges))


Record = ExchangeRecord | PairRecord | PreparedRecord


class RecordPreparer:
    """Flattens records and compresses their bodies; for one thread only.

    `alone`: every body by itself, for a store that keeps none against the body of another exchange.
    """

    def __init__(self, *, alone: bool = False) -> None:
        self._alone = alone
        self._compressor = BodyCompressor()
        self._bodies = DeltaBodies(self._compressor)

    def prepare(self, record: Record) -> PreparedRecord:
        """The record's rows, unless it is prepared already; TypeError or AttributeError when a row cannot hold its values."""
        if isinstance(record, PreparedRecord):
            return record
        if isinstance(record, ExchangeRecord):
            return PreparedRecord((self._exchange(record),), None, record.source)
        foreign = {row.pair_id for row in record.findings} | {row.pair_id for row in record.payoffs}
        foreign -= {record.pair.id}
        if foreign:
            raise ValueError(f"a record of the pair {record.pair.id} holds rows of {sorted(foreign)}")
        rows = [("pairs", _pair(record.pair))]
        rows += [("findings", _finding(row)) for row in record.findings]
        rows += [("payoffs", _payoff(row)) for row in record.payoffs]
        if record.kind or record.excluded:
            rows.append(("trials", (record.kind, ",".join(record.excluded))))
        return PreparedRecord(
            tuple(map(self._exchange, record.exchanges)), RecordRows(record.pair.id, rows, counts=rollup_keys.keys(record))
        )

    def _exchange(self, record: ExchangeRecord) -> RecordRows:
        row = record.exchange
        parts: tuple[ToolCallRow | FindingRow, ...] = (*record.tool_calls, *record.findings)
        foreign = {part.exchange_id for part in parts} - {row.id}
        if foreign or any(map(_of_a_pair, record.findings)):
            raise ValueError(f"a record of the exchange {row.id} holds rows of {sorted(foreign)} or of a pair")
        if not record.kept:
            return RecordRows(row.id, (), counts=rollup_keys.keys(record), passed=rollup_keys.passed(record), unkept=counted(row))
        rows = [("exchanges", (*_exchange(row), set_number(record.passed)))]
        rows += [("tool_calls", _tool_call(call)) for call in record.tool_calls]
        rows += [("checks", _check(finding)) for finding in record.findings]
        rows += _identities(record.identities)
        payload = (*_headers(row), self._compressor.compress(row.response_body), self._compressor.compress_timings(row.marks))
        body = self._bodies.encode(row.id, "" if self._alone else row.conversation, row.request_body)
        return RecordRows(row.id, rows, payload, body, rollup_keys.keys(record), rollup_keys.passed(record))


def _identities(rows: Sequence[IdentityRow]) -> list[tuple[str, Values]]:
    return [("identities", _identity(row)) for row in rows]


def _size(exchange: RecordRows) -> int:
    """Bytes of the bodies that the rows of an exchange hold in memory, the uncompressed one among them."""
    body = (exchange.body.compressed, exchange.body.raw) if exchange.body else ()
    return sum(len(value) for value in (*exchange.payload, *body) if isinstance(value, bytes))


def _of_a_pair(finding: FindingRow) -> bool:
    return bool(finding.pair_id)
