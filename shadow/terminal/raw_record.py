"""The stored bytes of a pair's sides, and a command that sends its request again, which never holds a key.

Recorded bytes are as the body policy and the redaction left them; on a terminal their controls are shown by name.
"""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping

from proxy.routing.header_rules import is_credential
from proxy.routing.provider_origin import parse_base_url
from shadow.presentation.visible_text import plain
from shadow.privacy.privacy_policy import row_of
from shadow.report.evident_signals import EvidentSignals
from shadow.settings.config_errors import ConfigError, meant, quoted
from shadow.settings.top_level_config import Config
from shadow.terminal.answers_text import id_error
from storage.rows import ExchangeRow, PairFilter
from storage.store import Reader

SIDES = ("request", "response", "reference", "control")
INLINE = 8_000
"""Most characters of a body that stand in the command; a larger one is piped in."""
_SENT_AGAIN = frozenset({"content-type", "accept", "anthropic-version", "anthropic-beta", "openai-beta"})
"""Fields that a provider needs to read the request; all others are the client's own."""
_FOR_X_API_KEY = "anthropic-version"


def latest_id(reader: Reader, verdicts: Callable[[], EvidentSignals]) -> str:
    """The id of the newest pair that is evidence, else of the newest pair; ConfigError without any. `verdicts`, which reads all
    records, is called only where a pair may be evidence.
    """
    newest = reader.pairs(PairFilter(limit=1))
    if not newest:
        raise ConfigError(["latest: nothing was compared yet"])
    if not reader.pairs(PairFilter(evidence=True, limit=1)):
        return newest[0].pair.id
    evident = reader.pairs(PairFilter(evidence=True, standing=verdicts().standing, limit=1))
    return (evident or newest)[0].pair.id


def raw_bytes(reader: Reader, part: str, side: str) -> bytes:
    """The stored body of one side of a pair or answer; ConfigError for a side that there is not, or that was not kept."""
    if side not in SIDES:
        raise ConfigError([f"--raw: no such side: {quoted(side)}{meant(side, SIDES)}"])
    row = _row(reader, part, "" if side in {"request", "response"} else side)
    body = row.request_body if side == "request" else row.response_body
    if body is None:
        raise ConfigError([f"--raw {side}: the body of {row.id} was not kept (storage.bodies)"])
    return body


def write_raw(body: bytes) -> None:
    """Write the bytes as they are to a file or pipe; to a terminal as text, controls by name."""
    sys.stdout.flush()
    if sys.stdout.isatty():
        sys.stdout.write(plain(body.decode("utf-8", "replace")) + "\n")
        return
    sys.stdout.buffer.write(body)
    sys.stdout.buffer.flush()


def curl_command(reader: Reader, part: str, config: Config, options: str = "") -> str:
    """The request as a command of a shell; its key is the value of an environment variable, which the command names."""
    row = _row(reader, part, "")
    if row.request_body is None:
        raise ConfigError([f"--curl: the request body of {row.id} was not kept (storage.bodies)"])
    text = row.request_body.decode("utf-8", "replace")
    inline = len(text) <= INLINE and plain(text) == text and text.encode() == row.request_body
    lines = [*_curl(row, config), f"--data-raw {shlex.quote(text)}" if inline else "--data-binary @-"]
    command = " \\\n  ".join(lines)
    return command if inline else f"sameweights show {row.id} --raw request{options} | {command}"


def _curl(row: ExchangeRow, config: Config) -> Iterator[str]:
    provider = config.proxy.providers.get(row.provider)
    key = (provider.api_key_env if provider else "") or "API_KEY"
    address = _address(provider.base_url if provider else "https://PROVIDER/v1", row.target)
    yield f"curl -sS -X {shlex.quote(plain(row.method))} {shlex.quote(plain(address))}"
    headers = {name.lower(): value for name, value in _headers(row).items()}
    yield f'-H "x-api-key: ${key}"' if _FOR_X_API_KEY in headers else f'-H "Authorization: Bearer ${key}"'
    for name, value in headers.items():
        if name in _SENT_AGAIN and not is_credential(name):
            yield f"-H {shlex.quote(plain(f'{name}: {value}'))}"


def _headers(row: ExchangeRow) -> Mapping[str, str]:
    return dict(json.loads(row.request_headers or "[]"))


def _address(base_url: str, target: str) -> str:
    """The provider's address for a recorded target, without the name of a provider before its `/v1` and without the query, which
    may hold a secret.
    """
    path = target.partition("?")[0]
    _, version, rest = path.partition("/v1/")
    origin = parse_base_url(base_url)
    return f"{'https' if origin.tls else 'http'}://{origin.authority}{origin.target(f'/v1/{rest}' if version else path)}"


def _row(reader: Reader, part: str, side: str) -> ExchangeRow:
    pair = reader.pair(part)
    names = {"": part, "reference": "", "control": ""}
    if pair is not None:
        names = {"": pair.subject_id, "reference": pair.reference_id, "control": pair.control_id}
    name = names[side]
    if side and not name:
        raise ConfigError([f"--raw {side}: {quoted(part)} has no {side}"])
    row = row_of(reader, name)
    if row is None:
        raise id_error(reader, part)
    return row
