"""Builds the dashboards, and copies into the package what `sameweights dashboards` writes out of it.

`python grafana/build.py` writes; `--check` writes nothing and exits 1 where a committed file is not what would be written.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from audit import AUDIT
from divergence import DIVERGENCE
from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, table, timeseries
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common as looks
from grafana_foundation_sdk.models import dashboard as models
from latency import LATENCY
from overview import OVERVIEW
from panels import SELECTORS, Board, Panel, Query, q

HERE = Path(__file__).resolve().parent
PACKAGED = HERE.parent / "shadow" / "metrics" / "grafana"
SHIPPED = ("dashboards/*.json", "prometheus/*.yml", "alertmanager/*.yml", "provisioning/*/*.yml", "runbook.md")
BOARDS = (OVERVIEW, DIVERGENCE, LATENCY, AUDIT)
PAGES = "http://127.0.0.1:8081"
SOURCE = models.DataSourceRef(type_val="prometheus", uid="$datasource")
WIDTH = 24
UNKNOWN = {"auto", "auto_min", "auto_count", "allowCustomValue"}
"""What the library writes into every variable, and some Grafana between 10 and 13 does not know."""
COMMON = (
    ("job", "label_values(sameweights_build_info, job)"),
    ("instance", "label_values(sameweights_build_info{<job>}, instance)"),
    ("provider", "label_values(sameweights_requests_total{<own>}, provider)"),
    ("model", 'label_values(sameweights_requests_total{<own>, provider=~"$provider"}, model)'),
)


def built(board: Board) -> str:
    """The dashboard as classic JSON, the same bytes each time."""
    builder = (
        dashboard.Dashboard(board.title)
        .uid(board.uid)
        .description(board.text)
        .tags(["sameweights"])
        .timezone("browser")
        .readonly()
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .time("now-6h", "now")
        .refresh("1m")
        .links([_among(), _link("Pairs", "${pages}/pairs"), _link("Runbook", "${pages}/runbook")])
        .variables([_source(), *(_variable(*each) for each in (*COMMON, *board.variables)), _pages()])
        .annotation(_alerts())
    )
    made = json.loads(json.dumps(builder.build(), cls=JSONEncoder))
    made["panels"] = [json.loads(json.dumps(panel, cls=JSONEncoder)) for panel in _placed(board)]
    made.pop("id", None)
    for variable in made["templating"]["list"]:
        for name in UNKNOWN & set(variable):
            del variable[name]
    return json.dumps(made, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _among() -> dashboard.DashboardLink:
    link = dashboard.DashboardLink("sameweights").type(models.DashboardLinkType.DASHBOARDS).tags(["sameweights"])
    return link.include_vars(True).keep_time(True).as_dropdown(False).icon("").tooltip("").url("")


def _link(title: str, url: str) -> dashboard.DashboardLink:
    link = dashboard.DashboardLink(title).type(models.DashboardLinkType.LINK).url(url).target_blank(True)
    return link.icon("external link").tooltip(f"{title} of this proxy").tags([])


def _source() -> dashboard.DatasourceVariable:
    return dashboard.DatasourceVariable("datasource").label("Data Source").type("prometheus")


def _variable(name: str, query: str) -> dashboard.QueryVariable:
    return (
        dashboard.QueryVariable(name)
        .label(name)
        .datasource(SOURCE)
        .query(q(query).expr)
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(".+")
        .current(models.VariableOption(selected=True, text="All", value="$__all"))
    )


def _pages() -> dashboard.TextBoxVariable:
    return dashboard.TextBoxVariable("pages").label("pages").description("Address of the admin port.").default_value(PAGES)


def _alerts() -> dashboard.AnnotationQuery:
    expr = f'ALERTS{{{SELECTORS["<job>"]}, alertname=~"SameweightsDrift.*|SameweightsServingChanged", alertstate="firing"}}'
    return dashboard.AnnotationQuery().name("Alerts").datasource(SOURCE).enable(True).icon_color("red").expr(expr)


def _placed(board: Board) -> Iterator[models.Panel | models.RowPanel]:
    """Rows and panels from left to right, with ids and places."""
    number, y = 0, 0
    for title, panels in board.rows:
        number += 1
        place = models.GridPos(h=1, w=WIDTH, x=0, y=y)
        yield dashboard.Row(title).id(number).grid_pos(place).collapsed(False).build()
        y, x, tall = y + 1, 0, 0
        for panel in panels:
            if x + panel.width > WIDTH:
                y, x, tall = y + tall, 0, 0
            number += 1
            yield _panel(panel, number, models.GridPos(h=panel.height, w=panel.width, x=x, y=y))
            x, tall = x + panel.width, max(tall, panel.height)
        y += tall


def _panel(panel: Panel, number: int, place: models.GridPos) -> models.Panel:
    kinds = {"timeseries": _graph, "stat": _stat, "table": _table}
    builder = kinds[panel.kind](panel)
    builder = builder.id(number).title(panel.title).description(panel.text)
    builder = builder.datasource(SOURCE).grid_pos(place).unit(panel.unit)
    if panel.line is not None:
        builder = builder.thresholds(_steps(panel.line))
    if panel.kind == "stat" and panel.unit == "short":
        # an increase is extrapolated: 404.4 pairs would only puzzle
        builder = builder.decimals(0)
    if panel.repeat:
        builder = builder.repeat(panel.repeat).repeat_direction("h").max_per_row(3)
    for position, query in enumerate(panel.queries):
        builder = builder.with_target(_target(query, chr(ord("A") + position), instant=panel.kind == "table"))
    return builder.build()


def _steps(line: float) -> Builder[models.ThresholdsConfig]:
    steps = [models.Threshold(value=None, color="green"), models.Threshold(value=line, color="red")]
    return dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps)


def _target(query: Query, ref: str, *, instant: bool) -> prometheus.Dataquery:
    target = prometheus.Dataquery().expr(query.expr).legend_format(query.legend or "__auto").ref_id(ref).datasource(SOURCE)
    if instant:
        return target.instant().format("table")
    return target.range().exemplar(query.exemplar)


def _graph(panel: Panel) -> timeseries.Panel:
    builder = timeseries.Panel().fill_opacity(0).show_points(looks.VisibilityMode.AUTO).line_width(2).span_nulls(False)
    legend = common.VizLegendOptions().display_mode(looks.LegendDisplayMode.TABLE).placement(looks.LegendPlacement.BOTTOM)
    builder = builder.legend(legend.show_legend(True).calcs(["lastNotNull"]))
    builder = builder.tooltip(common.VizTooltipOptions().mode(looks.TooltipDisplayMode.MULTI).sort(looks.SortOrder.DESCENDING))
    if panel.line is not None:
        builder = builder.thresholds_style(common.GraphThresholdsStyleConfig().mode(looks.GraphThresholdsStyleMode.LINE))
    for bound, put in ((panel.bottom, builder.min), (panel.top, builder.max)):
        if bound is not None:
            put(bound)
    for position, query in enumerate(panel.queries):
        if query.floor:
            dashes = models.DynamicConfigValue(id_val="custom.lineStyle", value={"fill": "dash", "dash": [6, 6]})
            builder = builder.override_by_query(chr(ord("A") + position), [dashes])
    if any("{{provider}}" in query.legend for query in panel.queries):
        builder = builder.data_links([_pairs()])
    return builder


def _pairs() -> dashboard.DashboardLink:
    labels = "provider=${__field.labels.provider}&model=${__field.labels.model}"
    return _link("Pairs of this provider that differ", f"${{pages}}/pairs?{labels}&state=differ")


def _stat(_: Panel) -> stat.Panel:
    reduce = common.ReduceDataOptions().calcs(["lastNotNull"]).values(False).fields("")
    return stat.Panel().reduce_options(reduce).color_mode(looks.BigValueColorMode.VALUE).graph_mode(looks.BigValueGraphMode.AREA)


def _table(panel: Panel) -> table.Panel:
    names = {f"Value #{chr(ord('A') + position)}": name for position, name in enumerate(panel.columns)}
    if len(panel.columns) == 1:
        names = {"Value": panel.columns[0]}
    merge = models.DataTransformerConfig(id_val="merge", options={})
    order = models.DataTransformerConfig(id_val="organize", options={"excludeByName": {"Time": True}, "renameByName": names})
    builder = table.Panel().show_header(True).transformations([merge, order])
    for name, unit in (("z", "none"), ("pairs", "short"), ("since", "dateTimeAsIso"), ("oldest", "dateTimeAsIso")):
        if name in panel.columns:
            builder = builder.override_by_name(name, [models.DynamicConfigValue(id_val="unit", value=unit)])
    link = [{"title": "Pairs of this provider", "url": "${pages}/pairs?provider=${__value.text}", "targetBlank": True}]
    return builder.override_by_name("provider", [models.DynamicConfigValue(id_val="links", value=link)])


def wanted() -> dict[Path, str]:
    """Every generated file with its text."""
    boards = {f"dashboards/{board.uid.removeprefix('sameweights-')}.json": built(board) for board in BOARDS}
    files = {HERE / name: text for name, text in boards.items()}
    shipped = {path.relative_to(HERE).as_posix() for pattern in SHIPPED for path in HERE.glob(pattern)} - set(boards)
    texts = boards | {name: (HERE / name).read_text(encoding="utf-8") for name in shipped}
    return files | {PACKAGED / name: text for name, text in texts.items()}


def main(arguments: list[str]) -> int:
    """Write, or with --check only compare; stray files in either folder are reported, and removed when writing."""
    files = wanted()
    there = {path for folder in (HERE / "dashboards", PACKAGED) for path in folder.rglob("*") if path.is_file()}
    strays = there - set(files)
    wrong = [path for path, text in files.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if "--check" in arguments:
        for path in sorted([*wrong, *strays]):
            sys.stderr.write(f"{path.relative_to(HERE.parent)}: not what grafana/build.py writes\n")
        return 1 if wrong or strays else 0
    for path in strays:
        path.unlink()
    for path in wrong:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(files[path], encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
