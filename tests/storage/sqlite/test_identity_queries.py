"""Who served outlives the records of it; findings are counted by segment."""

from dataclasses import replace

from storage.prepared_records import RecordPreparer
from storage.rows import IdentityRow, PairGroup, SegmentCount
from storage.sqlite.identity_queries import IdentityReader, identities_of
from storage.sqlite.record_insertion import insert
from storage.sqlite.retention import drop_older
from tests.conformance import START, exchange_record, finding, pair_record


def identity(name, started=START, previous="", provider="near"):
    return IdentityRow(
        exchange_id=name,
        started=started,
        provider=provider,
        model="qwen",
        identity=f"hash-{name}",
        previous=previous,
        changes='["server: b is new"]' if previous else "[]",
        facts='{"server": ["a"]}',
    )


def test_identities_are_kept_with_their_exchange_and_outlive_it(conn):
    asking = IdentityReader(lambda job: job(conn))
    rows = (identity("one"), identity("two", START + 1, "hash-one"), identity("far", provider="far"))
    kept = [exchange_record(row.exchange_id, started=row.started)._replace(identities=(row,)) for row in rows]
    assert insert(conn, [RecordPreparer().prepare(record) for record in kept]) == [True] * 3
    assert drop_older(conn, START + 10) == 3
    assert [row.identity for row in asking.identities(0, 0, 10)] == ["hash-two", "hash-far", "hash-one"]
    assert [row.identity for row in asking.identities(START + 1, 0, 10)] == ["hash-two"]
    assert asking.latest(10) == [rows[2], rows[1]]


def test_the_identities_of_a_model_up_to_a_moment_come_oldest_first(conn):
    rows = (
        identity("two", START + 1, "hash-one"),
        identity("one", previous="hash-zero"),
        identity("far", START + 1.5, provider="far"),
    )
    other = replace(identity("else"), model="another")
    kept = [exchange_record(row.exchange_id, started=row.started)._replace(identities=(row,)) for row in (*rows, other)]
    assert insert(conn, [RecordPreparer().prepare(record) for record in kept]) == [True] * 4
    assert [row.identity for row in identities_of(conn, "qwen", START + 1)] == ["hash-one", "hash-two"]
    assert [row.identity for row in identities_of(conn, "qwen", START + 2)] == ["hash-one", "hash-two", "hash-far"]


def test_segments_count_findings_and_the_conversations_they_stand_in(conn):
    asking = IdentityReader(lambda job: job(conn))
    prepare = RecordPreparer().prepare
    for place in range(4):
        name = f"p{place}"
        shape = '{"segments": {"tools": "yes", "prompt": "under 1k"}}' if place else "{}"
        record = pair_record(name, shape=shape, conversation="sticky" if place < 3 else "")
        differing = tuple(found._replace(state="differ") for found in record.findings)
        insert(conn, [prepare(exchange_record(name)), prepare(replace(record, findings=differing))])
    found = asking.segments(0, 0)
    assert {(row.segment, row.value, row.count, row.conversations) for row in found} == {
        ("tools", "yes", 3, 2),
        ("prompt", "under 1k", 3, 2),
    }
    assert [shape[:12] for _, shape in asking.shapes(0, 0, 10)] == ['{"segments":'] * 3 + ["{}"]
    whose = PairGroup(route="default", model="qwen", provider="near", reference="official")
    assert {row.group for row in found} == {group for group, _ in asking.shapes(0, 0, 10)} == {whose}
    assert {(row.signal, row.state, row.comparison) for row in found} == {("text", "differ", "cross")}


def test_checks_are_counted_by_whether_a_stream_was_requested_for_the_newest_answers(conn):
    for place, (stream, state) in enumerate([(True, "differ"), (True, "differ"), (True, "match"), (False, "match")]):
        found = finding("lost_space", state, exchange_id=f"e{place}", comparison="check")
        record = exchange_record(f"e{place}", started=START + place, stream=stream, checks=0)
        insert(conn, [RecordPreparer().prepare(record._replace(findings=(found,)))])
    asking = IdentityReader(lambda job: job(conn))

    def counted(limit, until=0.0):
        rows = asking.by_stream(START, until, limit)
        return {(row.signal, row.value, row.state): row.count for row in rows}

    assert counted(4) == {
        ("lost_space", "yes", "differ"): 2,
        ("lost_space", "yes", "match"): 1,
        ("lost_space", "no", "match"): 1,
    }
    assert counted(3) == {("lost_space", "yes", "differ"): 1, ("lost_space", "yes", "match"): 1, ("lost_space", "no", "match"): 1}
    assert counted(4, START + 1) == {("lost_space", "yes", "differ"): 1}


def test_the_reference_against_itself_is_counted_where_its_control_was_sent_at_random(conn):
    for name, reason in (("one", "random"), ("two", "tiebreak")):
        record = pair_record(name, shape='{"segments": {"tools": "yes"}}', control_reason=reason)
        own = tuple(found._replace(comparison="self") for found in record.findings)
        insert(conn, [RecordPreparer().prepare(exchange_record(name)), RecordPreparer().prepare(replace(record, findings=own))])
    found = IdentityReader(lambda job: job(conn)).segments(0, 0)
    assert [(row.comparison, row.value, row.count) for row in found] == [("self", "yes", 1)]
    assert [(row.state, row.conversations) for row in found] == [("match", 0)]


def test_the_context_is_learned_from_what_was_accepted_and_what_was_refused(conn):
    refused = exchange_record("r", checks=0, prompt_tokens=None, status=400, request_size=90_000, unread="error")
    differing = finding("context_limit", "differ", exchange_id="r", comparison="check")
    kept = [
        exchange_record("a", prompt_tokens=900, checks=0),
        exchange_record("b", prompt_tokens=30_000, checks=0),
        exchange_record("c", prompt_tokens=None, status=500, request_size=10, checks=0),
        refused._replace(findings=(differing,)),
    ]
    insert(conn, [RecordPreparer().prepare(record) for record in kept])
    assert IdentityReader(lambda job: job(conn)).limits(0, 0) == {("near", "qwen"): (30_000, 90_000)}


def test_identity_has_each_value_in_its_field_and_only_as_many_as_wanted_are_read(conn):
    asking = IdentityReader(lambda job: job(conn))
    rows = [
        IdentityRow(
            exchange_id=f"e{place}",
            started=START + place,
            provider=f"provider {place}",
            model="a model",
            identity=f"identity {place}",
            previous=f"previous {place}",
            changes='["a change"]',
            facts='{"a": "fact"}',
        )
        for place in range(3)
    ]
    for row in rows:
        kept = exchange_record(row.exchange_id, started=row.started)._replace(identities=(row,))
        insert(conn, [RecordPreparer().prepare(kept)])
    assert asking.identities(START, START + 2, 9) == [rows[1], rows[0]]
    assert asking.identities(0, 0, 1) == [rows[2]]
    assert asking.latest(2) == rows[:2]
    assert identities_of(conn, "a model", START + 1) == rows[:2]


def test_segment_has_each_value_in_its_field(conn):
    labels = {"route": "a route", "model": "a model", "provider": "a provider", "reference": "a reference"}
    for name, state, talk in (
        ("one", "differ", "talk"),
        ("two", "differ", "talk"),
        ("three", "differ", "other"),
        ("four", "match", "x"),
    ):
        shape = '{"segments": {"language": "de"}}'
        record = pair_record(name, {"text": state}, shape=shape, conversation=talk, **labels)
        insert(conn, [RecordPreparer().prepare(exchange_record(name)), RecordPreparer().prepare(record)])
    group = PairGroup(**labels)
    seen = {"group": group, "segment": "language", "value": "de", "signal": "text", "comparison": "cross"}
    asking = IdentityReader(lambda job: job(conn))
    assert asking.segments(0, 0) == [
        SegmentCount(**seen, state="differ", count=3, conversations=2),
        SegmentCount(**seen, state="match", count=1, conversations=0),
    ]
    assert asking.segments(START, START) == []
    assert asking.shapes(0, 0, 2) == [(group, '{"segments": {"language": "de"}}')] * 2
    assert asking.shapes(START, START, 2) == []


def test_checks_of_a_stream_are_of_their_provider_and_model_alone(conn):
    found = finding("lost_space", "differ", exchange_id="e", comparison="check")
    record = exchange_record("e", stream=True, checks=0, provider="a provider", model="a model", route="r", reference="o")
    insert(conn, [RecordPreparer().prepare(record._replace(findings=(found,)))])
    group = PairGroup(route="", model="a model", provider="a provider", reference="")
    counted = {"segment": "stream", "value": "yes", "signal": "lost_space", "state": "differ", "comparison": "check"}
    assert IdentityReader(lambda job: job(conn)).by_stream(0, 0, 9) == [
        SegmentCount(group=group, count=1, conversations=0, **counted)
    ]
