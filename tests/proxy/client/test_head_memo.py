"""proxy.client.head_memo: what is made of one head, and for which next request it is used again."""

from types import SimpleNamespace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from proxy.client.head_memo import HeadMemo
from proxy.errors import RequestError
from proxy.routing import header_rules as rules
from proxy.routing.provider_origin import parse_base_url
from tests.heads import HOST, KEY, LENGTH, raw_head
from tests.wires import client, ok, plane, post, scripted

ORIGIN, ELSEWHERE = parse_base_url("http://p.example/v1"), parse_base_url("http://q.example/api")


def sent(memo, *, origin=ORIGIN, target="/v1/x", key="", key_field="", length=7):
    before, after = memo.towards(origin, target, key=key, key_field=key_field)
    return before if length is None else b"%b%d%b" % (before, length, after)


FIELDS = (HOST, KEY, LENGTH, (b"X-A", b"1"))
SAME = raw_head(*FIELDS)
OTHERS = {
    "another method": raw_head(*FIELDS, method="PUT"),
    "another target": raw_head(*FIELDS, path="/v1/models"),
    "another version": raw_head(*FIELDS, version="1.0"),
    "another key": raw_head(HOST, (b"Authorization", b"Bearer sk-9876543210"), LENGTH, (b"X-A", b"1")),
    "another case": raw_head((b"host", b"h"), KEY, LENGTH, (b"X-A", b"1")),
    "another value behind the length": raw_head(HOST, KEY, LENGTH, (b"X-A", b"2")),
    "a field more": raw_head(HOST, KEY, LENGTH, (b"X-A", b"1"), (b"X-B", b"1")),
    "a field less": raw_head(HOST, KEY, LENGTH),
    "no length": raw_head(HOST, KEY, (b"X-A", b"1")),
    "the length elsewhere": raw_head(HOST, LENGTH, KEY, (b"X-A", b"1")),
    "the length written otherwise": raw_head(HOST, KEY, (b"content-length", b"5"), (b"X-A", b"1")),
    "another field in the place of the length": raw_head(HOST, KEY, (b"X-Length", b"5"), (b"X-A", b"1")),
    "a length written longer, which makes the head larger": raw_head(HOST, KEY, (b"Content-Length", b"05"), (b"X-A", b"1")),
    "no digit in the place of the length": SAME.replace(b": 5", b": "),
    "a sign in the place of the length": SAME.replace(b": 5", b": +"),
    "a bare line feed behind the length": SAME.replace(b": 5\r\n", b": 5\n"),
    "nothing": raw_head(),
}


def recorded(memo, length):
    return memo.recorded.headers(length)


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_a_remembered_head_does_not_fit_a_head_that_differs_in_anything_but_the_length(other):
    assert HeadMemo(SAME).find(other) is None


def test_a_head_that_ends_where_the_last_length_stood_does_not_fit():
    assert HeadMemo(raw_head(HOST, KEY, LENGTH)).find(raw_head(HOST, KEY)) is None


async def test_a_request_without_the_length_that_ended_the_head_before_it_on_its_connection_is_answered():
    async with scripted(None, ok(b"x")) as provider, plane(provider.url) as running, client(running.port) as asked:
        head = b"POST /v1/x HTTP/1.1\r\nHost: localhost\r\n"
        for request in (head + b"Content-Length: 2\r\n\r\n{}", head + b"\r\n"):
            await asked.send(request)
            assert (await asked.until(b"\r\n\r\nx")).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("head", [SAME, *list(OTHERS.values())[:13]], ids=["it", *list(OTHERS)[:13]])
def test_a_remembered_head_fits_the_same_head(head):
    memo = HeadMemo(head)
    assert memo.find(head + b"hello") == (memo.length, len(head))


def test_equal_head_of_another_body_fits_and_has_its_own_length():
    long, short = (raw_head(HOST, KEY, (b"Content-Length", length), (b"X-A", b"1")) for length in (b"12345", b"77"))
    memo = HeadMemo(long)
    assert memo.find(short + b"body") == (77, len(short))
    assert memo.find(long) == (12345, len(long))
    assert recorded(memo, "77") == (("Host", "h"), ("Authorization", ""), ("Content-Length", "77"))
    assert sent(memo, length=77) == sent(HeadMemo(short), length=77)


@pytest.mark.parametrize(("size", "kept"), [(4_096, True), (4_097, False)])
def test_a_head_is_kept_by_its_connection_up_to_4_kib(size, kept):
    head = raw_head(HOST, (b"X", b"x" * (size - len(raw_head(HOST, (b"X", b""))))))
    assert len(head) == size
    assert HeadMemo(head).worth_keeping is kept


@pytest.mark.parametrize(("digits", "kept"), [(18, True), (19, False)])
def test_a_head_whose_length_has_more_digits_than_a_length_may_have_is_read_each_time(digits, kept):
    assert HeadMemo(raw_head(HOST, (b"Content-Length", b"5".zfill(digits)))).worth_keeping is kept


def test_a_head_that_is_refused_is_read_each_time():
    memo = HeadMemo(raw_head(HOST, (b"Expect", b"gold")))
    assert memo.fault.status == 417
    assert not memo.worth_keeping


def test_a_head_without_a_length_has_none():
    memo = HeadMemo(raw_head(HOST, (b"Accept", b"*/*"), method="GET"))
    assert memo.length is None
    assert recorded(memo, "") == (("Host", "h"), ("Accept", "*/*"))
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
    memo = HeadMemo(raw_head(KEY, path="/v1/x?api_key=in-the-address"))
    assert {b"sk-0123456789", b"in-the-address", b"configured"} <= set(memo.secrets((b"configured",)).forms)
    assert b"configured" not in memo.secrets(()).forms


def test_the_secrets_are_made_once_and_again_for_others():
    memo = HeadMemo(raw_head(KEY))
    first = memo.secrets((b"configured",))
    assert memo.secrets((b"configured",)) is first
    assert memo.secrets(()) is not first


NAMES = st.sampled_from(
    [b"Host", b"content-length", b"Connection", b"X-A", b"Authorization", b"Accept", b"TE", b"Expect", b"x-sameweights-tag"]
)
VALUES = st.sampled_from([b"5", b"0", b"x-a", b"content-length", b"Bearer sk-0123456789", b"close, X-A"])
ONCE = (b"content-length", b"Host")
HEADS = st.lists(st.tuples(NAMES, VALUES), max_size=7).filter(
    lambda head: all(sum(name == once for name, _ in head) <= 1 for once in ONCE)
)


@given(HEADS, st.integers(0, 10**6), st.sampled_from(["", "a-key"]))
def test_any_client_connection_sends_and_records_by_the_rules(pairs, length, key):
    pairs = [(n, b"5" if n == b"content-length" else b"h" if n == b"Host" else v) for n, v in pairs]
    memo = HeadMemo(raw_head(*pairs, version="1.0"))
    fields = rules.HeaderFields.of(pairs)
    declared = length if b"content-length" in fields.names else None
    lines = rules.outgoing(fields, authority=ORIGIN.authority, key=key, length=declared)
    assert sent(memo, key=key, length=declared) == rules.request_head("POST", "/v1/x", lines)
    assert recorded(memo, "5") == rules.recorded(fields)


def reading(raw):
    """What a reader that remembers nothing makes of a head and what follows it."""
    end = raw.index(b"\r\n\r\n") + 4
    try:
        memo = HeadMemo(raw[:end])
    except (RequestError, ValueError):
        return None
    return (memo.head, memo.fault, memo.length, end)


BYTES = st.sampled_from([*(bytes([byte]) for byte in b"\r\n: 059+-ax\t\0"), b"\xff", b"\r\n\r\n", b"Content-Length: 7\r\n"])


@given(
    st.sampled_from([SAME, raw_head(HOST, KEY), raw_head(HOST, LENGTH)]),
    st.lists(st.tuples(st.integers(0, 140), BYTES), max_size=4),
)
@example(SAME, [(SAME.index(b"5\r"), b"0")])
@example(SAME, [(SAME.index(b"5\r"), b" ")])
def test_what_a_remembered_head_finds_in_any_bytes_a_fresh_reading_finds_too(head, changes):
    raw = head
    for place, byte in changes:
        raw = raw[:place] + byte + raw[place + len(byte) :]
    memo = HeadMemo(head)
    found = memo.find(raw)
    if found is not None:
        fresh = reading(raw)
        assert fresh is not None
        length, end = found
        assert (fresh[1:], fresh[0]._replace(fields=None, size=0)) == (
            (None, length, end),
            memo.head._replace(fields=None, size=0),
        )
        assert [pair for pair in fresh[0].fields.pairs if pair[0] != b"Content-Length"] == [
            pair for pair in memo.head.fields.pairs if pair[0] != b"Content-Length"
        ]


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


def test_why_a_head_may_use_no_key_is_found_once_for_each_policy():
    found = []

    def policy(why):
        return SimpleNamespace(objection=lambda fields, *, loopback: found.append((len(fields.names), loopback)) or why)

    memo, first, second = HeadMemo(raw_head(HOST)), policy("foreign"), policy("")
    assert [memo.objection(each, loopback=True) for each in (first, first, second, second)] == ["foreign", "foreign", "", ""]
    assert found == [(1, True)] * 2
