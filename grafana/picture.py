"""Draws the dashboards with Grafana's own components, without a Grafana: a running Prometheus's answers, in a headless Chromium.

`python grafana/picture.py FOLDER --prometheus URL` writes one PNG for each dashboard. It needs npm and Chromium, and installs
@grafana/ui 11.6.0 with what that needs (600 MB) into build/grafana-ui once. Not drawn: the controls of variables, links,
exemplars and annotations. The state timeline is drawn by render/panels.tsx, because Grafana does not publish that component.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCES = HERE / "render"
INSTALLED = HERE.parent / "build" / "grafana-ui"
LOADERS = {".svg": "dataurl", ".css": "css", ".ttf": "empty", ".woff": "empty", ".woff2": "dataurl"}
CELL_HEIGHT = 38
PAGE = """<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="panels.css"><body><div id="root"></div>
<script type="application/json" id="data">%s</script><script src="panels.js"></script>"""


class Prometheus:
    """Answers of a Prometheus for a range that ends now; each variable of a dashboard is at All, `signal` at its first value."""

    def __init__(self, url: str, seconds: float, rate_interval: str) -> None:
        self._url, self._interval = url.rstrip("/"), rate_interval
        self.end = time.time()
        self.begin = self.end - seconds

    def answers(self, target: dict, chosen: dict[str, str]) -> list[dict]:
        """The result of one query of a panel."""
        query = filled(target["expr"], self._interval, chosen)
        if target.get("format") == "table":
            return self._get("query", query=query, time=self.end)
        step = max(1.0, (self.end - self.begin) / 240)
        return self._get("query_range", query=query, start=self.begin, end=self.end, step=step)

    def _get(self, path: str, **parameters: object) -> list[dict]:
        address = f"{self._url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(address, timeout=60) as answer:
            return json.load(answer)["data"]["result"]


def filled(expr: str, rate_interval: str, chosen: dict[str, str]) -> str:
    """The expression as Grafana would send it, each variable at All unless it is chosen."""
    expr = expr.replace("$__rate_interval", rate_interval)
    return re.sub(r"\$(\w+)", lambda found: chosen.get(found[1], ".+"), expr)


def page_data(board: dict, prometheus: Prometheus, *, scheme: str, width: int, chosen: dict[str, str]) -> dict:
    """What the page draws: the panels of one dashboard, each with the answers to its queries."""
    panels = []
    for panel in board["panels"]:
        answers = [prometheus.answers(target, chosen) for target in panel.get("targets", [])]
        title = re.sub(r"\$(\w+)", lambda found: chosen.get(found[1], found[0]), panel.get("title", ""))
        panels.append(panel | {"answers": answers, "title": title})
    span = {"from": 1000 * prometheus.begin, "to": 1000 * prometheus.end}
    return {"panels": panels, "scheme": scheme, "width": width, **span}


def bundled(folder: Path) -> None:
    """Build panels.js and panels.css into `folder`, installing the packages at the first time."""
    INSTALLED.mkdir(parents=True, exist_ok=True)
    wanted = (SOURCES / "package.json").read_text(encoding="utf-8")
    stamp = INSTALLED / "installed.json"
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        shutil.copy(SOURCES / "package.json", INSTALLED / "package.json")
        flags = ("--legacy-peer-deps", "--ignore-scripts", "--no-fund", "--no-audit", "--silent")
        subprocess.run(["npm", "install", *flags], cwd=INSTALLED, check=True)
        stamp.write_text(wanted, encoding="utf-8")
    for source in ("panels.tsx", "scrollbars.js"):
        shutil.copy(SOURCES / source, INSTALLED / source)
    loaders = [f"--loader:{end}={loader}" for end, loader in LOADERS.items()]
    defines = ('--define:process.env.NODE_ENV="production"', "--define:global=window")
    options = (
        "--bundle",
        "--format=iife",
        "--jsx=transform",
        "--log-level=error",
        "--alias:react-custom-scrollbars-2=./scrollbars.js",
    )
    out = f"--outfile={folder / 'panels.js'}"
    command = (INSTALLED / "node_modules" / ".bin" / "esbuild", "panels.tsx", *options, *loaders, *defines, out)
    subprocess.run(command, cwd=INSTALLED, check=True)


def shot(page: Path, image: Path, *, width: int, height: int) -> None:
    """A PNG of the page, after its scripts have come to rest."""
    with tempfile.TemporaryDirectory() as profile:
        flags = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--virtual-time-budget=8000")
        where = (
            f"--user-data-dir={profile}",
            f"--window-size={width},{height}",
            f"--screenshot={image.resolve()}",
            page.as_uri(),
        )
        subprocess.run(("chromium", *flags, *where), check=True, capture_output=True, timeout=180)


def main(arguments: list[str]) -> int:
    """Draw every dashboard, or the named ones."""
    parser = argparse.ArgumentParser(description="Pictures of the dashboards, drawn by Grafana 11.6's components.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--prometheus", default="http://127.0.0.1:9090", metavar="URL")
    parser.add_argument("--seconds", type=float, default=6 * 3600.0, help="how far back")
    parser.add_argument("--rate-interval", default="1m")
    parser.add_argument("--scheme", choices=("dark", "light"), default="dark")
    parser.add_argument("--width", type=int, default=1600)
    parser.add_argument("--signal", default="answer_kind")
    parser.add_argument("--boards", nargs="*", default=[], help="names; all without one")
    chosen = parser.parse_args(arguments)
    prometheus = Prometheus(chosen.prometheus, chosen.seconds, chosen.rate_interval)
    chosen.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        bundled(Path(name))
        for path in sorted((HERE / "dashboards").glob("*.json")):
            if chosen.boards and path.stem not in chosen.boards:
                continue
            board = json.loads(path.read_text(encoding="utf-8"))
            data = page_data(board, prometheus, scheme=chosen.scheme, width=chosen.width, chosen={"signal": chosen.signal})
            page = Path(name) / f"{path.stem}.html"
            page.write_text(PAGE % json.dumps(data).replace("<", "\\u003c"), encoding="utf-8")
            bottom = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in board["panels"])
            shot(page, chosen.folder / f"{path.stem}.png", width=chosen.width, height=bottom * CELL_HEIGHT + 24)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
