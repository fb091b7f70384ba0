"""OtlpDelivery: posts one encoded request to an OTLP endpoint over HTTP, gzipped, and tries again where OTLP provides for it.

An address or a field of a request may be a secret, so only the host is logged.
"""

from __future__ import annotations

import asyncio
import gzip
import ssl
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

import aiohttp
import structlog

log = structlog.get_logger("sameweights.otel")

TRACES, LOGS = "/v1/traces", "/v1/logs"
PAUSES = (1.0, 5.0, 15.0)
"""Seconds between two attempts of one request; after the last one its spans are dropped."""
LONGEST_PAUSE = 30.0
"""Most seconds of a `Retry-After` that are waited."""
TIMEOUT = aiohttp.ClientTimeout(total=10.0)
AGAIN = frozenset({429, 502, 503, 504})
"""Statuses after which a request may be sent again (OTLP 1.x, "Retryable Response Codes")."""
LONGEST_ANSWER = 65_536
"""Bytes of the answer to an accepted request that are read; a longer one is no message of OTLP to us."""


class Delivered(NamedTuple):
    """What became of one request: `body` of an accepted one; otherwise why not, and whether the endpoint refused it."""

    body: bytes = b""
    why: str = ""
    refused: bool = False


class OtlpDelivery:
    """Requests to `endpoint`, an address without /v1/traces; `headers` are added to each.

    `proxy` is the URL of the outbound proxy, `tls` the certificates that are trusted where they are not the system's alone.
    """

    def __init__(
        self,
        endpoint: str,
        headers: Mapping[str, str],
        *,
        proxy: str = "",
        tls: ssl.SSLContext | None = None,
        pauses: Sequence[float] = PAUSES,
    ) -> None:
        self._endpoint = endpoint.rstrip("/")
        self._headers = {"User-Agent": "sameweights", "Content-Type": "application/x-protobuf", "Content-Encoding": "gzip"}
        self._headers |= headers
        self._proxy = proxy
        self._tls = tls
        self._pauses = pauses
        self._session: aiohttp.ClientSession | None = None
        self._failing = False
        self.host = urlsplit(endpoint).hostname or ""
        """The host of the endpoint, for the log."""

    def __repr__(self) -> str:
        return f"<OtlpDelivery {self.host} failing={self._failing}>"

    async def send(self, path: str, body: bytes) -> Delivered:
        """Post `body`, again after pauses while the endpoint does not answer or is overloaded."""
        packed = await asyncio.to_thread(gzip.compress, body, 1)
        for pause in (*self._pauses, None):
            result, wait = await self._post(path, packed)
            self._note(path, result)
            if not result.why or result.refused or pause is None:
                return result
            await asyncio.sleep(max(pause, min(wait, LONGEST_PAUSE)))
        raise AssertionError("the last attempt returns")

    async def close(self) -> None:
        """Close the connection."""
        if self._session is not None:
            await self._session.close()

    async def _post(self, path: str, packed: bytes) -> tuple[Delivered, float]:
        """The result of one attempt, and the seconds that the endpoint requests before the next."""
        if self._session is None:
            connector = aiohttp.TCPConnector(ssl=self._tls or True, limit=2)
            self._session = aiohttp.ClientSession(timeout=TIMEOUT, connector=connector, proxy=self._proxy or None)
        address = f"{self._endpoint}{path}"
        try:
            async with self._session.post(address, data=packed, headers=self._headers, allow_redirects=False) as response:
                # because OTLP 1.x names 200 alone, and gateways in front of a collector answer with 202 or 204
                if 200 <= response.status < 300:
                    return Delivered(body=await _whole(response.content)), 0.0
                wait = response.headers.get("Retry-After", "")
                again = response.status in AGAIN
                return Delivered(why=f"status {response.status}", refused=not again), float(wait) if wait.isdecimal() else 0.0
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            return Delivered(why=type(error).__name__, refused=isinstance(error, ValueError)), 0.0

    def _note(self, path: str, result: Delivered) -> None:
        """Log the first failure and the first success after it, not each."""
        if bool(result.why) == self._failing:
            return
        self._failing = bool(result.why)
        if self._failing:
            log.warning("otel_export_failed", host=self.host, path=path, error=result.why, effect="spans are dropped and counted")
        else:
            log.info("otel_export_recovered", host=self.host)


async def _whole(content: aiohttp.StreamReader) -> bytes:
    """The body, in however many segments it comes, up to the bound."""
    body = bytearray()
    while len(body) < LONGEST_ANSWER and (piece := await content.read(LONGEST_ANSWER - len(body))):
        body += piece
    return bytes(body)
