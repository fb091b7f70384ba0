"""The single changes that can be made to a module's source, found on its syntax tree; text in, texts out.

Annotations, decorators, docstrings and assertions are left alone: they do nothing that a test could see, or only narrow a type.
"""

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass

BOUNDS = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}
OPPOSITES = {ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In}
ARITHMETIC = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult}
BUILTINS = {"min": "max", "max": "min", "any": "all", "all": "any"}
UNORDERED = {"isinstance", "issubclass", "min", "max"}
UNSEEN = {"annotation", "returns", "decorator_list", "type_params"}
"""Fields of a node that no change is made below."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change: the bytes from `start` to `end` become `new`; `was` and `becomes` are the line before and after."""

    path: str
    line: int
    function: str
    operator: str
    was: str
    becomes: str
    start: int
    end: int
    new: str

    @property
    def place(self) -> str:
        """The path and line, as an editor takes them."""
        return f"{self.path}:{self.line}"

    def applied(self, whole: bytes) -> bytes:
        """The module with the change."""
        return whole[: self.start] + self.new.encode() + whole[self.end :]


def changes(text: str, path: str) -> list[Change]:
    """Every single change of one module, in the order of its lines."""
    source = _Source(text, path)
    found = [
        source.change(node, new, operator, inside) for node, inside in _nodes(ast.parse(text)) for operator, new in _news(node)
    ]
    return sorted(found, key=lambda change: (change.start, change.operator, change.new))


def _nodes(node: ast.AST, inside: str = "") -> Iterator[tuple[ast.AST, str]]:
    """Each node that may be changed, with the dotted name of its function."""
    yield node, inside
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        inside = f"{inside}.{node.name}".lstrip(".")
    for name, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and name not in UNSEEN and not _asserts(child):
                yield from _nodes(child, inside)


def _asserts(node: ast.AST) -> bool:
    """True of what only says that something cannot be otherwise."""
    return isinstance(node, ast.Assert) or (isinstance(node, ast.keyword) and node.arg == "strict")


def _news(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    for operator, make in OPERATORS:
        for new in make(node):
            yield operator, new


def _compared(table: dict[type, type]) -> Callable[[ast.AST], Iterator[ast.AST]]:
    def make(node: ast.AST) -> Iterator[ast.AST]:
        for place, operation in enumerate(node.ops if isinstance(node, ast.Compare) else ()):
            if type(operation) in table:
                new = copy.deepcopy(node)
                new.ops[place] = table[type(operation)]()
                yield new

    return make


def _negated(node: ast.AST) -> Iterator[ast.AST]:
    """The condition of an if, a while or an expression; of a comprehension each of its conditions."""
    if isinstance(node, ast.If | ast.While | ast.IfExp):
        yield _Part(node.test, _not(node.test))
    if isinstance(node, ast.comprehension):
        yield from (_Part(test, _not(test)) for test in node.ifs)


def _not(test: ast.expr) -> ast.expr:
    return test.operand if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not) else ast.UnaryOp(ast.Not(), test)


def _joined(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.BoolOp):
        yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)


def _dropped(node: ast.AST) -> Iterator[ast.AST]:
    """A statement that only has an effect: a call, an assignment to a field or a member, a raise, a jump."""
    effect = isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant)
    stored = isinstance(node, ast.Assign) and not isinstance(node.targets[0], ast.Name | ast.Tuple)
    if effect or stored or isinstance(node, ast.AugAssign | ast.Delete | ast.Raise | ast.Continue | ast.Break):
        yield ast.Pass()


def _returned(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Return) and node.value is not None and not _is(node.value, None):
        yield ast.Return(ast.Constant(None))


def _constant(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        yield from (ast.Constant(node.value + 1), ast.Constant(node.value - 1))


def _swapped(node: ast.AST) -> Iterator[ast.AST]:
    """The first two arguments of a call, but of isinstance, which would only raise, and where their order makes no difference."""
    if not isinstance(node, ast.Call) or len(node.args) < 2 or ast.unparse(node.func) in UNORDERED:
        return
    if not any(isinstance(one, ast.Starred) for one in node.args[:2]) and ast.dump(node.args[0]) != ast.dump(node.args[1]):
        first, second, *others = node.args
        yield ast.Call(node.func, [second, first, *others], node.keywords)


def _calculated(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC and not _is_text(node.left) and not _is_text(node.right):
        yield ast.BinOp(node.left, ARITHMETIC[type(node.op)](), node.right)


def _built_in(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in BUILTINS:
        yield _Part(node.func, ast.Name(BUILTINS[node.func.id]))


OPERATORS = (
    ("comparison bound", _compared(BOUNDS)),
    ("comparison opposite", _compared(OPPOSITES)),
    ("negated condition", _negated),
    ("and / or", _joined),
    ("dropped statement", _dropped),
    ("return None", _returned),
    ("constant", _constant),
    ("swapped arguments", _swapped),
    ("arithmetic", _calculated),
    ("min / max, any / all", _built_in),
)


@dataclass(frozen=True)
class _Part(ast.AST):
    """A change of one part of the node only: the rest of its text stays."""

    old: ast.AST
    new: ast.AST


def _is(node: ast.AST, value: object) -> bool:
    return isinstance(node, ast.Constant) and node.value is value


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str | bytes))


class _Source:
    """One module's bytes: the tree counts columns in UTF-8."""

    def __init__(self, text: str, path: str) -> None:
        self._path = path
        self._whole = text.encode()
        self._lines = self._whole.splitlines(keepends=True)
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line))

    def change(self, node: ast.AST, new: ast.AST, operator: str, inside: str) -> Change:
        """The node replaced by another one and nothing else touched."""
        old, new = (new.old, new.new) if isinstance(new, _Part) else (node, new)
        words = ast.unparse(ast.fix_missing_locations(new))
        words = f"({words})" if isinstance(new, ast.expr) and not isinstance(new, ast.Constant | ast.Name) else words
        start, end = self._at(old.lineno, old.col_offset), self._at(old.end_lineno, old.end_col_offset)
        before, after = self._whole[self._starts[old.lineno - 1] : start], self._whole[end : self._starts[old.end_lineno]]
        return Change(
            path=self._path,
            line=old.lineno,
            function=inside,
            operator=operator,
            was=(before + self._whole[start:end] + after).decode().strip(),
            becomes=before.decode().lstrip() + words + after.decode().rstrip(),
            start=start,
            end=end,
            new=words,
        )

    def _at(self, line: int, column: int) -> int:
        return self._starts[line - 1] + column
