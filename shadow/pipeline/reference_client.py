"""ReferenceClient: sends a copy of a request to its reference; never raises for what a provider does.

The copy has the body, the client's header fields without its credentials, and the provider's own key; nothing marks it as ours.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace

from proxy.exchange import Exchange, Headers, Labels, Role
from proxy.exchange_ids import new_id
from proxy.record.credential_removal import cleared, forms
from proxy.routing.body_peek import BOM
from proxy.routing.header_rules import bearing, is_credential
from proxy.routing.outbound_proxy import origin_of
from proxy.routing.request_fitting import RequestFitting, around_the_body, fit_body, fit_fields, fit_target, fitting_of
from proxy.secret_names import REDACTED
from proxy.upstream.fetch_job import FetchJob
from shadow.pipeline.fetcher_client import FetcherClient
from shadow.reading.apis import API_PATHS, PATHS
from shadow.reading.body_decoding import decode
from shadow.reading.completion import Unread
from shadow.sampling.shadow_body import REMOVED, ShadowBody, shadow_body
from shadow.sampling.shadow_headers import copied_headers
from shadow.settings.top_level_config import Config

_MODELS = "/v1/models"
NOT_FITTED = "its body sent as it came: it is packed, has a byte order mark, or is larger than proxy.limits.peek_body"
TO_PROVIDER = "to the provider: "
"""How a sentence begins on a change of a request on its way to the provider of a pair, and not to the reference."""
_PROBE_SECONDS = 10.0
"""Longest time that a list of models may take."""


class ReferenceClient:
    """Sends requests to references by a `fetcher`; `environ` holds the keys."""

    def __init__(self, config: Config, environ: Mapping[str, str], fetcher: FetcherClient) -> None:
        self._environ = environ
        self._fetcher = fetcher
        self.reload(config)

    def __repr__(self) -> str:
        return f"<ReferenceClient providers={sorted(self._providers)} fetcher={self._fetcher!r}>"

    def reload(self, config: Config) -> None:
        """Use the providers of `config` from the next request on."""
        self._shadow = config.shadow
        self._peeked = config.proxy.limits.peek_body
        self._providers = config.proxy.providers
        self._origins = {name: origin_of(config.proxy, name, self._environ) for name in self._providers}
        self._keys = {name: self._environ.get(provider.api_key_env, "") for name, provider in self._providers.items()}
        self._fittings = {name: fitting_of(provider, self._environ) for name, provider in self._providers.items()}

    def prepare(self, live: Exchange, provider: str = "") -> ShadowBody:
        """The body that the reference (or another `provider`) will get, and how it differs from what the application sent."""
        to, request = provider or live.labels.reference, live.request
        # because the provider that got the request would recognise the copy by a missing member
        removed: Mapping[str, str] = {} if to == live.labels.provider else REMOVED
        plain = decode(request.headers, request.body, ())
        body = request.body if isinstance(plain, Unread) else plain.body
        bare = body.removeprefix(BOM)
        made = shadow_body(bare, self._providers[to].upstream_model(live.labels.model), request.target, removed=removed)
        fitting = self._fitting(live, to)
        fitted = fit_body(made.body, fitting)
        unpacked: tuple[str, ...] = () if body is request.body else ("sent unpacked",)
        unpacked += () if len(bare) == len(body) else ("sent without its byte order mark",)
        alterations = (
            *unpacked,
            *made.alterations,
            *fitted.alterations,
            *around_the_body(fitting),
        )
        return replace(made, body=fitted.body, alterations=alterations, of_live=self._fitted_live(live, body))

    def _fitting(self, live: Exchange, to: str) -> RequestFitting:
        """How the copy for `to` is fitted; one for the provider that got the request, only where that request was, too."""
        return self._fittings[to] if to != live.labels.provider or self._providers[to].fit_live else RequestFitting()

    def _fitted_live(self, live: Exchange, body: bytes) -> tuple[str, ...]:
        """How the application's own request was fitted, as the data plane did it."""
        provider = self._providers.get(live.labels.provider)
        if provider is None or not provider.fit_live:
            return ()
        fitting = self._fittings[live.labels.provider]
        fits = body is live.request.body and not body.startswith(BOM) and live.request.size <= self._peeked
        alterations = fit_body(body, fitting).alterations if fits else (NOT_FITTED,) if fitting.changes_body else ()
        return tuple(f"{TO_PROVIDER}{sentence}" for sentence in (*alterations, *around_the_body(fitting)))

    def same_server(self, live: Exchange) -> bool:
        """Whether provider and reference are one server under two names, so that no drift can be seen between them."""
        if live.labels.provider not in self._providers:
            return False
        provider, reference = self._providers[live.labels.provider], self._providers[live.labels.reference]
        same_place = self._origins[live.labels.provider] == self._origins[live.labels.reference]
        same_way = self._fittings[live.labels.provider].chooses == self._fittings[live.labels.reference].chooses
        model = live.labels.model
        return same_place and same_way and provider.upstream_model(model) == reference.upstream_model(model)

    async def ask(self, live: Exchange, asked: ShadowBody, role: Role, provider: str = "") -> Exchange:
        """Send it once, and read the answer whole, until `shadow.timeout` or `shadow.max_body` ends it.

        It goes to the reference, or to another `provider` by name, with that one's own key.
        """
        name = provider or live.labels.reference
        answered = await self._fetcher.fetch(self._job(live, asked.body, role, name))
        return cleared(answered, forms(self._secrets(name)))

    async def list_models(self, provider: str) -> Exchange:
        """`GET {base_url}/models` with the provider's own key, which costs no tokens; whatever happens is in the exchange."""
        origin = self._origins[provider]
        path, key = origin.target(fit_target(_MODELS, self._fittings[provider].query)), self._keys[provider]
        field = self._providers[provider].api_key_header or "authorization"
        name, value = bearing(key, field) if key else (b"Accept", b"application/json")
        asked = FetchJob(
            identity=new_id(),
            role=Role.SHADOW,
            labels=Labels(provider=provider),
            method="GET",
            target=_MODELS,
            headers=(),
            origin=origin,
            path=path,
            fields=fit_fields([(name.decode("latin-1"), value.decode("latin-1"))], self._fittings[provider].headers),
            body=b"",
            total=min(self._shadow.timeout, _PROBE_SECONDS),
            most=self._shadow.max_body,
            limit=self._shadow.max_body,
        )
        return cleared(await self._fetcher.fetch(asked), forms(self._secrets(provider)))

    def _secrets(self, name: str) -> list[bytes]:
        """The key of a provider, and the values of its header fields that came from the environment."""
        variables = self._providers[name].extra_headers_env.values()
        values = [self._keys[name], *(self._environ.get(variable, "").strip() for variable in variables)]
        return [value.encode("latin-1", "replace") for value in values if value]

    async def keep(self) -> None:
        """Keep the fetcher ready, until cancelled."""
        await self._fetcher.keep()

    async def close(self) -> None:
        """Cancel what still runs."""
        await self._fetcher.close()

    def _fields(self, live: Exchange, name: str) -> Headers:
        own, configured = name == live.labels.provider, self._providers[name].api_key_header
        usual = "x-api-key" if _path(live).endswith(PATHS["messages"]) else "authorization"
        fields = copied_headers(
            live.request.headers,
            own=own,
            key=self._keys[name],
            key_field=configured if own else configured or usual,
            usual_field=usual,
            choose=secrets.choice,
        )
        return fit_fields(fields, self._fitting(live, name).headers)

    def _job(self, live: Exchange, body: bytes, role: Role, name: str) -> FetchJob:
        origin, fields = self._origins[name], self._fields(live, name)
        secret = {field.lower() for field in self._providers[name].extra_headers_env}
        target = fit_target(_path(live) + (_query(live) if name == live.labels.provider else ""), self._fitting(live, name).query)
        return FetchJob(
            identity=new_id(),
            role=role,
            labels=live.labels._replace(provider=name, reference="", opted_out=False),
            method=live.request.method,
            target=live.request.target,
            headers=tuple(
                (field, "" if is_credential(field.lower()) or field.lower() in secret else value) for field, value in fields
            ),
            origin=origin,
            path=origin.target(target),
            fields=fields,
            body=body,
            total=self._shadow.timeout,
            most=self._shadow.max_body,
            limit=max(self._shadow.max_body, len(body)),
        )


def _path(live: Exchange) -> str:
    """The path of the API that the client used, as every provider has it beside its base URL."""
    path = live.request.target.partition("?")[0].rstrip("/")
    return "/v1" + next((tail for tail in API_PATHS if path.endswith(tail)), API_PATHS[0])


def _query(live: Exchange) -> str:
    """The query of the request as recorded, without the members that a credential was taken out of."""
    query = live.request.target.partition("?")[2]
    kept = [member for member in query.split("&") if not member.endswith(f"={REDACTED}")]
    return f"?{'&'.join(kept)}" if query and kept else ""
