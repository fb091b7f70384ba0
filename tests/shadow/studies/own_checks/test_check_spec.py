import json

import pytest

from shadow.studies.own_checks.check_spec import MEMBERS, CheckKind, CheckSpecError, check_table, read_check

USABLE = [
    {"kind": "regex", "pattern": "^a+$", "absent": True},
    {"kind": "contains", "text": "yes", "ignore_case": True},
    {"kind": "words", "equals": 12, "points": 5},
    {"kind": "max_characters", "at_most": 0},
    {"kind": "json_schema", "schema": {"type": "object"}, "fences": False},
    {"kind": "lines", "equals": 5, "each_at_most": 8, "sorted": True, "numbered": True},
    {"kind": "tool_arguments", "tool": "get", "schema": {"type": "object"}, "at_most": 1},
    {"kind": "end_state", "expected": {"a.json": {"b": 1}}, "without": ["calls"]},
    {"kind": "end_state", "unchanged": True},
    {"kind": "command", "argv": ["true"], "timeout": 5},
]


@pytest.mark.parametrize("table", USABLE, ids=lambda table: table["kind"])
def test_a_table_with_the_members_of_its_kind_is_a_check(table: dict[str, object]):
    spec = read_check(table)
    assert spec.kind == table["kind"]
    assert spec.points == table.get("points", 1)


@pytest.mark.parametrize("table", USABLE, ids=lambda table: table["kind"])
def test_a_check_is_read_from_its_own_table_again(table: dict[str, object]):
    spec = read_check(table)
    assert read_check(json.loads(json.dumps(check_table(spec)))) == spec


def test_every_kind_has_its_members():
    assert set(MEMBERS) == set(CheckKind) == {CheckKind(str(table["kind"])) for table in USABLE}


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({}, "kind None is not a check; the kinds are regex, "),
        ({"kind": "wrods"}, "did you mean 'words'?"),
        ({"kind": "words", "eqals": 12}, "did you mean 'equals'?"),
        ({"kind": "words"}, "words: equals or at_least or at_most is missing"),
        ({"kind": "words", "equals": -1}, "words: equals is a whole number from 0, got -1"),
        ({"kind": "words", "equals": True}, "got True"),
        ({"kind": "words", "equals": 1, "points": 0}, "points is a number above 0, got 0"),
        ({"kind": "contains", "text": ""}, "a text that is not empty"),
        ({"kind": "regex", "pattern": "(?=a)"}, "is not a regular expression of RE2"),
        ({"kind": "regex", "pattern": "("}, "is not a regular expression of RE2"),
        ({"kind": "json_schema", "schema": "x"}, "a JSON schema, which is a table, got 'x'"),
        ({"kind": "command", "argv": []}, "a list of texts"),
        ({"kind": "command", "argv": "rm -rf"}, "a list of texts"),
        ({"kind": "end_state"}, "expected or unchanged is missing"),
    ],
)
def test_what_is_wrong_is_a_sentence_that_quotes_it(table: dict[str, object], said: str):
    with pytest.raises(CheckSpecError) as caught:
        read_check(table)
    assert said in str(caught.value)


def test_all_faults_of_a_table_come_at_once():
    with pytest.raises(CheckSpecError) as caught:
        read_check({"kind": "words", "points": "five", "equls": 12})
    assert len(caught.value.faults) == 3


def test_check_without_a_name_is_named_after_its_condition():
    assert read_check({"kind": "words", "equals": 12}).name == "words equals 12"
    assert read_check({"kind": "words", "equals": 12, "name": "ocean"}).name == "ocean"


def test_what_a_table_leaves_out_is_at_its_default():
    spec = read_check({"kind": "words", "equals": 1})
    assert (spec.points, spec.timeout, spec.fences) == (1.0, 20.0, True)
    assert not any((spec.absent, spec.ignore_case, spec.sorted, spec.numbered, spec.every, spec.unchanged))


@pytest.mark.parametrize(
    ("member", "fits", "refused"),
    [
        ("points", (0.001, 999_999_999), (0, -1, 1e9, True, "1")),
        ("equals", (0, 1), (-1, 0.5, True)),
    ],
)
def test_a_number_is_taken_up_to_its_bounds(member: str, fits: tuple[float, ...], refused: tuple[object, ...]):
    for value in fits:
        assert getattr(read_check({"kind": "words", "at_most": 3, member: value}), member) == value
    for value in refused:
        with pytest.raises(CheckSpecError, match=f"words: {member} is a"):
            read_check({"kind": "words", "at_most": 3, member: value})


@pytest.mark.parametrize("argv", [[], "true", ["true", 1]])
def test_a_command_is_a_list_of_texts(argv: object):
    with pytest.raises(CheckSpecError, match="argv is a list of texts"):
        read_check({"kind": "command", "argv": argv})


@pytest.mark.parametrize(
    ("table", "name"),
    [
        ({"kind": "lines", "at_most": 3, "equals": 2, "numbered": True}, "lines equals 2 at_most 3 numbered"),
        ({"kind": "contains", "text": "a b"}, "contains 'a b'"),
        ({"kind": "contains", "text": "a b", "name": "polite"}, "polite"),
    ],
)
def test_a_check_without_a_name_is_called_by_what_it_looks_for(table: dict[str, object], name: str):
    assert read_check(table).name == name
