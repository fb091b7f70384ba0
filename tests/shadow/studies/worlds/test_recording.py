"""Recordings: the n-th equal call gets its n-th answer, whatever the order of members; a broken file is named by its line."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.studies.worlds.recording import (
    Match,
    RecordedAnswers,
    RecordedCall,
    Recording,
    merged,
    parse_recording,
    recording_text,
    too_many_misses,
)


def call(name, arguments, text):
    return RecordedCall(name=name, arguments=json.dumps(arguments), text=text)


CALLS = (call("read", {"a": 1, "b": 2}, "first"), call("list", {}, "all"), call("read", {"b": 2, "a": 1}, "second"))


def test_equal_calls_get_their_answers_in_turn_and_then_the_last_one():
    answers = RecordedAnswers(CALLS, Match.ARGUMENTS)
    assert [answers.answer("read", {"b": 2, "a": 1.0}).text for _ in range(3)] == ["first", "second", "second"]
    assert answers.answer("list", {}).text == "all"
    assert answers.answer("read", {"a": 1}) is None
    assert answers.answer("write", {"a": 1, "b": 2}) is None


def test_a_sequence_answers_only_the_call_that_was_made_at_this_place():
    answers = RecordedAnswers(CALLS, Match.SEQUENCE)
    assert answers.answer("read", {"a": 1, "b": 2}).text == "first"
    assert answers.answer("read", {"a": 1, "b": 2}) is None
    assert answers.answer("read", {"a": 1, "b": 2}).text == "second"
    assert answers.answer("list", {}) is None


def test_the_nearest_call_is_one_of_the_same_tool():
    answers = RecordedAnswers(CALLS, Match.ARGUMENTS)
    assert answers.nearest("read", {"a": 1}).text == "first"
    assert answers.nearest("write", {}) is None


def test_arguments_that_are_no_json_match_nothing_and_break_nothing():
    answers = RecordedAnswers([RecordedCall(name="read", arguments="{", text="x")], Match.ARGUMENTS)
    assert answers.answer("read", {}) is None
    assert answers.nearest("read", {}).text == "x"


@pytest.mark.parametrize(("misses", "calls", "too_many"), [(0, 0, False), (1, 10, False), (1, 9, True), (2, 19, True)])
def test_one_miss_in_ten_calls_is_allowed_and_more_are_not(misses, calls, too_many):
    assert too_many_misses(misses, calls) is too_many


TEXT = st.text(max_size=9)
RECORDED = st.builds(RecordedCall, name=TEXT, arguments=TEXT, text=TEXT, is_error=st.booleans())


@given(st.lists(RECORDED, max_size=4))
def test_a_recording_is_read_as_it_was_written(calls):
    recording = Recording(functions=({"type": "function", "function": {"name": "f"}},), calls=tuple(calls))
    assert parse_recording(recording_text(recording)) == recording
    assert recording.names == {"f"}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "line 1: is not the head of a recording"),
        ("{}", "line 1: is not the head of a recording"),
        ("[]", "line 1: is not an object"),
        ("{", "line 1: is not JSON"),
        ('{"sameweights_recording": 1, "functions": []}\n{"name": "a"}', "line 2: a call has a name, arguments and a text"),
        ('{"sameweights_recording": 1, "functions": []}\n\n[', "line 3: is not JSON"),
    ],
)
def test_a_broken_recording_is_named_by_its_line(text, fault):
    with pytest.raises(ValueError, match=fault):
        parse_recording(text)


def test_exact_repeats_are_kept_once_and_other_answers_stay():
    assert merged([*CALLS, *CALLS]) == CALLS


def test_a_file_of_another_version_is_no_recording():
    for head in ({"sameweights_recording": 2, "functions": []}, {"sameweights_recording": 1, "functions": {}}):
        with pytest.raises(ValueError, match="line 1: is not the head of a recording"):
            parse_recording(json.dumps(head))


@pytest.mark.parametrize("fields", [{"name": 1}, {"arguments": {}}, {"text": None}])
def test_each_part_of_a_recorded_call_is_a_text(fields):
    line = json.dumps({"name": "a", "arguments": "{}", "text": "x", **fields})
    with pytest.raises(ValueError, match="line 2: a call has a name, arguments and a text, each in quotes"):
        parse_recording(f'{{"sameweights_recording": 1, "functions": []}}\n{line}')


def test_only_true_makes_a_recorded_result_an_error_and_odd_functions_are_left_out():
    lines = [json.dumps({"name": "a", "arguments": "", "text": "", "is_error": flag}) for flag in (True, 1, "true")]
    found = parse_recording("\n".join(['{"sameweights_recording": 1, "functions": [1, {"function": 2}, {}]}', *lines]))
    assert [call.is_error for call in found.calls] == [True, False, False]
    assert (len(found.functions), found.names) == (2, frozenset())


def test_a_call_without_arguments_is_recorded_as_one_with_none():
    answers = RecordedAnswers([RecordedCall(name="list", arguments="", text="all")], Match.ARGUMENTS)
    assert answers.answer("list", {}).text == "all"


def test_the_most_similar_arguments_are_the_nearest():
    calls = [call("read", {"path": path}, path) for path in ("/etc/hosts", "/data/notes.txt", "/var/log")]
    assert RecordedAnswers(calls, Match.ARGUMENTS).nearest("read", {"path": "/data/note.txt"}).text == "/data/notes.txt"


def test_a_sequence_that_has_ended_answers_nothing():
    answers = RecordedAnswers(CALLS[:1], Match.SEQUENCE)
    assert [answers.answer("read", {"a": 1, "b": 2}) is None for _ in range(2)] == [False, True]
