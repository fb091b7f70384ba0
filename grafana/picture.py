"""Draws what each dashboard's panels would show: a running Prometheus's data, by uPlot in a headless Chromium, one PNG each.

A picture of the data, not of Grafana: no legend table, no thresholds, no exemplars, one panel where Grafana repeats it.
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
from pathlib import Path

HERE = Path(__file__).resolve().parent
UPLOT = "uplot@1.6.32"
CELL, ROW = 66, 34
"""Pixels of one column and one row of the grid."""
COLOURS = ("#3b7dd8", "#d9622b", "#2f9e6e", "#8a5fc7", "#c23b6b", "#8f7a1f", "#3a9bb0", "#777777")

PAGE = """<!doctype html><meta charset="utf-8"><style>%(css)s
body{margin:0;background:#fff;font:12px system-ui;position:relative}
.p{position:absolute;box-sizing:border-box;padding:4px;border:1px solid #ddd;overflow:hidden}
.p b{display:block;font-size:12px} .p small{color:#777} .u-legend{display:none} pre{margin:2px;font-size:11px}</style>
<body><script>%(js)s</script><script>
for (const p of %(panels)s) {
  const box = document.createElement("div"); box.className = "p";
  Object.assign(box.style, {left: p.x + "px", top: p.y + "px", width: p.w + "px", height: p.h + "px"});
  const title = document.createElement("b"); title.textContent = p.title; box.append(title);
  document.body.append(box);
  if (p.rows) { const pre = document.createElement("pre"); pre.textContent = p.rows.join("\\n"); box.append(pre); continue; }
  const names = document.createElement("small");
  names.textContent = p.series.map(s => s.label).join(" · ").slice(0, 150);
  box.append(names);
  if (!p.data[0].length) { box.append(" no data"); continue; }
  const size = {width: p.w - 12, height: p.h - 62};
  new uPlot({...size, series: [{}, ...p.series], scales: p.scales, axes: [{}, {size: 60}]}, p.data, box);
}
</script>"""


class Prometheus:
    """Asked for ranges and instants; every variable of a dashboard stands at All."""

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

    def _filled(self, expr: str) -> str:
        return re.sub(r"\$\w+", ".+", expr.replace("$__rate_interval", self._interval))

    def _asked(self, path: str, **parameters: object) -> list[dict]:
        address = f"{self._url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(address, timeout=30) as answer:
            return json.load(answer)["data"]["result"]


def drawn(panel: dict, prometheus: Prometheus) -> dict:
    """One panel as the page takes it: its place in pixels, and its series, or its rows of text."""
    place = panel["gridPos"]
    made = {"title": panel["title"], "x": place["x"] * CELL, "y": place["y"] * ROW, "w": place["w"] * CELL, "h": place["h"] * ROW}
    if panel["type"] == "row":
        return made | {"rows": []}
    if panel["type"] == "table":
        return made | {"rows": [line for target in panel["targets"] for line in _lines(prometheus.rows(target["expr"]))]}
    found = [(target, series) for target in panel["targets"] for series in prometheus.series(target["expr"])]
    times = sorted({float(at) for _, series in found for at, _ in series["values"]})
    values = [_along(times, series["values"]) for _, series in found]
    looks = [_look(number, target, series, panel) for number, (target, series) in enumerate(found)]
    return made | {"series": looks, "data": [times, *values], "scales": _scales(panel)}


def _lines(found: list[dict]) -> list[str]:
    return [f"{' / '.join(each['metric'].values())}   {float(each['value'][1]):.4g}" for each in found]


def _along(times: list[float], values: list[list]) -> list[float | None]:
    known = {float(at): float(value) for at, value in values if value not in {"NaN", "+Inf", "-Inf"}}
    return [known.get(at) for at in times]


def _look(number: int, target: dict, series: dict, panel: dict) -> dict:
    label = re.sub(r"\{\{(\w+)\}\}", lambda found: series["metric"].get(found[1], ""), target["legendFormat"])
    dashed = {each["matcher"]["options"] for each in panel["fieldConfig"]["overrides"] if each["matcher"]["id"] == "byFrameRefID"}
    look = {"label": label, "stroke": COLOURS[number % len(COLOURS)], "width": 2, "spanGaps": True}
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
            panels = [drawn(panel, prometheus) for panel in json.loads(path.read_text(encoding="utf-8"))["panels"]]
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
