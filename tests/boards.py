"""What the tests know of the committed dashboards and rules: panels, queries, variables, with Grafana's part filled in."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
GRAFANA = ROOT / "grafana"
PROMETHEUS = GRAFANA / "prometheus"
ALL = ".+"
"""What `All` of a variable stands for."""


@dataclass(frozen=True)
class Target:
    """One query of one panel."""

    board: str
    panel: str
    expr: str
    legend: str
    variables: tuple[str, ...]
    instant: bool
    low: float | None
    high: float | None
    exemplar: bool

    def __str__(self) -> str:
        return f"{self.board}: {self.panel}: {self.legend}"

    def filled(self, rate_interval: str = "5m", **chosen: str) -> str:
        return filled(self.expr, self.variables, rate_interval, **chosen)


def filled(expr: str, variables: tuple[str, ...], rate_interval: str = "5m", **chosen: str) -> str:
    """The expression as Grafana would send it, each variable at `All` unless chosen."""
    expr = expr.replace("$__rate_interval", rate_interval)
    for name in sorted(variables, key=len, reverse=True):
        expr = expr.replace(f"${name}", chosen.get(name, ALL))
    return expr


def boards() -> dict[str, dict]:
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted((GRAFANA / "dashboards").glob("*.json"))}


def variables(board: dict) -> tuple[str, ...]:
    return tuple(each["name"] for each in board["templating"]["list"])


def panels(board: dict) -> list[dict]:
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def targets() -> Iterator[Target]:
    for name, board in boards().items():
        for panel in panels(board):
            defaults = panel["fieldConfig"]["defaults"]
            for target in panel["targets"]:
                legend, instant = target["legendFormat"], target["instant"]
                bounds = (defaults.get("min"), defaults.get("max"))
                found = (target["expr"], legend, variables(board), instant, *bounds, target.get("exemplar", False))
                yield Target(name, panel["title"], *found)


def groups(name: str) -> list[dict]:
    return yaml.safe_load((PROMETHEUS / name).read_text(encoding="utf-8"))["groups"]


def alerts() -> dict[str, dict]:
    return {rule["alert"]: rule for group in groups("alerts.yml") for rule in group["rules"] if "alert" in rule}


def records() -> dict[str, str]:
    found = [rule for name in ("rules.yml", "alerts.yml") for group in groups(name) for rule in group["rules"]]
    return {rule["record"]: rule["expr"] for rule in found if "record" in rule}
