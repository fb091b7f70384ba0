"""A credential under any name, in field, query or body, echoed by the provider in any coding, is kept and shown nowhere."""

import base64
import html
import json
import sqlite3
from contextlib import closing
from urllib.parse import quote

import aiohttp
import pytest

from tests.journeys.test_hostile_reference import JSON
from tests.journeys.test_whole_path_of_a_request import CONFIG
from tests.running import until
from tests.wires import ask, ok, scripted
from tests.wires import post as raw_post

pytestmark = [pytest.mark.journey, pytest.mark.promise("secrets.nowhere", "secrets.echoed")]

FIELDS = (
    *(
        b"Authorization: Bearer %b",
        b"X-Api-Key: %b",
        b"api-key: %b",
        b"Ocp-Apim-Subscription-Key: %b",
        b"x-portkey-virtual-key: %b",
    ),
    *(b"Cookie: theme=dark; sid=%b", b"X-Amz-Security-Token: %b", b"cf-aig-authorization: Bearer %b", b"X-Hub-Signature: %b"),
    b"x-portkey-virtual-key: %b",
    b"HTTP-Referer: https://app.example/?access_token=%b",
)
MEMBERS = (
    *(b"key", b"api_key", b"subscription-key", b"code", b"access-token", b"client_secret", b"x-api-key", b"%6Bey"),
    *(b"X-Amz-Signature", b"X-Amz-Credential", b"sig", b"SessionId", b"auth"),
)
SETTINGS = (
    lambda key: {"tools": [{"type": "mcp", "server_url": "https://x", "authorization": key}]},
    lambda key: {"tools": [{"type": "mcp", "headers": {"X-Auth-Token": key}}]},
    lambda key: {"data_sources": [{"type": "azure_search", "parameters": {"authentication": {"type": "api_key", "key": key}}}]},
    lambda key: {"mcp_servers": [{"url": "https://x", "authorization_token": key}]},
)
ECHOES = (
    lambda key: json.dumps(key)[1:-1],
    lambda key: "".join(f"\\u{ord(each):04x}" if each in "+&<=" else each for each in key),
    lambda key: json.dumps(key)[1:-1].replace("/", "\\/"),
    html.escape,
    lambda key: quote(key, safe=""),
    lambda key: quote(key, safe="/").replace("%2B", "%2b").replace("%3D", "%3d").replace("%3C", "%3c"),
)


def secret(number: int) -> str:
    return f"zqSecret{number:02d}/pl+us=eq&am<lt"


def body(**more) -> bytes:
    return json.dumps({"model": "m", "messages": [{"role": "user", "content": "hi"}], **more}).encode()


def requests() -> list[bytes]:
    """One for each place in which a credential can come, each with a secret of its own."""
    places = (*FIELDS, *MEMBERS, *SETTINGS)
    made = []
    for number, place in enumerate(places):
        raw = secret(number).encode()
        if place in FIELDS:
            value = quote(raw, safe="").encode() if b"?" in place else raw
            made.append(raw_post(body(), place % value))
        elif place in MEMBERS:
            made.append(raw_post(body(), target=b"/v1/chat/completions?v=1&%b=%b" % (place, quote(raw, safe="").encode())))
        else:
            made.append(raw_post(body(**place(secret(number)))))
    basic = base64.b64encode(b"user:" + secret(len(places)).encode())
    return [*made, raw_post(body(), b"Authorization: Basic " + basic)]


def echo(number: int) -> bytes:
    said = " ".join(code(secret(number)) for code in ECHOES)
    answer = ok(b'{"error":{"message":"Is it %b ?"}}' % said.encode(), JSON)
    return answer.replace(b"200 OK", b"401 Unauthorized", 1) if number % 2 else answer


def stored(served, count: int) -> list:
    """The exchanges in the store, their bodies unpacked, once there are `count`."""
    if not served.database.exists():
        return []
    with closing(sqlite3.connect(f"file:{served.database}?mode=ro", uri=True)) as conn:
        ids = [found for (found,) in conn.execute("SELECT id FROM exchanges")]
    with closing(served.reader) as reader:
        rows = [reader.exchange(each) for each in ids]
    return rows if len(rows) >= count else []


async def test_credential_of_any_name_echoed_in_any_coding_is_stored_nowhere(serve, tmp_path):
    sent = requests()
    async with scripted(None, *map(echo, range(len(sent)))) as candidate, scripted(None) as official:
        toml = CONFIG.format(candidate=candidate.url, official=official.url).replace("sample_rate = 1.0", "sample_rate = 0.0")
        async with serve(toml, env={"OFFICIAL_KEY": "x"}) as served, aiohttp.ClientSession() as session:
            port = int(served.data.rpartition(":")[2])
            for number, request in enumerate(sent):
                got = await ask(port, request)
                assert html.escape(secret(number)).encode() in got

            rows = await until(lambda: stored(served, len(sent)))
            shown = repr(rows) + await served.metrics()
            for path in (
                "/pairs?show=all",
                "/answers",
                *(f"/exchanges/{row.id}/{side}" for row in rows for side in ("request", "response")),
            ):
                async with session.get(served.admin + path) as page:
                    shown += await page.text()
        shown += "".join(served.errors)
        at_rest = b"".join(path.read_bytes() for path in tmp_path.rglob("served.db*"))
    assert sum(b"****" in row.response_body for row in rows) == len(sent)
    for number in range(len(sent)):
        name = f"zqSecret{number:02d}"
        assert name not in shown, [row for row in rows if name in repr(row)]
        assert name.encode() not in at_rest
