"""Builds the dashboards, and copies into the package what `sameweights dashboards` writes out of it.

`python grafana/build.py` writes; `--check` writes nothing and exits 1 where a committed file is not what would be written.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from audit import AUDIT
from choose import CHOOSE
from divergence import DIVERGENCE
from fleet import FLEET
from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common as looks
from grafana_foundation_sdk.models import dashboard as models
from latency import LATENCY
from money import MONEY
from overview import OVERVIEW
from panels import SELECTORS, STATES, Board, Column, Panel, Query, q

HERE = Path(__file__).resolve().parent
PACKAGED = HERE.parent / "shadow" / "metrics" / "grafana"
SHIPPED = (
    "dashboards/*.json",
    "prometheus/*.yml",
    "alertmanager/*.yml",
    "provisioning/*/*.yml",
    "kubernetes/*.yaml",
    "runbook.md",
)
BOARDS = (OVERVIEW, DIVERGENCE, LATENCY, CHOOSE, MONEY, AUDIT, FLEET)
PAGES = "http://127.0.0.1:8081"
SOURCE = models.DataSourceRef(type_val="prometheus", uid="$datasource")
WIDTH = 24
GREY = "#8e8e8e"
LEAST_TOP = 0.05
"""Top of the axis of shares and rates while all are smaller: without it a panel of zeros has an axis to 10000 %."""
UNKNOWN = {"auto", "auto_min", "auto_count", "allowCustomValue"}
"""What the library writes into every variable, and some Grafana between 10 and 13 does not know."""
ANNOTATIONS = (
    ("Drift", "red", "SameweightsDrift|SameweightsDriftProven"),
    ("Server identity changed", "blue", "SameweightsServingChanged"),
)
"""Marks on the graphs: the alerts that fired then."""
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
        .variables([_source(), *(_variable(*each) for each in COMMON), *(_choice(*each) for each in board.variables), _pages()])
    )
    for name, colour, pattern in ANNOTATIONS:
        builder = builder.annotation(_alerts(name, colour, pattern))
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


def _choice(name: str, query: str, value: str) -> dashboard.QueryVariable:
    chosen = models.VariableOption(selected=True, text=value, value=value)
    return _variable(name, query).multi(False).include_all(False).current(chosen)


def _pages() -> dashboard.TextBoxVariable:
    return dashboard.TextBoxVariable("pages").label("pages").description("Address of the admin port.").default_value(PAGES)


def _alerts(name: str, colour: str, pattern: str) -> dashboard.AnnotationQuery:
    chosen = f'{SELECTORS["<sum>"]}, alertname=~"{pattern}", alertstate="firing"'
    annotation = dashboard.AnnotationQuery().name(name).datasource(SOURCE).enable(True).icon_color(colour)
    return annotation.expr(f"max by (alertname, provider, model) (ALERTS{{{chosen}}})")


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
    kinds = {"timeseries": _graph, "stat": _stat, "table": _table, "state-timeline": _states}
    builder = kinds[panel.kind](panel)
    builder = builder.id(number).title(panel.title).description(panel.text)
    builder = builder.datasource(SOURCE).grid_pos(place).unit(panel.unit)
    if panel.line is not None:
        builder = builder.thresholds(_steps((panel.line, "red")))
    if panel.steps:
        builder = builder.thresholds(_steps(*panel.steps, least=panel.least))
    if panel.none:
        builder = builder.no_value(panel.none)
    if panel.kind == "stat" and panel.unit == "locale":
        # an increase is extrapolated: 404.4 pairs would only puzzle
        builder = builder.decimals(0)
    for position, query in enumerate(panel.queries):
        builder = builder.with_target(_target(query, chr(ord("A") + position), instant=panel.kind == "table"))
    return builder.build()


def _steps(*above: tuple[float, str], least: str = "green") -> Builder[models.ThresholdsConfig]:
    steps = [models.Threshold(value=None, color=least), *(models.Threshold(value=value, color=color) for value, color in above)]
    return dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps)


def _target(query: Query, ref: str, *, instant: bool) -> prometheus.Dataquery:
    target = prometheus.Dataquery().expr(query.expr).legend_format(query.legend or "__auto").ref_id(ref).datasource(SOURCE)
    if instant:
        return target.instant().format("table")
    return target.range().exemplar(query.exemplar)


def _graph(panel: Panel) -> timeseries.Panel:
    builder = timeseries.Panel().fill_opacity(0).show_points(looks.VisibilityMode.AUTO).line_width(2).span_nulls(False)
    # because a colour is then the same provider's in every panel, whatever else is drawn
    builder = builder.color_scheme(dashboard.FieldColor().mode(models.FieldColorModeId.PALETTE_CLASSIC_BY_NAME))
    legend = common.VizLegendOptions().display_mode(looks.LegendDisplayMode.LIST).placement(looks.LegendPlacement.BOTTOM)
    builder = builder.legend(legend.show_legend(True).calcs([]))
    if panel.unit in {"percentunit", "reqps", "ops"} and panel.top is None:
        builder = builder.axis_soft_max(LEAST_TOP)
    builder = builder.tooltip(common.VizTooltipOptions().mode(looks.TooltipDisplayMode.MULTI).sort(looks.SortOrder.DESCENDING))
    if panel.line is not None:
        builder = builder.thresholds_style(common.GraphThresholdsStyleConfig().mode(looks.GraphThresholdsStyleMode.LINE))
    for bound, put in ((panel.bottom, builder.min), (panel.top, builder.max)):
        if bound is not None:
            put(bound)
    for position, query in enumerate(panel.queries):
        if query.floor or query.band:
            builder = builder.override_by_query(chr(ord("A") + position), _grey(band=query.band))
    if any("{{provider}}" in query.legend for query in panel.queries):
        builder = builder.data_links([_pairs()])
    return builder


def _grey(*, band: bool) -> list[models.DynamicConfigValue]:
    """The look of the reference and its noise: a dashed grey line, or a grey band from 0 on."""
    look = {"color": {"mode": "fixed", "fixedColor": GREY}}
    look |= {"custom.fillOpacity": 25, "custom.lineWidth": 0, "custom.showPoints": "never"} if band else {}
    look |= {} if band else {"custom.lineStyle": {"fill": "dash", "dash": [6, 6]}}
    return [models.DynamicConfigValue(id_val=name, value=value) for name, value in look.items()]


def _pairs() -> dashboard.DashboardLink:
    labels = "provider=${__field.labels.provider}&model=${__field.labels.model}"
    return _link("Pairs of this provider that differ", f"${{pages}}/pairs?{labels}&state=differ")


def _stat(_: Panel) -> stat.Panel:
    reduce = common.ReduceDataOptions().calcs(["lastNotNull"]).values(False).fields("")
    builder = stat.Panel().reduce_options(reduce).text_mode(looks.BigValueTextMode.VALUE)
    return builder.color_mode(looks.BigValueColorMode.VALUE).graph_mode(looks.BigValueGraphMode.AREA)


def _states(_: Panel) -> statetimeline.Panel:
    builder = statetimeline.Panel().mappings([models.ValueMap(options=_state_words())]).show_value(looks.VisibilityMode.AUTO)
    legend = common.VizLegendOptions().display_mode(looks.LegendDisplayMode.LIST).placement(looks.LegendPlacement.BOTTOM)
    return builder.legend(legend.show_legend(True)).merge_values(True).row_height(0.8).fill_opacity(80)


def _state_words() -> dict[str, models.ValueMappingResult]:
    return {
        f"{code}": models.ValueMappingResult(text=words, color=colour, index=code)
        for code, (_, words, colour) in enumerate(STATES)
    }


def _table(panel: Panel) -> table.Panel:
    builder = table.Panel().show_header(True)
    if panel.matrix:
        return _matrix(builder, panel.matrix)
    values = [f"Value #{chr(ord('A') + position)}" for position in range(len(panel.queries))]
    names = dict(zip(values if len(values) > 1 else ["Value"], [column.name for column in panel.columns], strict=False))
    hidden = {"Time": True} | ({} if panel.columns else {"Value": True})
    order = {name: position for position, name in enumerate(panel.order)}
    options = {"excludeByName": hidden, "renameByName": names}
    merge = models.DataTransformerConfig(id_val="merge", options={})
    # because the order of columns is by their names before they are renamed
    places = {old: order[new] for old, new in names.items() if new in order} | {
        name: at for name, at in order.items() if name not in names.values()
    }
    organize = models.DataTransformerConfig(id_val="organize", options=options | ({"indexByName": places} if order else {}))
    builder = builder.transformations([merge, organize])
    for column in panel.columns:
        builder = builder.override_by_name(column.name, _column(column))
    for name, pixels in panel.widths:
        builder = builder.override_by_name(name, [models.DynamicConfigValue(id_val="custom.width", value=pixels)])
    url = "${pages}/providers/${__value.text}" + ("?model=${__data.fields.model}" if "model" in panel.order else "")
    link = [{"title": "This provider on the pages of the proxy", "url": url, "targetBlank": True}]
    return builder.override_by_name("provider", [models.DynamicConfigValue(id_val="links", value=link)])


def _column(column: Column) -> list[models.DynamicConfigValue]:
    look: dict[str, object] = {"unit": column.unit} if column.unit else {}
    if column.states:
        words = {code: {"text": each.text, "color": each.color, "index": each.index} for code, each in _state_words().items()}
        look |= {"mappings": [{"type": "value", "options": words}], "custom.cellOptions": {"type": "color-text"}}
        look |= {"custom.align": "left"}
    if column.decimals is not None:
        look |= {"decimals": column.decimals}
    if column.steps:
        steps = [{"value": None, "color": "text"}, *({"value": value, "color": color} for value, color in column.steps)]
        look |= {"thresholds": {"mode": "absolute", "steps": steps}, "custom.cellOptions": {"type": "color-text"}}
    return [models.DynamicConfigValue(id_val=name, value=value) for name, value in look.items()]


def _matrix(builder: table.Panel, matrix: tuple[str, str]) -> table.Panel:
    """A row for each signal, a column for each provider; a click on a signal chooses it for the other panels."""
    column, row = matrix
    options = {"columnField": column, "rowField": row, "valueField": "Value", "emptyValue": "null"}
    builder = builder.transformations([models.DataTransformerConfig(id_val="groupingToMatrix", options=options)])
    builder = builder.cell_options(looks.TableColoredBackgroundCellOptions(mode=looks.TableCellBackgroundDisplayMode.BASIC))
    kept = "&".join(f"${{{name}:queryparam}}" for name in ("datasource", "job", "instance", "provider", "model", "pages"))
    url = f"/d/sameweights-divergence?${{__url_time_range}}&{kept}&var-signal=${{__value.text}}"
    link = [{"title": "Show this signal below", "url": url, "targetBlank": False}]
    plain = models.DynamicConfigValue(id_val="custom.cellOptions", value={"type": "auto"})
    return builder.override_by_name(f"{row}\\{column}", [models.DynamicConfigValue(id_val="links", value=link), plain])


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
