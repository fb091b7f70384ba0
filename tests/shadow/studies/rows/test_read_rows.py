"""Lines of a file: counted from one, empty ones left out, each broken one named and the others read."""

import json

import pytest

from shadow.studies.rows.read_rows import read_rows
from shadow.studies.rows.row import BrokenRow

GOOD = b'{"messages": [{"role": "user", "content": "Hi"}]}'


def test_empty_lines_are_no_rows_and_count_as_lines():
    found = list(read_rows("f", [b"\n", GOOD, b"   \n", GOOD]))
    assert [row.id for row in found] == ["f:2", "f:4"]


def test_a_byte_order_mark_is_no_part_of_the_first_row():
    [found] = read_rows("f", [b"\xef\xbb\xbf" + GOOD])
    assert found.request.body == GOOD


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (b"{", "is not JSON: "),
        (b'{"messages": [NaN]}', "is not JSON: NaN is no JSON number"),
        (b'{"messages": [1' + b"0" * 5_000 + b"]}", "is not JSON: "),
        (GOOD[:-1] + b', "seed": -1e400}', "holds the number -1e400, which is more than a double can hold"),
        (GOOD[:-1] + b', "x": 1' + b"0" * 400 + b".5}", f"holds the number 1{'0' * 39}, which is more than a double"),
        (b'"\xff"', "is not UTF-8 text (byte 1)"),
        (b"[" * 100_000 + b"]" * 100_000, "is nested too deep"),
        (b"[1]", "is a JSON list, not an object"),
        (GOOD[:-1] + b', "checks": {}}', "checks is a list of objects, each with a kind"),
        (GOOD[:-1] + b', "checks": [1]}', "checks is a list of objects, each with a kind"),
        (GOOD[:-1] + b', "checks": [{"kind": "wrods"}]}', "checks: kind 'wrods' is not a check"),
        (GOOD[:-1] + b', "checks": [{"kind": "command", "argv": ["x"]}]}', "checks: command: this kind is for task files alone"),
        (b"{}", "is none of the shapes that are read: a chat body"),
        (b'{"a": "' + b"x" * (32 * 1024 * 1024) + b'"}', "bytes; at most 33,554,432 are read"),
    ],
)
def test_a_broken_line_is_named_and_the_next_one_is_read(line, sentence):
    broken, good = read_rows("f", [line, GOOD])
    assert isinstance(broken, BrokenRow)
    assert broken.place == "f:1"
    assert sentence in broken.sentence
    assert good.id == "f:2"


@pytest.mark.parametrize(
    "line",
    [
        {"messages": [{"role": "user", "content": "Hi"}]},
        {"custom_id": "c", "url": "/v1/chat/completions", "body": {"messages": [{"role": "user", "content": "Hi"}]}},
        {"request": {"messages": [{"role": "user", "content": "Hi"}]}},
        {"question": [{"role": "user", "content": "Hi"}], "function": []},
    ],
)
def test_a_row_of_any_shape_brings_checks_that_are_never_sent(line):
    [plain] = read_rows("f", [json.dumps(line).encode()])
    [found] = read_rows("f", [json.dumps({**line, "checks": [{"kind": "words", "equals": 12, "points": 5}]}).encode()])
    assert [(check.kind, check.equals, check.points) for check in found.checks] == [("words", 12, 5)]
    assert json.loads(found.request.body) == json.loads(plain.request.body)
    assert plain.checks == ()


def test_a_line_of_exactly_the_longest_length_is_read_as_far_as_it_is_json():
    [found] = read_rows("f", [b"x" * (32 * 1024 * 1024)])
    assert found.sentence.startswith("is not JSON: ")


def test_what_is_wrong_with_the_json_is_told_in_a_hundred_characters():
    [found] = read_rows("f", [b'{"messages": [1' + b"0" * 5_000 + b"]}"])
    assert len(found.sentence) == len("is not JSON: ") + 100
