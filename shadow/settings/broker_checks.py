"""Checks before the start that `[broker]` can be used: its addresses, certificates and package, and the role of `serve`."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from urllib.parse import urlsplit

from proxy.routing.outbound_proxy import is_this_machine
from shadow.settings.config_errors import ConfigErrorItem, meant, quoted
from shadow.settings.top_level_config import Config
from storage.storage_config import StorageConfig, is_server

ROLES = ("all", "proxy", "audit")
"""What a host does: forward and audit, forward and publish to the broker, or consume from it and audit."""
SCHEMES = ("nats://", "tls://")
EXAMPLE = "write it like nats://nats.example.com:4222, or tls://..., several with commas between them"
_LINE = {"\n", "\r", "\t", " "}


def broker_errors(config: Config) -> Iterator[ConfigErrorItem]:
    """Every setting of `[broker]` that cannot be used."""
    settings, path = config.broker, ("broker", "url")
    if not settings.url:
        return
    if why := _address_error(settings.url):
        yield ConfigErrorItem(path=path, sentence=f"{quoted(settings.url)} {why}")
    if find_spec("nats") is None:
        words = "the broker is reached by a package that is not installed: pip install 'sameweights[fleet]', or leave url out"
        yield ConfigErrorItem(path=path, sentence=words)
    if settings.tls_ca and (why := _ca_error(settings.tls_ca)):
        yield ConfigErrorItem(path=("broker", "tls_ca"), sentence=f"{quoted(settings.tls_ca)} {why}")


def role_error(config: Config, role: str, environ: Mapping[str, str] = os.environ) -> str:
    """Why `serve` cannot have this role with this configuration; "" when it can."""
    if role not in ROLES:
        return f"--role: no such role: {quoted(role)}{meant(role, ROLES)}"
    if role == "all":
        return _BOTH if config.broker.url else ""
    if not config.broker.url:
        return f"--role {role}: exchanges pass from proxies to audits through a broker, and none is configured: set broker.url"
    if role == "audit" and config.shadow.audit_workers > 1:
        return (
            f"shadow.audit_workers: {config.shadow.audit_workers} workers share one local socket; with a broker, start more "
            "processes with --role audit instead, and leave audit_workers out"
        )
    if role == "audit" and not _is_shared(config.storage, environ):
        key = "storage.url_env" if config.storage.url_env else "storage.url"
        return (
            f"{key}: hosts that audit what a broker delivers share one store, and SQLite has one writer: name a PostgreSQL "
            "database, postgresql://USER@HOST/DATABASE, or leave broker.url out to audit on the host that forwards"
        )
    if role == "proxy" and config.admin.metrics == "token" and not config.admin.token_env:
        return "admin.metrics: a host of --role proxy has no store that keeps a drawn token: name a variable in admin.token_env"
    return ""


def _is_shared(storage: StorageConfig, environ: Mapping[str, str]) -> bool:
    """Whether several hosts may write the store; a variable that is not set is reported where the store is opened."""
    if not storage.url_env:
        return is_server(storage.url)
    return is_server(environ.get(storage.url_env, "") or "postgresql://")


_BOTH = (
    "--role: broker.url is set, so this host either forwards or audits: start it with --role proxy or with --role audit, "
    "or leave broker.url out to do both on one host"
)


def broker_advice(config: Config) -> Iterator[str]:
    """A sentence for each setting of `[broker]` that is valid and probably not meant."""
    url = config.broker.url
    far = [one for one in addresses(url) if urlsplit(one).scheme == "nats" and not is_this_machine(urlsplit(one).hostname or "")]
    if far and not config.broker.tls_ca:
        yield (
            f"broker.url: {', '.join(map(quoted, far))} may be reached without TLS: exchanges hold prompts and answers; "
            "write tls:// once its servers have certificates"
        )


def addresses(url: str) -> list[str]:
    """The servers of `broker.url`; an empty one between two commas too, since it is refused."""
    return [one.strip() for one in url.split(",")] if url else []


def _address_error(url: str) -> str:
    found = addresses(url)
    for one in found:
        try:
            parts = urlsplit(one)
            port = parts.port
        except ValueError:
            return f"holds an address that is none; {EXAMPLE}"
        # in small letters alone, because the client knows no others
        if not one.startswith(SCHEMES) or not parts.hostname or port == 0 or _LINE & set(one):
            return f"holds {'an address' if len(found) > 1 else 'one'} that is no nats:// or tls:// address; {EXAMPLE}"
        if "@" in parts.netloc:
            return "carries a user name or a password; put them into the variable of broker.credentials_env, as user:password"
        if parts.path.strip("/") or parts.query or parts.fragment:
            return f"carries a path; {EXAMPLE}"
    if len({urlsplit(one).scheme for one in found}) > 1:
        return "mixes nats:// and tls://; write one of them for all"
    return ""


def _ca_error(file: str) -> str:
    try:
        ssl.create_default_context(cafile=file)
    except ssl.SSLError:
        return "holds no certificate in PEM form"
    except OSError as error:
        return f"cannot be read: {(error.strerror or 'unknown cause').lower()}"
    return ""
