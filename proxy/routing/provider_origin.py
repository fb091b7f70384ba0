"""The address of a provider: its base URL taken apart once, and the rule by which a request's target becomes the provider's."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

_EXAMPLE = "write it like https://api.example.com/v1"
_MESSAGES = "/v1/messages"
_UNPRINTED = re.compile(r"[\s\x00-\x1f\x7f]")


class ProviderOrigin(NamedTuple):
    """A base URL: `base` is its path without a trailing slash, `prefix` the same without a trailing `/v1`. `proxy` is the address
    of the outbound proxy by which it is reached, `ca_file` a file of certificates that are trusted for it, "" for none.

    A named tuple, because connections are found by it for every request.
    """

    tls: bool
    host: str
    port: int
    prefix: str
    base: str
    proxy: str = ""
    ca_file: str = ""

    @property
    def forwarded(self) -> bool:
        """True when an outbound proxy reads the requests: those to http servers (RFC 9112 3.2.2); TLS passes it by CONNECT."""
        return bool(self.proxy) and not self.tls

    @property
    def authority(self) -> str:
        """The value of the Host field: the port only where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.tls else 80) else f"{host}:{self.port}"

    def target(self, raw_target: str) -> str:
        """The provider's target for a client's: `/v1` stands for the base URL, any other path stands beside its `/v1`, and one
        that begins with the base URL's own path is whole already.

        Messages keep their `/v1`: clients of that API write base URLs without one, so either way of writing it is right.
        """
        if raw_target.startswith(_MESSAGES) and raw_target[len(_MESSAGES) :][:1] in {"", "?", "/"}:
            changed = self.prefix + raw_target
        elif raw_target == "/v1" or raw_target.startswith(("/v1/", "/v1?")):
            changed = self.base + raw_target[3:]
        elif self.prefix and raw_target.startswith(f"{self.prefix}/"):
            changed = raw_target
        else:
            changed = self.prefix + raw_target
        changed = changed if changed.startswith("/") else f"/{changed}"
        return f"http://{self.authority}{changed}" if self.forwarded else changed


def split_address(text: str) -> SplitResult:
    """An http or https address taken apart. ValueError for any other text, with what is wrong; it never quotes the text, which
    may hold a password.
    """
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError("is no address") from None
    # urlsplit() drops some of these characters, so that the address would not be the one that was written
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0 or _UNPRINTED.search(text):
        raise ValueError("is not an http:// or https:// address")
    return parts


def parse_base_url(text: str) -> ProviderOrigin:
    """A base URL taken apart; ValueError as of `split_address`, and for a user name, a query, or a host without IDNA."""
    try:
        parts = split_address(text)
    except ValueError as error:
        raise ValueError(f"{error}; {_EXAMPLE}") from None
    if "@" in parts.netloc:
        raise ValueError("carries a user name or a password; name the key's environment variable with 'api_key_env' instead")
    if parts.query or parts.fragment or text.endswith(("?", "#")):
        raise ValueError("carries a query or a fragment; a base_url ends with its path")
    tls = parts.scheme == "https"
    path = _ascii_path(parts.path).rstrip("/")
    return ProviderOrigin(
        tls=tls,
        host=_ascii_host(parts.hostname or ""),
        port=parts.port or (443 if tls else 80),
        prefix=path.removesuffix("/v1"),
        base=path,
    )


def _ascii_host(host: str) -> str:
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        raise ValueError(f"names a host that is not valid in an address; {_EXAMPLE}") from None


def _ascii_path(path: str) -> str:
    return path.encode().decode("latin-1") if not path.isascii() else path
