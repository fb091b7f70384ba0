"""The instruction score of the article, rebuilt from checks, against its own rules written out once more."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.studies.own_checks.answer_facts import AnswerFacts, CheckResult, broken
from shadow.studies.own_checks.check_spec import CheckSpec, read_check
from shadow.studies.own_checks.command_check import run_command
from shadow.studies.own_checks.run_checks import check_answer, run_checks

WORDS = [{"kind": "words", "equals": 12, "points": 5}]
JSON = [
    {
        "kind": "json_schema",
        "fences": "json",
        "schema": {"properties": {"name": {"type": "string"}}, "required": ["name"], "type": "object"},
    },
    {
        "kind": "json_schema",
        "fences": "json",
        "schema": {
            "type": "object",
            "properties": {"age": {"type": "number", "minimum": 25, "maximum": 35}},
            "required": ["age"],
        },
    },
    {
        "kind": "json_schema",
        "fences": "json",
        "schema": {
            "type": "object",
            "properties": {"skills": {"type": "array", "minItems": 3, "maxItems": 3}},
            "required": ["skills"],
        },
    },
    {"kind": "json_schema", "schema": {"not": {"type": "null"}}, "fences": False, "points": 2},
]
ANIMALS = [
    {"kind": "lines", "equals": 5},
    {"kind": "lines", "each_at_most": 8},
    {"kind": "lines", "sorted": True},
    {"kind": "lines", "numbered": True},
    {"kind": "lines", "at_most": 6},
]


def score(tables: list[dict[str, object]], text: str) -> float:
    return sum(check_answer(read_check(table), AnswerFacts(text=text)).points for table in tables)


def articles_json(text: str) -> int:
    cleaned = re.sub(r"\n?```$", "", re.sub(r"^```json?\n?", "", text.strip())).strip()
    try:
        found = json.loads(cleaned)
    except ValueError:
        return 0
    if found is None:
        return 0
    members = found if isinstance(found, dict) else {}
    age = members.get("age")
    points = int(isinstance(members.get("name"), str))
    points += int(isinstance(age, int | float) and not isinstance(age, bool) and 25 <= age <= 35)
    points += int(isinstance(members.get("skills"), list) and len(members["skills"]) == 3)
    return points + (0 if "```" in text else 2)


def articles_animals(text: str) -> int:
    lines = [line.strip() for line in text.strip().split("\n") if line.strip()]
    animals = [re.sub(r"^\d+[.)]\s*", "", line).strip() for line in lines]
    lower = [animal.lower() for animal in animals]
    points = int(len(lines) == 5) + int(all(len(animal) <= 8 for animal in animals)) + int(lower == sorted(lower))
    return points + int(all(line.startswith(f"{n}") for n, line in enumerate(lines, 1))) + int(len(lines) <= 6)


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(20, 40), st.floats(20, 40), st.text("ab"), st.lists(st.just("x"), max_size=4)
)
OBJECTS = st.one_of(VALUES, st.dictionaries(st.sampled_from(["name", "age", "skills", "more"]), VALUES))
FENCED = st.sampled_from(["{}", "```json\n{}\n```", "```\n{}\n```", "{} and so on", "Sure: {}"])


@given(OBJECTS, FENCED)
def test_the_json_task_is_scored_as_the_article_scores_it(value: object, fence: str):
    text = fence.replace("{}", json.dumps(value))
    assert score(JSON, text) == articles_json(text)


@given(st.lists(st.tuples(st.sampled_from(["", "1. ", "2) ", "3. ", "4. ", "5."]), st.text("aBcDe", max_size=10)), max_size=7))
def test_the_list_task_is_scored_as_the_article_scores_it(lines: list[tuple[str, str]]):
    text = "\n".join(number + animal for number, animal in lines)
    assert score(ANIMALS, text) == articles_animals(text)


def test_the_three_tasks_have_fifteen_points():
    checks = [read_check(table) for table in (*WORDS, *JSON, *ANIMALS)]
    assert sum(check.points for check in checks) == 15
    person, animals = {"name": "Ada", "age": 30, "skills": ["a", "b", "c"]}, "1. Ant\n2. Bat\n3. Cat\n4. Dog\n5. Elk"
    assert [score(WORDS, "word " * 12), score(JSON, json.dumps(person)), score(ANIMALS, animals)] == [5, 5, 5]


async def test_points_are_summed_and_the_score_is_their_share():
    specs = [read_check({"kind": "words", "equals": 2, "points": 3}), read_check({"kind": "contains", "text": "no"})]
    found = await run_checks(specs, AnswerFacts(text="yes yes"), run_command)
    assert (found.points, found.of, found.score) == (3, 4, 0.75)
    assert found.reasons == ("contains 'no': 'no' is not in the text",)


async def test_a_check_that_could_not_be_made_leaves_no_score():
    async def failing(spec: CheckSpec, facts: AnswerFacts) -> CheckResult:
        return broken(spec, "gone")

    specs = [read_check({"kind": "words", "equals": 2}), read_check({"kind": "command", "argv": ["x"]})]
    found = await run_checks(specs, AnswerFacts(text="yes yes"), failing)
    assert found.score is None
    assert (await run_checks([], AnswerFacts(text=""), failing)).score is None


@pytest.mark.parametrize("text", ["", "\x00", "\ud800", "a" * 100_000])
def test_no_text_makes_a_check_fail_with_an_exception(text: str):
    for table in (*WORDS, *JSON, *ANIMALS, {"kind": "regex", "pattern": "a"}, {"kind": "contains", "text": "a"}):
        assert check_answer(read_check(table), AnswerFacts(text=text)).points >= 0


async def test_a_command_gets_its_check_and_the_answer():
    async def seeing(spec: CheckSpec, facts: AnswerFacts) -> CheckResult:
        return broken(spec, f"{spec.argv[0]} {facts.text}")

    found = await run_checks([read_check({"kind": "command", "argv": ["x"]})], AnswerFacts(text="yes"), seeing)
    assert [result.why for result in found.results] == ["x yes"]


async def test_an_answer_that_passes_everything_has_the_whole_score():
    specs = [read_check({"kind": "words", "equals": 2, "points": share}) for share in (0.1, 0.2, 0.3)]
    assert (await run_checks(specs, AnswerFacts(text="yes yes"), run_command)).score == 1
    assert not any(result.broken for result in (await run_checks(specs, AnswerFacts(text="no"), run_command)).results)
