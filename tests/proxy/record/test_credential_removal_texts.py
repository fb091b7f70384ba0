"""proxy.record.credential_removal: which words of a request are secrets, and each text of an exchange without them."""

import base64
import gzip
import zlib

import pytest

from proxy.exchange import ChunkTiming, ChunkTimings, Failure, FailureKind
from proxy.record.credential_removal import TOO_MANY, cleared, clearing, forms, masked, of_request
from proxy.routing.header_rules import HeaderFields
from tests.exchanges import exchange, labelled

KEY = b"sk-proj-a1b2c3/d4e5+f6=="
STARS = "*" * len(KEY)
SECRETS = (KEY,)
GONE = Failure(kind=FailureKind.CLOSED, detail="", after_head=True)


@pytest.mark.parametrize(
    ("name", "value", "secrets"),
    [
        (b"Authorization", b"Bearer abc", [b"Bearer", b"abc"]),
        (b"Cookie", b'a=1; session="s3cret"; b==', [b"a=1", b'session="s3cret"', b"b==", b"1", b"s3cret"]),
        (b"Authorization", b"basic dXNlcjpwYXNz", [b"basic", b"dXNlcjpwYXNz", b"user:pass", b"pass"]),
        (b"Authorization", b"Basic no,base64", [b"Basic", b"no,base64"]),
        (b"X-Api-Key", b"", []),
        (b"X-Team", b"abcdefghij", []),
        (b"User-Agent", b"key=abcdefghij", []),
        (b"Referer", b"https://h/?key=abc&a=1", [b"abc"]),
        (b"HTTP-Referer", b"https://h/?a=1&token=abc", [b"abc"]),
        (b"Sec-WebSocket-Protocol", b"realtime", []),
        (
            b"Sec-WebSocket-Protocol",
            b"realtime, openai-insecure-api-key.sk-a.b1",
            [b"openai-insecure-api-key.sk-a.b1", b"sk-a.b1", b"b1"],
        ),
    ],
)
def test_the_secrets_of_a_field_are_its_words_their_values_and_what_basic_holds(name, value, secrets):
    assert of_request(HeaderFields.of([(name, value)]), "/v1/x") == secrets


@pytest.mark.parametrize(
    ("secrets", "looked_for"),
    [
        ([b"1234567"], ()),
        ([b"12345678"], (b"12345678",)),
        ([b"bbbbbbbb", b"aaaaaaaa", b"cccccccccc", b"bbbbbbbb"], (b"cccccccccc", b"aaaaaaaa", b"bbbbbbbb")),
        ([b"12345678", *TOO_MANY], TOO_MANY),
    ],
)
def test_secrets_of_eight_bytes_are_looked_for_the_longest_first(secrets, looked_for):
    assert forms(secrets) == looked_for


HELD = KEY.decode()
TEXTS = {
    "tag": (labelled(exchange(), tag=HELD), lambda made: made.labels.tag),
    "conversation": (labelled(exchange(), conversation=HELD), lambda made: made.labels.conversation),
    "model": (labelled(exchange(), model=HELD), lambda made: made.labels.model),
    "target": (exchange(target=HELD), lambda made: made.request.target),
    "field of the request": (exchange(sent_headers=(("x-a", "1"), ("x-b", HELD))), lambda made: made.request.headers[1][1]),
    "field of the answer": (exchange(headers=(("x-a", "1"), ("x-b", HELD))), lambda made: made.response.headers[1][1]),
    "failure": (exchange(failure=GONE._replace(detail=HELD)), lambda made: made.failure.detail),
    "body of the request": (exchange(request=KEY), lambda made: made.request.body.decode()),
    "body of the answer": (exchange(KEY), lambda made: made.response.body.decode()),
    "failure without an answer": (
        exchange(failure=GONE._replace(detail=HELD), answered=False),
        lambda made: made.failure.detail,
    ),
}


@pytest.mark.parametrize(("whole", "part"), TEXTS.values(), ids=TEXTS)
def test_a_secret_in_any_one_text_is_masked_there_and_all_else_stays(whole, part):
    clean = cleared(whole, SECRETS)
    assert (part(whole), part(clean)) == (HELD, STARS)
    assert repr(clean) == repr(whole).replace(HELD, STARS)


def test_a_secret_in_the_reason_of_an_answer_is_masked():
    whole = exchange()
    whole = whole._replace(response=whole.response._replace(reason=HELD))
    assert cleared(whole, SECRETS).response.reason == STARS


BEGUN = b"it was sk-proj-a1b2"
CUT = b"it was " + b"*" * 12


@pytest.mark.parametrize(
    ("asked_cut", "answer_cut", "failure", "asked", "answered"),
    [
        (False, False, None, BEGUN, BEGUN),
        (True, False, None, CUT, BEGUN),
        (False, True, None, BEGUN, CUT),
        (False, False, GONE, CUT, CUT),
    ],
)
def test_the_beginning_of_a_secret_is_masked_at_the_end_of_what_was_cut_alone(asked_cut, answer_cut, failure, asked, answered):
    whole = exchange(BEGUN, request=BEGUN, failure=failure)
    whole = whole._replace(
        request=whole.request._replace(size=len(BEGUN) + asked_cut),
        response=whole.response._replace(size=len(BEGUN) + answer_cut),
    )
    clean = cleared(whole, SECRETS)
    assert (clean.request.body, clean.response.body) == (asked, answered)


def test_a_cut_request_without_an_answer_is_masked():
    whole = exchange(request=BEGUN, answered=False)
    whole = whole._replace(request=whole.request._replace(size=99))
    assert (cleared(whole, SECRETS).request.body, cleared(whole, SECRETS).response) == (CUT, None)


GZIPPED = (("x-a", "1"), ("Content-ENCODING", "gzip"))


def test_a_packed_body_that_ends_within_a_secret_is_kept_unpacked_without_it():
    whole = exchange(gzip.compress(BEGUN), request=gzip.compress(BEGUN), headers=GZIPPED, sent_headers=GZIPPED)
    clean = cleared(whole, SECRETS)
    assert (clean.request.body, clean.response.body) == (CUT, CUT)
    assert clean.request.headers == clean.response.headers == (("x-a", "1"),)


@pytest.mark.parametrize(("size", "read"), [(65_536, True), (65_537, False)])
def test_a_packed_body_is_looked_into_up_to_64_kib(size, read):
    packed = gzip.compress(KEY)
    packed += gzip.compress(bytes(size - len(packed) - 23), 0)
    assert (len(packed), KEY in packed) == (size, False)
    whole = exchange(packed, headers=GZIPPED)
    assert (cleared(whole, SECRETS) is whole) != read


@pytest.mark.parametrize(("marks", "last"), [(ChunkTimings([0.3, 0.4], [5, 9]), 0.4), (ChunkTimings(), 0.2)])
def test_an_answer_that_is_kept_unpacked_has_one_piece_at_the_time_of_its_last(marks, last):
    clean = cleared(exchange(gzip.compress(KEY), headers=GZIPPED, marks=marks), SECRETS).response
    assert list(clean.marks) == [ChunkTiming(last, len(KEY))]
    assert clean.size == len(KEY)


def test_a_body_in_two_codings_is_looked_into():
    packed = gzip.compress(zlib.compress(KEY))
    clean = cleared(exchange(packed, headers=(("content-encoding", "deflate"), ("Content-Encoding", "gzip"))), SECRETS)
    assert (clean.response.body, clean.response.headers) == (STARS.encode(), ())


def steps(whole, secrets=SECRETS):
    return sum(1 for _ in clearing(whole, secrets))


SLICE = 131_072


@pytest.mark.parametrize(
    ("slices", "secrets", "count"),
    [(7, SECRETS, 0), (8, SECRETS, 1), (15, SECRETS, 1), (16, SECRETS, 2), (3, (KEY, b"x" * 9), 0), (4, (KEY, b"x" * 9), 1)],
)
def test_a_step_searches_a_mebibyte_for_one_secret_or_half_as_much_for_two(slices, secrets, count):
    assert steps(exchange(bytes(slices * SLICE)), secrets) == count


@pytest.mark.parametrize(("size", "count"), [(SLICE, 0), (SLICE + 1, 1)])
def test_to_unpack_a_large_request_is_a_step_of_its_own(size, count):
    assert steps(exchange(request=gzip.compress(bytes(size)), sent_headers=GZIPPED)) == count


def test_where_too_many_places_look_like_a_secret_nothing_of_either_side_is_kept():
    whole = exchange(
        b"sk-proj-a1b2c3 " * 20_001,
        request=b"asked",
        target="/v1/x?a=1",
        failure=GONE._replace(detail="why"),
        tag="t",
        conversation="c",
    )
    clean = cleared(whole, SECRETS)
    assert clean.labels == whole.labels._replace(tag="", conversation="", model="")
    assert clean.request == whole.request._replace(target="/v1/x", headers=(), body=b"")
    assert clean.response == whole.response._replace(reason="", headers=(), body=b"")
    assert clean.failure == GONE


def test_an_exchange_without_answer_or_failure_is_kept_bare():
    clean = cleared(exchange(request=b"asked", answered=False), TOO_MANY)
    assert (clean.request.body, clean.response, clean.failure) == (b"", None, None)


def test_of_a_text_all_secrets_are_masked_and_the_beginning_of_each_at_its_end():
    both = forms([KEY, b"another-key-0123"])
    assert masked(KEY + b" another-key-0123 another-ke", both, cut=True) == STARS.encode() + b" " + b"*" * 16 + b" " + b"*" * 10
    assert masked(b"another-ke", both) == b"another-ke"


def test_what_basic_holds_is_masked_by_itself():
    field = (b"Proxy-Authorization", b"Basic " + base64.b64encode(b"user:hunter2-hunter2"))
    secrets = forms(of_request(HeaderFields.of([field]), "/v1/x"))
    assert masked(b"pass hunter2-hunter2", secrets) == b"pass " + b"*" * 15
