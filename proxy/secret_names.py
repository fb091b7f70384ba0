"""is_secret(): whether a header field, query or form member holds a credential, by the words of its name; the one such rule.

A list of whole names always misses the next gateway's. A name is cut into words at every sign and at every capital letter, after
percent-coding is taken off, and one word suffices: `Ocp-Apim-Subscription-Key`, `X-Amz-Signature`, `%6Bey`, `userPassword`. A
name that is taken for a credential's in error costs a record eight or more characters; one that is missed costs a key. What is
known to be none (counts of tokens, cursors of pages, keys of caches) is listed for that reason only.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import unquote, unquote_to_bytes

_ROUNDS = 3
"""Times that percent-coding is taken off a name; a proxy before us may have coded what was coded."""
_LONGEST = 256
"""Characters of a name that are looked at."""
MOST_MARKS, MOST_CODES = 200, 2_000
"""Signs `=`, `&` and `;` of an address (those of 100 names with their values), and `%`."""
_BARE = re.compile(r"[?;]")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_LETTERS = re.compile(r"[a-z]+")
_WHOLE = frozenset({"code", "sign", "pass", "pw", "pin", "ak", "sk"})
"""Names that are a credential's only where nothing else is in them: `code` is Azure Functions' key, and OAuth's."""
_WORDS = frozenset(
    {
        *("auth", "authn", "authz", "creds", "cred", "csrf", "xsrf", "hmac", "jwt", "otp", "totp", "passwd", "pwd"),
        *("saml", "sas", "sess", "sid", "sig"),
    }
)
_STEMS = (
    *("apikey", "authent", "authoris", "authoriz", "bearer", "cookie", "credential", "oauth", "passphrase", "passw"),
    *("secret", "sessid", "session", "signature"),
)
"""What makes a word a credential's wherever it stands in it, since words are written together: `clientsecret`, `jsessionid`."""
_HINTS = (
    *("auth", "bearer", "cookie", "cred", "csrf", "hmac", "jwt", "key", "otp", "pass", "pwd", "saml", "sas", "secret", "sess"),
    *("sid", "sig", "token", "xsrf"),
)
"""One of these is in each name of a credential, except those of `_WHOLE`."""
_OF_KEYS = (
    *("access", "account", "admin", "api", "app", "auth", "client", "encryption", "function", "host", "license", "master"),
    *("org", "pass", "private", "project", "secret", "security", "service", "shared", "signing", "ssh", "storage"),
    *("subscription", "user", "virtual"),
)
"""What makes `key` at the end of one word a credential (`subscriptionkey`, but not `monkey`), and `keys` one in any case."""
_OF_TOKENS = frozenset({"access", "api", "auth", "bearer", "id", "identity", "oauth", "refresh", "secret", "security", "session"})
"""What makes `tokens` credentials: elsewhere they are counted."""
_NO_KEY = frozenset(
    {
        *("cache", "dedup", "deduplication", "event", "foreign", "group", "hot", "idempotency", "index", "object", "order"),
        *("partition", "primary", "routing", "row", "shard", "socket", "sort", "translation", "websocket"),
    }
)
"""What stands before a `key` that is none."""
_NO_TOKEN = frozenset(
    {
        *(
            "audio",
            "bos",
            "budget",
            "cached",
            "completion",
            "continuation",
            "cursor",
            "draft",
            "end",
            "eos",
            "first",
            "generated",
        ),
        *("image", "input", "last", "limit", "mask", "max", "min", "new", "next", "num", "output", "pad", "page", "per", "prev"),
        *(
            "previous",
            "prompt",
            "reasoning",
            "remaining",
            "reset",
            "special",
            "start",
            "stop",
            "text",
            "thinking",
            "total",
            "unk",
        ),
    }
)
"""What stands before a `token` that is a piece of a text, or the place at which a list goes on."""
_ABOUT = frozenset(
    {
        *("algorithm", "budget", "bytes", "count", "counts", "details", "enabled", "endpoint", "expiry", "format", "header"),
        *(
            "length",
            "limit",
            "limits",
            "logprobs",
            "method",
            "mode",
            "policy",
            "prefix",
            "probs",
            "rate",
            "required",
            "retention",
        ),
        *("scheme", "seconds", "size", "status", "timeout", "ttl", "type", "uri", "url", "usage", "version"),
    }
)
"""Last words of names that describe a credential, or count pieces."""
_MEMBER = re.compile(r"[^&#]+")
_INNER = re.compile(r"[^;?&#\s]+")
_PARAMETER = re.compile(r";([^;/=]+)=([^;/]*)")
"""A parameter of a segment of the path (RFC 3986, 3.3)."""
_USERINFO = re.compile(r"^([a-zA-Z][a-zA-Z0-9+.-]*://)([^/?#@]*)@")
_NAMED = re.compile(
    r"(?<![A-Za-z0-9_.%-])([A-Za-z%][A-Za-z0-9_.%\[\]-]{0,63})(?:\s?[=:]\s?|[\"']\s?[:,]\s?b?[\"']|%3[Dd])(?:(?:Bearer|Basic)\s{1,4})?"
)
_VALUE = re.compile(r"[^\s&\"',;<>()]{8,}")
REDACTED = "redacted"


def is_secret(name: str) -> bool:
    """Whether `name` (of a header field, or of a query or form member as it was sent) is a credential's."""
    return _is_secret(name[:_LONGEST])


@lru_cache(maxsize=1024)
def _is_secret(name: str) -> bool:
    name = _plain(name)
    lower = name.lower()
    unbroken = _LETTERS.findall(lower)
    if len(unbroken) == 1 and unbroken[0] in _WHOLE:
        return True
    if not any(hint in lower for hint in _HINTS):
        return False
    words = [word.lower() for word in _WORD.findall(name)]
    if len(words) > 1 and words[-1] in _ABOUT:
        return False
    return any(stem in lower for stem in _STEMS) or _counts_as_secret(words) or _counts_as_secret(unbroken)


def crowded(address: str) -> bool:
    """Whether an address holds more names than are looked at one by one; no client's does."""
    return address.count("%") > MOST_CODES or sum(map(_plain(address).count, "=&;")) > MOST_MARKS


def secrets_in(target: str) -> list[bytes]:
    """The credentials in a target: of its query's members, its path's parameters and its userinfo, as sent and without
    percent-coding.
    """
    path, _, query = target.partition("?")
    values = [value for member in _MEMBER.findall(query) for value in _secrets(member)]
    values += [value for name, value in _PARAMETER.findall(path) if is_secret(name)]
    values += [part for found in _USERINFO.finditer(path) for part in (found[2], found[2].partition(":")[2])]
    raw = {value.encode("latin-1", "replace") for value in values}
    decoded = {unquote_to_bytes(value) for each in raw for value in (each, each.replace(b"+", b" "))}
    return sorted((raw | decoded) - {b""})


def without_secrets(target: str) -> str:
    """The target with `redacted` for each credential in it, also where one stands in a query inside a value; no userinfo.

    Of a crowded one only the path is left.
    """
    if not {"?", "@", ";"} & set(target):
        return target
    if crowded(target):
        path = _BARE.split(target, 1)[0]
        return f"{path if '@' not in target else ''}?{REDACTED}"
    path, mark, query = target.partition("?")
    path = _PARAMETER.sub(_parameter, _USERINFO.sub(r"\1", path))
    return path + mark + _MEMBER.sub(_member, query)


def without_said(line: str) -> str:
    """A line of a log with `redacted` for each value of eight characters or more behind a credential's name, however it is
    written there: in an address, as a header field, in JSON, or as Python shows pairs.
    """
    parts, done = [], 0
    for found in _NAMED.finditer(line):
        value = _VALUE.match(line, found.end()) if found.start() >= done and is_secret(found[1]) else None
        if value:
            parts += [line[done : value.start()], REDACTED]
            done = value.end()
    return "".join((*parts, line[done:]))


def _plain(name: str) -> str:
    """The name without percent-coding."""
    for _ in range(_ROUNDS):
        if "%" not in name:
            break
        name = unquote(name, errors="replace")
    return name


def _counts_as_secret(words: list[str]) -> bool:
    return any(_is_secret_word(word, words[place - 1] if place else "") for place, word in enumerate(words))


def _is_secret_word(word: str, before: str) -> bool:
    """Whether one word, behind the word `before`, makes a name a credential's."""
    if word in _WORDS:
        return True
    if word in {"key", "token"}:
        return before not in (_NO_KEY if word == "key" else _NO_TOKEN)
    if word in {"keys", "tokens"}:
        return before in (_OF_KEYS if word == "keys" else _OF_TOKENS)
    if word.endswith("key"):
        return word[:-3].endswith(_OF_KEYS)
    return word.endswith("token") and not word[:-5].endswith(tuple(_NO_TOKEN))


def _secrets(member: str) -> list[str]:
    """The values of credentials in one member `name=value`: its own, or those of a query inside the value."""
    name, mark, value = member.partition("=")
    if not mark:
        return []
    if is_secret(name):
        return [value]
    return [inner for part in _INNER.findall(_plain(value)) for inner in _inner(part)]


def _inner(part: str) -> list[str]:
    name, mark, value = part.partition("=")
    return [value] if mark and is_secret(name) else []


def _member(found: re.Match[str]) -> str:
    name, mark, _ = found[0].partition("=")
    return f"{name}{mark}{REDACTED}" if _secrets(found[0]) else found[0]


def _parameter(found: re.Match[str]) -> str:
    return f";{found[1]}={REDACTED}" if is_secret(found[1]) else found[0]
