"""The whole house on one machine: pretended providers, the real proxy and audit, half a minute of traffic, and its scorecard.

It needs nothing but Python: no key, no network, no file of the user's; it leaves nothing behind unless it is told to.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import aiohttp

from shadow.demo.demo_processes import StageError, free_ports, last_words, playing, serving, written
from shadow.demo.demo_traffic import DemoTraffic
from shadow.demo.expected_verdicts import CAST, MODEL, REFERENCE, WORDS, surprises
from shadow.report.build_report import as_text, build
from shadow.report.figures import Report
from storage.opening import open_reader
from storage.storage_config import StorageConfig

WIDTH = 5
"""Conversations at once on each provider."""
PAUSE = 0.05
"""Seconds between a client's answer and its next request."""
DRAIN_SECONDS = 60.0
WAITING = ("sameweights_shadow_queue_length", "sameweights_shadow_in_flight_requests", "sameweights_store_queue_length")


def run(seconds: float = 20.0, keep: bool = False, port: int = 0) -> int:
    """Play it: 0 when the scorecard came out as it should, 1 when not or stopped early, 2 when it could not start."""
    folder = Path(tempfile.mkdtemp(prefix="sameweights-demo-"))
    try:
        return asyncio.run(_Demo(folder=folder, seconds=seconds, keep=keep, port=port).play())
    except StageError as why:
        sys.stderr.write(f"sameweights: {why}\n")
        return 2
    except (KeyboardInterrupt, asyncio.CancelledError):
        _say("stopped before the end")
        return 1
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


class _Demo:
    """One performance, from the first process to the last."""

    def __init__(self, *, folder: Path, seconds: float, keep: bool, port: int) -> None:
        self._folder = folder
        self._seconds = seconds
        self._keep = keep
        self._wrong: list[str] = []
        free = free_ports(2)
        self._data = port or free[0]
        self._base = f"http://127.0.0.1:{self._data}"
        self._admin_port = free[1]
        self._admin = f"http://127.0.0.1:{free[1]}"

    async def play(self) -> int:
        task = asyncio.current_task()
        assert task is not None
        for number in (signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        _say(_opening(self._seconds))
        async with AsyncExitStack() as stage:
            found = await stage.enter_async_context(playing(CAST, self._folder / "providers.log"))
            config = self._written(found)
            await stage.enter_async_context(serving(config, self._folder / "serve.log"))
            since = time.time()
            await self._traffic()
            await self._drained()
            code = self._shown(since)
            if self._keep:
                with suppress(asyncio.CancelledError):
                    await asyncio.Event().wait()
            return code

    def _written(self, found: Mapping[str, str]) -> Path:
        return written(self._folder, found, reference=REFERENCE, model=MODEL, data=self._data, admin=self._admin_port)

    async def _traffic(self) -> None:
        audited = [name for name in CAST if name != REFERENCE]
        traffic = DemoTraffic(base=self._base, providers=audited, width=WIDTH, model=MODEL, seed="demo", pause=PAUSE)
        watching = asyncio.create_task(_progress(traffic, self._seconds))
        try:
            await traffic.run(self._seconds)
        finally:
            watching.cancel()
            _live("")
        _say(f"{traffic.sent.total():,} requests sent, {traffic.failed.total()} failed; waiting for the audit to finish\n")
        self._wrong += [f"requests failed, {count} of them: {why}" for why, count in traffic.reasons.most_common(3)]

    async def _drained(self) -> None:
        """Wait until nothing waits in the audit, seen three times running: its gauges are half a second old."""
        quiet = 0
        try:
            async with aiohttp.ClientSession() as session, asyncio.timeout(DRAIN_SECONDS):
                while quiet < 3:
                    async with session.get(f"{self._admin}/metrics") as answer:
                        waiting = _waiting(await answer.text())
                    quiet = 0 if waiting else quiet + 1
                    _live(f"  {waiting:.0f} waiting in the audit")
                    await asyncio.sleep(0.4)
        except TimeoutError:
            self._wrong.append(f"the audit was still busy after {DRAIN_SECONDS:g} s; the scorecard shows what it had finished")
        except aiohttp.ClientError as why:
            raise StageError(
                f"the audit does not answer any more: {why}\n{last_words('serve', self._folder / 'serve.log')}"
            ) from why
        finally:
            _live("")

    def _shown(self, since: float) -> int:
        report = self._report(since)
        wide = min(120, shutil.get_terminal_size((100, 24)).columns)
        _say(as_text(report, width=wide, color=sys.stdout.isatty(), brief=True))
        wrong = [*self._wrong, *surprises(report)]
        _say("\n" + ("\n".join(f"UNEXPECTED: {sentence}" for sentence in wrong) if wrong else _RIGHT))
        _say(self._kept() if self._keep else self._gone())
        return 1 if wrong else 0

    def _report(self, since: float) -> Report:
        reader = open_reader(StorageConfig(url=f"sqlite:///{self._folder / 'sameweights.db'}"))
        try:
            return build(reader, since, time.time() + 1)
        finally:
            reader.close()

    def _kept(self) -> str:
        return (
            f"\nEvery signal of every pair:   sameweights report --since all --db {self._folder / 'sameweights.db'}\n"
            f"Pairs, answers side by side: {self._admin}/\n"
            f"Metrics for Prometheus:      {self._admin}/metrics\n"
            f"Try it yourself:             export OPENAI_BASE_URL={self._base}/toolbreaker/v1\n"
            f"Configuration and database:  {self._folder}\n"
            "Everything stays up until Ctrl-C."
        )

    def _gone(self) -> str:
        return (
            f"\nThe pages were at {self._admin}/ and are gone now: `sameweights demo --keep` leaves them up.\n"
            "With your own providers: sameweights serve --upstream https://.../v1 --reference https://.../v1"
        )


_RIGHT = (
    "As it should be: the faulty ones are told from their reference, the faithful one and the slow one are not called different."
)


def _opening(seconds: float) -> str:
    actors = "\n".join(f"  {name:<12} {words}" for name, words in WORDS.items())
    return f"sameweights demo: pretended providers, a real proxy, {seconds:g} s of traffic\n{actors}\n"


async def _progress(traffic: DemoTraffic, seconds: float) -> None:
    begun = time.monotonic()
    while True:
        past = min(seconds, time.monotonic() - begun)
        _live(f"  {past:4.0f} of {seconds:g} s   {traffic.sent.total():,} requests   {traffic.failed.total()} failed")
        await asyncio.sleep(0.25)


def _waiting(metrics: str) -> float:
    """The sum of what waits, by the exposition's text."""
    return sum(float(value) for name, value in re.findall(r"(?m)^(\w+) (\S+)$", metrics) if name in WAITING)


def _live(text: str) -> None:
    """One line that is written over, for a person at a terminal only."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
