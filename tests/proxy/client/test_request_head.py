"""proxy.client.request_head: what a request head means, and what is refused of it."""

import gzip
import zlib
from contextlib import nullcontext

import pytest

from proxy.client.head_reader import RawHead, read_request_head
from proxy.client.request_head import RequestHead
from proxy.errors import RequestError
from tests.heads import HOST, LENGTH, raw_head
from tests.wires import ask, get, plane


def parsed(*pairs, **line):
    return RequestHead.parse(read_request_head(raw_head(*pairs, **line)))


@pytest.mark.parametrize(("said", "passes"), [((b"100-continue", b"100-Continue "), True), ((b"100-continue", b"gold"), False)])
def test_an_expectation_may_be_repeated_but_not_joined_by_another(said, passes):
    head = parsed(HOST, *((b"Expect", value) for value in said))
    with nullcontext() if passes else pytest.raises(RequestError, match="100-continue"):
        head.check()


FRAMINGS = {
    "more than once": (LENGTH, LENGTH),
    "in two ways": (LENGTH, (b"Transfer-Encoding", b"chunked")),
    "not a number": ((b"Content-Length", b"1" * 19),),
}


@pytest.mark.parametrize(("why", "pairs"), FRAMINGS.items(), ids=FRAMINGS)
def test_an_end_of_a_body_that_could_be_read_in_two_ways_is_refused_even_if_each_reader_lets_it_pass(why, pairs):
    with pytest.raises(RequestError, match=why):
        RequestHead.parse(RawHead("POST", "/v1/x", (1, 1), (HOST, *pairs), 99)).check()


@pytest.mark.parametrize(("digits", "length"), [(b"1" * 18, int("1" * 18)), (b"0" * 30 + b"5", 5)])
def test_a_length_of_18_digits_leading_zeros_aside_is_one(digits, length):
    head = parsed(HOST, (b"Content-Length", digits))
    head.check()
    assert head.length == length


@pytest.mark.parametrize(("limit", "status"), [(0, b"200"), (-1, b"431")])
async def test_a_head_of_exactly_the_limit_passes_and_one_byte_more_does_not(limit, status):
    request = get(b"/healthz", b"X: " + b"1" * 2_000)
    async with plane("http://127.0.0.1:9/v1", limits={"head": len(request) + limit}) as running:
        assert (await ask(running.port, request)).startswith(b"HTTP/1.1 " + status)


async def test_a_head_of_many_fields_beyond_the_limit_is_answered_by_431():
    async with plane("http://127.0.0.1:9/v1", limits={"head": 4096}) as running:
        fields = [b"X-%02d: %s" % (number, b"y" * 60) for number in range(90)]
        assert (await ask(running.port, get(b"/v1/x", *fields))).startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize(
    ("fields", "body", "looked_at"),
    [
        ([], b"{}", b"{}"),
        ([(b"Content-Encoding", b"identity")], b"{}", b"{}"),
        ([(b"Content-Encoding", b"GZIP")], gzip.compress(b"{}", mtime=0), b"{}"),
        (
            [(b"Content-Encoding", b"deflate"), (b"Content-Encoding", b"gzip")],
            gzip.compress(zlib.compress(b"{}"), mtime=0),
            b"{}",
        ),
        ([(b"Content-Encoding", b"gzip")], b"{}", b"\0"),
        ([(b"Content-Encoding", b"lzma")], b"{}", b"\0"),
    ],
)
def test_a_packed_body_is_looked_at_unpacked_and_is_no_json_where_that_cannot_be(fields, body, looked_at):
    assert parsed(*fields).looked_at(body) == looked_at


def test_its_picture_holds_no_field_and_no_query():
    head = parsed(HOST, (b"Authorization", b"Bearer sk-0123456789"), path="/v1/x?api_key=in-the-query")
    assert repr(head) == "<RequestHead POST /v1/x fields=2>"
