"""Three tables from a real store: who serves, how prompts are written, in which requests it differs."""

import json
from dataclasses import replace

import pytest

from shadow.compare.pair import Kind
from shadow.views.figures import SegmentLine
from shadow.views.serving import greedy_lines, identity_lines, segment_lines, stands_out, template_lines
from storage.rows import Group, IdentityRow, SignalCount
from tests.conformance import START, exchange_record, pair_record


def identity(name, started, previous=""):
    return IdentityRow(
        exchange_id=name,
        started=started,
        provider="near",
        model="qwen",
        identity=f"hash-{name}",
        previous=previous,
        changes=json.dumps(["server: b is new (before: a)"] if previous else []),
        facts='{"server": ["a", "b"]}',
    )


def keep_shape(store, name, *, state="match", tools=0, offset=0, conversation="", started=START):
    segments = {"tools": "yes" if tools else "no"}
    counts = {"messages": 1, "tools": tools, "tool_characters": 100 * tools, "reasoning_turns": 0, "reasoning_characters": 0}
    shape = json.dumps({"segments": segments, **counts, "provider_tokens": 100 + offset, "reference_tokens": 100})
    record = pair_record(name, {"text": state}, shape=shape, conversation=conversation, started=started)
    store.add_exchange(exchange_record(name, started=started))
    store.add_pair(record)


def test_the_present_identity_stands_with_the_changes_of_the_period(store):
    for row in (identity("one", START), identity("two", START + 5, "hash-one")):
        store.add_exchange(replace(exchange_record(row.exchange_id), identities=(row,)))
    assert store.flush(20)
    (line,) = identity_lines(store, START, 0.0)
    assert (line.identity, line.since, line.changes) == ("hash-two", START + 5, 1)
    assert line.latest == ("server: b is new (before: a)",)
    assert line.facts == {"server": ("a", "b")}
    assert identity_lines(store, START + 6, 0.0)[0].changes == 0


def test_a_hidden_prompt_is_named_from_the_kept_shapes(store):
    for number in range(30):
        keep_shape(store, f"p{number:03}", offset=41)
    assert store.flush(20)
    (line,) = template_lines(store, 0.0, 0.0)
    assert (line.causes, line.fault, line.samples) == (("hidden_system_prompt",), True, 30)
    assert line.sentence.endswith("(difference = +41; 100% of 30 pairs)")


def test_a_fault_that_sticks_to_requests_with_tools_stands_out(store):
    for number in range(60):
        tools = number % 2
        state = "differ" if tools and number % 4 == 1 else "match"
        keep_shape(store, f"p{number:03}", tools=tools, state=state, conversation="c")
    assert store.flush(20)
    lines = segment_lines(store, 0.0, 0.0)
    assert {(line.segment, line.value, line.differs, line.pairs, line.conversations, line.elsewhere) for line in lines} == {
        ("tools", "yes", 15, 30, 1, 0.0),
        ("tools", "no", 0, 30, 0, 0.5),
    }
    assert [line.value for line in lines if stands_out(line)] == ["yes"]


def segment(differs, pairs, elsewhere):
    return SegmentLine(
        provider="p",
        model="m",
        reference="r",
        signal="text",
        segment="tools",
        value="yes",
        differs=differs,
        pairs=pairs,
        conversations=1,
        elsewhere=elsewhere,
    )


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (segment(10, 20, 0.2), True),
        (segment(10, 20, 0.3), False),
        (segment(1, 25, 0.0), False),
        (segment(9, 19, 0.0), False),
        (segment(9, 20, None), False),
    ],
)
def test_standing_out_is_twice_as_often_and_five_points_more(line, expected):
    assert stands_out(line) is expected


def test_greedy_pairs_are_counted_by_themselves():
    group = Group(route="", model="m", provider="p", reference="r")
    counts = [
        SignalCount(group=group, comparison=comparison, aspect="text", state=state, control_reason="", count=count)
        for comparison, state, count in (
            (Kind.GREEDY.value, "differ", 3),
            (Kind.GREEDY.value, "match", 5),
            (Kind.GREEDY.value, "not_measured", 9),
            ("cross", "differ", 7),
        )
    ]
    (line,) = greedy_lines(counts)
    assert (line.signal, line.differs, line.pairs) == ("text", 3, 8)


def test_an_empty_store_has_nothing_to_tell(store):
    assert identity_lines(store, 0.0, 0.0) == template_lines(store, 0.0, 0.0) == segment_lines(store, 0.0, 0.0) == ()
