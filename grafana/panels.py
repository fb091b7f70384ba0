"""What a dashboard is made of: boards, panels and queries; how that becomes Grafana's JSON is build.py's matter.

In a query `<leg>` stands for the four selectors of raw series, `<own>` for those without a provider, `<sum>` for those of
recorded series, which are sums over instances, and `<ref>` for raw series of the reference, which is another provider.
`<whole>` leaves out the signals of failure, which have a result where a response failed.
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
    "<whole>": 'signal!~"error|error_class|parameters"',
}


STATES = (
    ("waiting", "… waiting", "text"),
    ("ok", "✓ no difference seen", "green"),
    ("recovered", "✓ recovered", "blue"),
    ("not_measured", "- not measured", "purple"),
    ("suspect", "? suspected", "orange"),
    ("drift", "✗ differs", "red"),
)
"""The states of a group from 0 on, each with its words and colour; the largest one of several groups is shown."""
SHOWN_STATE = "max by (provider, model) ({})".format(
    " or ".join(
        f'{code} * (sameweights_drift_state{{<leg>, upstream="", state="{name}"}} == 1)' for code, (name, *_) in enumerate(STATES)
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One target: an expression, what its series are called, whether it is the noise floor or reference (dashed and grey), or is
    drawn as a grey band from 0 on, and whether its points lead to pairs.
    """

    expr: str
    legend: str = ""
    floor: bool = False
    band: bool = False
    exemplar: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table: its query's position is its own. `steps` colour its text from a value on, `states` name its values."""

    name: str
    unit: str = ""
    decimals: int | None = None
    steps: tuple[tuple[float, str], ...] = ()
    states: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One question. `line` is a threshold drawn in. `columns` are those of a table's values, `order` its columns from left to
    right; `matrix` makes a table with a column for each value of the first label and a row for each of the second. `none` stands
    where there is no value, `steps` colour a single number or the cells of a matrix, below them it is `least`; `widths` are
    pixels of columns.
    """

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
    columns: tuple[Column, ...] = ()
    order: tuple[str, ...] = ()
    matrix: tuple[str, str] | tuple[()] = ()
    none: str = ""
    steps: tuple[tuple[float, str], ...] = ()
    least: str = "green"
    widths: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """One dashboard: rows of panels, and the variables it has beside the common ones, as (name, label_values query, its value at
    first): one value is chosen of each.
    """

    uid: str
    title: str
    text: str
    rows: tuple[tuple[str, tuple[Panel, ...]], ...]
    variables: tuple[tuple[str, str, str], ...] = ()


def q(expr: str, legend: str = "", *, floor: bool = False, band: bool = False, exemplar: bool = False) -> Query:
    """A query with its selectors written out."""
    for short, whole in SELECTORS.items():
        expr = expr.replace(short, whole)
    return Query(expr=expr, legend=legend, floor=floor, band=band, exemplar=exemplar)


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


def money(labels: str, leg: str) -> str:
    """Money a second by `labels`; no value where answers came and the cost of none is known, since 0 would read as free."""
    spent = f"sum by ({labels}) (rate(sameweights_money_total{{{leg}}}[$__rate_interval]))"
    return f"({spent} > 0 or ({spent} unless {_unpriced(labels, leg)} > 0))"


def thousand(labels: str, leg: str) -> str:
    """Money of a thousand answered requests whose cost is known, by `labels`; no value where it is known of none."""
    answers = f'sum by ({labels}) (rate(sameweights_requests_total{{{leg}, code="2xx"}}[$__rate_interval]))'
    return f"1000 * {money(labels, leg)} / (({answers} - ({_unpriced(labels, leg)} or 0 * {answers})) > 0)"


def _unpriced(labels: str, leg: str) -> str:
    return f"sum by ({labels}) (rate(sameweights_unpriced_total{{{leg}}}[$__rate_interval]))"
