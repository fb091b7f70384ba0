"""Framing that two readers could read differently is refused, and not a byte of it goes upstream (classes of known suites)."""

import asyncio
import re

import pytest

from tests.running import PATIENCE
from tests.wires import client, ok, plane, scripted

pytestmark = pytest.mark.journey
HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nHost: proxy\r\n"
SMUGGLED = b"GET /v1/smuggled HTTP/1.1\r\nHost: proxy\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"


def with_fields(*fields: bytes, body: bytes = b"") -> bytes:
    return HEAD + b"".join(field + b"\r\n" for field in fields) + b"\r\n" + body


def _both() -> dict[str, bytes]:
    """Content-Length and Transfer-Encoding together, in either order, alone true or false."""
    made = {}
    for order in ("length first", "coding first"):
        for length in (b"0", b"4", b"44", b"999999"):
            fields = [b"Content-Length: " + length, b"Transfer-Encoding: chunked"]
            body = b"0\r\n\r\n" + SMUGGLED
            made[f"both, {order}, {length.decode()}"] = with_fields(
                *(fields if order == "length first" else fields[::-1]), body=body
            )
    return made


def _codings() -> dict[str, bytes]:
    values = [
        *(
            b"xchunked",
            b"chunked, identity",
            b"identity, chunked",
            b"gzip, chunked",
            b"chunked, chunked",
            b"chunked;q=1",
            b"chunked,",
        ),
        *(
            b",chunked",
            b"identity",
            b"gzip",
            b"CHUNKED, gzip",
            b'"chunked"',
            b"chunke\xc4\x91",
            b"chunked\x0b",
            b"\x0bchunked",
            b"chunked\x00",
        ),
        *(b"chunked x", b"x chunked", b"cow", b"", b"chunked, cow", b"[chunked]"),
    ]
    made = {f"coding {value!r}": with_fields(b"Transfer-Encoding: " + value, body=b"0\r\n\r\n" + SMUGGLED) for value in values}
    names = [
        *(
            b"Transfer-Encoding ",
            b" Transfer-Encoding",
            b"Transfer-Encoding\t",
            b"Transfer\x00-Encoding",
            b"Transfer-Encoding\x0b",
        ),
        *(b"Transfer Encoding", b"Transfer-Encoding\xa0", b"\x01Transfer-Encoding"),
    ]
    for name in names:
        body = b"0\r\n\r\n" + SMUGGLED
        made[f"coding named {name!r}"] = with_fields(b"Content-Length: 5", name + b": chunked", body=body)
    made["two codings"] = with_fields(b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity", body=b"0\r\n\r\n" + SMUGGLED)
    made["two codings, both chunked"] = with_fields(
        b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"
    )
    made["chunked from an old client"] = with_fields(CHUNKED[:-2], body=b"0\r\n\r\n" + SMUGGLED).replace(
        b"HTTP/1.1", b"HTTP/1.0", 1
    )
    return made


def _lengths() -> dict[str, bytes]:
    values = [
        *(
            b"+4",
            b"-4",
            b"4 4",
            b"4,4",
            b"4, 5",
            b"0x4",
            b"4.0",
            b"4e0",
            b"",
            b" ",
            b"four",
            b"\xc2\xb2",
            b"4\x00",
            b"4\x0b",
            b"1_0",
        ),
        *(b"9" * 30, b"0" * 30 + b"x", b"4;a", b'"4"', b"-0", b"\xd9\xa4"),
    ]
    made = {f"length {value[:12]!r}": with_fields(b"Content-Length: " + value, body=b"abcd" + SMUGGLED) for value in values}
    made["two lengths"] = with_fields(b"Content-Length: 4", b"Content-Length: 5", body=b"abcd" + SMUGGLED)
    made["two equal lengths"] = with_fields(b"Content-Length: 4", b"Content-Length: 4", body=b"abcd" + SMUGGLED)
    made["length with a space before its colon"] = with_fields(b"Content-Length : 4", body=b"abcd" + SMUGGLED)
    made["length on a folded line"] = with_fields(b"Content-Length:\r\n 4", body=b"abcd" + SMUGGLED)
    return made


def _chunks() -> dict[str, bytes]:
    bodies = {
        "no size": b"\r\nabc\r\n0\r\n\r\n",
        "a negative size": b"-3\r\nabc\r\n0\r\n\r\n",
        "a size with a plus": b"+3\r\nabc\r\n0\r\n\r\n",
        "a size in 0x": b"0x3\r\nabc\r\n0\r\n\r\n",
        "a size with an underscore": b"0_3\r\nabc\r\n0\r\n\r\n",
        "a size that is no number": b"zz\r\nabc\r\n0\r\n\r\n",
        "a size beyond 64 bits": b"f" * 17 + b"\r\nabc\r\n0\r\n\r\n",
        "a size beyond 64 bits that wraps": b"10000000000000003\r\nabc\r\n0\r\n\r\n",
        "a leading space": b" 3\r\nabc\r\n0\r\n\r\n",
        "a bare line feed after the size": b"3\nabc\r\n0\r\n\r\n",
        "a bare return after the size": b"3\rabc\r\n0\r\n\r\n",
        "a bare line feed after the data": b"3\r\nabc\n0\r\n\r\n",
        "too much data": b"3\r\nabcdef\r\n0\r\n\r\n",
        "too little data": b"5\r\nabc\r\n0\r\n\r\n",
        "an extension with a line feed": b"3;a\nb\r\nabc\r\n0\r\n\r\n",
        "an extension with a return": b"3;a\rb\r\nabc\r\n0\r\n\r\n",
        "a vertical tab": b"3\x0b\r\nabc\r\n0\r\n\r\n",
        "a size with a null": b"3\x00\r\nabc\r\n0\r\n\r\n",
        "arabic digits": b"\xd9\xa3\r\nabc\r\n0\r\n\r\n",
        "a last chunk of odd shape": b"3\r\nabc\r\n0x0\r\n\r\n",
    }
    return {f"chunk with {what}": HEAD + CHUNKED + b"\r\n" + body + SMUGGLED for what, body in bodies.items()}


def _fields() -> dict[str, bytes]:
    lines = {
        "a folded line": b"X-A: 1\r\n 2",
        "a folded line with a tab": b"X-A: 1\r\n\t2",
        "a name with a space": b"X A: 1",
        "a name with a space before the colon": b"X-A : 1",
        "no name": b": 1",
        "no colon": b"X-A",
        "a null in a value": b"X-A: 1\x002",
        "a return in a value": b"X-A: 1\r2",
        "a null in a name": b"X\x00A: 1",
        "a bracket in a name": b"X[A]: 1",
        "a name beyond ASCII": b"X-\xc3\xa9: 1",
        "a second host": b"Host: other",
        "a host of the same name": b"Host: proxy",
        "a quoted name": b'"X-A": 1',
        "a slash in a name": b"X/A: 1",
    }
    made = {f"field with {what}": with_fields(line, b"Content-Length: 0") for what, line in lines.items()}
    made["a space before the first field"] = b"POST /v1/x HTTP/1.1\r\n Host: proxy\r\nContent-Length: 0\r\n\r\n"
    made["no host"] = b"POST /v1/x HTTP/1.1\r\nContent-Length: 0\r\n\r\n"
    return made


def _lines() -> dict[str, bytes]:
    lines = {
        "a tab": b"GET\t/v1/x\tHTTP/1.1",
        "a space in the target": b"GET /v1/x y HTTP/1.1",
        "no version": b"GET /v1/x",
        "an old version": b"GET /v1/x HTTP/0.9",
        "a version to come": b"GET /v1/x HTTP/2.0",
        "a third digit": b"GET /v1/x HTTP/1.10",
        "a version in lower case": b"GET /v1/x http/1.1",
        "a null in the target": b"GET /v1/\x00x HTTP/1.1",
        "a return in the target": b"GET /v1/\rx HTTP/1.1",
        "a fragment-like method": b"G@T /v1/x HTTP/1.1",
        "an absolute target": b"GET http://other.example/v1/x HTTP/1.1",
        "an authority": b"GET other.example:443 HTTP/1.1",
        "a tunnel": b"CONNECT other.example:443 HTTP/1.1",
        "an asterisk": b"OPTIONS * HTTP/1.1",
        "a leading space": b" GET /v1/x HTTP/1.1",
        "the preface of HTTP/2": b"PRI * HTTP/2.0",
        "bytes beyond ASCII": b"GET /v1/\xff\xfe HTTP/1.1",
        "a space at its end": b"GET /v1/x HTTP/1.1 ",
    }
    return {f"request line with {what}": line + b"\r\nHost: proxy\r\n\r\n" for what, line in lines.items()}


REFUSED = {**_both(), **_codings(), **_lengths(), **_chunks(), **_fields(), **_lines()}


@pytest.mark.promise("framing.refused", "framing.count")
def test_corpus_has_more_than_a_hundred_classes_of_smuggling():
    assert len(REFUSED) >= 100


@pytest.mark.promise("framing.refused", "framing.nothing_upstream")
@pytest.mark.parametrize("payload", REFUSED.values(), ids=REFUSED.keys())
async def test_smuggling_attempt_is_refused_and_nothing_goes_upstream(payload):
    async with scripted(None, ok()) as provider, plane(provider.url, timeouts={"client_head": 0.3, "idle": 0.4}) as running:
        async with client(running.port) as asked:
            await asked.send(payload)
            got = b""
            try:
                got = await asked.rest()
            except (ConnectionError, TimeoutError):
                got += asked.read()
        assert got == b"" or got[9:10] in {b"4", b"5"}, got
        assert len(re.findall(rb"HTTP/1\.1 \d", got)) <= 1, got
        assert provider.requests == []
        assert provider.connections == 0


@pytest.mark.promise("framing.pipelined")
async def test_bytes_after_a_whole_request_are_only_the_next_request():
    first = b"POST /v1/a HTTP/1.1\r\nHost: proxy\r\nContent-Length: 3\r\n\r\nabc"
    second = b"POST /v1/b HTTP/1.1\r\nHost: proxy\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nGET\r\n0\r\n\r\n"
    last = b"GET /v1/c HTTP/1.1\r\nHost: proxy\r\nConnection: close\r\n\r\n"
    async with scripted(None, ok(b"x")) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(first + second + last)
        got = await asyncio.wait_for(asked.rest(), PATIENCE)
        assert got.count(b"HTTP/1.1 200 OK") == 3
        assert [request.split(b" ")[1] for request in provider.requests] == [b"/v1/a", b"/v1/b", b"/v1/c"]


@pytest.mark.promise("framing.clean")
@pytest.mark.parametrize("line", [b"GET  /v1/x HTTP/1.1", b"GET /v1/x  HTTP/1.1"])
async def test_leniently_read_request_line_is_forwarded_in_strict_form(line):
    request = line + b"\r\nHost: proxy\r\nConnection: close\r\n\r\n"
    async with scripted(None, ok()) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(request)
        await asked.rest()
        assert all(sent.startswith(b"GET /v1/x HTTP/1.1\r\nHost: 127.0.0.1:") for sent in provider.requests)
