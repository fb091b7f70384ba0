"""bench/mutants.py: which single changes of the source it makes, and that its list of equivalent ones is of today."""

import ast
from pathlib import Path

import pytest

from bench.mutant_tree import own_tests
from bench.mutants import equivalents, key
from bench.mutation import changes

ROOT = Path(__file__).resolve().parent.parent


def becomes(line: str) -> set[tuple[str, str]]:
    text = f"def f(a, b):\n    {line}\n"
    return {(change.operator, change.becomes) for change in changes(text, "m.py")}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a < b", {("comparison bound", "(a <= b)"), ("dropped statement", "pass")}),
        ("x = a is not b", {("comparison opposite", "x = (a is b)")}),
        (
            "x = a if b else 0.5",
            {
                ("negated condition", "x = a if (not b) else 0.5"),
                ("constant", "x = a if b else 1.5"),
                ("constant", "x = a if b else -0.5"),
            },
        ),
        ("x = [i for i in a if not i]", {("negated condition", "x = [i for i in a if i]")}),
        ("return a or b", {("and / or", "return (a and b)"), ("return None", "return None")}),
        ("a.count += 1", {("dropped statement", "pass"), ("constant", "a.count += 2"), ("constant", "a.count += 0")}),
        ("x = a(b, b.c)", {("swapped arguments", "x = (a(b.c, b))")}),
        (
            "x = a(0, 0)",
            {
                ("constant", "x = a(1, 0)"),
                ("constant", "x = a(-1, 0)"),
                ("constant", "x = a(0, 1)"),
                ("constant", "x = a(0, -1)"),
            },
        ),
        ("x = isinstance(a, b)", set()),
        ("x = zip(a, strict=True)", set()),
        ("x = min(*a)", {("min / max, any / all", "x = max(*a)")}),
        ("x = a - b", {("arithmetic", "x = (a + b)")}),
        ("x: Literal[1] = True", {("constant", "x: Literal[1] = False")}),
        ("raise a", {("dropped statement", "pass")}),
        ("assert a < b", set()),
        ("x = 'ü' * (a == b)", {("comparison opposite", "x = 'ü' * ((a != b))")}),
    ],
)
def test_each_kind_of_line_has_its_single_changes(line, expected):
    assert becomes(line) == expected


def test_a_docstring_and_a_decorator_stay_as_they_are():
    assert changes('@cache(maxsize=1)\ndef f():\n    """One."""\n', "m.py") == []


@pytest.mark.parametrize(
    "text", ["def f(ä):\n    return 'ö' + ä[1:2]\n", "if a < 1:  # ß\n    del a\nelse:\n    a = (\n        1\n    )\n"]
)
def test_every_change_leaves_the_module_readable_and_the_rest_of_its_bytes_as_they_were(text):
    whole = text.encode()
    made = changes(text, "m.py")
    assert made
    for change in made:
        changed = change.applied(whole)
        assert ast.dump(ast.parse(changed)) != ast.dump(ast.parse(whole))
        assert changed.startswith(whole[: change.start])
        assert changed.endswith(whole[change.end :])


def test_a_module_is_tested_by_the_file_that_mirrors_it():
    assert own_tests(ROOT, "shadow/findings/comparability.py") == ROOT / "tests/shadow/findings/test_comparability.py"
    assert own_tests(ROOT, "shadow/verdict/__init__.py") == ROOT / "tests/shadow/verdict/test_verdict.py"


def test_every_change_listed_as_equivalent_has_its_place_its_texts_and_its_reason():
    known = equivalents()
    assert all(was and was != becomes and why for (_, was, becomes), why in known.items()), "the module's own level has no name"


def test_an_equivalent_change_is_recognised_by_the_name_of_its_function_in_any_class():
    [change] = [one for one in changes("class A:\n    def f(self):\n        return 1\n", "m.py") if one.operator == "return None"]
    assert key(change) == ("f", "return 1", "return None")
