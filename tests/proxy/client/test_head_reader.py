"""proxy.client.head_reader: two readers that must agree on a head; what they refuse is never quoted."""

import re

import pytest
from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from hypothesis import example, given
from hypothesis import strategies as st

from proxy.client.head_reader import MOST_FIELDS, beginning_fault, read_request_head
from proxy.errors import RequestError
from tests.heads import HOST, raw_head

SECRET = b"sk-not-to-be-repeated"


def test_a_head_is_read_into_its_parts_without_the_white_space_around_values():
    raw = b"POST  /v1/x?a=1  HTTP/1.1\r\nHost: h\r\nX-A:\t b c \t\r\nX-B:\r\n\r\n"
    head = read_request_head(raw)
    assert (head.method, head.target, head.version, head.size) == ("POST", "/v1/x?a=1", (1, 1), len(raw))
    assert head.pairs == [(b"Host", b"h"), (b"X-A", b"b c"), (b"X-B", b"")]


@pytest.mark.parametrize("upgrade", ["h2c", "websocket"])
def test_head_with_an_upgrade_is_valid(upgrade):
    raw = raw_head(HOST, (b"Connection", b"Upgrade"), (b"Upgrade", upgrade.encode()), method="GET")
    assert len(read_request_head(raw).pairs) == 3


REFUSED = {
    "an unknown method": (b"BREW /v1/x HTTP/1.1\r\nHost: h\r\nA: " + SECRET + b"\r\n\r\n", 501),
    "an unknown method of HTTP/1.0": (b"BREW /v1/x HTTP/1.0\r\n\r\n", 501),
    "an unknown method of another version": (b"BREW /v1/x HTTP/2.0\r\n\r\n", 400),
    "TLS": (b"\x16\x03\x01\x02\r\n\r\n", 400),
    "no target": (b"GET HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    "a secret in the place of a field": (b"GET / HTTP/1.1\r\nHost: h\r\n" + SECRET + b"\r\n\r\n", 400),
    "two hosts": (raw_head(HOST, HOST), 400),
    "no host": (b"GET / HTTP/1.1\r\nX: 1\r\n\r\n", 400),
    "a host with a space": (raw_head((b"Host", b"a b")), 400),
    "a host with a path": (raw_head((b"Host", b"a/b")), 400),
    "a host with a user": (raw_head((b"Host", b"me@a")), 400),
    "two types": (raw_head((b"Content-Type", b"a/b"), (b"content-type", b"c/d")), 400),
    "two codings": (raw_head((b"Transfer-Encoding", b"chunked"), (b"Transfer-Encoding", b"chunked")), 400),
    "a tab behind the coding": (
        raw_head((b"Transfer-Encoding", b"chunked\t"), (b"Connection", b"Upgrade"), (b"Upgrade", b"h2c")),
        400,
    ),
    "a length and chunks": (raw_head((b"Content-Length", b"3"), (b"Transfer-Encoding", b"chunked")), 400),
    "a fold": (b"GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n c\r\n\r\n", 400),
    "bytes behind the head": (raw_head() + b"X", 400),
}


@pytest.mark.parametrize(("raw", "status"), REFUSED.values(), ids=REFUSED)
def test_each_kind_of_bytes_has_its_status_and_none_is_quoted(raw, status):
    with pytest.raises(RequestError) as raised:
        read_request_head(raw)
    assert raised.value.status == status
    assert SECRET not in raised.value.body()


@pytest.mark.parametrize("host", [b"h", b"", b"127.0.0.1:8080", b"[::1]:8080", b"my_service", b"x.example.", b"a-b.c%20d"])
def test_a_name_or_an_address_with_or_without_a_port_is_a_host(host):
    assert read_request_head(raw_head((b"Host", host))).pairs == [(b"Host", host)]


@pytest.mark.parametrize(("count", "passes"), [(2_000, True), (2_001, False)])
def test_a_head_of_more_than_2000_fields_is_refused_with_431(count, passes):
    assert MOST_FIELDS == 2_000
    raw = raw_head(*[(b"X", b"1")] * (count - 1))
    if passes:
        assert len(read_request_head(raw).pairs) == count
    else:
        with pytest.raises(RequestError) as raised:
            read_request_head(raw)
        assert raised.value.status == 431


@pytest.mark.parametrize(
    ("begun", "broken"),
    [
        (b"G", False),
        (b"GET / HTTP/1.1\r\nHo", False),
        (b"\r", False),
        (b"\x16\x03", True),
        (b" GET", True),
        (b"GET / HTTP/1.1\n", True),
    ],
)
def test_a_beginning_that_can_become_no_head_is_known_at_once(begun, broken):
    assert (beginning_fault(begun, 0) is not None) is broken


class LlhttpSees:
    """What llhttp makes of bytes."""

    def __init__(self, raw):
        self.url, self.pairs, self.error = b"", [], False
        parser = HttpRequestParser(self)
        try:
            parser.feed_data(raw)
        except HttpParserUpgrade:
            pass
        except HttpParserError:
            self.error = True
        self.method = parser.get_method()

    def on_url(self, part):
        self.url += part

    def on_header(self, name, value):
        self.pairs.append((name, value.strip(b" \t")))


TOKEN = st.sampled_from([b"Host", b"X-A", b"content-length", b"Transfer-Encoding", b"x", b"Connection", b"Upgrade"])
VALUE = st.sampled_from(
    [b"", b"h", b"5", b"chunked", b"a b", b"\ta\t", b"\xff", b"close", b"websocket", b"a\x00", b"a\rb", b"a\nb"]
)
SEPARATOR = st.sampled_from([b": ", b":", b" :", b":\t", b"", b":\r\n "])
END = st.sampled_from([b"\r\n", b"\n", b"\r", b"\r\r\n", b" \r\n"])
LINE = st.sampled_from(
    [b"GET / HTTP/1.1", b"POST  /x HTTP/1.1", b"GET / HTTP/1.0", b"get / HTTP/1.1", b"GET /\t HTTP/1.1", b"GET / HTTP/1.2"]
)
HEADS = st.tuples(LINE, END, st.lists(st.tuples(TOKEN, SEPARATOR, VALUE, END).map(b"".join), max_size=5).map(b"".join), END)


@given(HEADS.map(b"".join))
@example(raw_head(HOST, (b"Content-Length", b"5")))
def test_a_head_that_is_read_is_read_by_llhttp_to_the_same_parts_and_by_no_line_otherwise(raw):
    try:
        head = read_request_head(raw)
    except RequestError:
        return
    seen = LlhttpSees(raw)
    assert not seen.error
    assert (seen.method.decode(), seen.url.decode(), seen.pairs) == (head.method, head.target, list(head.pairs))
    assert raw.endswith(b"\r\n\r\n")
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)|\n[ \t]|\x00", raw)


@pytest.mark.parametrize(
    ("begun", "seen", "fault"),
    [
        (b"G", 0, False),
        (b"\r", 0, False),
        (b"\rG", 0, True),
        (b" G", 0, True),
        (b"GET / HTTP/1.1\r\nA", 0, False),
        (b"GET / HTTP/1.1\nA", 0, True),
        (b"GET /\r\nA: b\r", 9, False),
        (b"GET /\n", 6, True),
        (b"GET /\r\n", 7, False),
    ],
)
def test_what_is_wrong_with_a_beginning_is_found_behind_what_was_looked_at_before(begun, seen, fault):
    found = beginning_fault(begun, seen)
    assert (found is not None) is fault
    assert not fault or (found.status, found.code) == (400, "bad_request")


@pytest.mark.parametrize(
    ("raw", "status", "code", "why"),
    [
        (b"BREW / HTTP/1.1\r\nHost: h\r\n\r\n", 501, "unknown_method", "not supported"),
        (b"BREW / HTTP/2.0\r\nHost: h\r\n\r\n", 400, "bad_request", "not valid HTTP/1"),
        (b"GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", 400, "bad_request", "has host more than once"),
        (b"GET / HTTP/1.1\r\nA: b\r\n\r\n", 400, "bad_request", "names no host"),
        (b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, "bad_request", "not a valid host"),
        (b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:\tchunked\r\n\r\n", 400, "bad_request", "is ambiguous"),
    ],
)
def test_a_head_that_is_refused_says_why(raw, status, code, why):
    with pytest.raises(RequestError, match=why) as raised:
        read_request_head(raw)
    assert (raised.value.status, raised.value.code) == (status, code)


def test_the_parts_of_a_head_are_those_that_were_sent():
    raw = b"POST  /x?y  HTTP/1.1\r\nHost: h \t\r\nA:\t\tb c\r\nB:\r\n\r\n"
    assert read_request_head(raw) == ("POST", "/x?y", (1, 1), [(b"Host", b"h"), (b"A", b"b c"), (b"B", b"")], len(raw))
    assert read_request_head(b"GET / HTTP/1.0\r\n\r\n") == ("GET", "/", (1, 0), [], 18)
