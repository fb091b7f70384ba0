"""Spans are made of what the store kept: of a live exchange, and of a pair with all its answers in the trace of the live one."""

import pytest

from proxy.exchange import Role
from proxy.provider_config import Provider
from shadow.findings.finding import Signal
from shadow.reading.parsed_exchange import parse_exchange
from shadow.settings.top_level_config import OtelConfig
from shadow.telemetry.stored_spans import SkippedRecordError, StoredIds, StoredSpans, stored_ids
from shadow.telemetry.trace_context import span_id
from storage.opening import record_preparer
from tests.exchanges import exchange, guard
from tests.records import add_live, add_pair

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PROVIDERS = {"candidate": Provider(base_url="http://a/v1"), "official": Provider(base_url="http://b/v1")}


class Kept:
    """A store that keeps what it is offered, as the ids of each record."""

    def __init__(self, store):
        self.store = store
        self.ids = []

    def add_exchange(self, record):
        self.ids.append(stored_ids(record))
        assert self.store.add_exchange(record)

    def add_pair(self, record):
        self.ids.append(stored_ids(record))
        assert self.store.add_pair(record)


@pytest.fixture
def kept(store):
    return Kept(store)


def spans(kept, **settings):
    assert kept.store.flush(20)
    return StoredSpans(kept.store, OtelConfig(**settings), PROVIDERS)


def traced(flags="01"):
    made = exchange()
    return made.request._replace(
        headers=(("content-type", "application/json"), ("traceparent", f"00-{TRACE}-{PARENT}-{flags}")),
        body=b'{"model":"pretend-small","messages":[{"role":"user","content":"Where is the heron"}]}',
        size=84,
    )


def of(kept, live="yes", **more):
    request = traced(more.pop("flags", "01"))
    return add_pair(kept, "candidate", live, "no", "no", request_sent=request, **more)


@pytest.fixture(autouse=True)
def _requests_as_given(monkeypatch):
    """`exchange(request_sent=...)`: the whole request of an exchange."""
    made = exchange

    def with_request(*positional, request_sent=None, **more):
        whole = made(*positional, **more)
        return whole if request_sent is None else whole._replace(request=request_sent)

    monkeypatch.setattr("tests.records.exchange", with_request)


def test_live_exchange_is_one_span_in_the_trace_of_the_application_with_its_failed_checks(kept):
    add_live(kept, "candidate", "run together", faults=(Signal.LOST_SPACE,), request_sent=traced())
    made = spans(kept).telemetry(kept.ids[0])
    (span,) = made.spans
    assert (span.trace_id.hex(), span.parent_id.hex(), span.attributes["server.address"]) == (TRACE, PARENT, "a")
    (event,) = made.events
    assert (event.attributes["gen_ai.evaluation.name"], event.attributes["sameweights.comparison"]) == ("lost_space", "check")
    assert {event.span_id for event in made.events} == {span.span_id}


def test_pair_is_a_span_for_each_answer_of_the_reference_and_one_for_the_comparison(kept):
    pair = of(kept)
    live, ids = kept.ids
    assert (live.exchanges, ids.pair, ids.spans) == ((pair,), pair, 3)
    made = spans(kept).telemetry(ids)
    assert [span.attributes.get("sameweights.role", span.name) for span in made.spans] == [
        *("compare candidate with official", "shadow", "control"),
    ]
    compare = made.spans[0]
    assert {span.trace_id.hex() for span in made.spans} == {TRACE}
    assert [span.parent_id for span in made.spans] == [span_id(pair), compare.span_id, compare.span_id]
    assert (compare.started, compare.ended) == (made.spans[1].started, made.spans[2].ended)
    assert "text" in compare.attributes["sameweights.signals.differing"]
    about = {(event.attributes["sameweights.comparison"], event.span_id) for event in made.events}
    assert about == {("cross", span_id(pair)), ("self", made.spans[1].span_id)}


@pytest.mark.parametrize(("flags", "kept_trace"), [("01", True), ("00", False)])
def test_pair_of_a_candidate_is_a_trace_of_its_own_that_begins_with_its_answer(kept, flags, kept_trace):
    pair = of(kept, role=Role.CANDIDATE, flags=flags)
    ids = StoredIds((pair, *kept.ids[1].exchanges), pair)
    if not kept_trace:
        with pytest.raises(SkippedRecordError, match="unsampled"):
            spans(kept).telemetry(ids)
        return
    compare, candidate, *reference = spans(kept).telemetry(ids).spans
    assert candidate.attributes["sameweights.role"] == "candidate"
    assert (candidate.span_id, candidate.parent_id) == (span_id(pair), b"")
    assert compare.parent_id == candidate.span_id
    assert [span.parent_id for span in reference] == [compare.span_id] * 2
    traces = {span.trace_id.hex() for span in (compare, candidate, *reference)}
    assert len(traces) == 1
    assert traces != {TRACE}


def test_greedy_comparison_is_about_what_the_provider_answered_once_more(kept):
    pair = of(kept)
    add_live(kept, "candidate", "again", id="9" * 32, role=Role.GREEDY)
    add_live(kept, "official", "again", id="8" * 32, role=Role.GREEDY)
    ids = replace_ids(replace_ids(kept.ids[1], "9" * 32), "8" * 32)
    greedy = [replace_row(row) for row in kept.store.findings(pair_id=pair)] if kept.store.flush(20) else []
    reader = _WithFindings(kept.store, greedy)
    made = StoredSpans(reader, OtelConfig(), PROVIDERS).telemetry(ids)
    assert {event.span_id for event in made.events} == {span_id("9" * 32)}


def replace_ids(ids, more):
    return ids._replace(exchanges=(*ids.exchanges, more))


def replace_row(row):
    return row._replace(comparison="greedy")


class _WithFindings:
    """A store with other findings."""

    def __init__(self, store, findings):
        self._store, self._findings = store, findings

    def exchange(self, exchange_id):
        return self._store.exchange(exchange_id)

    def pair(self, pair_id):
        return self._store.pair(pair_id)

    def findings(self, **_):
        return self._findings


def test_evaluations_are_within_the_spans_where_the_backend_takes_traces_alone(kept):
    of(kept, faults=(Signal.LOST_SPACE,))
    made = spans(kept, evaluations="span_events")
    live, pair = (made.telemetry(ids) for ids in kept.ids)
    assert (live.events, pair.events) == ((), ())
    assert "lost_space" in [event.attributes["gen_ai.evaluation.name"] for event in live.spans[0].events]
    assert {event.name for event in pair.spans[0].events} == {"gen_ai.evaluation.result"}
    assert not any(span.events for span in pair.spans[1:])


@pytest.mark.parametrize(("content", "shown"), [("none", False), ("full", True)])
def test_messages_are_there_only_where_contents_are_wanted(kept, content, shown):
    of(kept)
    made = spans(kept, content=content)
    found = [span for ids in kept.ids for span in made.telemetry(ids).spans]
    assert any("heron" in str(span.attributes) for span in found) is shown
    assert any("gen_ai.output.messages" in span.attributes for span in found) is shown


def test_pseudonymised_bodies_are_no_messages(kept):
    policy = guard("hash")
    parsed = parse_exchange(exchange(b"", request=b"")._replace(request=traced()))
    record = policy.exchange_record(parsed, outcomes=(), checks=())
    assert record.exchange.request_body
    kept.add_exchange(record)
    (span,) = spans(kept, content="full").telemetry(kept.ids[0]).spans
    assert not {"gen_ai.input.messages", "gen_ai.output.messages"} & set(span.attributes)


def test_trace_that_the_application_does_not_keep_is_skipped(kept):
    of(kept, flags="00")
    made = spans(kept)
    for ids in kept.ids:
        with pytest.raises(SkippedRecordError, match="unsampled"):
            made.telemetry(ids)


def test_record_that_was_deleted_meanwhile_is_skipped(kept):
    made = spans(kept)
    for ids in (StoredIds(("gone",)), StoredIds(("gone",), "gone")):
        with pytest.raises(SkippedRecordError, match="deleted"):
            made.telemetry(ids)


def test_pair_whose_shadow_was_deleted_meanwhile_is_skipped(kept):
    of(kept)
    with pytest.raises(SkippedRecordError, match="deleted"):
        spans(kept).telemetry(kept.ids[1]._replace(exchanges=("gone",)))


def test_request_to_another_path_makes_nothing(kept):
    add_live(kept, "candidate", request_sent=traced()._replace(target="/v1/models"))
    made = spans(kept).telemetry(kept.ids[0])
    assert (made.spans, made.events) == ((), ())


def test_prepared_records_have_the_ids_of_plain_ones(store):
    class Prepared(Kept):
        def add_exchange(self, record):
            self.ids.append((stored_ids(record), stored_ids(record_preparer().prepare(record))))

        add_pair = add_exchange

    both = Prepared(store)
    of(both)
    assert [plain == prepared for plain, prepared in both.ids] == [True, True]


def test_what_is_no_record_has_no_ids():
    with pytest.raises(TypeError, match="no record: str"):
        stored_ids("a")


def test_spans_show_whether_they_have_content_and_how_many_providers_they_know(store):
    assert repr(StoredSpans(store, OtelConfig(), PROVIDERS)) == "<StoredSpans content=False providers=2>"
