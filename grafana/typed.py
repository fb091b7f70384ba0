"""Holds the committed dashboards against the types that Grafana itself publishes, one major version after the other.

`python grafana/typed.py`; it fetches @grafana/schema and TypeScript with npm. Exits 1 and says what a version does not know. A
file that fits the types was still not seen by a Grafana.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
VERSIONS = ("10.4.19", "11.6.16", "12.4.11", "13.2.3")
TYPESCRIPT = "5.9.3"
LOOSE = """type Loose<T> = T extends string ? `${T}` : T extends number | boolean | null | undefined ? T
  : T extends object ? { [K in keyof T]: Loose<T[K]> } : T;
"""
"""A string of JSON is no member of an enumeration, although it is its value."""
FLAGS = ("--noEmit", "--strict", "--skipLibCheck", "--moduleResolution", "bundler", "--module", "esnext", "--target", "es2022")


def stated(version: str) -> str:
    """A TypeScript module that says of each dashboard and graph what type it has in this version of Grafana."""
    named = "Dashboard, GraphFieldConfig, VizLegendOptions, VizTooltipOptions"
    return f'import type {{ {named} }} from "g{version}";\n{LOOSE}' + "".join(_statements())


def _statements() -> Iterator[str]:
    for path in sorted((HERE / "dashboards").glob("*.json")):
        board = json.loads(path.read_text(encoding="utf-8"))
        # what a data source asks for its annotations is its own matter, and typed nowhere
        for each in board["annotations"]["list"]:
            del each["expr"]
        yield f"export const {path.stem}: Loose<Dashboard> = {json.dumps(board)};\n"
        for panel in (panel for panel in board["panels"] if panel["type"] == "timeseries"):
            name, drawn = f"{path.stem}_{panel['id']}", json.dumps(panel["fieldConfig"]["defaults"]["custom"])
            yield f"export const {name}_drawn: Loose<GraphFieldConfig> = {drawn};\n"
            kind = "{ legend: Loose<VizLegendOptions>; tooltip: Loose<VizTooltipOptions> }"
            yield f"export const {name}_told: {kind} = {json.dumps(panel['options'])};\n"


def main() -> int:
    """0 when every version knows all of it."""
    wrong = 0
    with tempfile.TemporaryDirectory() as name:
        packages = (f"g{version}@npm:@grafana/schema@{version}" for version in VERSIONS)
        subprocess.run(
            ["npm", "install", "--silent", "--no-fund", "--prefix", name, f"typescript@{TYPESCRIPT}", *packages], check=True
        )
        compiler = Path(name) / "node_modules" / "typescript" / "bin" / "tsc"
        for version in VERSIONS:
            module = Path(name) / f"{version}.ts"
            module.write_text(stated(version), encoding="utf-8")
            ran = subprocess.run(["node", compiler, *FLAGS, module], cwd=name, capture_output=True, text=True, check=False)
            sys.stdout.write(f"{version}: {'fits' if ran.returncode == 0 else ran.stdout}\n")
            wrong |= ran.returncode
    return min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main())
