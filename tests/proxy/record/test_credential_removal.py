"""proxy.record.credential_removal: the credentials of a request are in nothing that is recorded of it."""

import base64
import gzip
import zlib

import brotli
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.exchange import Failure, FailureKind
from proxy.packing import pack
from proxy.record.credential_removal import (
    TOO_MANY,
    cleared,
    clearing,
    forms,
    masked,
    of_request,
)
from proxy.routing.header_rules import HeaderFields
from tests.exchanges import exchange

KEY = b"sk-proj-a1b2c3/d4e5+f6=="
SAID = b'{"error":{"message":"Incorrect API key provided: %b."}}'

try:
    from compression import zstd
except ImportError:
    from backports import zstd


@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        (b"Authorization", b"Bearer " + KEY, KEY),
        (b"authorization", b"Basic " + base64.b64encode(b"user:hunter2-hunter2"), b"hunter2-hunter2"),
        (b"X-Api-Key", KEY, KEY),
        (b"api-key", KEY, KEY),
        (b"x-goog-api-key", KEY, KEY),
        (b"Proxy-Authorization", b"Bearer " + KEY, KEY),
        (b"Cookie", b"theme=dark; session=" + KEY, KEY),
        (b"X-Auth-Token", KEY, KEY),
    ],
)
def test_field_with_a_credential_is_a_secret(name, value, secret):
    assert secret in forms(of_request(HeaderFields.of([(b"Accept", b"*/*"), (name, value)]), "/v1/x"))


def test_query_with_a_credential_is_a_secret_and_other_fields_are_not():
    assert of_request(HeaderFields.of([(b"User-Agent", b"client/1.0")]), "/v1/x?key=abcdefghij&q=1") == [b"abcdefghij"]


def test_words_used_as_keys_of_local_servers_are_no_secrets():
    assert forms(of_request(HeaderFields.of([(b"Authorization", b"Bearer EMPTY")]), "/v1/x")) == ()


@given(st.binary(max_size=200), st.binary(min_size=8, max_size=40).filter(lambda secret: b"*" not in secret), st.integers(0, 200))
def test_what_is_masked_keeps_its_length_and_holds_no_secret(data, secret, at):
    known = forms([secret])
    clean = masked(data[:at] + secret + data[at:], known)
    assert len(clean) == len(data) + len(secret)
    assert secret not in clean


def test_a_secret_that_the_limit_cut_in_two_is_masked_as_far_as_it_goes():
    assert masked(b"given: " + KEY[:12], forms([KEY]), cut=True) == b"given: " + b"*" * 12
    assert masked(b"given: " + KEY[:12], forms([KEY])) == b"given: " + KEY[:12]


def test_nothing_that_is_packed_holds_the_key_of_its_exchange():
    key = KEY.decode()
    asked = exchange(
        SAID % KEY,
        request=b'{"model":"m","messages":[{"role":"user","content":"my key is %b"}]}' % KEY,
        status=401,
        failure=Failure(kind=FailureKind.CLOSED, detail=f"after {key}", after_head=True),
        tag=key,
        conversation=key,
        model=key,
    )
    clean = cleared(asked, forms([KEY]))
    assert KEY not in pack(clean)
    assert len(pack(clean)) == len(pack(asked))
    assert [len(clean.request.body), len(clean.response.body)] == [len(asked.request.body), len(asked.response.body)]


@pytest.mark.parametrize("written", [KEY, KEY.replace(b"/", b"\\/")])
@pytest.mark.parametrize(
    ("coding", "pack_it"),
    [("gzip", gzip.compress), ("deflate", zlib.compress), ("br", brotli.compress), ("zstd", zstd.compress)],
)
def test_a_packed_error_that_holds_the_key_is_remembered_unpacked_without_it(coding, pack_it, written):
    asked = exchange(pack_it(SAID % written), status=401, headers=(("Content-Encoding", coding), ("Server", "x")))
    clean = cleared(asked, forms([KEY])).response
    assert clean.body == SAID % (b"*" * len(written))
    assert clean.headers == (("Server", "x"),)
    assert (clean.size, clean.marks[-1].end) == (len(clean.body), len(clean.body))


def test_packed_request_that_holds_the_key_is_remembered_unpacked_without_it():
    packed = gzip.compress(SAID % KEY)
    headers = (("Content-Encoding", "gzip"), ("Accept", "x"))
    asked = exchange(b"{}", request=packed)
    asked = asked._replace(request=asked.request._replace(headers=headers))
    clean = cleared(asked, forms([KEY])).request
    assert (clean.body, clean.headers, clean.size) == (SAID % (b"*" * len(KEY)), (("Accept", "x"),), len(clean.body))
    body = gzip.compress(b"no key")
    other = asked._replace(request=asked.request._replace(body=body, size=len(body)))
    assert cleared(other, forms([KEY])) is other


def test_a_packed_answer_of_any_status_is_looked_through():
    asked = exchange(gzip.compress(SAID % KEY), status=200, headers=(("Content-Encoding", "gzip"),))
    assert cleared(asked, forms([KEY])).response.body == SAID % (b"*" * len(KEY))


@pytest.mark.parametrize(("size", "cut"), [(512 * 1024 - 1, False), (512 * 1024, True)])
def test_a_packed_answer_that_is_kept_unpacked_in_part_is_no_whole_one(size, cut):
    body = KEY + b" " * (size - len(KEY))
    asked = exchange(gzip.compress(body), status=200, headers=(("Content-Encoding", "gzip"),))
    clean = cleared(asked, forms([KEY])).response
    assert clean.body == body.replace(KEY, b"*" * len(KEY))
    assert clean.truncated is cut


@pytest.mark.parametrize("body", [gzip.compress(b"an error", mtime=0), b"no gzip at all", b""])
def test_a_packed_error_without_a_key_is_remembered_as_it_came(body):
    asked = exchange(body, status=500, headers=(("content-encoding", "gzip"),))
    assert cleared(asked, forms([KEY])) == asked


def test_an_exchange_without_secrets_is_itself():
    asked = exchange(b"{}")
    assert cleared(asked, ()) is asked


@given(
    st.integers(0, 200),
    st.integers(0, 3_000_000),
    st.integers(0, 3_000_000),
    st.sampled_from([b"y", b"0", b"a-secret", b"a-secret-0001 "]),
)
@settings(max_examples=30, deadline=None)
def test_the_steps_of_clearing_grow_no_faster_than_the_bytes_that_came(count, asked, answered, unit):
    """At most 64 secrets are searched, one pass over each body, and 20,000 places of coded ones, 500 a step."""
    cookie = b"; ".join(b"k=a-secret-%04d" % number for number in range(count))
    secrets = forms(of_request(HeaderFields.of([(b"Cookie", cookie)]), "/v1/x"))
    asked, answered = [unit * (size // len(unit)) for size in (asked, answered)]
    steps = sum(1 for _ in clearing(exchange(answered, request=asked), secrets))
    assert len(secrets) <= 64
    assert (steps - 40) * 1_048_576 <= len(secrets) * (len(asked) + len(answered) + 3 * 131_072)


@pytest.mark.parametrize(("count", "looked_for"), [(64, True), (65, False)])
def test_beyond_sixty_four_secrets_no_text_of_the_exchange_is_remembered(count, looked_for):
    cookie = b"; ".join(b"a-secret-%04d" % number for number in range(count))
    secrets = forms(of_request(HeaderFields.of([(b"Cookie", cookie)]), "/v1/x"))
    assert (secrets is TOO_MANY) == (not looked_for)
    told = exchange(b"a-secret-0001", request=b"a-secret-0002", tag="a-secret-0003", model="a-secret-0004", status=401)
    clean = cleared(told, secrets)
    assert b"a-secret" not in pack(clean)
    assert clean.request.truncated == clean.response.truncated == (not looked_for)
    assert (clean.response.status, clean.response.size, clean.request.size) == (401, 13, 13)


@pytest.mark.parametrize("at", [0, 1, 131_072 - 20, 131_072 - 1, 131_072, 2 * 131_072 - 5])
def test_a_secret_is_found_wherever_slices_meet(at):
    clean = cleared(exchange(b"y" * at + KEY + b"y" * 131_072 * 2), forms([KEY]))
    assert clean.response.body == b"y" * at + b"*" * len(KEY) + b"y" * 131_072 * 2


@given(st.text("ab", min_size=8, max_size=30), st.text("ab", max_size=60), st.integers(0, 30))
def test_whatever_is_left_of_a_cut_secret_is_masked(secret, text, left):
    data = (text + secret[:left]).encode()
    clean = masked(data, [secret.encode()], cut=True)
    assert len(clean) == len(data)
    assert all(not clean.endswith(secret[:length].encode()) for length in range(8, len(secret)))


@pytest.mark.slow
def test_a_cut_secret_of_a_long_run_is_masked_in_few_looks():
    """Of each place at which it may begin the rest would be compared: 60,000 places of 60,000 bytes."""
    secret = b"a" * 60_000 + b"b"
    data = b"a" * 59_000 + b"c"
    assert masked(data, [secret], cut=True).strip(b"*") in {b"", b"a" * 31}


@pytest.mark.parametrize(
    ("fields", "target", "looked_at"),
    [
        ([(b"x-a", b"1")] * 100, "/v1", True),
        ([(b"x-a", b"1")] * 101, "/v1", False),
        ([(b"Authorization", b"a " * 500)], "/v1", True),
        ([(b"Authorization", b"a " * 501)], "/v1", False),
        ([], "/v1?" + "&" * 200, True),
        ([], "/v1?" + "&" * 201, False),
        ([(b"Referer", b"/?" + b"&" * 201)], "/v1", False),
        ([(b"Sec-WebSocket-Protocol", b",".join(b"protocol-%d" % place for place in range(100)))], "/v1", True),
        ([(b"Sec-WebSocket-Protocol", b",".join(b"protocol-%d" % place for place in range(165)))], "/v1", False),
    ],
)
def test_of_a_head_with_more_than_is_looked_at_nothing_is_remembered(fields, target, looked_at):
    found = forms(of_request(HeaderFields.of(fields), target))
    assert (found is TOO_MANY) != looked_at
