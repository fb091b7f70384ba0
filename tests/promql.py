"""What an expression needs and gives, by the parser of PromQL: metric names, the labels it asks for, and the labels it leaves."""

from collections.abc import Iterator
from dataclasses import dataclass

import promql_parser as promql

COUNTING = {"rate", "increase", "irate"}


@dataclass(frozen=True)
class Selector:
    """One selector; `inside` is the function that has it as its argument, "" when there is none."""

    name: str
    labels: frozenset[str]
    inside: str
    ranged: bool


def selectors(node: object, inside: str = "") -> Iterator[Selector]:
    match type(node).__name__:
        case "VectorSelector" | "MatrixSelector":
            vector = getattr(node, "vector_selector", node)
            labels = frozenset(matcher.name for matcher in vector.matchers.matchers)
            yield Selector(vector.name, labels, inside, hasattr(node, "vector_selector"))
        case "Call":
            for argument in node.args:
                yield from selectors(argument, node.func.name)
        case "BinaryExpr":
            yield from selectors(node.lhs)
            yield from selectors(node.rhs)
        case "AggregateExpr" | "ParenExpr" | "UnaryExpr" | "SubqueryExpr":
            yield from selectors(node.expr)


def of(expr: str) -> list[Selector]:
    return [*selectors(promql.parse(expr))]


def names(expr: str) -> set[str]:
    return {each.name for each in of(expr)}


class Labels:
    """Which labels a result has, given those of the raw series; unknown names are an error."""

    def __init__(self, known: dict[str, frozenset[str]]) -> None:
        self._known = known

    def of(self, expr: str) -> frozenset[str]:
        return self._left(promql.parse(expr))

    def _left(self, node: object) -> frozenset[str]:
        match type(node).__name__:
            case "VectorSelector" | "MatrixSelector":
                vector = getattr(node, "vector_selector", node)
                return self._known[vector.name]
            case "Call":
                found = frozenset().union(*(self._left(argument) for argument in node.args))
                if node.func.name == "histogram_quantile":
                    assert "le" in found, "a quantile of a histogram without its buckets"
                if node.func.name == "label_join":
                    return found | {node.args[1].val}
                return found - {"le"} if node.func.name == "histogram_quantile" else found
            case "AggregateExpr":
                # topk keeps the labels of what it chooses from
                return self._left(node.expr) if str(node.op) in {"topk", "bottomk"} else self._aggregated(node)
            case "BinaryExpr":
                return self._joined(node)
            case "ParenExpr" | "UnaryExpr":
                return self._left(node.expr)
        return frozenset()

    def _aggregated(self, node: object) -> frozenset[str]:
        inner = self._left(node.expr)
        if node.modifier is None:
            return frozenset()
        named = frozenset(node.modifier.labels)
        if "Without" in str(node.modifier.type):
            return inner - named
        assert named <= inner, f"grouped by {sorted(named - inner)}, which is not there"
        return named

    def _joined(self, node: object) -> frozenset[str]:
        left, right = self._left(node.lhs), self._left(node.rhs)
        on = node.modifier.matching if node.modifier else None
        if on is not None and str(on).startswith("on"):
            wanted = frozenset(on.labels)
            assert wanted <= left, (wanted, left)
            assert wanted <= right, (wanted, right)
        return left or right
