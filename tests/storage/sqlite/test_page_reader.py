"""Queries of pages: courses of signals from pairs and rollups, conversations, and what was judged."""

from dataclasses import replace

import pytest

from storage.page_rows import ConversationTurn, CoursePoint
from storage.rows import PairGroup
from tests.conformance import START, exchange_record, finding, pair_record


def add(store, name: str, started: float = START, state: str = "match", own: str = "", *, reason: str = "random", **more) -> None:
    record = pair_record(name, {"text": state}, started=started, control_reason=reason if own else "", **more)
    same = (finding("text", own, exchange_id=name, pair_id=name, comparison="self"),) if own else ()
    store.add_exchange(exchange_record(name, started=started, conversation=more.get("conversation", "talk-1")))
    store.add_pair(replace(record, findings=(*record.findings, *same)))
    assert store.flush(20)


@pytest.mark.parametrize("apart", [60.0, 6 * 3_600.0], ids=["from pairs", "from rollups"])
def test_course_counts_both_comparisons_in_each_step(store, apart):
    add(store, "one", START, "match", "match")
    add(store, "two", START + apart, "differ", "differ")
    add(store, "three", START + apart, "differ")
    points = store.page_queries.course(0.0, 0.0, ["text"], 10)
    assert [(each.differs, each.compared, each.own_differs, each.own_compared) for each in points] == [(0, 1, 0, 1), (2, 2, 1, 1)]
    for each, started in zip(points, (START, START + apart), strict=True):
        assert each.began <= started < each.began + each.seconds


def test_course_is_of_the_requested_signals_and_period(store):
    add(store, "one")
    queries = store.page_queries
    assert queries.course(0.0, 0.0, ["tools"], 10) == []
    assert queries.course(START + 1, 0.0, ["text"], 10) == []
    assert queries.course(0.0, START, ["text"], 10) == []
    assert len(queries.course(START, START + 1, ["text"], 10)) == 1


def test_tie_break_is_no_noise_of_a_course(store):
    add(store, "one", START, "differ", "differ")
    add(store, "two", START, "differ", "match", reason="tiebreak")
    (point,) = store.page_queries.course(0.0, 0.0, ["text"], 1)
    assert (point.compared, point.own_differs, point.own_compared) == (2, 1, 1)


def test_turns_of_a_conversation_stand_oldest_first_with_their_pairs(store):
    add(store, "two", START + 2, "differ", "match", conversation="talk-9")
    store.add_exchange(exchange_record("one", started=START + 1, conversation="talk-9", calls=2))
    add(store, "other", conversation="talk-8")
    first, second = store.page_queries.turns("talk-9", 10)
    assert (first.id, first.pair_id, first.calls, first.evident) == ("one", "", ("weather", "weather"), False)
    assert (second.id, second.pair_id, second.differing, second.evident) == ("two", "two", 1, True)
    assert [turn.id for turn in store.page_queries.turns("talk-9", 1)] == ["one"]
    assert store.page_queries.turns("talk-7", 10) == []


def test_pairs_are_counted_by_their_judgement(store):
    add(store, "one")
    add(store, "two", START + 1)
    assert store.page_queries.judged(0.0, 0.0) == {"not_judged": 2}
    assert store.page_queries.judged(START + 1, 0.0) == {"not_judged": 1}


def test_newest_evidence_is_numbered_in_the_order_in_which_it_is_stored(store):
    add(store, "one", START + 5, "differ", "match")
    add(store, "two", START, "differ", "differ")
    add(store, "three", START + 1, "differ", "match")
    assert store.page_queries.newest_evidence(10) == (1, 3)
    assert store.page_queries.newest_evidence(1) == (1,)


def test_names_of_a_kind_stand_in_order_each_once(store):
    for number, tag in enumerate(("b", "a", "", "b", "c")):
        store.add_exchange(exchange_record(f"e{number}", tag=tag))
    assert store.flush(20)
    names = store.page_queries.recorded_names
    assert names("tag", 5) == ["a", "b", "c"]
    assert names("tag", 2) == ["a", "b"]
    assert (names("tag", 5, "b"), names("tag", 5, "d")) == (["b"], [])
    assert names("upstream", 5) == []


def test_kind_without_a_column_has_no_names(store):
    with pytest.raises(ValueError, match="'colour'"):
        store.page_queries.recorded_names("colour", 1)


@pytest.mark.parametrize(
    ("apart", "points", "seconds", "begins"),
    [
        (60.0, 10, 6.0001, (0.0, 54.0009)),
        (14_399.0, 10, 1_439.9001, (0.0, 12_959.1009)),
        (14_400.0, 10, 1_800.0, (-200.0, 14_200.0)),
        (14_400.0, 8, 2_400.0, (-200.0, 14_200.0)),
        (14_400.0, 100, 600.0, (-200.0, 13_600.0 + 600.0)),
    ],
)
def test_steps_of_a_course_divide_it_and_are_whole_ten_minutes_from_four_hours_on(store, apart, points, seconds, begins):
    """The first pair starts 200 seconds after a stretch of ten minutes has begun."""
    add(store, "one", START)
    add(store, "two", START + apart, "differ")
    found = store.page_queries.course(0.0, 0.0, ["text"], points)
    assert [point.seconds for point in found] == pytest.approx([seconds] * 2, abs=1e-4)
    assert [point.began - START for point in found] == pytest.approx(begins, abs=1e-3)


def test_point_of_a_course_has_each_value_in_its_field(store):
    labels = {"route": "a route", "model": "a model", "provider": "a provider", "reference": "a reference"}
    for name, state, own in (("a", "differ", "match"), ("b", "differ", "match"), ("c", "match", "differ"), ("d", "differ", "")):
        add(store, name, state=state, own=own, **labels)
    (point,) = store.page_queries.course(0.0, 0.0, ["text"], 1)
    assert point == CoursePoint(
        group=PairGroup(**labels),
        signal="text",
        began=START,
        seconds=point.seconds,
        differs=3,
        compared=4,
        own_differs=1,
        own_compared=3,
    )


def test_turn_of_a_conversation_has_each_value_in_its_field(sqlite_store):
    more = {"provider": "p", "model": "m", "status": 201, "failure": "late", "finish_reason": "length", "prompt_tokens": 11}
    more |= {"completion_tokens": 12, "seconds": 13.5, "started": START, "conversation": "talk-9"}
    sqlite_store.add_exchange(exchange_record("one", calls=1, **more))
    sqlite_store.add_pair(pair_record("one", {"text": "differ", "usage": "differ", "stop": "match"}, comparable="seed"))
    assert sqlite_store.flush(20)
    (turn,) = sqlite_store.page_queries.turns("talk-9", 9)
    fields = {name: value for name, value in more.items() if name != "conversation"}
    assert turn == ConversationTurn(
        id="one", **fields, calls=("weather",), pair_id="one", evident=False, comparable="seed", differing=2
    )
