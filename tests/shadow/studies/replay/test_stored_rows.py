"""Recorded requests as rows: filtered, oldest first, and those that were not kept whole named."""

import gzip

import pytest

from shadow.settings.config_errors import ConfigError
from shadow.studies.replay.stored_rows import recorded_filter, stored_rows
from shadow.studies.rows.chat_rows import cluster_of
from storage.study_rows import RecordedFilter
from tests.conformance import PATIENCE, START, exchange_record, offered
from tests.exchanges import asked

KEEPS = {"plain"}.__contains__


def put(store, name: str, body: bytes | None, **more) -> None:
    values = {"request_body": body, "request_size": len(body or b"") + 0, "calls": 0, "checks": 0, "conversation": ""}
    assert offered(store.add_exchange, exchange_record(name, **{**values, **more})).result(PATIENCE)


def test_requests_of_the_filter_come_oldest_first_with_their_bodies(store):
    for number in range(4):
        put(store, f"x{number}", asked(f"Question {number}"), started=START + number, model="m" if number else "other")
    rows, broken = stored_rows(store, RecordedFilter(model="m", limit=2), KEEPS)
    assert [row.id for row in rows] == ["x2", "x3"]
    assert rows[0].request.body == asked("Question 2")
    assert rows[0].request.cluster == cluster_of([{"role": "user", "content": "Question 2"}])
    assert broken == []


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [({}, ["drawn"]), ({"conversation": "talk"}, ["faulty", "drawn"]), ({"unsampled": True}, ["faulty", "drawn"])],
)
def test_requests_with_a_row_for_a_failed_check_alone_are_in_no_sample(store, wanted, ids):
    put(store, "drawn", asked("Hi"), started=START + 1, conversation="talk")
    put(store, "faulty", asked("Hi"), conversation="talk", drawn=False)
    assert [row.id for row in stored_rows(store, RecordedFilter(**wanted), KEEPS)[0]] == ids


def test_shadows_and_other_methods_are_no_requests_of_an_application(store):
    put(store, "live", asked("Hi"))
    put(store, "shadow", asked("Hi"), role="shadow")
    put(store, "list", b"", method="GET", target="/v1/models")
    assert [row.id for row in stored_rows(store, RecordedFilter(), KEEPS)[0]] == ["live"]


def test_requests_of_a_tenant_are_sent_where_its_bodies_are_kept(store):
    for place, tenant in enumerate(("", "plain", "hashed")):
        put(store, f"x{place}", asked("Hi"), tenant=tenant, started=START + place)
    rows, broken = stored_rows(store, RecordedFilter(), KEEPS)
    assert [(row.id, row.request.tenant) for row in rows] == [("x0", ""), ("x1", "plain")]
    assert [str(each) for each in broken] == [
        "x2: no bodies of its tenant 'hashed' are kept, or [[tenants]] does not name it here"
    ]


def test_a_packed_request_is_sent_plain_and_a_conversation_is_its_cluster(store):
    headers = '[["content-encoding", "gzip"]]'
    put(store, "packed", gzip.compress(asked("Hi")), request_headers=headers, conversation="talk")
    [row], _ = stored_rows(store, RecordedFilter(), KEEPS)
    assert (row.request.body, row.request.cluster) == (asked("Hi"), "talk")


def test_what_was_not_kept_whole_or_is_not_read_is_named(store):
    put(store, "absent", None, request_size=100)
    put(store, "cut", asked("Hi")[:20], request_size=100)
    put(store, "odd", asked("Hi"), target="/v1/audio/speech")
    rows, broken = stored_rows(store, RecordedFilter(), KEEPS)
    assert rows == []
    sentences = {each.place: each.sentence for each in broken}
    assert sentences["absent"] == 'its body was not kept; only requests recorded with storage.bodies = "full" can be sent again'
    assert sentences["cut"] == "only 20 of its 100 bytes were kept"
    assert sentences["odd"].startswith("is no request that is read: ")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("all", RecordedFilter()),
        ("model=m, provider=near,since=1h,limit=5", RecordedFilter(model="m", provider="near", since=6_400.0, limit=5)),
    ],
)
def test_a_filter_is_read_from_its_words(text, wanted):
    assert recorded_filter(text, 10_000.0) == wanted


def test_every_wrong_word_is_in_one_error():
    with pytest.raises(ConfigError) as raised:
        recorded_filter("modle=x,provider,limit=0", 0.0)
    known = "known: all, provider=, model=, route=, tag=, conversation=, since=, limit="
    assert raised.value.errors == (
        "--from-store 'modle=x': is not part of a filter; did you mean model=?",
        f"--from-store 'provider': is not part of a filter; {known}",
        "--from-store 'limit=0': is no number from 1 to 1,000,000",
    )


@pytest.mark.parametrize(("limit", "taken"), [("0", False), ("1", True), ("1000000", True), ("1000001", False)])
def test_a_limit_is_a_number_from_one_to_a_million(limit, taken):
    if taken:
        assert recorded_filter(f"limit={limit}", 0.0).limit == int(limit)
    else:
        with pytest.raises(ConfigError, match="is no number from 1 to 1,000,000"):
            recorded_filter(f"limit={limit}", 0.0)


def test_a_request_with_a_number_that_cannot_be_written_again_is_named(sqlite_store):
    put(sqlite_store, "x", asked("Hi")[:-1] + b', "seed": 1e400}')
    put(sqlite_store, "y", asked("Hi")[:-1] + b', "seed": 1e40}')
    rows, broken = stored_rows(sqlite_store, RecordedFilter(), KEEPS)
    assert [row.id for row in rows] == ["y"]
    assert list(map(str, broken)) == ["x: cannot be sent again: holds the number 1e400, which is more than a double can hold"]
