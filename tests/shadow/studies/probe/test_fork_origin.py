"""The request from which a fork goes on: by exchange, pair or key, and the same one at a later start."""

import gzip
import itertools
import json

import pytest

from shadow.reading.parsed_exchange import parse_exchange
from shadow.settings.config_errors import ConfigError
from shadow.studies.probe.fork_origin import fork_origin
from tests.conformance import PATIENCE, exchange_record, offered
from tests.exchanges import asked, exchange
from tests.records import NOW, answer, record

GZIPPED = (("content-type", "application/json"), ("content-encoding", "gzip"))
_numbers = itertools.count(1)
ONLY_NEAR = (
    "talk: its newest 1 request went to near alone, which --provider names; the provider of a conversation is the"
    " reference: leave out --provider near, and name others"
)


def talked(store, provider, *texts, packed=False, tenant=""):
    """The id of a stored request of the conversation "talk" with these messages."""
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": text} for text in texts]}).encode()
    number = next(_numbers)
    made = exchange(answer("a"), id=f"{number:032x}", provider=provider, request=body, conversation="talk", started=NOW + number)
    if packed:
        packed_body = gzip.compress(body)
        made = made._replace(request=made.request._replace(headers=GZIPPED, body=packed_body, size=len(packed_body)))
    store.add_exchange(record(parse_exchange(made._replace(labels=made.labels._replace(tenant=tenant)))))
    assert store.flush(20)
    return made.id


def contents(origin):
    return [message["content"] for message in origin.point.messages]


def test_a_key_is_its_newest_conversation_with_a_provider_that_is_no_candidate(store):
    talked(store, "near", "old")
    first, second = talked(store, "near", "p"), talked(store, "near", "p", "q")
    talked(store, "far", "p")
    origin = fork_origin(store, "talk", 2, candidates=("far",))
    assert (contents(origin), origin.provider, origin.requests) == (["p", "q"], "near", (second, second))
    assert fork_origin(store, "talk", 1, candidates=("far",)).requests == (first, second)
    assert fork_origin(store, first, 2, candidates=()).requests == (second, second)


@pytest.mark.parametrize(("newer", "found"), [(199, True), (200, False)])
def test_a_provider_of_a_key_is_looked_for_among_its_newest_two_hundred_requests(sqlite_store, newer, found):
    first = talked(sqlite_store, "far", "p")
    for place in range(newer):
        sent = {"started": NOW + 10_000 + place, "conversation": "talk", "provider": "near", "request_body": asked("p")}
        sqlite_store.add_exchange(exchange_record(f"near-{place}", calls=0, checks=0, **sent))
    assert sqlite_store.flush(20)
    if found:
        assert fork_origin(sqlite_store, "talk", 1, candidates=("near",)).requests == (first, first)
    else:
        with pytest.raises(ConfigError, match="talk: its newest 200 requests went to near alone"):
            fork_origin(sqlite_store, "talk", 1, candidates=("near",))


def test_candidates_that_hold_a_key_among_them_are_all_named_and_the_first_is_to_be_left_out(sqlite_store):
    for provider in ("near", "far", "near"):
        talked(sqlite_store, provider, "p")
    with pytest.raises(ConfigError, match=r"newest 3 requests went to far, near alone, .*leave out --provider far, and name"):
        fork_origin(sqlite_store, "talk", 1, candidates=("near", "far"))


def test_a_later_start_goes_on_from_the_request_of_the_earlier_one_and_has_no_later_results(store):
    first, second = talked(store, "near", "p"), talked(store, "near", "p", "q")
    before = fork_origin(store, "talk", 1, candidates=()).requests
    talked(store, "near", "p", "q", "r")
    talked(store, "near", "another")
    again = fork_origin(store, "talk", 1, candidates=(), before=before)
    assert (contents(again), again.requests) == (["p"], (first, second))
    assert contents(fork_origin(store, "talk", 1, candidates=())) == ["another"]


def test_an_earlier_request_that_has_gone_is_no_hindrance(store):
    talked(store, "near", "p")
    assert contents(fork_origin(store, "talk", 1, candidates=(), before=("gone", "gone"))) == ["p"]


def test_a_request_in_a_content_coding_is_read(store):
    assert contents(fork_origin(store, talked(store, "near", "p", packed=True), 1, candidates=())) == ["p"]


@pytest.mark.parametrize(
    ("named", "step", "candidates", "sentence"),
    [
        ("none", 1, (), "none: no such conversation, pair or exchange in this database; `pairs` lists ids"),
        ("talk", 2, (), "--step 2: the conversation has 1 request, and no request 2"),
        (
            "talk",
            1,
            ("near",),
            ONLY_NEAR,
        ),
    ],
)
def test_a_conversation_that_cannot_be_taken_up_is_a_sentence(store, named, step, candidates, sentence):
    talked(store, "near", "p")
    with pytest.raises(ConfigError) as raised:
        fork_origin(store, named, step, candidates=candidates)
    assert raised.value.errors == (sentence,) or list(raised.value.errors) == [sentence]


@pytest.mark.parametrize("tenant", ["", "clinic"])
def test_an_origin_is_of_the_tenant_of_its_conversation(store, tenant):
    assert fork_origin(store, talked(store, "near", "Hi", tenant=tenant), 1, candidates=()).tenant == tenant


@pytest.mark.parametrize(
    ("stored", "sentence"),
    [
        ({"request_body": None}, 'x: its request is not stored whole; a fork needs storage.bodies = "full"'),
        (
            {"request_body": asked("p"), "request_size": 9_999},
            'x: its request is not stored whole; a fork needs storage.bodies = "full"',
        ),
        (
            {"request_body": asked("p"), "target": "/v1/embeddings?a=b"},
            "x: is a request to /v1/embeddings, and a fork takes up requests to /chat/completions alone",
        ),
    ],
)
def test_a_request_that_cannot_be_sent_again_is_no_origin(store, stored, sentence):
    body = stored["request_body"]
    values = {"request_size": len(body or b""), "calls": 0, "checks": 0, "conversation": "", **stored}
    assert offered(store.add_exchange, exchange_record("x", **values)).result(PATIENCE)
    with pytest.raises(ConfigError) as raised:
        fork_origin(store, "x", 1, candidates=())
    assert list(raised.value.errors) == [sentence]
