"""The whole configuration: the floors' sections composed, one file, the environment over it, flags over both."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from proxy.provider_config import ProxyConfig, TenantKey
from shadow.choice.tournament_terms import DEFAULT_PLACES, DEFAULT_SIGNALS, DEFAULT_TOLERANCE
from shadow.drift.drift_signals import DriftSignal
from storage.storage_config import Bodies, Pattern, StorageConfig

Tag = Annotated[str, Field(min_length=1, max_length=64, pattern="^[!-~]+$")]
"""A tag as a field of a request holds it: printable ASCII without blanks."""


class ShadowConfig(BaseModel):
    """What is sent to the reference, and what it may cost."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = True
    sample_rate: Annotated[float, Field(ge=0, le=1)] = 0.05
    """Share of conversations shadowed, where a route names no rate of its own."""
    control_fraction: Annotated[float, Field(ge=0, le=1)] = 0.10
    """Fraction of the shadow requests that are sent to the reference twice at random: the unbiased noise floor."""
    tiebreak: bool = True
    """Send a request to the reference again when the two answers disagree."""
    greedy: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Fraction of the shadow requests that are sent once more to both sides at temperature 0; costs a call to each."""
    seed: str = ""
    """Replaces the secret that keys the sample; empty: a secret drawn at the first start, kept in the store."""
    concurrency: Annotated[int, Field(ge=1, le=1_000)] = 8
    queue: Annotated[int, Field(ge=0, le=100_000)] = 1_000
    """Sampled requests that wait for one of the `concurrency` places; more are skipped, and counted."""
    wait: Annotated[float, Field(gt=0, le=3_600)] = 30.0
    """Seconds after the end of the live answer in which its shadow must have begun; later it is skipped, and counted."""
    timeout: Annotated[float, Field(gt=0, le=3_600)] = 300.0
    """Longest time a shadow request may take in all, seconds."""
    max_body: Annotated[int, Field(ge=1_024)] = 8 * 1024 * 1024
    """Bytes of a reference's answer that are read at most."""
    period: Literal["hour", "day", "month"] = "day"
    requests: Annotated[int, Field(ge=0)] = 0
    """Shadow requests per period; 0 is no limit."""
    tokens: Annotated[int, Field(ge=0)] = 0
    """Tokens (prompt and completion) of shadow requests per period; 0 is no limit."""
    money: Annotated[float, Field(ge=0)] = 0.0
    """Money of shadow requests per period, by the prices of the providers; 0 is no limit."""
    tags: Annotated[tuple[Tag, ...], Field(max_length=20)] = ()
    """Values of `x-sameweights-tag` that a report has segments of; further ones are `other`, requests without one `none`."""
    audit_workers: Annotated[int, Field(ge=1, le=64)] = 1
    """Processes that read, check and shadow, each the conversations given to it; with 1 the audit process does it itself."""
    inbox: Annotated[int, Field(ge=1)] = 2_000
    """Exchanges waiting in the audit process before new ones are dropped, and counted."""
    inbox_bytes: Annotated[int, Field(ge=1_024)] = 256 * 1024 * 1024
    """Bytes of exchanges waiting in the audit process before new ones are dropped, and counted."""


class DriftConfig(BaseModel):
    """When a difference is called drift."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pairs_per_false_alarm: Annotated[float, Field(ge=10_000, le=1e12)] = 1e7
    """Least number of pairs of one route, model, provider and reference per false alarm; ten times more cost little delay."""
    fleet_pairs_per_false_alarm: Annotated[float, Field(ge=0, le=1e12)] = 0.0
    """The same for all groups together, in pairs of each; 0 leaves every group its own."""
    groups: Annotated[int, Field(ge=1, le=100_000)] = 1_000
    """Groups (route, model, provider and reference) that are judged; pairs of further ones are stored, not judged, and counted.
    """
    first_token_slo: Annotated[float, Field(ge=0, le=3_600)] = 0.0
    """Seconds in which nine of ten streams must begin; 0 uses each provider's own first day as the measure."""
    webhook: str = ""
    """URL that gets each change of state by POST; empty sends nothing."""
    webhook_form: Literal["json", "slack"] = "json"
    """`json` sends the whole event, `slack` its sentence in Slack's format."""
    webhook_secret_env: str = ""
    """Variable that holds the secret with which events are signed."""


class TournamentConfig(BaseModel):
    """How the candidates of a route are compared."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tolerance: Annotated[float, Field(gt=0, le=50)] = DEFAULT_TOLERANCE * 100
    """Points by which a candidate may differ more often than the reference from itself, and be the same; 1 at most for invalid
    calls.
    """
    signals: Annotated[tuple[DriftSignal, ...], Field(min_length=1)] = tuple(map(DriftSignal, DEFAULT_SIGNALS))
    """Signals that "same" needs, all of them; `calls_tool` brings `calls_tool_rate` with it."""
    money: Annotated[float, Field(ge=0)] = 0.0
    """Money that one tournament may cost, by the prices of the providers; its candidates get no more copies then. 0 is no limit.
    """
    copies: Literal["always", "started"] = "always"
    """When candidates get copies: from the start of `serve` on, or only while a tournament runs that was begun by `choose`."""
    per_request: Annotated[int, Field(ge=0, le=100)] = 0
    """Candidates that get a copy of a sampled request; with more of them they take turns by conversation. 0 is all."""
    places: Annotated[int, Field(ge=1, le=100)] = DEFAULT_PLACES
    """Candidates that a route may have: the chance of a false claim is shared among so many, however few there are."""


class AdminToken(BaseModel):
    """A token of its own for the pages: for figures alone, or for the words of all or some tenants."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    """Its name in logs and messages."""
    token_env: str
    """Environment variable with the token; 16 characters at least."""
    may: Literal["figures", "words"] = "figures"
    """`figures`: verdicts, counts, times and money; `words` also prompts, answers and what is read from them."""
    tenants: tuple[str, ...] = ()
    """Tenants whose words it may read; empty: all of them, and of requests without a tenant."""


class AdminConfig(BaseModel):
    """The port of the pages and of /metrics."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    listen: str = "127.0.0.1:8081"
    hosts: tuple[str, ...] = ()
    """Names by which this port may be called, beside `listen` and loopback; any other Host header is refused."""
    models: tuple[str, ...] = ()
    """Model names allowed as a metric label, beside those that routes and providers name; the rest is `other`."""
    learn_models: Annotated[int, Field(ge=0, le=100)] = 20
    """Model names that become metric labels once a provider answered them, where the configuration names no model; 0 for none."""
    clients: Annotated[int, Field(ge=1, le=10_000)] = 64
    """Connections to this port at once; one more is answered 503, counted, and closed."""
    token_env: str = ""
    """Environment variable with the token that the pages need; without one, a port beyond loopback has a drawn token."""
    tokens: tuple[AdminToken, ...] = ()
    """Further tokens, each for figures or for words; with any of them the pages need a token."""
    metrics: Literal["open", "token"] = "open"
    """Whether /metrics needs the token too."""
    tls_cert: str = ""
    """File with the certificate chain of this port, in PEM form; empty serves without TLS."""
    tls_key: str = ""
    """File with the key of that certificate."""


class OtelConfig(BaseModel):
    """Spans and evaluation results that are sent to an OpenTelemetry collector; needs `sameweights[otel]`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    endpoint: str = ""
    """Address of an OTLP endpoint over HTTP, without /v1/traces; empty sends nothing."""
    headers_env: str = ""
    """Environment variable with header fields for it, `name=value,name=value`."""
    content: Literal["none", "full"] = "none"
    """Whether spans hold messages, answers and tools, as the store keeps them."""
    evaluations: Literal["logs", "span_events"] = "logs"
    """Evaluation results as log records to /v1/logs, or as events of spans for a backend that takes traces alone."""
    service_name: str = "sameweights"
    """`service.name` of all that is sent."""
    queue: Annotated[int, Field(ge=1, le=100_000)] = 2_000
    """Stored records that wait to be sent before new ones are dropped, and counted."""


class BrokerConfig(BaseModel):
    """NATS JetStream between hosts that forward (`serve --role proxy`) and hosts that audit (`serve --role audit`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = ""
    """Addresses of the NATS servers, with commas between them; empty: exchanges pass over a local socket."""
    credentials_env: str = ""
    """Environment variable with credentials: the text of a .creds file, an nkey's seed, `user:password`, or a token."""
    tls_ca: str = ""
    """File with the certificate authorities of the servers, in PEM form; empty uses the system's."""
    streams: Annotated[int, Field(ge=1, le=64)] = 1
    """Streams that the exchanges are divided among, by a hash of their ids; each has one leader."""
    replicas: Literal[1, 3, 5] = 3
    """Servers that keep each stream."""
    max_bytes: Annotated[int, Field(ge=1024 * 1024)] = 4 * 1024 * 1024 * 1024
    """Bytes of each stream, reserved when it is created; a full stream refuses exchanges, which are counted."""
    patience: Annotated[float, Field(gt=0, le=3_600)] = 30.0
    """Seconds for which an exchange that the broker does not acknowledge is sent again before it is dropped, and counted."""
    limit: Annotated[int, Field(ge=1024 * 1024)] = 64 * 1024 * 1024
    """Bytes of exchanges that wait for the broker on each forwarding host before new ones are dropped, and counted."""


class LogConfig(BaseModel):
    """What the processes of `serve` write to standard error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    level: Literal["error", "warning", "info", "debug"] = "info"
    """The lowest level that is written; `debug` writes the steps of each exchange, without bodies and keys."""
    format: Literal["auto", "text", "json"] = "auto"
    """A line as text or as JSON; `auto` writes text to a terminal and JSON elsewhere."""


class TenantBudget(BaseModel):
    """What the shadow requests of one tenant may cost in a period, which is that of `[shadow]`; 0 is no limit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    requests: Annotated[int, Field(ge=0)] = 0
    """Shadow requests of the tenant per period."""
    tokens: Annotated[int, Field(ge=0)] = 0
    """Tokens (prompt and completion) of its shadow requests per period."""
    money: Annotated[float, Field(ge=0)] = 0.0
    """Money of its shadow requests per period, by the prices of the providers."""


class TenantConfig(TenantKey):
    """One of several users of an installation: the key by which its requests are known, and what is kept of them."""

    name: str
    """Name in records, metrics and pages: a-z, 0-9, _ and -."""
    key_env: str
    """Environment variable with its key, which its clients send as `x-sameweights-key`; 16 characters at least."""
    routes: tuple[str, ...] = ()
    """The routes that it may use; empty: all of them."""
    sample_rate: Annotated[float, Field(ge=0, le=1)] | None = None
    """Share of its conversations shadowed, in place of the route's and of `shadow.sample_rate`."""
    budget: TenantBudget = TenantBudget()
    """What its shadow requests may cost, within the budget of `[shadow]`."""
    keep_days: Annotated[float, Field(gt=0)] | None = None
    """Its records are deleted after so many days, where that is earlier than `storage.keep_days`."""
    bodies: Bodies | None = None
    """As `storage.bodies`, for its requests."""
    redact: tuple[Pattern, ...] = ()
    """As `storage.redact`, for its requests, beside those."""


class Config(BaseModel):
    """sameweights.toml, whole."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    proxy: ProxyConfig = ProxyConfig()
    shadow: ShadowConfig = ShadowConfig()
    storage: StorageConfig = StorageConfig()
    drift: DriftConfig = DriftConfig()
    tournament: TournamentConfig = TournamentConfig()
    admin: AdminConfig = AdminConfig()
    log: LogConfig = LogConfig()
    otel: OtelConfig = OtelConfig()
    broker: BrokerConfig = BrokerConfig()
    tenants: tuple[TenantConfig, ...] = ()
