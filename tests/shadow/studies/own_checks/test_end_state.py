import pytest

from shadow.studies.own_checks.answer_facts import AnswerFacts
from shadow.studies.own_checks.check_spec import read_check
from shadow.studies.own_checks.run_checks import check_answer


def why(table: dict[str, object], after: dict[str, bytes], before: dict[str, bytes] | None = None) -> str:
    facts = AnswerFacts(text="", files_before=before or {}, files_after=after)
    return check_answer(read_check({"kind": "end_state", **table}), facts).why


STATE = b'{"orders": [{"id": 7, "paid": true}], "calls": ["a", "b"]}'


def test_a_json_file_is_compared_by_meaning_without_the_members_left_out():
    table = {"expected": {"db.json": {"orders": [{"paid": True, "id": 7.0}]}}, "without": ["calls"]}
    assert why(table, {"db.json": STATE, "other": b"x"}) == ""


def test_a_write_that_was_left_out_is_found_and_named():
    table = {"expected": {"db.json": {"orders": [{"id": 7, "paid": False}]}}, "without": ["calls"]}
    assert why(table, {"db.json": STATE}) == "db.json.orders[0].paid: true against false"


@pytest.mark.parametrize(
    ("expected", "found", "reason"),
    [
        ("hello\n", b"hello\n", ""),
        ("hello\n", b"hello", "a.txt has another content"),
        ('{"a": 1}', b'{ "a" : 1.0 }', ""),
        ({"a": 1}, b"not json", "a.txt has another content"),
    ],
)
def test_a_text_file_is_compared_as_text_and_as_json_where_both_are(expected: object, found: bytes, reason: str):
    assert why({"expected": {"a.txt": expected}}, {"a.txt": found}) == reason


def test_a_missing_file_is_named():
    assert why({"expected": {"a.txt": "x"}}, {}) == "a.txt is missing"


@pytest.mark.parametrize(
    ("after", "reason"),
    [
        ({"a": b"1"}, ""),
        ({"a": b"2"}, "a: 2 against 1"),
        ({}, "a is missing"),
        ({"a": b"1", "b": b""}, "b is new"),
    ],
)
def test_an_unchanged_world_has_no_changed_missing_or_new_file(after: dict[str, bytes], reason: str):
    assert why({"unchanged": True}, after, {"a": b"1"}) == reason


def test_of_several_new_files_the_first_by_name_is_named():
    before, after = {"a": b"1"}, {"a": b"1", "c": b"", "b": b""}
    spec = read_check({"kind": "end_state", "unchanged": True})
    assert check_answer(spec, AnswerFacts(text="", files_before=before, files_after=after)).why == "b is new"
