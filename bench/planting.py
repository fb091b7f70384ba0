"""Finds a place in the source by the name of its function and a pattern of its syntax, and writes something else there.

A pattern is Python; a single capital letter in it stands for any expression, the same one wherever it comes again, and may be
used in what is written instead; `f(...)` is a call with whatever arguments. So a planted bug survives other formatting, other
names, and a move of its module.
"""

import ast
import copy
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import indent


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a pattern was found: `path`, the text from `start` to `end` in bytes, and the text to write there."""

    path: Path
    start: int
    end: int
    new: str

    def applied(self) -> bytes:
        """The module with the new text in its place."""
        whole = self.path.read_bytes()
        return whole[: self.start] + self.new.encode() + whole[self.end :]


def places(paths: Iterable[Path], function: str, old: str, new: str) -> list[Place]:
    """Every place of the pattern `old` in functions of this name, with `new` to be written there."""
    return [place for path in paths for place in _in_text(path, path.read_text(encoding="utf-8"), function, old, new)]


def _in_text(path: Path, text: str, function: str, old: str, new: str) -> Iterator[Place]:
    starts = [0]
    for line in text.encode().splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    for node in _functions(ast.parse(text), function) if f"def {function.rpartition('.')[2]}(" in text else ():
        for first, last, made in _found(node, old, new):
            lines = indent(made, " " * first.col_offset).lstrip()
            start, end = starts[first.lineno - 1] + first.col_offset, starts[last.end_lineno - 1] + last.end_col_offset
            yield Place(path=path, start=start, end=end, new=lines)


def _functions(node: ast.AST, name: str) -> Iterator[ast.AST]:
    """The functions of this name, or of "Class.name"."""
    first, _, rest = name.partition(".")
    for one in ast.walk(node):
        if rest and isinstance(one, ast.ClassDef) and one.name == first:
            yield from _functions(one, rest)
        if not rest and isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) and one.name == first:
            yield one


def _found(function: ast.AST, old: str, new: str) -> Iterator[tuple[ast.AST, ast.AST, str]]:
    """The first and last node of each match, and the text instead: of expressions where both are one, else of statements."""
    if _is_expression(old) and _is_expression(new):
        pattern = ast.parse(old, mode="eval").body
        for node in ast.walk(function):
            if (captured := _matched([pattern], [node])) is not None:
                yield node, node, f"({_made(ast.parse(new, mode='eval'), captured)})"
        return
    patterns = ast.parse(old).body
    for node in ast.walk(function):
        for name in ("body", "orelse", "finalbody"):
            run = getattr(node, name, [])
            for at in range(len(run) - len(patterns) + 1) if isinstance(run, list) else ():
                part = run[at : at + len(patterns)]
                if (captured := _matched(patterns, part)) is not None:
                    yield part[0], part[-1], _made(ast.parse(new), captured)


def _is_expression(text: str) -> bool:
    try:
        ast.parse(text, mode="eval")
    except SyntaxError:
        return False
    return True


def _matched(patterns: Sequence[ast.AST], nodes: Sequence[ast.AST]) -> dict[str, ast.expr] | None:
    """What each letter stands for where all nodes are as their patterns; None where they are not."""
    captured: dict[str, ast.expr] = {}
    alike = all(_alike(pattern, node, captured) for pattern, node in zip(patterns, nodes, strict=True))
    return captured if alike else None


def _alike(pattern: object, node: object, captured: dict[str, ast.expr]) -> bool:
    if isinstance(pattern, ast.Name) and re.fullmatch("[A-Z]", pattern.id) and isinstance(node, ast.expr):
        return ast.unparse(captured.setdefault(pattern.id, node)) == ast.unparse(node)
    if isinstance(pattern, ast.Call) and isinstance(node, ast.Call) and [*map(ast.unparse, pattern.args)] == ["..."]:
        return _alike(pattern.func, node.func, captured)
    if isinstance(pattern, list) and isinstance(node, list):
        return len(pattern) == len(node) and all(_alike(one, other, captured) for one, other in zip(pattern, node, strict=True))
    if not isinstance(pattern, ast.AST):
        return type(pattern) is type(node) and pattern == node
    return type(pattern) is type(node) and all(
        _alike(value, getattr(node, name), captured) for name, value in ast.iter_fields(pattern) if name != "ctx"
    )


def _made(new: ast.AST, captured: dict[str, ast.expr]) -> str:
    class Filled(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.expr:
            return copy.deepcopy(captured.get(node.id, node))

    return ast.unparse(ast.fix_missing_locations(Filled().visit(new)))
