"""proxy.client.head_memo: what is made of one head, and for which next request it is used again."""

from types import SimpleNamespace

import pytest
from aiohttp.http_writer import HttpVersion10, HttpVersion11
from hypothesis import given
from hypothesis import strategies as st

from proxy.client.head_memo import HeadMemo
from proxy.routing import header_rules as rules
from proxy.routing.provider_origin import parse_base_url
from tests.wires import client, ok, plane, post, scripted

ORIGIN, ELSEWHERE = parse_base_url("http://p.example/v1"), parse_base_url("http://q.example/api")
HOST, KEY, LENGTH = (b"Host", b"h"), (b"Authorization", b"Bearer sk-0123456789"), (b"Content-Length", b"5")


def message(*pairs, method="POST", path="/v1/chat/completions", version=HttpVersion11):
    return SimpleNamespace(method=method, path=path, version=version, raw_headers=tuple(pairs))


def sent(memo, *, origin=ORIGIN, target="/v1/x", key="", key_field="", length=7):
    return memo.towards(origin, target, key=key, key_field=key_field, length=length)


SAME = message(HOST, KEY, LENGTH, (b"X-A", b"1"))
OTHERS = {
    "another method": message(*SAME.raw_headers, method="PUT"),
    "another target": message(*SAME.raw_headers, path="/v1/models"),
    "another version": message(*SAME.raw_headers, version=HttpVersion10),
    "another key": message(HOST, (b"Authorization", b"Bearer sk-9876543210"), LENGTH, (b"X-A", b"1")),
    "another case": message((b"host", b"h"), KEY, LENGTH, (b"X-A", b"1")),
    "another value behind the length": message(HOST, KEY, LENGTH, (b"X-A", b"2")),
    "a field more": message(HOST, KEY, LENGTH, (b"X-A", b"1"), (b"X-B", b"1")),
    "a field less": message(HOST, KEY, LENGTH),
    "no length": message(HOST, KEY, (b"X-A", b"1")),
    "the length elsewhere": message(HOST, LENGTH, KEY, (b"X-A", b"1")),
    "the length written otherwise": message(HOST, KEY, (b"content-length", b"5"), (b"X-A", b"1")),
    "another field in the place of the length": message(HOST, KEY, (b"X-Length", b"5"), (b"X-A", b"1")),
    "a length written longer, which makes the head larger": message(HOST, KEY, (b"Content-Length", b"05"), (b"X-A", b"1")),
    "nothing": message(),
}


def recorded(memo, raw):
    return memo.recorded.headers(memo.stated_length(raw))


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_a_remembered_head_does_not_fit_a_head_that_differs_in_anything_but_the_length(other):
    assert not HeadMemo(SAME).fits(other)


def test_a_head_that_ends_where_the_last_length_stood_does_not_fit():
    assert not HeadMemo(message(HOST, KEY, LENGTH)).fits(message(HOST, KEY))


async def test_a_request_without_the_length_that_ended_the_head_before_it_on_its_connection_is_answered():
    async with scripted(None, ok(b"x")) as provider, plane(provider.url) as running, client(running.port) as asked:
        head = b"POST /v1/x HTTP/1.1\r\nHost: localhost\r\n"
        for request in (head + b"Content-Length: 2\r\n\r\n{}", head + b"\r\n"):
            await asked.send(request)
            assert (await asked.until(b"\r\n\r\nx")).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("head", [SAME, *OTHERS.values()], ids=["it", *OTHERS])
def test_a_remembered_head_fits_the_same_head(head):
    assert HeadMemo(head).fits(head)


def test_a_head_that_says_the_same_of_another_body_fits_and_has_its_own_length():
    long, short = ((HOST, KEY, (b"Content-Length", length), (b"X-A", b"1")) for length in (b"12345", b"77"))
    memo = HeadMemo(message(*long))
    assert memo.fits(message(*short))
    assert (memo.length(message(*long)), memo.length(message(*short))) == (12345, 77)
    assert recorded(memo, message(*short)) == (("Host", "h"), ("Authorization", ""), ("Content-Length", "77"))
    assert sent(memo, length=77) == sent(HeadMemo(message(*short)), length=77)


def test_a_head_is_kept_by_its_connection_up_to_4_kib():
    assert HeadMemo(message(HOST, (b"X", b"x" * 4_000))).worth_keeping
    assert not HeadMemo(message(HOST, (b"X", b"x" * 4_096))).worth_keeping


def test_a_head_without_a_length_has_none():
    memo = HeadMemo(message(HOST, (b"Accept", b"*/*"), method="GET"))
    assert memo.length(message(HOST)) is None
    assert recorded(memo, message(HOST)) == (("Host", "h"), ("Accept", "*/*"))
    assert sent(memo, length=None) == b"GET /v1/x HTTP/1.1\r\nHost: p.example\r\nAccept: */*\r\n\r\n"


def test_a_head_goes_to_each_provider_in_its_own_words():
    memo = HeadMemo(SAME)
    first, second = sent(memo, key="one-key"), sent(memo, key="another")
    assert b"Authorization: Bearer one-key\r\n" in first
    assert b"Authorization: Bearer another\r\n" in second
    assert sent(memo, target="/v1/y").startswith(b"POST /v1/y HTTP/1.1\r\n")
    assert sent(memo, origin=ELSEWHERE).startswith(b"POST /api/x HTTP/1.1\r\nHost: q.example\r\n")
    assert b"x-api-key: one-key\r\n" in sent(memo, key="one-key", key_field="x-api-key")
    assert sent(memo, key="one-key") == first


def test_the_secrets_are_the_clients_and_the_others_that_are_named():
    memo = HeadMemo(message(KEY, path="/v1/x?api_key=in-the-address"))
    assert {b"sk-0123456789", b"in-the-address", b"configured"} <= set(memo.secrets((b"configured",)))
    assert b"configured" not in memo.secrets(())


@pytest.mark.parametrize(
    ("others", "anchors"),
    [
        ((), (b"in-the-query", b"0123456789")),
        ((b"a/configured+key",), (b"in-the-query", b"configured", b"0123456789")),
        ((b"/+/+/+/+",), None),
        (tuple(b"configured-%d" % place for place in range(70)), None),
    ],
)
def test_the_anchors_of_its_secrets_are_what_every_text_with_one_of_them_has(others, anchors):
    memo = HeadMemo(message((b"x-api-key", b"0123456789"), path="/v1/x?api_key=in-the-query"))
    assert memo.anchors is None
    memo.secrets(others)
    assert (memo.anchors and set(memo.anchors)) == (anchors and set(anchors))


NAMES = st.sampled_from(
    [b"Host", b"content-length", b"Connection", b"X-A", b"Authorization", b"Accept", b"TE", b"Expect", b"x-sameweights-tag"]
)
VALUES = st.sampled_from([b"5", b"0", b"x-a", b"content-length", b"Bearer sk-0123456789", b"close, X-A"])
HEADS = st.lists(st.tuples(NAMES, VALUES), max_size=7).filter(lambda head: sum(n == b"content-length" for n, _ in head) <= 1)


@given(HEADS, st.integers(0, 10**6), st.sampled_from(["", "a-key"]))
def test_whatever_it_is_made_of_it_sends_and_records_what_the_rules_say(pairs, length, key):
    pairs = [(n, b"5" if n == b"content-length" else v) for n, v in pairs]
    memo, fields = HeadMemo(message(*pairs)), rules.HeaderFields.of(pairs)
    declared = length if b"content-length" in fields.names else None
    lines = rules.outgoing(fields, authority=ORIGIN.authority, key=key, length=declared)
    assert sent(memo, key=key, length=declared) == rules.request_head("POST", "/v1/x", lines)
    assert recorded(memo, message(*pairs)) == rules.recorded(fields)


async def test_requests_on_one_connection_reach_the_provider_each_with_its_own_length_and_fields():
    async with scripted(None, ok(b"yes")) as provider, plane(provider.url) as running, client(running.port) as asked:
        for body, field in ((b"a" * 3, b"X: 1"), (b"b" * 300, b"X: 1"), (b"c", b"X: 2"), (b"", b"X: 2")):
            await asked.send(post(body, field, close=False))
            await asked.until(b"yes")
    assert [(b"X: 1" in got, got.partition(b"\r\n\r\n")[2]) for got in provider.requests] == [
        *((True, b"aaa"), (True, b"b" * 300), (False, b"c"), (False, b""))
    ]


async def test_a_key_that_changes_on_one_connection_is_kept_out_of_each_record():
    async with scripted(None, ok(b"yes")) as provider, plane(provider.url) as running, client(running.port) as asked:
        for key in (b"sk-first-012345", b"sk-second-12345", b"sk-second-12345"):
            await asked.send(post(b'{"said": "%b"}' % key, b"Authorization: Bearer " + key, close=False))
            await asked.until(b"yes")
            assert (await running.kept.next()).request.body == b'{"said": "***************"}'
        assert [request.count(b"sk-second-12345") for request in provider.requests] == [0, 2, 2]
