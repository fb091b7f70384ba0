"""A valid `traceparent` is continued; anything else begins a trace of its own, always the same for the same exchange."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.telemetry.trace_context import own_trace, span_id, trace_context

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.mark.parametrize(("flags", "sampled"), [("01", True), ("00", False), ("03", True), ("02", False)])
def test_trace_of_the_application_goes_on_with_its_choice_of_keeping_it(flags, sampled):
    context = trace_context((("TraceParent", f" 00-{TRACE}-{PARENT}-{flags} "),), "a")
    assert (context.trace_id.hex(), context.parent_id.hex(), context.sampled) == (TRACE, PARENT, sampled)


def test_later_version_with_further_fields_is_continued():
    assert trace_context((("traceparent", f"01-{TRACE}-{PARENT}-01-more"),), "a").trace_id.hex() == TRACE


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "rubbish",
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}-01-more",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}-1",
    ],
)
def test_invalid_traceparent_begins_a_trace_of_its_own(sent):
    context = trace_context((("traceparent", sent),), "a")
    assert (context.trace_id.hex() != TRACE, context.parent_id, context.sampled) == (True, b"", True)


def test_two_traceparents_are_none():
    assert trace_context((("traceparent", f"00-{TRACE}-{PARENT}-01"),) * 2, "a").parent_id == b""


def test_ids_are_the_same_each_time_and_differ_between_exchanges_and_parts():
    assert trace_context((), "a") == trace_context((), "a")
    assert len({span_id("a"), span_id("b"), span_id("a", "pair"), trace_context((), "a").trace_id[:8]}) == 4


@given(st.text(max_size=80))
def test_any_value_of_the_field_gives_ids_of_16_and_8_or_0_bytes(sent):
    context = trace_context((("traceparent", sent),), "a")
    assert (len(context.trace_id), len(context.parent_id) in {0, 8}, any(context.trace_id)) == (16, True, True)


@pytest.mark.parametrize("sampled", [True, False])
def test_trace_of_a_copy_is_another_one_without_a_parent_that_is_kept_as_that_of_the_application_is(sampled):
    live = trace_context((("traceparent", f"00-{TRACE}-{PARENT}-0{int(sampled)}"),), "a")
    copy = own_trace(live, "a")
    assert (copy.trace_id, copy.parent_id, copy.sampled) == (trace_context((), "a").trace_id, b"", sampled)


def test_span_of_an_exchange_has_8_bytes_and_another_id_than_its_trace():
    assert (len(span_id("a")), len(trace_context((), "a").trace_id)) == (8, 16)
    assert span_id("a") == span_id("a", "") != span_id("a", "pair")
