"""The rows of the store as plain values, one class for each table, independent of SQL, of HTTP and of what a value means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

CUT_REQUEST = "request_truncated"
"""`unread` of an exchange whose answer was read, and of whose request only a part was kept."""
NOT_HELD = "not_held"
"""`unread` of an exchange whose body was not kept, because there was no room."""


class ExchangeRow(NamedTuple):
    """One exchange. Bodies are as the body policy left them: whole, pseudonymised with a digest of the original, or absent
    (None).

    `started` is seconds since the epoch; every other time is in seconds since the start; sizes are bytes as they passed.
    `marks` holds (seconds, end) pairs as little-endian float64 and uint64, see `shadow.records`.
    The labels come first, because a row is made of those of its exchange, which are remembered, and the rest by name.
    A named tuple: a frozen dataclass of so many fields takes three times as long to make.
    """

    route: str
    provider: str
    reference: str
    model: str
    stream: bool
    tag: str
    tenant: str
    """The tenant whose key the request held, by its name in the configuration; "" without tenants."""
    id: str
    role: str
    started: float
    conversation: str
    method: str
    target: str
    status: int | None
    failure: str
    failure_detail: str
    unread: str
    echoed_model: str
    fingerprint: str
    finish_reason: str
    prompt_tokens: int | None
    completion_tokens: int | None
    cached_tokens: int | None
    cache_write_tokens: int | None
    cost: float | None
    seconds: float
    overhead: float
    head_seconds: float | None
    first_chunk: float | None
    first_token: float | None
    request_headers: str
    response_headers: str
    request_body: bytes | None
    request_size: int
    request_digest: str
    response_body: bytes | None
    response_size: int
    response_digest: str
    marks: bytes
    upstream: str = ""
    """The server behind a router that answered, as the router named it, `unnamed` where it named none; "" for no router."""
    usage_state: str = ""
    """How well the classes of its tokens are known (`shadow.pricing.token_classes`); "" where nothing is billed."""
    fresh_tokens: int | None = None
    """Tokens of the prompt neither read from a cache nor written to one; None where the classes are not known."""
    cache_write_1h_tokens: int | None = None
    """The part of `cache_write_tokens` that is kept for an hour."""
    output_tokens: int | None = None
    """Tokens of the output without its reasoning."""
    reasoning_tokens: int | None = None
    uncertain_tokens: int | None = None
    """Output tokens beyond these that may have been billed."""
    drawn: bool = True
    """Whether its conversation is in the share `storage.keep_rate` of which every row is kept; others have a row for their pair
    or a failed check alone.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCallRow:
    """One tool call of an exchange; `outcome` is its schema class (valid, invalid_json, unknown_name, schema_mismatch)."""

    exchange_id: str
    position: int
    call_id: str
    name: str
    arguments: str
    outcome: str


class FindingRow(NamedTuple):
    """One signal of one pair, or of one exchange alone (then `pair_id` is empty).

    `comparison` is `cross` (provider with reference), `self` (reference with itself) or `check` (no reference needed).
    A named tuple, not a dataclass: there are thirty and more for each pair.
    """

    exchange_id: str
    pair_id: str
    comparison: str
    signal: str
    state: str
    score: float | None
    reason: str
    subject: str
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoffRow:
    """One signal's payoff of one pair: +1 the provider is the odd one, -1 the reference is, 0 neither."""

    pair_id: str
    signal: str
    payoff: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PairRow:
    """One audited request: the provider's answer, the reference's, and the control's where there is one.

    `comparable` is empty when the pair is comparable, else the reason why it is not. `alterations` is a JSON list of sentences.
    """

    id: str
    started: float
    route: str
    model: str
    provider: str
    reference: str
    conversation: str
    request_fingerprint: str
    subject_id: str
    reference_id: str
    control_id: str
    control_reason: str
    comparable: str
    alterations: str
    shape: str = "{}"
    """JSON object: the segment of the request (see `shadow.identity.request_shape`), and what its prompt is made of."""
    upstream: str = ""
    """That of the provider's answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityRow:
    """Who served a model from `started` on: `identity` is the hash of `facts` (JSON object of lists), `previous` the one before.

    `changes` is a JSON list of sentences, empty in the first row of a provider and model, which is no change.
    """

    exchange_id: str
    started: float
    provider: str
    model: str
    identity: str
    previous: str
    changes: str
    facts: str


class ExchangeRecord(NamedTuple):
    """All rows that one exchange makes; written together or not at all."""

    exchange: ExchangeRow
    tool_calls: tuple[ToolCallRow, ...]
    findings: tuple[FindingRow, ...]
    passed: tuple[str, ...] = ()
    """The signals of the checks that matched: kept by name alone, since what they compared is in the answer."""
    identities: tuple[IdentityRow, ...] = ()
    source: str = ""
    """The process that sent it, under which stored exchanges are counted; "" where they are not."""
    kept: bool = True
    """False for an exchange that is counted and gets no row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentCount:
    """How many findings of one group and signal are in one state, in one segment of requests.

    `comparison` is `cross` for the provider, `self` for the reference against itself where a control was sent at random.
    `conversations` counts the conversations that differences are in, by which a fault of few conversations shows; 0 for matches.
    """

    group: PairGroup
    segment: str
    value: str
    signal: str
    state: str
    count: int
    conversations: int
    comparison: str = "cross"


@dataclass(frozen=True, slots=True, kw_only=True)
class PairRecord:
    """All rows that one pair makes beside the live exchange, which must be stored already or be in the same batch.

    `kind` is the type of its request; `excluded` holds the reasons why parts of it do not count, the main one first.
    """

    pair: PairRow
    exchanges: tuple[ExchangeRecord, ...]
    findings: tuple[FindingRow, ...]
    payoffs: tuple[PayoffRow, ...]
    kind: str = ""
    excluded: tuple[str, ...] = ()


Standing = tuple[tuple[str, str, str, str], ...]
"""(provider, model, reference, signal) of each signal or check that a verdict rests on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairFilter:
    """The filter of a list of pairs; empty means any. `since` and `until` are seconds since the epoch.

    `segment` is a division of the requests and its value, as in `tools=yes`. `evidence`: only pairs in which a signal (that of
    `signal`, if given) differs while the reference agrees with itself, or the provider failed a check that the reference passed;
    with `standing`, only in those that it holds. `tenants`: only pairs of these too. After `after_id` the oldest is the first.
    """

    provider: str = ""
    model: str = ""
    signal: str = ""
    state: str = ""
    since: float = 0.0
    until: float = 0.0
    before_id: str = ""
    after_id: str = ""
    segment: str = ""
    route: str = ""
    upstream: str = ""
    tag: str = ""
    conversation: str = ""
    tenant: str = ""
    tenants: tuple[str, ...] = ()
    evidence: bool = False
    standing: Standing | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerFilter:
    """The filter of a list of faulty answers; empty means any. `signal` is the id of a check."""

    provider: str = ""
    model: str = ""
    signal: str = ""
    since: float = 0.0
    until: float = 0.0
    before_id: str = ""
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultyAnswer:
    """A live answer that failed checks: `checks` holds (signal, reason); `pair_id` is empty where it was not sampled."""

    id: str
    started: float
    route: str
    provider: str
    model: str
    status: int | None
    pair_id: str
    checks: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PairSummary:
    """A line of the list of pairs: the pair, and how many of its cross findings are in each state."""

    pair: PairRow
    matches: int
    differs: int
    not_comparable: int
    not_measured: int
    differing: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PairGroup:
    """What one drift state belongs to: a provider compared with a reference, for one model on one route; where the provider is a
    router, also each server behind it (`upstream`), beside the router as a whole ("").
    """

    route: str
    model: str
    provider: str
    reference: str
    upstream: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalCount:
    """How many findings of one group, comparison and signal are in one state; `control_reason` as in `PairRow`."""

    group: PairGroup
    comparison: str
    signal: str
    state: str
    control_reason: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoffPoint:
    """One payoff with its group and its conversation, which is its cluster."""

    group: PairGroup
    signal: str
    conversation: str
    payoff: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficCount:
    """Traffic of one provider and model in a period: requests by outcome; `asked` are those that named a model or posted
    something, which a health probe does not.
    """

    provider: str
    model: str
    role: str
    requests: int
    asked: int
    failures: int
    errors: int
    prompt_tokens: int
    completion_tokens: int


class TenantRecords(NamedTuple):
    """The figures of one tenant in a period; `latencies`: (provider, model, role, measure, seconds) of its newest answers."""

    traffic: tuple[TrafficCount, ...]
    token_sums: tuple[TokenSum, ...]
    latencies: tuple[tuple[str, str, str, str, float], ...]


class RowCoverage(NamedTuple):
    """Live requests of a period: `rows` have a row, `paired` of these have a pair, and `unkept` are counted without a row, in
    stretches of ten minutes, of which the first may begin before the period.
    """

    rows: int
    paired: int
    unkept: int


class TokenSum(NamedTuple):
    """The tokens of one day of UTC (its begin in seconds since the epoch) by class, of answers in one state of usage.

    `stated`: answers whose response names its cost; `cost` is the sum of those, in US dollars.
    """

    day: int
    provider: str
    model: str
    role: str
    usage_state: str
    stated: int
    answers: int
    fresh: int
    cache_read: int
    cache_write_5m: int
    cache_write_1h: int
    output: int
    reasoning: int
    uncertain: int
    cost: float

    @property
    def tokens(self) -> tuple[int, ...]:
        """The tokens by class, in the order of the columns."""
        return self[7:14]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureExtent:
    """What a deletion would delete: exchanges, those of the pairs included, and pairs; `tournaments` are the names of the
    studies of this kind that run and of which it would delete a pair.
    """

    exchanges: int
    pairs: int
    tournaments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureResult:
    """How many exchanges were deleted; `log_emptied` is False while a reader still holds old pages of the write-ahead log."""

    exchanges: int
    log_emptied: bool
