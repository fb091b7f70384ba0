"""Peers that keep to HTTP loosely, and heads that two readers could read differently: each decision of docs/reference/http.md."""

import ssl

import pytest
import trustme

from proxy.exchange import FailureKind
from tests.wires import STREAM_HEAD, ask, client, get, ok, plane, post, scripted

pytestmark = [pytest.mark.journey, pytest.mark.promise("framing.lenient")]

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
PASSES = {
    "a padded chunk size": CHUNKED + b"3 \r\nabc\r\n0   \r\n\r\n",
    "a chunk size padded with a tab": CHUNKED + b"3\r\nabc\r\n3\t\r\nabc\r\n0\r\n\r\n",
    "leading zeros": CHUNKED + b"0003\r\nabc\r\n000\r\n\r\n",
    "white space around an extension": CHUNKED + b'3 ; a = "b c" \r\nabc\r\n0;x\r\n\r\n',
    "an extension behind a tab, and a trailer": CHUNKED + b"3\t;\ta\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n",
    "an empty reason": b"HTTP/1.1 200 \r\nContent-Length: 3\r\n\r\nabc",
    "bytes beyond ASCII in a reason": b"HTTP/1.1 200 \xc3\xa9\r\nContent-Length: 3\r\n\r\nabc",
    "white space around a length": b"HTTP/1.1 200 OK\r\nContent-Length:\t3 \r\n\r\nabc",
}


async def kept(answer: bytes) -> tuple[bytes, object]:
    """What a client gets when a provider sends `answer`, and the exchange."""
    async with scripted(None, answer) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(post(b"{}", close=False))
        got = await asked.exactly(len(answer))
        return got, await running.kept.next()


@pytest.mark.parametrize("answer", PASSES.values(), ids=PASSES)
async def test_odd_but_unambiguous_response_passes_unchanged(answer):
    got, exchange = await kept(answer)
    assert got == answer
    assert exchange.failure is None
    assert exchange.response.body.replace(b"abc", b"") == b""


@pytest.mark.parametrize("cut", range(1, 40, 2))
async def test_an_odd_answer_cut_anywhere_reads_the_same(cut):
    answer = PASSES["white space around an extension"]

    async def script(wire):
        await wire.request()
        at = len(CHUNKED) + cut
        await wire.send(answer[:at])
        await wire.send(answer[at:])
        await wire.gone()

    async with scripted(script) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(post(b"{}", close=False))
        assert await asked.exactly(len(answer)) == answer
        assert (await running.kept.next()).failure is None


async def test_two_equal_lengths_reach_the_client_as_one():
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX: 1\r\ncontent-length: 3\r\n\r\nabc"
    async with scripted(None, answer) as provider, plane(provider.url) as running:
        got = await ask(running.port, post(b"{}"))
        assert got == b"HTTP/1.1 200 OK\r\nX: 1\r\ncontent-length: 3\r\nConnection: close\r\n\r\nabc"


async def test_a_204_in_chunks_has_no_body_and_its_connection_is_not_used_again():
    answer = b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    async with scripted(None, answer, ok(b"next")) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(post(b"{}", close=False))
        assert await asked.until(b"\r\n\r\n") == b"HTTP/1.1 204 No Content\r\n\r\n"
        await asked.send(get())
        assert (await asked.rest()).endswith(b"next")
        assert provider.connections == 2


REFUSED = {
    "a tab behind the coding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\t\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    "a tab before the coding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding:\tchunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    "two codings": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "a list of lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 3, 3\r\n\r\nabc",
    "bare line feeds": b"HTTP/1.1 200 OK\nContent-Length: 3\n\nabc",
    "one bare line feed": b"HTTP/1.1 200 OK\r\nContent-Length: 3\nX: 1\r\n\r\nabc",
    "a bell in the reason": b"HTTP/1.1 200 O\x07K\r\nContent-Length: 3\r\n\r\nabc",
    "an escape in the reason": b"HTTP/1.1 200 \x1b[2J\r\nContent-Length: 3\r\n\r\nabc",
    "a return in the reason": b"HTTP/1.1 200 O\rK\r\nContent-Length: 3\r\n\r\nabc",
}


@pytest.mark.parametrize("answer", REFUSED.values(), ids=REFUSED)
async def test_ambiguous_response_is_a_502_at_once(answer):
    async def script(wire):
        await wire.request()
        await wire.send(answer)
        await wire.gone()

    async with scripted(script) as provider, plane(provider.url) as running:
        assert (await ask(running.port, post(b"{}"))).startswith(b"HTTP/1.1 502 ")
        assert (await running.kept.next()).failure.kind is FailureKind.MALFORMED


@pytest.mark.parametrize(
    "more", [b"", b"Upgrade: h2c\r\nConnection: Upgrade\r\n", b"Upgrade: websocket\r\nConnection: Upgrade\r\n"]
)
@pytest.mark.parametrize("coding", [b"chunked\t", b"\tchunked\t", b"chunked \t"])
async def test_transfer_coding_followed_by_a_tab_is_refused(coding, more):
    head = b"POST /v1/x HTTP/1.1\r\nHost: localhost\r\n" + more + b"Transfer-Encoding: " + coding + b"\r\n\r\n"
    async with scripted(None, ok()) as provider, plane(provider.url) as running:
        assert (await ask(running.port, head + b"3\r\nabc\r\n0\r\n\r\n")).startswith(b"HTTP/1.1 400 ")
        assert provider.connections == 0


CHUNKED_REQUEST = b"POST /v1/x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize("size", [b"3 ", b"3\t", b"0003", b"3 ;a", b"3; a", b"3;a =b", b"3;a= b", b'3 ; a = "b c" '])
async def test_white_space_in_the_chunk_framing_of_a_request_is_read_and_not_sent_on(size):
    async with scripted(None, ok()) as provider, plane(provider.url) as running:
        answer = await ask(running.port, CHUNKED_REQUEST + size + b"\r\nabc\r\n0 \r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert provider.requests[0].partition(b"\r\n\r\n")[2] == b"3\r\nabc\r\n0\r\n\r\n"


@pytest.mark.parametrize("size", [b" 3", b"3 a", b"3\r", b"3;\ra", b"3;\x01", b"3\x0b", b"3\x0c"])
async def test_white_space_elsewhere_in_the_chunk_framing_of_a_request_is_refused(size):
    async with scripted(None, ok()) as provider, plane(provider.url) as running:
        answer = await ask(running.port, CHUNKED_REQUEST + size + b"\r\nabc\r\n0\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert provider.connections == 0


ABSOLUTE = [
    (b"http://127.0.0.1:8080/v1/models?a=/b", b"127.0.0.1:8080", b"/v1/models?a=/b"),
    (b"HTTP://LocalHost/v1/models", b"localhost", b"/v1/models"),
    (b"https://localhost/candidate/v1/models", b"localhost", b"/v1/models"),
    (b"http://proxy/v1/models", b"proxy", b"/v1/models"),
    (b"http://localhost", b"localhost", b"/"),
    (b"http://localhost?x", b"localhost", b"/?x"),
]


@pytest.mark.parametrize(("target", "host", "sent"), ABSOLUTE)
async def test_an_absolute_target_is_taken_as_its_path(target, host, sent):
    request = b"GET " + target + b" HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\n\r\n"
    async with scripted(None, ok()) as provider, plane(provider.url) as running:
        assert (await ask(running.port, request)).startswith(b"HTTP/1.1 200 ")
        assert provider.requests[0].startswith(b"GET " + sent + b" HTTP/1.1\r\nHost: 127.0.0.1:")


MISDIRECTED = [
    (b"http://other.example/v1/x", b"localhost", 400),
    (b"http://other.example/v1/x", b"other.example", 421),
    (b"http://localhost:81/v1/x", b"localhost:80", 400),
    (b"http://me@localhost/v1/x", b"localhost", 400),
    (b"ftp://localhost/v1/x", b"localhost", 400),
    (b"localhost/v1/x", b"localhost", 400),
    (b"http:///v1/x", b"localhost", 400),
    (b"*", b"localhost", 400),
]


@pytest.mark.parametrize(("target", "host", "status"), MISDIRECTED)
async def test_a_target_of_another_server_is_refused(target, host, status):
    request = b"GET " + target + b" HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\n\r\n"
    async with scripted(None, ok()) as provider, plane(provider.url) as running:
        assert (await ask(running.port, request)).startswith(b"HTTP/1.1 %d " % status)
        assert provider.connections == 0


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"FOO /v1/x HTTP/1.1", 501),
        (b"get /v1/x HTTP/1.1", 501),
        (b"G@T /v1/x HTTP/1.1", 400),
        (b"FOO /v1/x HTTP/3.0", 400),
        (b"FOO", 400),
    ],
)
async def test_an_unknown_method_is_a_501_and_garbage_is_a_400(line, status):
    async with scripted(None, ok()) as provider, plane(provider.url) as running:
        assert (await ask(running.port, line + b"\r\nHost: localhost\r\n\r\n")).startswith(b"HTTP/1.1 %d " % status)
        assert provider.connections == 0


UNTIL_CLOSE = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nhalf"


@pytest.mark.parametrize("notified", [True, False])
async def test_a_body_until_close_is_whole_over_tls_only_with_close_notify(notified):
    authority, served, trusted = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("localhost").configure_cert(served)
    authority.configure_trust(trusted)

    async def script(wire):
        await wire.request()
        await wire.send(UNTIL_CLOSE)
        if not notified:
            wire.writer.get_extra_info("socket").shutdown(1)
            await wire.gone()

    async with scripted(script, ssl=served) as provider:
        url = provider.url.replace("http://127.0.0.1", "https://localhost")
        async with plane(url, tls=trusted) as running, client(running.port) as asked:
            await asked.send(post(b"{}"))
            try:
                got = await asked.rest()
            except ConnectionError:
                got = asked.read()
            failure = (await running.kept.next()).failure
            assert got.endswith(b"\r\n\r\nhalf")
            assert (failure is None) is notified
            assert notified or (failure.kind is FailureKind.CLOSED and "close_notify" in failure.detail)


async def test_a_stream_that_ends_with_its_last_chunk_needs_no_close_notify():
    got, exchange = await kept(STREAM_HEAD + b"3;x= y\r\nabc\r\n0\r\n\r\n")
    assert got.endswith(b"0\r\n\r\n")
    assert exchange.failure is None
