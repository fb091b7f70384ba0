"""Three tables from a real store: who serves, how prompts are written, in which requests it differs."""

import json
import random
from dataclasses import replace

import pytest

from shadow.findings.pair import PairKind
from shadow.report.check_rates import wilson
from shadow.report.figures import SegmentLine
from shadow.report.identity_lines import (
    greedy_lines,
    identity_changes,
    identity_lines,
    segment_lines,
    stands_out,
    template_lines,
)
from storage.rows import IdentityRow, PairFilter, PairGroup, SegmentCount, SignalCount
from tests.conformance import START, exchange_record, pair_record
from tests.most_rows import MostRows


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


def keep_shape(store, name, *, state="match", tools=0, offset=0, conversation="", started=START, own="", control="random"):
    segments = {"tools": "yes" if tools else "no"}
    sizes = {"tool_characters": 100 * tools, "schema_characters": 60 * tools, "text_characters": 40 + len(name)}
    reasoning = {"reasoning_turns": 0, "reasoning_characters": 0}
    asked = 100 + 7 * sum(map(ord, name)) % 89
    tokens = {"provider_tokens": asked + offset, "reference_tokens": asked, "provider_completion": 4, "reference_completion": 4}
    counts = {"messages": 1, "system": 0, "tools": tools, **sizes, **reasoning, **tokens, "same_text": 0}
    shape = json.dumps({"segments": segments, **counts})
    record = pair_record(name, {"text": state}, shape=shape, conversation=conversation, started=started)
    if own:
        controlled = replace(record.pair, control_reason=control)
        selves = tuple(found._replace(comparison="self", state=own) for found in record.findings)
        record = replace(record, pair=controlled, findings=(*record.findings, *selves))
    store.add_exchange(exchange_record(name, started=started))
    store.add_pair(record)


def test_the_present_identity_stands_with_the_changes_of_the_period(store):
    for row in (identity("one", START), identity("two", START + 5, "hash-one")):
        store.add_exchange(exchange_record(row.exchange_id)._replace(identities=(row,)))
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
    group = store.pairs(PairFilter())[0].pair
    assert (line.provider, line.model, line.reference) == (group.provider, group.model, group.reference)
    assert len({line.provider, line.model, line.reference}) == 3
    assert line.sentence == "puts about 41 tokens before the messages (a hidden prompt); 100% of 30 pairs"


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


def lines_of(store):
    assert store.flush(20)
    return {line.value: line for line in segment_lines(store, 0.0, 0.0)}


@pytest.mark.slow
def test_the_reference_against_itself_stands_beside_each_segment_and_a_difference_beyond_it_is_marked(store):
    for number in range(80):
        tools = number % 2
        keep_shape(store, f"p{number:03}", tools=tools, state="differ" if tools else "match", own="match")
    lines = lines_of(store)
    assert [(lines[value].noise_differs, lines[value].noise_pairs, lines[value].noise) for value in ("yes", "no")] == [
        (0, 40, 0.0)
    ] * 2
    assert lines["yes"].beyond_noise
    assert not lines["no"].beyond_noise


def test_what_the_reference_does_as_often_is_not_marked_nor_what_no_control_was_sent_for(store):
    for number in range(80):
        tools = number % 2
        keep_shape(store, f"p{number:03}", tools=tools, state="differ", own="differ" if tools else "")
    lines = lines_of(store)
    assert (lines["yes"].noise, lines["no"].noise) == (1.0, None)
    assert not any(line.beyond_noise for line in lines.values())


def test_only_controls_sent_at_random_are_noise(store):
    for number in range(40):
        keep_shape(store, f"p{number:03}", state="differ", own="match", control="tiebreak")
    assert lines_of(store)["no"].noise is None


def test_hardly_any_segment_of_a_faithful_provider_is_marked():
    rng = random.Random(1)
    marked = 0
    for _ in range(3_000):
        share, pairs, controls = rng.random() * 0.6, rng.randint(20, 300), rng.randint(5, 60)
        counts = [sum(rng.random() < share for _ in range(number)) for number in (pairs, controls)]
        _, high = wilson(counts[1], controls, 3.0)
        marked += wilson(counts[0], pairs, 3.0)[0] > high
    assert marked <= 1


def test_times_are_no_matter_of_segments(store):
    for number in range(3):
        record = pair_record(f"p{number}", {"total": "differ", "text": "match"}, shape='{"segments": {"tools": "no"}}')
        store.add_exchange(exchange_record(f"p{number}"))
        store.add_pair(record)
    assert store.flush(20)
    assert {line.signal for line in segment_lines(store, 0.0, 0.0)} == {"text"}


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
    group = PairGroup(route="", model="m", provider="p", reference="r")
    counts = [
        SignalCount(group=group, comparison=comparison, signal="text", state=state, control_reason="", count=count)
        for comparison, state, count in (
            (PairKind.GREEDY.value, "differ", 3),
            (PairKind.GREEDY.value, "match", 5),
            (PairKind.GREEDY.value, "not_measured", 9),
            ("cross", "differ", 7),
        )
    ]
    (line,) = greedy_lines(counts)
    assert (line.signal, line.differs, line.pairs) == ("text", 3, 8)


def test_an_empty_store_has_no_line(store):
    assert identity_lines(store, 0.0, 0.0) == template_lines(store, 0.0, 0.0) == segment_lines(store, 0.0, 0.0) == ()


class Queries:
    """A store with identities, shapes and segments alone, the newest first; each query returns at most as many as it is to."""

    def __init__(self, identities=(), latest=(), limits=None, shapes=(), segments=()):
        self.identity_queries = self
        self._found = {"identities": identities, "latest": latest, "limits": limits or {}, "shapes": shapes, "segments": segments}

    def __getattr__(self, name):
        found = self._found[name]
        return lambda *given: found[: given[-1]] if name in {"identities", "latest", "shapes"} else found


def test_each_model_has_its_identity_the_newest_change_and_its_limits():
    rows = [identity("c", 9.0, "b"), identity("b", 5.0, "a"), identity("a", 1.0)]
    rows[0] = replace(rows[0], changes=json.dumps(["newest", 7]))
    other = replace(identity("x", 2.0), model="other", facts='["no table"]')
    found = identity_lines(Queries(rows, [rows[0], other], {("near", "qwen"): (900, 4_000)}), 0.0, 0.0)
    assert [(line.model, line.changes, line.latest, line.accepted_tokens, line.refused_bytes) for line in found] == [
        ("qwen", 2, ("newest", "7"), 900, 4_000),
        ("other", 0, (), None, None),
    ]
    assert (found[1].facts, found[0].since) == ({}, 9.0)
    kept = replace(rows[0], facts='{"server": ["a", 1], "odd": "no list"}')
    assert identity_lines(Queries((), [kept]), 0.0, 0.0)[0].facts == {"server": ("a", "1")}


def test_changes_of_a_provider_and_model_are_their_moments():
    rows = [identity("b", 5.0, "a")]
    lines = identity_lines(Queries(rows, [rows[0], replace(identity("x", 2.0), model="other")]), 0.0, 0.0)
    keys = [("near", "qwen", "r"), ("near", "other", "r"), ("far", "qwen", "r")]
    assert [identity_changes(lines, key) for key in keys] == [(5.0,), (), ()]


def counted(value, state, number, *, comparison="cross", segment="tools", signal="text", conversations=3, provider="p"):
    group = PairGroup(route="", model="m", provider=provider, reference="r")
    fields = {"comparison": comparison, "signal": signal, "state": state, "segment": segment, "value": value}
    return SegmentCount(group=group, count=number, conversations=conversations, **fields)


def test_shares_of_a_segment_stand_beside_those_of_the_others_and_of_the_reference():
    counts = [
        counted("yes", "differ", 20),
        counted("yes", "match", 30, conversations=90),
        counted("yes", "differ", 10, conversations=4),
        counted("no", "differ", 5),
        counted("no", "match", 35),
        counted("yes", "differ", 1, comparison="self"),
        counted("yes", "match", 9, comparison="self"),
        counted("alone", "match", 9, comparison="self"),
    ]
    no, yes = segment_lines(Queries(segments=counts), 0.0, 0.0)
    assert (yes.differs, yes.pairs, yes.conversations, yes.elsewhere) == (30, 60, 7, 0.125)
    assert (yes.noise_differs, yes.noise_pairs, yes.noise, yes.share) == (1, 10, 0.1, 0.5)
    assert (no.differs, no.pairs, no.elsewhere, no.noise) == (5, 40, 0.5, None)
    assert (yes.provider, yes.model, yes.reference, yes.segment, yes.value, yes.signal) == ("p", "m", "r", "tools", "yes", "text")


def test_a_single_value_of_a_segment_has_no_others():
    (line,) = segment_lines(Queries(segments=[counted("yes", "differ", 20)]), 0.0, 0.0)
    assert (line.elsewhere, line.beyond_noise) == (None, False)


@pytest.mark.parametrize(("own", "beyond"), [((0, 40), True), ((40, 0), False), ((1, 3), False)])
def test_a_difference_is_beyond_the_noise_where_the_intervals_do_not_overlap(own, beyond):
    differ, match = own
    counts = [counted("yes", "differ", 40), counted("yes", "differ", differ, comparison="self")]
    counts.append(counted("yes", "match", match, comparison="self"))
    (line,) = segment_lines(Queries(segments=counts), 0.0, 0.0)
    assert line.beyond_noise is beyond


def test_segments_stand_by_provider_segment_signal_and_value():
    counts = [
        counted("b", "match", 1),
        counted("a", "match", 1),
        counted("a", "match", 1, segment="stream"),
        counted("a", "match", 1, signal="error"),
        counted("a", "match", 1, provider="o"),
    ]
    found = [(each.provider, each.segment, each.signal, each.value) for each in segment_lines(Queries(segments=counts), 0.0, 0.0)]
    assert found == sorted(found)
    assert len(found) == 5


@pytest.mark.parametrize(
    ("differs", "pairs", "elsewhere", "out"),
    [(2, 20, 0.05, True), (4, 20, 0.1, True), (1, 20, 0.0, True), (19, 19, 0.0, False), (3, 20, 0.1, False), (0, 20, 0.0, False)],
)
def test_a_segment_stands_out_from_twice_the_share_and_five_points_on(differs, pairs, elsewhere, out):
    assert stands_out(segment(differs, pairs, elsewhere)) is out


def test_greedy_signals_are_by_provider_and_signal():
    def greedy(provider, signal, state, number):
        group = PairGroup(route="", model="m", provider=provider, reference="r")
        return SignalCount(group=group, comparison="greedy", signal=signal, state=state, control_reason="", count=number)

    counts = [greedy("q", "text", "match", 5), greedy("p", "text", "differ", 1), greedy("p", "error", "match", 2)]
    assert [(line.provider, line.signal, line.differs, line.pairs) for line in greedy_lines(counts)] == [
        ("p", "error", 0, 2),
        ("p", "text", 1, 1),
        ("q", "text", 0, 5),
    ]


def test_a_key_with_samples_has_a_line_and_a_difference_that_nothing_explains_is_no_fault():
    shape = {"messages": 1, "system": 0, "tools": 0, "tool_characters": 0, "schema_characters": 0, "text_characters": 44}
    shape |= {
        "reasoning_turns": 0,
        "reasoning_characters": 0,
        "same_text": 0,
        "provider_completion": 4,
        "reference_completion": 4,
    }
    group = PairGroup(route="", model="m", provider="p", reference="r")
    shapes = [
        (group, json.dumps(shape | {"provider_tokens": 141 + place % 7, "reference_tokens": 100 + place % 7}))
        for place in range(30)
    ]
    other = (replace(group, provider="q"), "{}")
    (line,) = template_lines(Queries(shapes=[*shapes, other]), 0.0, 0.0)
    assert (line.provider, line.model, line.reference, line.samples) == ("p", "m", "r", 30)
    assert (line.causes, line.fault) == (("unexplained",), False)


@pytest.mark.parametrize(("own", "beyond"), [((0, 26), False), ((0, 27), True)])
def test_intervals_of_three_standard_deviations_decide_what_is_beyond_the_noise(own, beyond):
    """Of pairs of which 11 of 20 differ at least 25.69 % do; of 26 controls without a difference at most 25.71 %, of 27 25 %."""
    differ, match = own
    counts = [counted("yes", "differ", 11), counted("yes", "match", 9), counted("yes", "match", match, comparison="self")]
    (line,) = segment_lines(Queries(segments=counts), 0.0, 0.0)
    assert (line.noise_differs, line.beyond_noise) == (differ, beyond)


def test_a_thousand_models_have_an_identity_and_its_changes_are_among_the_thousand_newest():
    changed = [identity("b", 5.0, "a")] * 1_001
    latest = [replace(identity("b", 5.0, "a"), model=f"m{number}" if number else "qwen") for number in range(1_001)]
    found = identity_lines(Queries(changed, latest), 0.0, 0.0)
    assert (len(found), found[0].model, found[0].changes) == (1_000, "qwen", 1_000)


def test_of_a_long_period_the_newest_identities_and_request_shapes_alone_are_read(sqlite_store):
    reader = MostRows(sqlite_store)
    assert (identity_lines(reader, 0.0, START), template_lines(reader, 0.0, START)) == ((), ())
    assert [reader.most[name] for name in ("identities", "latest", "shapes")] == [[1_000], [1_000], [20_000]]
