"""stored_rows(): recorded requests of an application as rows of a replay; one whose body was not kept whole is a broken row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import get_close_matches

from shadow.privacy.privacy_policy import shown
from shadow.reading.body_decoding import decode
from shadow.reading.completion import Unread
from shadow.reading.parsed_request import parse_request
from shadow.records import exchange
from shadow.report.filters import moment_of
from shadow.settings.config_errors import ConfigError, quoted
from shadow.studies.chat_request import ChatRequest
from shadow.studies.rows.chat_rows import cluster_of
from shadow.studies.rows.read_rows import strict_json
from shadow.studies.rows.row import BrokenRow, Row, RowError
from storage.rows import ExchangeRow
from storage.store import Reader
from storage.study_rows import RecordedFilter

WORDS = ("provider", "model", "route", "tag", "conversation", "since", "limit")


def recorded_filter(text: str, now: float) -> RecordedFilter:
    """The filter that `all` or NAME=VALUE, parted by commas, makes; ConfigError with every word that is none."""
    found: dict[str, str] = {}
    errors = []
    for word in (part.strip() for part in text.split(",") if part.strip() not in {"", "all"}):
        name, _, value = word.partition("=")
        if name not in WORDS or not value:
            near = get_close_matches(name, WORDS, n=1)
            guess = f"did you mean {near[0]}=?" if near and name not in WORDS else f"known: all, {'=, '.join(WORDS)}="
            errors.append(f"--from-store {quoted(word)}: is not part of a filter; {guess}")
        found[name] = value
    limit = found.pop("limit", "1000")
    if not limit.isdecimal() or not 1 <= int(limit) <= 1_000_000:
        errors.append(f"--from-store {quoted(f'limit={limit}')}: is no number from 1 to 1,000,000")
    if errors:
        raise ConfigError(errors)
    since = moment_of("--from-store since", found.pop("since", "all"), now)
    return RecordedFilter(since=since, limit=int(limit), unsampled=False, **found)


def stored_rows(reader: Reader, wanted: RecordedFilter, keeps_bodies: Callable[[str], bool]) -> tuple[list[Row], list[BrokenRow]]:
    """The rows of the filter, oldest first, and those that cannot be sent again, or whose answers could not be compared, because
    no bodies of their tenant are kept.
    """
    rows: list[Row] = []
    broken: list[BrokenRow] = []
    for exchange_id in reversed(reader.studies.recorded_requests(wanted)):
        kept = reader.exchange(exchange_id)
        if kept is None:
            continue
        found = _row(shown(kept)) if not kept.tenant or keeps_bodies(kept.tenant) else _unkept(kept)
        if isinstance(found, Row):
            rows.append(found)
        else:
            broken.append(found)
    return rows, broken


def _unkept(kept: ExchangeRow) -> BrokenRow:
    return BrokenRow(
        place=kept.id, sentence=f"no bodies of its tenant {quoted(kept.tenant)} are kept, or [[tenants]] does not name it here"
    )


def _row(kept: ExchangeRow) -> Row | BrokenRow:
    recorded = exchange(kept).request
    if kept.request_body is None:
        return BrokenRow(
            place=kept.id, sentence='its body was not kept; only requests recorded with storage.bodies = "full" can be sent again'
        )
    if recorded.truncated:
        return BrokenRow(place=kept.id, sentence=f"only {len(recorded.body):,} of its {recorded.size:,} bytes were kept")
    plain = decode(recorded.headers, recorded.body, ())
    path = recorded.target.partition("?")[0]
    parsed = parse_request(path, recorded.headers, recorded.body, truncated=False)
    if isinstance(plain, Unread) or parsed.unread is not None:
        why = plain.detail if isinstance(plain, Unread) else parsed.unread.detail if parsed.unread else ""
        return BrokenRow(place=kept.id, sentence=f"is no request that is read: {why}")
    try:
        strict_json(plain.body)
    except (ValueError, RowError) as error:
        return BrokenRow(place=kept.id, sentence=f"cannot be sent again: {error}")
    messages: Sequence[object] = list(parsed.messages)
    request = ChatRequest(body=plain.body, path=path, cluster=kept.conversation or cluster_of(messages), tenant=kept.tenant)
    return Row(id=kept.id, shape="recorded", request=request)
