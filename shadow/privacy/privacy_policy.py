"""PrivacyPolicy: what may be stored of an exchange and of a pair; every row passes it between `records` and the store. Pure.

All comparisons are made before: what is removed here is missing from the records, not from the findings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from proxy.exchange import Exchange
from proxy.record.credential_removal import cleared, forms
from shadow import records
from shadow.findings.finding import Finding
from shadow.privacy.body_credentials import credentials_of, plain_body, without_coding
from shadow.privacy.pseudonymise import Pseudonymiser
from shadow.privacy.redact import Redactor
from shadow.privacy.withheld_words import withhold_exchange, withhold_pair
from shadow.reading.apis import PATHS
from shadow.reading.parsed_exchange import ParsedExchange, parse_exchange
from shadow.records import exchange
from storage.rows import ExchangeRecord, ExchangeRow, PairRecord
from storage.storage_config import Bodies
from storage.store import Reader

PSEUDONYMISED = b'{"veiled":true,'
"""The first bytes of a pseudonymised body, which distinguish it from a body; stored so since 0.1.0."""
PSEUDONYMISED_AS = f"/v1{PATHS['chat']}"
"""The target under which a pseudonymised body is parsed, whichever API it was: it has the normal form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyPolicy:
    """The patterns of credentials, and the key of pseudonyms: 16 to 64 random bytes that are never written down."""

    redactor: Redactor
    key: bytes
    bodies: Bodies
    tenants: Mapping[str, PrivacyPolicy] = field(default_factory=dict)
    """The policy of each tenant that is configured, by name."""

    def knows(self, tenant: str) -> bool:
        """Whether the rules of a tenant ("" for none) are configured here."""
        return not tenant or tenant in self.tenants

    def of(self, tenant: str) -> PrivacyPolicy:
        """The policy for the requests of a tenant ("" for none); of one that is not known here no bodies are kept, because its
        own rules may forbid them.
        """
        if not self.knows(tenant):
            return replace(self, bodies="none", tenants={})
        return self.tenants[tenant] if tenant else self

    def without_body_credentials(self, parsed: ParsedExchange) -> ParsedExchange:
        """The exchange parsed again without the credentials of the request's body, in either body; unchanged if it has none."""
        exchange = parsed.exchange
        found = credentials_of(exchange, parsed.request.sent)
        secrets = forms(found) if found else ()
        if not secrets:
            return parsed
        plain = without_coding(exchange.request, plain_body(exchange.request))
        return parse_exchange(cleared(exchange._replace(request=plain), secrets))

    def exchange_record(self, parsed: ParsedExchange, *, outcomes: Sequence[str], checks: Iterable[Finding]) -> ExchangeRecord:
        """The rows of one exchange as they may be stored: redacted, and as hashes, pseudonyms or nothing as `bodies` sets.

        `outcomes` are the schema classes of the first choice's tool calls, in their order.
        """
        exchange = self.redactor.exchange(parsed.exchange)
        redacted = parsed if exchange is parsed.exchange else parsed._replace(exchange=exchange)
        record = withhold_exchange(records.exchange_record(redacted, outcomes=outcomes, checks=checks), self.bodies)
        if self.bodies == "hash":
            record = self._pseudonymised(record, parsed, outcomes)
        return self.redactor.record(record)

    def pair_record(self, record: PairRecord) -> PairRecord:
        """The rows of one pair as they may be stored; those of its exchanges are `exchange_record`'s."""
        return self.redactor.record(withhold_pair(record, self.bodies))

    def _pseudonymised(self, record: ExchangeRecord, parsed: ParsedExchange, outcomes: Sequence[str]) -> ExchangeRecord:
        pseudonymiser = Pseudonymiser(self.key, parsed.conversation or parsed.exchange.id)
        request, response = _marked(pseudonymiser.request(parsed)), _marked(pseudonymiser.response(parsed, outcomes))
        return record._replace(exchange=record.exchange._replace(request_body=request, response_body=response))


def row_of(reader: Reader, exchange_id: str) -> ExchangeRow | None:
    """The stored exchange as it is shown; None when there is none."""
    row = reader.exchange(exchange_id)
    return None if row is None else shown(row)


def shown(row: ExchangeRow) -> ExchangeRow:
    """The row as it is shown: without pseudonymised bodies."""
    request, response = (None if _is_pseudonymised(body) else body for body in (row.request_body, row.response_body))
    return row._replace(request_body=request, response_body=response)


def comparable(row: ExchangeRow) -> Exchange:
    """The exchange of a row for readers and comparators; a pseudonymised body is a whole response, also of a stream."""
    if not (_is_pseudonymised(row.request_body) or _is_pseudonymised(row.response_body)):
        return exchange(row)
    sizes = [len(body or b"") for body in (row.request_body, row.response_body)]
    plain = row._replace(target=PSEUDONYMISED_AS, request_headers="[]", response_headers="[]", marks=b"", stream=False)
    return exchange(plain._replace(request_size=sizes[0], response_size=sizes[1]))


def _marked(body: bytes | None) -> bytes | None:
    return PSEUDONYMISED + body[1:] if body else None


def _is_pseudonymised(body: bytes | None) -> bool:
    return body is not None and body.startswith(PSEUDONYMISED)
