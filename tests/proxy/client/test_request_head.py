"""proxy.client.request_head: what a request head means, and what is refused of it."""

import gzip
import zlib
from contextlib import nullcontext
from types import SimpleNamespace

import pytest
from aiohttp.http_writer import HttpVersion11

from proxy.client.request_head import RequestHead
from proxy.errors import RequestError
from tests.wires import ask, get, plane

HOST, KEY, LENGTH = (b"Host", b"h"), (b"Authorization", b"Bearer sk-0123456789"), (b"Content-Length", b"5")


def message(*pairs, method="POST", path="/v1/chat/completions", version=HttpVersion11):
    return SimpleNamespace(method=method, path=path, version=version, raw_headers=tuple(pairs))


@pytest.mark.parametrize(("said", "passes"), [((b"100-continue", b"100-Continue "), True), ((b"100-continue", b"gold"), False)])
def test_an_expectation_may_be_repeated_but_not_joined_by_another(said, passes):
    head = RequestHead.parse(message(HOST, *((b"Expect", value) for value in said)))
    with nullcontext() if passes else pytest.raises(RequestError, match="100-continue"):
        head.check(1000)


def test_a_head_larger_than_the_limit_is_refused_with_431_at_each_check():
    head = RequestHead.parse(message(*[(b"X", b"1")] * 9))
    for _ in range(2):
        with pytest.raises(RequestError, match="larger than 20 bytes") as raised:
            head.check(20)
        assert raised.value.status == 431
    head.check(1000)


def test_two_lengths_are_refused_even_if_a_parser_lets_them_pass():
    with pytest.raises(RequestError, match="more than once"):
        RequestHead.parse(message(LENGTH, LENGTH)).check(1000)


def test_a_head_of_exactly_the_limit_passes_and_one_byte_more_does_not():
    head = RequestHead.parse(message((b"X", b"1" * 10), path="/v1"))  # 1 + 10 + 4 bytes of the field, 3 of the path
    with pytest.raises(RequestError, match="larger than 17 bytes"):
        head.check(17)
    head.check(18)


async def test_a_head_of_many_fields_beyond_the_limit_is_answered_by_431():
    async with plane("http://127.0.0.1:9/v1", limits={"head": 4096}) as running:
        fields = [b"X-%02d: %s" % (number, b"y" * 60) for number in range(90)]
        assert (await ask(running.port, get(b"/v1/x", *fields))).startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize(
    ("fields", "body", "looked_at"),
    [
        ([], b"{}", b"{}"),
        ([(b"Content-Encoding", b"identity")], b"{}", b"{}"),
        ([(b"Content-Encoding", b"GZIP")], gzip.compress(b"{}"), b"{}"),
        ([(b"Content-Encoding", b"deflate"), (b"Content-Encoding", b"gzip")], gzip.compress(zlib.compress(b"{}")), b"{}"),
        ([(b"Content-Encoding", b"gzip")], b"{}", b"\0"),
        ([(b"Content-Encoding", b"lzma")], b"{}", b"\0"),
    ],
)
def test_a_packed_body_is_looked_at_unpacked_and_is_no_json_where_that_cannot_be(fields, body, looked_at):
    assert RequestHead.parse(message(*fields)).looked_at(body) == looked_at


def test_its_picture_holds_no_field_and_no_query():
    head = RequestHead.parse(message(HOST, (b"Authorization", b"Bearer sk-0123456789"), path="/v1/x?api_key=in-the-query"))
    assert repr(head) == "<RequestHead POST /v1/x fields=2>"
