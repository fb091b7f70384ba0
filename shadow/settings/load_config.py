"""load(): the whole configuration from one TOML file, the environment over it, flags over both; every error in one pass."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from pydantic import ValidationError

from proxy.routing.outbound_proxy import is_this_machine
from shadow.settings.base_url_checks import doubt
from shadow.settings.broker_checks import broker_advice, broker_errors
from shadow.settings.candidate_advice import candidate_advice
from shadow.settings.config_errors import ConfigError, ConfigSource, explain, quoted, sentences
from shadow.settings.cross_checks import RawConfig, cross_check, listen_port, same_server
from shadow.settings.environment_and_flags import OverridingValue, from_environment, from_flags
from shadow.settings.otel_checks import otel_advice, otel_errors
from shadow.settings.outbound_checks import environment_errors, outbound_advice, outbound_errors
from shadow.settings.tenant_checks import tenant_advice, tenant_errors, token_errors
from shadow.settings.tls_checks import tls_errors
from shadow.settings.toml_file import parse_toml, read_text, validated
from shadow.settings.toml_lines import KeyPath, key_lines
from shadow.settings.top_level_config import Config

FILE = "sameweights.toml"
NAMING = ("api_key_env", "webhook_secret_env", "token_env", "headers_env", "credentials_env")
"""Keys whose value is the name of an environment variable."""
_SECTIONS = (("drift", "webhook_secret_env"), ("admin", "token_env"), ("otel", "headers_env"), ("broker", "credentials_env"))
"""Those of them that stand once."""


def load(path: Path | None, flags: Mapping[str, object], environ: Mapping[str, str], *, serving: bool = True) -> Config:
    """The configuration, or ConfigError with every error; without `serving` (reports, lists) keys and providers may be absent."""
    text = read_text(path, missing="write one with `sameweights config init`, or name another") if path else ""
    tables = parse_toml(text, str(path))
    over, errors = _overlay(tables, flags, environ)
    for setting in over:
        _set(tables, setting)
    origin = ConfigSource(
        file=str(path or ""), lines=key_lines(text), overrides={setting.path: setting.origin for setting in over}
    )
    found = cross_check(RawConfig(tables=tables, environ=environ, serving=serving))
    try:
        config = validated(Config, tables)
    except ValidationError as error:
        found = [*explain(error.errors(), Config), *found]
    else:
        if serving:
            found = [*found, *outbound_errors(config), *tls_errors(config), *otel_errors(config, environ), *broker_errors(config)]
            found = [*found, *tenant_errors(config, environ), *token_errors(config, environ)]
        errors = [*errors, *environment_errors(config, environ)] if serving else errors
    if found or errors:
        raise ConfigError([*sentences(found, origin), *errors])
    return config


def _overlay(
    tables: Mapping[str, object], flags: Mapping[str, object], environ: Mapping[str, str]
) -> tuple[Sequence[OverridingValue], Sequence[str]]:
    """Environment first and flags last, so that the later wins; variables that name a key are not settings."""
    providers = _providers(tables)
    written, errors = from_flags(flags)
    named = {str(setting.value) for setting in written if setting.path[-1] in NAMING}
    named |= {str(own["api_key_env"]) for own in providers.values() if isinstance(own, dict) and "api_key_env" in own}
    named |= {str(own["key_env"]) for own in _tenants(tables) if isinstance(own, dict) and "key_env" in own}
    named |= {str(own["token_env"]) for own in _admin_tokens(tables) if isinstance(own, dict) and "token_env" in own}
    for section, key in _SECTIONS:
        table = tables.get(section)
        named |= {str(table.get(key, ""))} if isinstance(table, dict) else set()
    named |= {value for name, value in environ.items() if name.endswith(tuple(f"__{key.upper()}" for key in NAMING))}
    settings, unknown = from_environment(Config, environ, named=named, providers=providers.keys())
    return [*settings, *written], [*unknown, *errors]


def _providers(tables: Mapping[str, object]) -> Mapping[str, object]:
    proxy = tables.get("proxy")
    providers = proxy.get("providers") if isinstance(proxy, dict) else None
    return providers if isinstance(providers, dict) else {}


def _admin_tokens(tables: Mapping[str, object]) -> Sequence[object]:
    admin = tables.get("admin")
    tokens = admin.get("tokens") if isinstance(admin, dict) else None
    return tokens if isinstance(tokens, list) else []


def _tenants(tables: Mapping[str, object]) -> Sequence[object]:
    tenants = tables.get("tenants")
    return tenants if isinstance(tenants, list) else []


def _set(tables: dict[str, object], setting: OverridingValue) -> None:
    """Put the value in its place; if the user wrote something else than a table there, it stays, and is refused by its type."""
    table: object = tables
    for part in setting.path[:-1]:
        if not isinstance(table, dict):
            return
        table = table.setdefault(part, {})
    if isinstance(table, dict):
        table[setting.path[-1]] = setting.value


def advice(config: Config, environ: Mapping[str, str] = MappingProxyType({})) -> Sequence[str]:
    """Warnings: what is valid and probably not meant, one sentence each; `config check` and `serve` print them."""
    own = (*_address_advice(config), *_admin_advice(config), *_limits_advice(config))
    sent = (*outbound_advice(config, environ), *otel_advice(config), *broker_advice(config), *tenant_advice(config))
    return [*own, *sent, *_sample_advice(config), *_reference_advice(config), *candidate_advice(config)]


def _address_advice(config: Config) -> Iterator[str]:
    for name, provider in config.proxy.providers.items():
        if sentence := doubt(provider.base_url):
            yield f"proxy.providers.{name}.base_url: {sentence}"


def _limits_advice(config: Config) -> Iterator[str]:
    limits = config.proxy.limits
    for name, room in (("audit_held", limits.audit_held), ("handover", limits.handover)):
        if room < limits.audit_body:
            yield (
                f"proxy.limits.{name}: {room:,} bytes are less than audit_body allows a single body ({limits.audit_body:,}): "
                f"larger ones are not compared; raise {name}, or lower audit_body"
            )


def _admin_advice(config: Config) -> Iterator[str]:
    host = config.admin.listen.rpartition(":")[0].strip("[]")
    unencrypted = "" if config.admin.tls_cert else ", without TLS"
    if listen_port(config.admin.listen) is not None and not is_this_machine(host):
        yield (
            f"admin.listen: {quoted(config.admin.listen)} is open to the network{unencrypted}: its pages show recorded prompts "
            "and answers to every client that has the token; 127.0.0.1:8081 keeps it on this machine"
        )


def _sample_advice(config: Config) -> Iterator[str]:
    if config.shadow.seed:
        yield (
            "shadow.seed: it is enough to compute which requests are compared, also for a provider: do not publish it; without "
            "it a secret of this installation is used"
        )


def _reference_advice(config: Config) -> Iterator[str]:
    served = [(config.proxy.provider, config.proxy.reference)]
    served += [(route.provider, route.reference or config.proxy.reference) for route in config.proxy.routes]
    references = sorted({reference for _, reference in served if reference})
    if not references:
        yield "proxy.reference: there is no reference, so answers are checked but not compared"
    for name in references:
        if not config.proxy.providers[name].api_key_env:
            yield (
                f"proxy.providers.{name}: no api_key_env, so the reference gets no key; "
                "the client's own key is never sent to a reference (by flags: --reference-key-env VARIABLE)"
            )
    yield from _greedy_advice(config, {provider for provider, reference in served if provider and reference})
    draft = RawConfig(tables=config.model_dump(mode="json"), environ={}, serving=False)
    for provider, reference in sorted(set(served)):
        if provider and reference and same_server(draft, provider, reference):
            both = f"{quoted(reference)} and {quoted(provider)}"
            yield f"proxy.reference: {both} are one server: this measures its own noise, which is a good first test"


def _greedy_advice(config: Config, audited: Collection[str]) -> Iterator[str]:
    """Warns that the greedy audit calls providers too, and never with a client's key."""
    for name in sorted(audited) if config.shadow.greedy else ():
        if not config.proxy.providers[name].api_key_env:
            yield f"proxy.providers.{name}: no api_key_env, so shadow.greedy calls this provider without a key"


def masked(config: Config) -> Mapping[str, object]:
    """The effective configuration as plain tables, `seed` and passwords in addresses masked; keys are names anyway."""
    return {section: _masked(value, (section,)) for section, value in config.model_dump(mode="json").items()}


def _masked(value: object, path: KeyPath) -> object:
    if isinstance(value, dict):
        return {key: _masked(below, (*path, key)) for key, below in value.items()}
    if isinstance(value, list):
        return [_masked(below, (*path, position)) for position, below in enumerate(value)]
    if path == ("shadow", "seed") and value:
        return "***"
    if isinstance(value, str) and "://" in value:
        return quoted(value)[1:-1]
    return value
