"""What a dashboard is made of: boards, panels and queries; how that becomes Grafana's JSON is build.py's matter.

In a query `<leg>` stands for the four selectors of raw series, `<own>` for those without a provider, `<sum>` for those of
recorded series, which are sums over instances, and `<ref>` for raw series of the reference, which is another provider.
"""

from __future__ import annotations

from dataclasses import dataclass

WHO = "{{provider}} / {{model}}"
SELECTORS = {
    "<leg>": 'job=~"$job", instance=~"$instance", provider=~"$provider", model=~"$model"',
    "<ref>": 'job=~"$job", instance=~"$instance", model=~"$model"',
    "<own>": 'job=~"$job", instance=~"$instance"',
    "<sum>": 'job=~"$job", provider=~"$provider", model=~"$model"',
    "<job>": 'job=~"$job"',
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One target: an expression, what its series are called, whether it is the noise floor or reference (drawn dashed), and
    whether its points lead to pairs.
    """

    expr: str
    legend: str = ""
    floor: bool = False
    exemplar: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One question. `line` is a threshold drawn in, `repeat` the variable it is repeated by, `columns` a table's names."""

    title: str
    text: str
    unit: str
    queries: tuple[Query, ...]
    kind: str = "timeseries"
    width: int = 12
    height: int = 8
    line: float | None = None
    top: float | None = None
    bottom: float | None = 0.0
    repeat: str = ""
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """One dashboard: rows of panels, and the variables it has beside the common ones, as (name, label_values query)."""

    uid: str
    title: str
    text: str
    rows: tuple[tuple[str, tuple[Panel, ...]], ...]
    variables: tuple[tuple[str, str], ...] = ()


def q(expr: str, legend: str = "", *, floor: bool = False, exemplar: bool = False) -> Query:
    """A query with its selectors written out."""
    for short, whole in SELECTORS.items():
        expr = expr.replace(short, whole)
    return Query(expr=expr, legend=legend, floor=floor, exemplar=exemplar)


def quantiles(metric: str, *, exemplar: bool = True) -> tuple[Query, ...]:
    """Median and 95th percentile of a latency: the provider's, and dashed the reference's for the same model."""
    bucket = f"sameweights_{metric}_seconds_bucket"
    found = []
    for share, name in ((0.5, "p50"), (0.95, "p95")):
        mine = f'sum by (le, provider, model) (rate({bucket}{{<leg>, role="primary"}}[$__rate_interval]))'
        its = f'sum by (le, model) (rate({bucket}{{<ref>, role="shadow"}}[$__rate_interval]))'
        found.append(q(f"histogram_quantile({share}, {mine})", f"{name} {WHO}", exemplar=exemplar))
        found.append(q(f"histogram_quantile({share}, {its})", f"{name} reference / {{{{model}}}}", floor=True))
    return tuple(found)
