"""Files as their user names them: every row once, samples by the seed, members set, and files that cannot be read."""

import json

import pytest

from shadow.settings.config_errors import ConfigError
from shadow.studies.replay.row_files import changed, rows_of, sampled, set_members

ASKED = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps({**ASKED, "seed": n}) + "\n" for n in range(20)) + "{\n", encoding="utf-8")
    return path


def test_rows_and_broken_lines_come_apart_in_their_order(file):
    rows, broken = rows_of([file])
    assert [row.id for row in rows] == [f"rows.jsonl:{n}" for n in range(1, 21)]
    assert [each.place for each in broken] == ["rows.jsonl:21"]


def test_two_files_of_one_name_have_rows_of_two_ids(file, tmp_path):
    other = tmp_path / "more" / "rows.jsonl"
    other.parent.mkdir()
    other.write_text(json.dumps(ASKED), encoding="utf-8")
    rows, _ = rows_of([file, other])
    assert len({row.id for row in rows}) == 21


def test_a_file_that_cannot_be_read_is_a_sentence(tmp_path):
    with pytest.raises(ConfigError, match=r"absent\.jsonl: cannot be read: No such file"):
        rows_of([tmp_path / "absent.jsonl"])


@pytest.mark.parametrize(("count", "drawn"), [(0, 20), (5, 5), (20, 20), (21, 20)])
def test_a_sample_has_so_many_rows_in_their_order(file, count, drawn):
    rows, _ = rows_of([file])
    found = sampled(rows, count, 1)
    assert len(found) == drawn
    assert [row.id for row in found] == [row.id for row in rows if row in found]


def test_a_sample_depends_on_the_seed(file):
    rows, _ = rows_of([file])
    assert sampled(rows, 5, 1) == sampled(rows, 5, 1) != sampled(rows, 5, 2)


def test_members_are_read_as_json_or_else_as_text():
    assert set_members(["temperature=0", "model=a=b", "stop=[1]", "empty="]) == {
        "temperature": 0,
        "model": "a=b",
        "stop": [1],
        "empty": "",
    }
    odd = {"a": "NaN", "b": "-Infinity", "c": "1e400", "d": "[1e400]", "e": "[" * 100_000}
    assert set_members([f"{name}={value}" for name, value in odd.items()]) == odd
    with pytest.raises(ConfigError, match="--set 'temperature': write NAME=VALUE"):
        set_members(["temperature", "a=1"])


@pytest.mark.parametrize(
    ("body", "members", "limit", "sent"),
    [
        (ASKED, {}, 0, ASKED),
        (ASKED, {"temperature": 0}, 0, {**ASKED, "temperature": 0}),
        (ASKED, {}, 50, {**ASKED, "max_tokens": 50}),
        ({**ASKED, "max_tokens": 9}, {}, 50, {**ASKED, "max_tokens": 9}),
        ({**ASKED, "max_completion_tokens": 9}, {}, 50, {**ASKED, "max_completion_tokens": 9}),
        (ASKED, {"max_completion_tokens": 7}, 50, {**ASKED, "max_completion_tokens": 7}),
    ],
)
def test_a_row_gets_what_is_set_and_a_limit_where_it_has_none(tmp_path, body, members, limit, sent):
    path = tmp_path / "one.jsonl"
    path.write_text(json.dumps(body), encoding="utf-8")
    [row], _ = rows_of([path])
    found = changed(row, members, limit)
    assert json.loads(found.request.body) == sent
    assert bool(found.alterations) is (found.request.body != row.request.body)
