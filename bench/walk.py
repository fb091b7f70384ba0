"""Follows one exchange through the audit: the files and rooms that `Worker.handle` enters, and its climbs.

    .venv/bin/python bench/walk.py [--files]

A room is a package or a loose module of a floor, as in house.py. A climb is a call whose callee stands in a higher layer than its
caller, by the layers of the import contracts in pyproject.toml: imports cannot climb, a callback can. The worker, its metrics and
its store are the real ones, the reference is a pretended server. The shadow run is followed apart, because it is another task.
"""

import argparse
import asyncio
import contextlib
import logging
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import structlog
from prometheus_client import CollectorRegistry

from bench.house import FLOORS, ROOT, layers_of, room, rooms_of
from proxy.provider_config import Provider, ProxyConfig
from shadow.demo.pretended_server import PretendedServer
from shadow.metrics.observe import Metrics
from shadow.pipeline.fetcher_client import InProcessFetcher
from shadow.pipeline.reference_client import ReferenceClient
from shadow.pipeline.worker import Worker
from shadow.privacy.privacy_policy import PrivacyPolicy
from shadow.privacy.redact import Redactor
from shadow.sampling.budget import Budget
from shadow.settings.top_level_config import Config, ShadowConfig
from storage.opening import open_store
from storage.storage_config import StorageConfig
from tests.exchanges import asked, exchange, said


def heights() -> dict[str, int]:
    """The height of each room: the floors as their contract stacks them, and in a floor its layers from the ground up."""
    found = {}
    for floor in FLOORS:
        above = 1_000 if floor == "shadow" else 0
        for height, layer in enumerate(reversed(layers_of(ROOT, floor))):
            found |= {f"{floor}.{name.strip(' ()')}": above + height for name in layer.split("|")}
    return found


class Walk:
    """The files that were entered, in their order, and the calls that climbed."""

    def __init__(self) -> None:
        self.files: dict[str, None] = {}
        self.rooms: dict[str, None] = {}
        self.climbs: list[str] = []
        self._heights = heights()
        self._known = rooms_of(ROOT)

    def __call__(self, frame: FrameType, event: str, _: object) -> None:
        module = frame.f_globals.get("__name__", "")
        here = room(module, self._known) if event == "call" else None
        if here is None:
            return
        self.files.setdefault(module)
        self.rooms.setdefault(here)
        caller = self._caller(frame)
        there = room(caller, self._known) if caller else None
        if there and self._heights[here] > self._heights[there]:
            self.climbs.append(f"{caller} -> {module}.{frame.f_code.co_qualname}")

    def _caller(self, frame: FrameType) -> str:
        """The module of ours that called, past the libraries between; "" where the call came from outside."""
        back = frame.f_back
        while back is not None and room(back.f_globals.get("__name__", ""), self._known) is None:
            back = back.f_back
        return back.f_globals["__name__"] if back else ""

    @contextlib.contextmanager
    def following(self) -> Iterator[None]:
        sys.setprofile(self)
        try:
            yield
        finally:
            sys.setprofile(None)

    def show(self, title: str, *, files: bool) -> None:
        climbs = dict.fromkeys(self.climbs)
        print(f"{title}: {len(self.files)} files in {len(self.rooms)} rooms, {len(climbs)} climbs")
        entered = {name: sum(room(module, self._known) == name for module in self.files) for name in self.rooms}
        print("  rooms in the order of entry, with their files:", ", ".join(f"{name} {count}" for name, count in entered.items()))
        for climb in climbs:
            print("  climb:", climb)
        for name in self.files if files else ():
            print("  file:", name)


async def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--files", action="store_true", help="list the files")
    chosen = options.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    handled, shadowed = Walk(), Walk()
    with tempfile.TemporaryDirectory() as folder:
        async with PretendedServer(seed=3) as reference:
            providers = {name: Provider(base_url=reference.base_url) for name in ("candidate", "official")}
            proxy = ProxyConfig(providers=providers, provider="candidate", reference="official")
            config = Config(proxy=proxy, shadow=ShadowConfig(sample_rate=1.0, control_fraction=1.0))
            store = open_store(StorageConfig(url=f"{folder}/walk.db"))
            references = ReferenceClient(config, {}, InProcessFetcher(proxy.timeouts, proxy.limits))
            worker = Worker(
                config=config,
                store=store,
                metrics=Metrics(CollectorRegistry(), config),
                references=references,
                budget=Budget(requests=0, tokens=0, money=0.0, period="day"),
                policy=PrivacyPolicy(redactor=Redactor(), bodies="full", key=bytes(32)),
                secret=bytes(32),
            )
            with handled.following():
                worker.handle(exchange(said(), request=asked())._replace(started=time.time()))
            with shadowed.following():
                await worker.drain(patience=20)
            await references.close()
            store.close()
    handled.show("Worker.handle", files=chosen.files)
    shadowed.show("its shadow run", files=chosen.files)
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
