"""The rules of the codebase that no linter checks, applied to the files as they are."""

import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.parsed_modules import parsed

ROOT = Path(__file__).resolve().parent.parent
FLOORS = ("proxy", "shadow", "storage")
LONGEST_FILE = 400
NAMES_WITHOUT_A_PLACE = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "base", "misc"}
STRANGERS_JSON = ("shadow/reading/", "shadow/studies/rows/")
ANY_ELSEWHERE = {
    "proxy/named_tuples.py": "the class that a maker is given, whose `__new__` has the types of that class alone",
    "shadow/terminal/pair_text.py": "the columns of a row by name",
    "shadow/command_line/json_schemas.py": "the fields that a model is made of",
    "shadow/measures/schema_validation.py": "the schema that a request declares, and the arguments compared with it",
    "shadow/measures/schema_cost.py": "the schema that a request declares, and the arguments compared with it",
    "shadow/measures/json_values.py": "parsed tool arguments",
    "shadow/privacy/pseudonymise.py": "a request body and parsed tool arguments, pseudonymised as they stand",
    "shadow/sampling/eligibility.py": "a request body, asked for what it would do",
    "shadow/sampling/conversations.py": "the messages of a request, of which only hashes are kept",
    "shadow/mcp_server/strict_server.py": "the arguments of a call, as the SDK has them",
    "shadow/broker/broker_client.py": "the transport of a client that has no types",
    "shadow/broker/broker_errors.py": "JetStream's JSON: an error of an answer",
    "shadow/broker/broker_connection.py": "JetStream's JSON, and options of a client that has no types for them",
    "shadow/broker/broker_streams.py": "JetStream's JSON: configurations of streams and consumers",
    "storage/sqlite/renamed_signals.py": "the JSON of snapshots and alarms that an earlier version stored",
    "storage/postgres/result_rows.py": "rows of a cursor, whose types the statement alone knows",
}

MODULES = sorted(path for floor in FLOORS for path in (ROOT / floor).rglob("*.py"))


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _listed_files() -> list[Path]:
    """Every file that is or would be committed; in an unpacked archive without git, the floors and the tests."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, check=False
    )
    if listing.returncode != 0:
        return [*MODULES, *sorted((ROOT / "tests").rglob("*.py"))]
    return [path for name in listing.stdout.decode().split("\0") if name and (path := ROOT / name).is_file()]


def _lines(path: Path) -> list[tuple[int, str]]:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return []
    return list(enumerate(text.split("\n"), start=1))


def _does_something(path: Path) -> bool:
    """True when a function of the module, outside Protocols, has a body beyond its docstring."""
    protocols = {
        id(item)
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ClassDef) and any(isinstance(base, ast.Name) and base.id == "Protocol" for base in node.bases)
        for item in node.body
    }
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and id(node) not in protocols:
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            if any(not isinstance(statement, ast.Pass) for statement in body):
                return True
    return False


def _test_of(path: Path) -> Path:
    inside = path.relative_to(ROOT)
    if path.name == "__init__.py":
        return ROOT / "tests" / inside.parent / f"test_{inside.parent.name}.py"
    return ROOT / "tests" / inside.parent / f"test_{path.name}"


def test_the_import_contracts_hold():
    ran = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_no_file_is_longer_than_the_limit_of_lines():
    long = {_name(path): len(_lines(path)) - 1 for path in MODULES if len(_lines(path)) - 1 > LONGEST_FILE}
    assert not long, f"longer than {LONGEST_FILE} lines: {long}"


@pytest.mark.slow
def test_each_module_that_does_something_has_its_test_file():
    missing = [
        f"{_name(path)} -> {_name(_test_of(path))}" for path in MODULES if _does_something(path) and not _test_of(path).exists()
    ]
    assert not missing, "modules without a test file:\n" + "\n".join(missing)


def test_each_test_file_of_a_floor_has_its_module():
    strays = []
    for floor in FLOORS:
        for path in sorted((ROOT / "tests" / floor).rglob("test_*.py")):
            package = ROOT / path.relative_to(ROOT / "tests").parent
            if not _tests_a_module_of(path, package) and path.name != f"test_{package.name}.py":
                strays.append(_name(path))
    assert not strays, f"test files whose module is gone: {strays}"


def _tests_a_module_of(path: Path, package: Path) -> bool:
    """Whether a test file bears the name of a module, alone or with a subject behind it: test_y.py, test_y_subject.py."""
    words = path.stem.removeprefix("test_").split("_")
    return any((package / "_".join(words[: count + 1])).with_suffix(".py").exists() for count in range(len(words)))


def test_no_module_or_package_has_a_name_without_a_subject():
    bad = [_name(path) for path in MODULES if NAMES_WITHOUT_A_PLACE & {path.stem, path.parent.name}]
    assert not bad, f"a better name is needed: {bad}"


def test_a_module_opens_with_a_sentence():
    opened = {_name(path): ast.get_docstring(parsed(path)) or "" for path in MODULES}
    assert {name: text for name, text in opened.items() if not text.rstrip().endswith((".", "?", "`", ":", ")"))} == {}


def _bodies(tree: ast.Module) -> Iterator[list[ast.stmt]]:
    """The statements of a module and of each class in it."""
    yield tree.body
    yield from (node.body for node in ast.walk(tree) if isinstance(node, ast.ClassDef))


def _is_text(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant) and isinstance(statement.value.value, str)
    )


@pytest.mark.slow
def test_the_docstring_of_a_name_stands_under_that_name():
    pairs = ((path, pair) for path in MODULES for body in _bodies(parsed(path)) for pair in pairwise(body))
    found = [f"{_name(path)}:{second.lineno}" for path, (first, second) in pairs if _is_text(first) and _is_text(second)]
    assert not found, "two docstrings follow each other"


def test_decision_records_are_numbered_once_and_listed():
    records = sorted((ROOT / "docs" / "adr").glob("*.md"))
    numbers = Counter(path.name[:4] for path in records)
    assert records
    assert all(re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", path.name) for path in records), [path.name for path in records]
    assert max(numbers.values()) == 1, f"two records share a number: {numbers}"
    assert sorted(numbers) == [f"{number:04}" for number in range(1, len(records) + 1)]
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    assert not [path.name for path in records if f"adr/{path.name}" not in index]


# Spelt in pieces, so that this file does not hold what it looks for.
MACHINE_PATHS = ["/" + name + "/" for name in ("work", "root")] + ["/" + "tmp/", ".." + "/shared"]
INDEX_HOSTS = ["py" + "pi.org", "python" + "hosted.org", "registry.npm" + "js.org", "deb.debian" + ".org"]


@pytest.mark.slow
@pytest.mark.parametrize("word", [*MACHINE_PATHS, *INDEX_HOSTS])
def test_no_file_names_a_machine_or_a_package_index(word: str):
    pattern = re.compile(rf"(?<![\w.~-]){re.escape(word)}")
    found = [f"{_name(path)}:{number}" for path in _listed_files() for number, line in _lines(path) if pattern.search(line)]
    assert not found, f"{word} stands in {found}"


@pytest.mark.slow
def test_any_is_used_only_where_untrusted_json_enters():
    users = [
        _name(path) for path in MODULES if any(isinstance(node, ast.Name) and node.id == "Any" for node in ast.walk(parsed(path)))
    ]
    strays = [name for name in users if not name.startswith(STRANGERS_JSON) and name not in ANY_ELSEWHERE]
    assert not strays, f"give these a type, or name the reason in ANY_ELSEWHERE: {strays}"
    assert not set(ANY_ELSEWHERE) - set(users), "an exception that is no longer needed"


def test_every_silenced_warning_gives_its_reason():
    with_reason = re.compile(r"#\s*(noqa: [A-Z]+\d+(, ?[A-Z]+\d+)*|type: ignore\[[a-z, -]+\])( - | +# |: )\S+")
    silenced = re.compile(r"#\s*(noqa|type:\s*ignore)")
    files = [path for path in _listed_files() if path.suffix == ".py" and path != Path(__file__).resolve()]
    bare = [
        f"{_name(path)}:{number}: {line.strip()}"
        for path in files
        for number, line in _lines(path)
        if silenced.search(line) and not with_reason.search(line)
    ]
    assert not bare, "a silenced warning without its reason:\n" + "\n".join(bare)


OF_ONE_CALL = ("shadow/reading/", "shadow/measures/", "shadow/demo/", "shadow/studies/")
"""Packages whose objects live no longer than the call that makes them, or are no part of `serve`."""


def _classes() -> dict[str, tuple[Path, ast.ClassDef]]:
    nodes = ((path, node) for path in MODULES for node in ast.walk(parsed(path)))
    return {node.name: (path, node) for path, node in nodes if isinstance(node, ast.ClassDef)}


def _own_attributes(function: ast.AST) -> set[str]:
    """The attributes of `self` that a function stores."""
    return {
        node.attr
        for node in ast.walk(function)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and ast.unparse(node.value) == "self"
    }


def _changes_itself(node: ast.ClassDef) -> bool:
    functions = [item for item in node.body if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef)]
    begins = [ast.unparse(item) for item in functions if item.name == "__init__"]
    later = [item for item in functions if item.name != "__init__" and not any(f"self.{item.name}(" in text for text in begins)]
    return bool(begins) and any(map(_own_attributes, later))


def _shows_itself(node: ast.ClassDef, classes: dict[str, tuple[Path, ast.ClassDef]]) -> bool:
    if any(isinstance(item, ast.FunctionDef) and item.name == "__repr__" for item in node.body):
        return True
    return any(_shows_itself(classes[name][1], classes) for base in node.bases if (name := ast.unparse(base)) in classes)


@pytest.mark.slow
def test_a_class_whose_objects_change_shows_their_state_by_repr():
    classes = _classes()
    silent = {
        name: _name(path)
        for name, (path, node) in classes.items()
        if not _name(path).startswith(OF_ONE_CALL) and _changes_itself(node) and not _shows_itself(node, classes)
    }
    assert silent == {}


FACTS = {
    "a provider's own name of a model": (re.compile(r"(?<!_)models\.get\("), {"proxy/served_name.py"}),
    "a base URL without its last slash": (re.compile(r"base_url\.rstrip\("), {"shadow/settings/base_url_checks.py"}),
    "how an address is known to be http": (re.compile(r'"http", "https"'), {"proxy/routing/provider_origin.py"}),
    "which hosts are this machine": (re.compile(r'"127\.0\.0\.1", "::1"'), {"shadow/pages/allowed_hosts.py"}),
    "the fields by which a cache shows itself": (re.compile(r"x-portkey-cache-status"), {"proxy/routing/header_rules.py"}),
    "a moment in UTC to the second": (re.compile(r'"%Y-%m-%d %H:%M:%S"'), {"shadow/verdict/phrases.py"}),
    "how a program of ours is started as a child": (re.compile(r"create_subprocess_exec\("), {"proxy/process/child_process.py"}),
    "the classes of a call": (re.compile(r'"schema_mismatch"'), {"shadow/measures/schema_validation.py"}),
    "that a stream ended without its last event": (re.compile(r"without \[DONE\]\""), {"shadow/reading/response_notes.py"}),
}


@pytest.mark.parametrize("fact", FACTS)
def test_a_fact_has_one_home(fact: str):
    pattern, homes = FACTS[fact]
    found = {
        _name(path) for path in MODULES if not _name(path).startswith(OF_ONE_CALL[2:]) and pattern.search(path.read_text("utf-8"))
    }
    assert found == homes, f"{fact} stands in {sorted(found)}"


BY_NAME = {"PROVIDER", "REFERENCE", "TINY", "PIECE", "PADDING"}
"""Signs, units, sizes of a read and of a demo, which bound nothing that a user or a page is shown."""


def _numbers(tree: ast.Module) -> dict[str, object]:
    """The numbers that stand under a name at the level of a module."""
    found: dict[str, object] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and not isinstance(node.value, ast.Name):
            parts = list(ast.walk(node.value))
            if all(isinstance(part, ast.Constant | ast.BinOp | ast.UnaryOp | ast.operator | ast.unaryop) for part in parts):
                values = [part.value for part in parts if isinstance(part, ast.Constant)]
                if all(type(value) in {int, float} for value in values):
                    found[node.targets[0].id] = values
    return found


def _imported(tree: ast.Module) -> list[tuple[str, str]]:
    nodes = (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module)
    return [(node.module or "", alias.name) for node in nodes for alias in node.names]


def _states_its_value(tree: ast.Module, name: str) -> bool:
    """Whether an assertion compares the name with a number."""
    texts = (ast.unparse(node.test) for node in ast.walk(tree) if isinstance(node, ast.Assert))
    return any(re.search(rf"\b{name}\b", text) and re.search(r"== \(?[\d.]", text) for text in texts)


@pytest.mark.slow
def test_a_test_states_a_bound_as_a_number_and_not_by_its_name():
    numbers = {".".join(path.relative_to(ROOT).with_suffix("").parts): _numbers(parsed(path)) for path in MODULES}
    loose = []
    for path in sorted(path for floor in FLOORS for path in (ROOT / "tests" / floor).rglob("test_*.py")):
        tree = parsed(path)
        bounds = [name for module, name in _imported(tree) if name in numbers.get(module, {}) and name not in BY_NAME]
        loose += [f"{_name(path)}: {name}" for name in bounds if not _states_its_value(tree, name)]
    assert not loose, "a constant that is changed by one would not be noticed:\n" + "\n".join(loose)


WAITS = frozenset({"wait_for", "timeout", "until", "flush", "communicate"})
"""Functions whose last argument, or whose `timeout` or `seconds`, is how long they wait."""


def _short_waits(tree: ast.Module) -> Iterator[ast.Call]:
    """Waits of more than one second, which are to see something happen, and of less than twenty."""
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else ast.unparse(call.func)
        given = [*call.args[-1:], *(each.value for each in call.keywords if each.arg in {"timeout", "seconds"})]
        numbers = [each.value for each in given if isinstance(each, ast.Constant) and isinstance(each.value, int | float)]
        if name in WAITS and any(1 < number < 20 for number in numbers):
            yield call


@pytest.mark.slow
def test_no_test_gives_up_within_seconds_what_a_loaded_machine_does_later():
    found = [(path, call) for path in sorted((ROOT / "tests").rglob("*.py")) for call in _short_waits(parsed(path))]
    assert not found, "wait for tests.running.PATIENCE:\n" + "\n".join(f"{_name(path)}: {call.lineno}" for path, call in found)
