"""fork_origin(): the request of a recorded conversation from which a fork goes on, found by what the user named.

A fork that was started before goes on from the same request, whatever the conversation became since: its key names other requests
with each run of the application.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from shadow.findings.number_words import number_of
from shadow.privacy.privacy_policy import shown
from shadow.reading.apis import PATHS
from shadow.reading.body_decoding import DecodedBody, decode
from shadow.records import exchange
from shadow.settings.config_errors import ConfigError
from shadow.studies.probe.conversation_thread import ForkPoint, ThreadRequest, fork_point, read_request, threads
from storage.rows import ExchangeRow
from storage.store import Reader
from storage.study_rows import RecordedFilter

LONGEST = 2_000
"""Requests of one conversation that are read."""
NEWEST = 200
"""Newest requests of a conversation's key among which one is looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForkOrigin:
    """The point to go on from, the provider that the conversation was held with, and `requests`, by which it is found again: the
    id of the request at the point, and that of the last request whose results are its world; `tenant` is that of it.
    """

    point: ForkPoint
    provider: str
    requests: tuple[str, str]
    tenant: str = ""


def fork_origin(reader: Reader, named: str, step: int, *, candidates: Collection[str], before: Sequence[str] = ()) -> ForkOrigin:
    """The origin for a conversation, pair or exchange; `before` are its requests at an earlier start. ConfigError without one."""
    row = (reader.exchange(before[0]) if before else None) or _exchange(reader, named, candidates)
    path = row.target.partition("?")[0]
    if not path.endswith(PATHS["chat"]):
        raise ConfigError([f"{row.id}: is a request to {path}, and a fork takes up requests to {PATHS['chat']} alone"])
    chain = next((chain for chain in threads(_requests(reader, row)) if any(request.id == row.id for request in chain)), [])
    if not chain:
        raise ConfigError([f'{row.id}: its request is not stored whole; a fork needs storage.bodies = "full"'])
    chain = _until(chain, before)
    try:
        point = fork_point(chain, step)
    except ValueError as error:
        raise ConfigError([f"--step {step}: {error}"]) from None
    return ForkOrigin(point=point, provider=row.provider, requests=(chain[step - 1].id, chain[-1].id), tenant=row.tenant)


def _until(chain: list[ThreadRequest], before: Sequence[str]) -> list[ThreadRequest]:
    """The chain as it was at an earlier start."""
    ids = [request.id for request in chain]
    return chain[: ids.index(before[-1]) + 1] if before and before[-1] in ids else chain


def _exchange(reader: Reader, named: str, candidates: Collection[str]) -> ExchangeRow:
    """The exchange of this id, the live one of the pair of this id, or the newest live one of the conversation of this key.

    Of a key that several providers share, one that is no candidate is taken: the conversation's provider is the reference.
    """
    if (row := reader.exchange(named)) is not None:
        return row
    if (pair := reader.pair(named)) is not None and (row := reader.exchange(pair.subject_id)) is not None:
        return row
    newest = reader.studies.recorded_requests(RecordedFilter(conversation=named, limit=NEWEST)) if named else ()
    rows = [row for row in map(reader.exchange, newest) if row is not None]
    if not rows:
        raise ConfigError([f"{named}: no such conversation, pair or exchange in this database; `pairs` lists ids"])
    own = next((row for row in rows if row.provider not in candidates), None)
    if own is None:
        raise ConfigError([_only_candidates(named, rows)])
    return own


def _only_candidates(named: str, rows: Sequence[ExchangeRow]) -> str:
    held = sorted({row.provider for row in rows})
    return (
        f"{named}: its newest {number_of(len(rows), 'request')} went to {', '.join(held)} alone, which --provider names; the"
        f" provider of a conversation is the reference: leave out --provider {held[0]}, and name others"
    )


def _requests(reader: Reader, row: ExchangeRow) -> list[ThreadRequest]:
    ids = reader.studies.conversation(row.conversation, row.provider, LONGEST) if row.conversation else [row.id]
    rows = [found for found in map(reader.exchange, ids) if found is not None]
    read = [read_request(found.id, _body(shown(found))) for found in rows]
    return [request for request in read if request is not None]


def _body(row: ExchangeRow) -> bytes | None:
    """The whole body without its coding; None where it was not kept whole."""
    if row.request_body is None:
        return None
    kept = exchange(row).request
    plain = decode(kept.headers, kept.body, ())
    return plain.body if isinstance(plain, DecodedBody) and not kept.truncated else None
