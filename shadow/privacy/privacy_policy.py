"""Guard: what stands between an exchange and its rows: credentials go, and with bodies = "hash" a veil stands for a body; pure.

Everything was compared before: what is taken out here is missing from the records, never from the findings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from proxy.exchange import Exchange
from proxy.record.credential_removal import cleared, forms
from shadow.privacy.body_credentials import credentials_of, plain_body, without_coding
from shadow.privacy.pseudonymise import Pseudonymiser
from shadow.privacy.redact import Redactor
from shadow.reading.parsed_exchange import ParsedExchange, parse
from shadow.records import exchange
from storage.rows import ExchangeRecord, ExchangeRow, PairRecord
from storage.storage_config import Bodies
from storage.store import Reader

VEILED = b'{"veiled":true,'
"""How a veil begins where a body would stand, so that nobody takes it for one."""
VEILED_AS = "/v1/chat/completions"
"""What every veil is read as, whichever API it was: its words are those of the normal form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyPolicy:
    """The patterns of credentials, and the key of the veils: 16 to 64 random bytes that are nowhere written down."""

    redactor: Redactor
    key: bytes
    bodies: Bodies

    def private(self, parsed: ParsedExchange) -> ParsedExchange:
        """What was seen, read again without the credentials that the request's body bears, in either body; itself without any."""
        exchange = parsed.exchange
        secrets = forms(credentials_of(exchange, parsed.request.sent))
        if not secrets:
            return parsed
        plain = without_coding(exchange.request, plain_body(exchange.request))
        return parse(cleared(exchange._replace(request=plain), secrets))

    def bare(self, parsed: ParsedExchange) -> ParsedExchange:
        """What was seen, its exchange without credentials: what the rows are made of."""
        return replace(parsed, exchange=self.redactor.exchange(parsed.exchange))

    def leg(self, record: ExchangeRecord, parsed: ParsedExchange, outcomes: Sequence[str]) -> ExchangeRecord:
        """The record of one exchange, every text of it clean, and veiled where bodies are kept as hashes."""
        if self.bodies == "hash":
            veil = Pseudonymiser(self.key, parsed.conversation or parsed.exchange.id)
            request, response = _marked(veil.request(parsed)), _marked(veil.response(parsed, outcomes))
            record = replace(record, exchange=replace(record.exchange, request_body=request, response_body=response))
        return self.redactor.record(record)

    def pair(self, record: PairRecord) -> PairRecord:
        """The record of one pair, every text of it clean."""
        return self.redactor.record(record)


def row_of(reader: Reader, exchange_id: str) -> ExchangeRow | None:
    """The stored exchange as people see it, None when there is none."""
    row = reader.exchange(exchange_id)
    return None if row is None else shown(row)


def shown(row: ExchangeRow) -> ExchangeRow:
    """The row as people see it: a veil is no body."""
    request, response = (None if _is_veil(body) else body for body in (row.request_body, row.response_body))
    return replace(row, request_body=request, response_body=response)


def comparable(row: ExchangeRow) -> Exchange:
    """The exchange of a row for readers and comparators: a veil stands for its body, as a whole answer, however that was sent."""
    if not (_is_veil(row.request_body) or _is_veil(row.response_body)):
        return exchange(row)
    sizes = [len(body or b"") for body in (row.request_body, row.response_body)]
    plain = replace(row, target=VEILED_AS, request_headers="[]", response_headers="[]", marks=b"", stream=False)
    return exchange(replace(plain, request_size=sizes[0], response_size=sizes[1]))


def _marked(veil: bytes | None) -> bytes | None:
    return VEILED + veil[1:] if veil else None


def _is_veil(body: bytes | None) -> bool:
    return body is not None and body.startswith(VEILED)
