"""The proxy's section of the configuration: the ports, the providers, the routes, and the limits."""

from __future__ import annotations

from datetime import date
from fnmatch import fnmatchcase
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from proxy.served_name import served_name

Seconds = Annotated[float, Field(gt=0, le=86_400)]
Bytes = Annotated[int, Field(ge=0)]
Price = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]
"""Money per million tokens."""


class ConfigSection(BaseModel):
    """A part of the configuration: frozen, and strict about keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PriceEntry(ConfigSection):
    """Money per million tokens of each class, for the models that fit, from the begin of a day of UTC on."""

    model: str = "*"
    """Shell-style pattern of the requested model, or of the provider's own name for it."""
    since: date | None = None
    """The first day; none: from the beginning."""
    input: Price | None = None
    """Of the prompt, as far as nothing else is priced apart."""
    cached_input: Price | None = None
    """Of the prompt where it was read from a cache; none: as `input`."""
    cache_write: Price | None = None
    """Of the prompt where it was written to a cache; none: as `input`."""
    cache_write_1h: Price | None = None
    """Of the prompt where it was written to a cache for an hour; none: as `cache_write`."""
    output: Price | None = None
    """Of the completion."""
    reasoning: Price | None = None
    """Of the reasoning; none: as `output`."""


class ServedModel(ConfigSection):
    """What a provider declares about the models that fit; never measured."""

    model: str = "*"
    """Shell-style pattern of the requested model, or of the provider's own name for it."""
    quantization: str = ""
    """The precision of the weights."""
    context: Annotated[int, Field(ge=0)] = 0
    """The largest number of tokens of prompt and completion; 0: not declared."""


class Provider(ConfigSection):
    """One OpenAI-compatible server; a key is named by environment variable, never written down."""

    base_url: str
    outbound_proxy: str = ""
    """As `proxy.outbound_proxy`, for this provider alone; empty: as there."""
    ca_file: str = ""
    """As `proxy.ca_file`, for this provider alone; empty: as there."""
    api_key_env: str = ""
    api_key_header: Literal["", "authorization", "x-api-key", "api-key"] = ""
    """The field for the key; empty: the client's own field, and towards a reference the one that its API documents."""
    models: dict[str, str] = Field(default_factory=dict)
    """Requested name (or `*`) to the provider's name for the model; names not listed go through unchanged."""
    price_input: Price | None = None
    """Money per million prompt tokens, for every model without an entry in `prices`; none: no price."""
    price_output: Price | None = None
    """Money per million completion tokens, likewise."""
    price_cached_input: Price | None = None
    """Money per million prompt tokens that were read from a cache; none: as the others."""
    prices: tuple[PriceEntry, ...] = ()
    """Prices by model and date; the first model that fits counts, with its newest price."""
    served: tuple[ServedModel, ...] = ()
    """What the provider declares about its models; the first that fits counts."""
    quantization: str = ""
    """The precision of the weights as the provider declares it; a part of its identity, never measured."""
    tier: str = ""
    """Which of a provider's offers this is (free, turbo, paid ...); another tier is another target."""
    upstream_from: str = ""
    """Where a router names the server that answered: a member of the body, or `header:NAME`; empty: this is no router."""
    max_upstreams: Annotated[int, Field(ge=1, le=64)] = 32
    """Servers behind this router that are distinguished, in the order in which they first answer; further ones are `other`."""
    drop: tuple[str, ...] = ()
    """Members of a request's body that this provider does not take; left out before anything is renamed or added."""
    rename: dict[str, str] = Field(default_factory=dict)
    """Members of a request's body by the name under which this provider takes them."""
    extra_body: dict[str, JsonValue] = Field(default_factory=dict)
    """Members that are added to a request's body, in place of those of the same name."""
    extra_headers: dict[str, str] = Field(default_factory=dict)
    """Header fields that are added to a request, in place of those of the same name; never a credential."""
    extra_headers_env: dict[str, str] = Field(default_factory=dict)
    """The same for header fields whose value is secret: the environment variable that holds it."""
    extra_query: dict[str, str] = Field(default_factory=dict)
    """Parameters that are added to a request's query, in place of those of the same name."""
    strip_thinking: bool = False
    """Leave out the thinking of earlier turns that the client sends back, which only its author may be able to check."""
    fit_live: bool = False
    """Fit the application's own requests too; otherwise only the copies are, and those leave as they came."""

    def upstream_model(self, model: str) -> str:
        """This provider's own name for the `model` that a client names; "" where it is the same."""
        return served_name(self.models, model)

    def declared(self, model: str) -> ServedModel:
        """What this provider declares of the `model` that a client names, or of its own name for it."""
        names = (model, self.upstream_model(model) or model)
        fitting = (each for each in self.served if any(fnmatchcase(name, each.model) for name in names))
        found = next(fitting, ServedModel())
        return found if found.quantization else found.model_copy(update={"quantization": self.quantization})


class Route(ConfigSection):
    """Routes requests: a model pattern (shell-style), its provider, and the reference that it is compared with."""

    name: str
    model: str = "*"
    provider: str
    reference: str = ""
    candidates: tuple[str, ...] = ()
    """Providers that get a copy of each sampled request beside the reference, and are compared with it; they serve no request."""
    sample_rate: Annotated[float, Field(ge=0, le=1)] | None = None


class TenantKey(ConfigSection):
    """A tenant as the data port sees it: its name, the environment variable with its key, and the routes that it may use."""

    name: str
    key_env: str
    routes: tuple[str, ...] = ()


class Timeouts(ConfigSection):
    """Limits on silence, never on the whole of an exchange: a reasoning model may take minutes."""

    connect: Seconds = 10.0
    idle: Seconds = 600.0
    """Longest silence of a provider, before its first byte and between two chunks."""
    client_head: Seconds = 30.0
    """Longest time a client may take for a request head."""
    client_idle: Seconds = 75.0
    """How long an idle keep-alive connection of a client is kept."""
    pool_idle: Seconds = 4.0
    """How long an idle connection to a provider is kept for another request."""
    grace: Seconds = 30.0
    """How long running streams may finish after SIGTERM."""


class Limits(ConfigSection):
    """Every buffer of the data plane has its bound here."""

    audit_body: Bytes = 32 * 1024 * 1024
    """Bytes of a request or response body kept for the audit; the traffic itself is never cut."""
    audit_held: Bytes = 256 * 1024 * 1024
    """Bytes of bodies that each worker holds for the audit, all together; a body for which there is no room is not kept."""
    peek_body: Bytes = 1024 * 1024
    """Bytes of a request body read before a route is chosen by its model."""
    head: Annotated[int, Field(ge=1024)] = 64 * 1024
    """Bytes of a request or response head."""
    write_buffer: Annotated[int, Field(ge=1024)] = 256 * 1024
    """Bytes waiting for a slow reader before the other side is paused."""
    handover: Annotated[int, Field(ge=0)] = 128 * 1024 * 1024
    """Bytes waiting for the audit process before exchanges are dropped, and counted."""
    clients: Annotated[int, Field(ge=0)] = 10_000
    """Connections of clients at once, for each worker; one more is answered 503 and closed. 0 is no limit."""
    websockets: Annotated[int, Field(ge=0)] = 1_000
    """WebSockets open at once, for each worker; one more is answered 503. 0 is no limit."""
    upstream_connections: Annotated[int, Field(ge=0)] = 0
    """Connections to one provider at once; 0 is no limit."""


class ProxyConfig(ConfigSection):
    """The data plane, whole."""

    listen: str = "127.0.0.1:8080"
    tls_cert: str = ""
    """File with the certificate chain of this port, in PEM form; empty serves without TLS."""
    tls_key: str = ""
    """File with the key of that certificate."""
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    provider: str = ""
    """The provider of requests that no route takes."""
    reference: str = ""
    """The reference of requests whose route names none."""
    providers: dict[str, Provider] = Field(default_factory=dict)
    routes: tuple[Route, ...] = ()
    outbound_proxy: str = ""
    """The http proxy by which providers, references and the webhook are reached; empty: that of the environment; `none`: none."""
    ca_file: str = ""
    """File of certificates (PEM) that are trusted beside the system's."""
    origins: tuple[str, ...] = ()
    """Origins of web pages that may use the keys named by `api_key_env`; those of any other origin are refused."""
    hosts: tuple[str, ...] = ()
    """Names by which this port may be called where such a key is used, beside loopback's own and addresses."""
    timeouts: Timeouts = Timeouts()
    limits: Limits = Limits()

    @property
    def candidates(self) -> frozenset[str]:
        """The providers that are a candidate of some route."""
        return frozenset(name for route in self.routes for name in route.candidates)
