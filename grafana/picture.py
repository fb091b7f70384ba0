"""Draws what each dashboard's panels would show: a running Prometheus's data, by uPlot in a headless Chromium, one PNG each.

A picture of the data, not of Grafana: no exemplars, no links, and of a repeated panel at most six.
`python grafana/picture.py FOLDER --prometheus URL`; it needs Chromium and fetches uPlot with npm.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent
UPLOT = "uplot@1.6.32"
CELL, ROW = 66, 38
"""Pixels of one column and one row of the grid."""
REPEATS = 6
COLOURS = ("#3b7dd8", "#d9622b", "#2f9e6e", "#8a5fc7", "#c23b6b", "#8f7a1f", "#3a9bb0", "#777777")

PAGE = """<!doctype html><meta charset="utf-8"><style>%(css)s
body{margin:0;background:#fff;font:12px system-ui;position:relative}
.p{position:absolute;box-sizing:border-box;padding:4px;border:1px solid #ddd;overflow:hidden}
.p b{display:block;font-size:12px} .u-legend{display:none}
.names{color:#555;font-size:11px;max-height:44px;overflow:hidden} .names i{font-style:normal;font-weight:bold}
.big{font-size:34px;text-align:center;padding-top:24px} td,th{padding:1px 14px 1px 2px;text-align:left;font-size:11px}</style>
<body><script>%(js)s</script><script>
const put = (box, tag, text, name) => {
  const made = document.createElement(tag); made.textContent = text; made.className = name || ""; box.append(made); return made;
};
const plain = (value, unit) => {
  if (value == null) return "";
  if (unit === "percentunit") return +(value * 100).toPrecision(3) + " %%";
  if (unit === "s") return Math.abs(value) < 1 ? +(value * 1000).toPrecision(3) + " ms" : +value.toPrecision(3) + " s";
  return String(+value.toPrecision(4));
};
for (const p of %(panels)s) {
  const box = put(document.body, "div", "", "p");
  Object.assign(box.style, {left: p.x + "px", top: p.y + "px", width: p.w + "px", height: p.h + "px"});
  put(box, "b", p.title);
  if (p.table) {
    const table = put(box, "table", "");
    for (const row of p.table) { const line = put(table, "tr", ""); row.forEach(cell => put(line, "td", cell)); }
    if (p.table.length === 1) put(box, "span", "no data");
    continue;
  }
  if (p.big) { put(box, "div", p.series.length ? plain(p.series[0].last, p.unit) : "no data", "big"); continue; }
  const names = put(box, "div", "", "names");
  for (const s of p.series) {
    put(names, "i", s.dash ? "┄ " : "━ ").style.color = s.stroke;
    put(names, "span", s.label + " " + plain(s.last, p.unit) + "  ");
  }
  if (!p.data[0].length) { put(box, "span", "no data"); continue; }
  const size = {width: p.w - 12, height: p.h - 24 - names.offsetHeight};
  const line = p.line == null ? [] : [{stroke: "#d33", width: 1, dash: [2, 3]}];
  const data = p.line == null ? p.data : [...p.data, p.data[0].map(() => p.line)];
  const axes = [{}, {size: 66, values: (_, ticks) => ticks.map(tick => plain(tick, p.unit))}];
  new uPlot({...size, series: [{}, ...p.series, ...line], scales: p.scales, axes}, data, box);
}
</script>"""


class Prometheus:
    """Asked for ranges and instants; every variable of a dashboard stands at All unless it is chosen."""

    def __init__(self, url: str, seconds: float, rate_interval: str) -> None:
        self._url, self._seconds, self._interval = url.rstrip("/"), seconds, rate_interval
        self._end = time.time()

    def series(self, expr: str) -> list[dict]:
        """The range query's result, as Prometheus gives it."""
        step = max(1.0, self._seconds / 200)
        return self._asked("query_range", query=self._filled(expr), start=self._end - self._seconds, end=self._end, step=step)

    def rows(self, expr: str) -> list[dict]:
        """The instant query's result."""
        return self._asked("query", query=self._filled(expr), time=self._end)

    def values(self, query: str) -> list[str]:
        """What a variable's label_values(...) finds."""
        found = re.fullmatch(r"label_values\((.+), (\w+)\)", query)
        if found is None:
            return []
        rows = self.rows(f"count by ({found[2]}) ({found[1]})")
        return sorted(row["metric"].get(found[2], "") for row in rows)

    def _filled(self, expr: str) -> str:
        return re.sub(r"\$\w+", ".+", expr.replace("$__rate_interval", self._interval))

    def _asked(self, path: str, **parameters: object) -> list[dict]:
        address = f"{self._url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(address, timeout=30) as answer:
            return json.load(answer)["data"]["result"]


def repeated(board: dict, prometheus: Prometheus) -> Iterator[dict]:
    """The panels, those that Grafana repeats by a variable once for each of its first values, and what is below moved down."""
    variables = {each["name"]: each for each in board["templating"]["list"]}
    down = 0
    for panel in board["panels"]:
        place = {**panel["gridPos"], "y": panel["gridPos"]["y"] + down}
        name = panel.get("repeat")
        values = prometheus.values(variables[name]["query"])[:REPEATS] if name else []
        for number, value in enumerate(values):
            across, below = number % panel["maxPerRow"], number // panel["maxPerRow"]
            spot = {**place, "x": across * place["w"], "y": place["y"] + below * place["h"]}
            yield json.loads(json.dumps(panel).replace(f"${name}", value)) | {"gridPos": spot}
        down += max(0, (len(values) - 1) // panel.get("maxPerRow", 1)) * place["h"] if name else 0
        if not values:
            yield panel | {"gridPos": place}


def drawn(panel: dict, prometheus: Prometheus) -> dict:
    """One panel as the page takes it: its place in pixels, and its series, or its table of text."""
    place = panel["gridPos"]
    made = {"title": panel["title"], "x": place["x"] * CELL, "y": place["y"] * ROW, "w": place["w"] * CELL, "h": place["h"] * ROW}
    if panel["type"] == "row":
        return made | {"table": []}
    defaults = panel["fieldConfig"]["defaults"]
    if panel["type"] == "table":
        return made | {"table": _merged(panel, [prometheus.rows(target["expr"]) for target in panel["targets"]])}
    found = [(target, series) for target in panel["targets"] for series in prometheus.series(target["expr"])]
    times = sorted({float(at) for _, series in found for at, _ in series["values"]})
    values = [_along(times, series["values"]) for _, series in found]
    looks = [_look(number, target, series, panel) for number, (target, series) in enumerate(found)]
    bars = [step["value"] for step in defaults.get("thresholds", {}).get("steps", []) if step["value"] is not None]
    more = {"big": panel["type"] == "stat", "unit": defaults["unit"], "line": next(iter(bars), None)}
    return made | {"series": looks, "data": [times, *values], "scales": _scales(panel)} | more


def _merged(panel: dict, results: list[list[dict]]) -> list[list[str]]:
    """What the transformations `merge` and `organize` make of the results: a row for each set of labels."""
    names = panel["transformations"][-1]["options"]["renameByName"]
    columns = [*names.values()]
    units = {each["matcher"]["options"]: each["properties"][0]["value"] for each in panel["fieldConfig"]["overrides"]}
    rows: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for number, result in enumerate(results):
        unit = units.get(columns[number], panel["fieldConfig"]["defaults"]["unit"])
        for each in result:
            row = rows.setdefault(tuple(sorted(each["metric"].items())), [""] * len(results))
            row[number] = _worded(float(each["value"][1]), unit)
    labels = sorted({name for row in rows for name, _ in row})
    return [[*labels, *columns], *([dict(row).get(name, "") for name in labels] + cells for row, cells in sorted(rows.items()))]


def _worded(value: float, unit: str) -> str:
    if unit == "dateTimeAsIso":
        return f"{datetime.fromtimestamp(value / 1000, UTC):%Y-%m-%d %H:%M:%S}"
    return f"{value:.1%}" if unit == "percentunit" else f"{value:.4g}"


def _along(times: list[float], values: list[list]) -> list[float | None]:
    known = {float(at): float(value) for at, value in values if value not in {"NaN", "+Inf", "-Inf"}}
    return [known.get(at) for at in times]


def _look(number: int, target: dict, series: dict, panel: dict) -> dict:
    label = re.sub(r"\{\{(\w+)\}\}", lambda found: series["metric"].get(found[1], ""), target["legendFormat"])
    dashed = {each["matcher"]["options"] for each in panel["fieldConfig"]["overrides"] if each["matcher"]["id"] == "byFrameRefID"}
    last = next((float(value) for _, value in reversed(series["values"]) if value not in {"NaN", "+Inf", "-Inf"}), None)
    look = {"label": label, "stroke": COLOURS[number % len(COLOURS)], "width": 2, "spanGaps": True, "last": last}
    return look | ({"dash": [6, 6]} if target["refId"] in dashed else {})


def _scales(panel: dict) -> dict:
    defaults = panel["fieldConfig"]["defaults"]
    return {"y": {"range": [defaults["min"], defaults["max"]]}} if {"min", "max"} <= set(defaults) else {}


def uplot(folder: Path) -> tuple[str, str]:
    """The library's script and style, from npm."""
    subprocess.run(["npm", "install", "--silent", "--no-fund", "--prefix", folder, UPLOT], check=True)
    dist = folder / "node_modules" / "uplot" / "dist"
    return (dist / "uPlot.iife.min.js").read_text(encoding="utf-8"), (dist / "uPlot.min.css").read_text(encoding="utf-8")


def main() -> None:
    """One PNG for each dashboard, in the folder that is named."""
    wanted = argparse.ArgumentParser(description="Pictures of the dashboards' data; not of Grafana.")
    wanted.add_argument("folder", type=Path)
    wanted.add_argument("--prometheus", default="http://127.0.0.1:9090", metavar="URL")
    wanted.add_argument("--seconds", type=float, default=6 * 3600.0, help="how far back")
    wanted.add_argument("--rate-interval", default="1m")
    asked = wanted.parse_args()
    prometheus = Prometheus(asked.prometheus, asked.seconds, asked.rate_interval)
    asked.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        script, style = uplot(Path(name))
        for path in sorted((HERE / "dashboards").glob("*.json")):
            board = json.loads(path.read_text(encoding="utf-8"))
            panels = [drawn(panel, prometheus) for panel in repeated(board, prometheus)]
            page = Path(name) / f"{path.stem}.html"
            page.write_text(PAGE % {"css": style, "js": script, "panels": json.dumps(panels)}, encoding="utf-8")
            _shot(page, asked.folder / f"{path.stem}.png", height=max(each["y"] + each["h"] for each in panels))


def _shot(page: Path, image: Path, height: int) -> None:
    size = f"--window-size={24 * CELL},{height + 20}"
    flags = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--virtual-time-budget=3000")
    command = ("chromium", *flags, size, f"--screenshot={image.resolve()}", page.as_uri())
    subprocess.run(command, check=True, capture_output=True, timeout=60)


if __name__ == "__main__":
    main()
