"""evalscope's arithmetic as an oracle: two functions taken out of its wheel as text, without installing it."""

from __future__ import annotations

import ast
import json
import textwrap
from collections.abc import Callable
from functools import cache
from types import SimpleNamespace
from zipfile import ZipFile

from tests.oracles import wheel

ADAPTER = "evalscope/benchmarks/k2_verifier/k2_verifier_adapter.py"
BASE = "evalscope/api/benchmark/adapters/function_call_adapter.py"


@cache
def taken(module: str, function: str) -> Callable[..., object]:
    """One function of a module of the wheel, run alone, with its annotations taken off."""
    with ZipFile(wheel("evalscope")) as archive:
        source = archive.read(module).decode()
    (node,) = [each for each in ast.walk(ast.parse(source)) if isinstance(each, ast.FunctionDef) and each.name == function]
    node.decorator_list = []
    node.returns = None
    for argument in node.args.args:
        argument.annotation = None
    names: dict[str, object] = {"json": json, "AggScore": SimpleNamespace}
    exec(compile(textwrap.dedent(ast.unparse(node)), module, "exec"), names)
    return names[function]  # type: ignore[return-value] # a function of that name was just defined


def aggregate(rows: list[tuple[int, int, int]]) -> dict[str, float]:
    """Its figures of rows (finish_reason is tool_calls, and the calls are valid, and the label says call), each 0 or 1."""
    names = ("finish_reason_tool_call", "successful_tool_call", "should_call_tool")
    scores = [SimpleNamespace(score=SimpleNamespace(value=dict(zip(names, row, strict=True)))) for row in rows]
    return {found.metric_name: found.score for found in taken(ADAPTER, "aggregate_scores")(None, scores)}  # type: ignore[attr-defined] # a list of AggScore


def accepts(calls: list[tuple[str, str]], tools: list[dict[str, object]]) -> bool:
    """Whether it finds these calls (name, arguments) valid by these tools."""
    given = [SimpleNamespace(function=SimpleNamespace(name=name, arguments=arguments)) for name, arguments in calls]
    return bool(taken(BASE, "validate_tool_call")(given, tools)[0])  # type: ignore[index] # a tuple
