"""Writes a picture of each page of a database, at 390 and 1280 pixels, in light and dark, to be looked at.

    .venv/bin/python bench/page_pictures.py DATABASE FOLDER [--light-only]

It serves the pages of the database on a free port, without an audit, and needs chromium.
"""

import argparse
import asyncio
import base64
import sys
import tempfile
from pathlib import Path

from aiohttp.test_utils import TestServer
from prometheus_client import CollectorRegistry

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from shadow.metrics.observe import Metrics
from shadow.pages.admin_app import build_app
from shadow.settings.top_level_config import Config
from storage.opening import open_reader
from storage.rows import PairFilter
from storage.storage_config import StorageConfig
from storage.store import Reader
from tests.browser import Tab, chromium

TALLEST = 3_000


def pages(reader: Reader) -> dict[str, str]:
    """The addresses of the pages by the names of their pictures, the newest evidence as the pair."""
    found = {name or "overview": f"/{name}?since=all" for name in ("", "audit")}
    found |= {name: f"/{name}" for name in ("pairs", "answers", "studies", "runbook")}
    newest = reader.pairs(PairFilter(evidence=True, limit=1)) or reader.pairs(PairFilter(limit=1))
    for summary in newest:
        pair = summary.pair
        found |= {"pair": f"/pairs/{pair.id}", "exchange": f"/exchanges/{pair.id}"}
        found["conversation"] = f"/conversations/{pair.conversation}"
        found["provider"] = f"/providers/{pair.provider}?since=all"
    return found


async def picture(tab: Tab, width: int) -> bytes:
    height = min(TALLEST, await tab.read("document.documentElement.scrollHeight"))
    area = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
    shot = await tab.call("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=area)
    return base64.b64decode(shot["data"])


async def draw(reader: Reader, folder: Path, schemes: list[str]) -> None:
    registry = CollectorRegistry()
    Metrics(registry, Config())
    app = build_app(reader=reader, registry=registry, ready=lambda: "", config=Config())
    with tempfile.TemporaryDirectory() as profile:
        async with TestServer(app, host="127.0.0.1") as server, chromium(Path(profile)) as tab:
            for width in (390, 1280):
                for scheme in schemes:
                    await tab.shape(width, scheme)
                    for name, address in pages(reader).items():
                        await tab.open(f"http://127.0.0.1:{server.port}{address}")
                        file = folder / f"{name}-{width}-{scheme}.png"
                        await asyncio.to_thread(file.write_bytes, await picture(tab, width))
                        print(file)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("database", type=Path)
    options.add_argument("folder", type=Path)
    options.add_argument("--light-only", action="store_true")
    chosen = options.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    reader = open_reader(StorageConfig(url=f"sqlite:///{chosen.database.resolve()}"))
    asyncio.run(draw(reader, chosen.folder, ["light"] if chosen.light_only else ["light", "dark"]))
    reader.close()


if __name__ == "__main__":
    main()
