"""Where a provider lives: its base URL taken apart once, and the rule by which a request's target becomes the provider's."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit

_EXAMPLE = "write it like https://api.example.com/v1"
_MESSAGES = "/v1/messages"


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


def parse_base_url(text: str) -> ProviderOrigin:
    """Take a base URL apart; a ValueError whose message quotes the text says what is wrong with it."""
    if text != text.strip() or any(c.isspace() or ord(c) < 0x21 for c in text):
        raise ValueError(f"{text!r} holds spaces or control characters; {_EXAMPLE}")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"{text!r} is no URL: {error}; {_EXAMPLE}") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"{text!r} is no http or https URL; {_EXAMPLE}")
    if parts.username is not None or parts.password is not None:
        # The text is not quoted here: it holds the very secret that must not be shown.
        raise ValueError(f"the URL of {parts.hostname!r} holds a user name or password; name the key's variable in api_key_env")
    if parts.query or parts.fragment or text.endswith(("?", "#")):
        raise ValueError(f"{parts.scheme}://{parts.netloc}{parts.path} is followed by a query or fragment; {_EXAMPLE}")
    tls = parts.scheme == "https"
    path = _ascii_path(parts.path).rstrip("/")
    return ProviderOrigin(
        tls=tls,
        host=_ascii_host(parts.hostname, text),
        port=(443 if tls else 80) if port is None else port,
        prefix=path.removesuffix("/v1"),
        base=path,
    )


def _ascii_host(host: str, text: str) -> str:
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        raise ValueError(f"{text!r} names no valid host; {_EXAMPLE}") from None


def _ascii_path(path: str) -> str:
    return path.encode().decode("latin-1") if not path.isascii() else path
