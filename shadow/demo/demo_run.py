"""`sameweights demo`: pretended providers, the real proxy and audit, seconds of test traffic, and the report about it.

It needs no key, no network and no file, and removes what it wrote unless `keep` is set.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack, closing, suppress
from pathlib import Path

import aiohttp

from shadow.demo.demo_processes import (
    DemoProcessError,
    command_output,
    log_tail,
    running_providers,
    running_serve,
    write_config,
)
from shadow.demo.demo_traffic import DemoTraffic
from shadow.demo.expected_verdicts import (
    DESCRIPTIONS,
    MODEL,
    PROVIDERS,
    REFERENCE,
    ROUTE,
    ROUTER,
    unexpected_choices,
    unexpected_results,
)
from shadow.demo.loose_json import mapping
from shadow.pages.audit_funnel import NOT_JUDGED
from shadow.report.build_report import as_text, build
from shadow.report.figures import Report
from storage.opening import OpenedReader, open_reader
from storage.storage_config import StorageConfig

WIDTH = 5
"""Conversations at once on each provider."""
PAUSE = 0.05
"""Seconds between a response and the same client's next request."""
LEAST_RATE = 90.0
"""Requests for each second of traffic, three quarters of what an idle machine sends. A slower one sends for longer, because the
expected verdicts need that many pairs on any machine."""
LONGEST_FACTOR, LEAST_DEADLINE = 15.0, 120.0
"""The traffic is cut after so many times its seconds, and after so many seconds at least."""
DRAIN_SECONDS = 600.0
"""The audit may take so long to finish after the traffic."""
READING_SECONDS = 0.4
"""Between two readings of its queues, whose gauges lag by half a second."""
WAITING = ("sameweights_shadow_queue_length", "sameweights_shadow_in_flight_requests", "sameweights_store_queue_length")


def run(seconds: float = 20.0, keep: bool = False, port: int = 0) -> int:
    """Run the demo. Returns 0 when every verdict is as expected, 1 when not or when stopped early, 2 when it cannot start."""
    folder = Path(tempfile.mkdtemp(prefix="sameweights-demo-"))
    try:
        return asyncio.run(_Demo(folder=folder, seconds=seconds, keep=keep, port=port).run())
    except DemoProcessError as why:
        sys.stderr.write(f"sameweights: {why}\n")
        return 2
    except (KeyboardInterrupt, asyncio.CancelledError):
        _print("stopped before the end")
        return 1
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


class _Demo:
    """One run of the demo, from its first process to its last."""

    def __init__(self, *, folder: Path, seconds: float, keep: bool, port: int) -> None:
        self._folder = folder
        self._seconds = seconds
        self._keep = keep
        self._problems: list[str] = []
        self._data = port
        self._admin = 0

    async def run(self) -> int:
        task = asyncio.current_task()
        assert task is not None
        for number in (signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        _print(_opening(self._seconds))
        async with AsyncExitStack() as processes:
            addresses = await processes.enter_async_context(running_providers(PROVIDERS, self._folder / "providers.log"))
            config = self._config(addresses)
            serve = await processes.enter_async_context(running_serve(config, self._folder / "serve.log"))
            self._data, self._admin = serve.data, serve.admin
            self._config(addresses)
            since = time.time()
            await command_output("choose", str(config), "--start")
            await self._send_traffic()
            await self._wait_for_audit()
            code = self._print_report(since, await self._choice(config))
            if self._keep:
                with suppress(asyncio.CancelledError):
                    await asyncio.Event().wait()
            return code

    def _config(self, addresses: Mapping[str, str]) -> Path:
        """Written twice: the second time with the ports that were assigned, so that a kept configuration can start again."""
        return write_config(
            self._folder,
            addresses,
            reference=REFERENCE,
            route=ROUTE,
            model=MODEL,
            data=self._data,
            admin=self._admin,
            routers=[ROUTER],
        )

    async def _send_traffic(self) -> None:
        audited = [name for name in PROVIDERS if name not in {REFERENCE, *ROUTE.prices}]
        traffic = DemoTraffic(
            base=_url(self._data), providers=audited, width=WIDTH, model=MODEL, seed="demo", pause=PAUSE, sessions={ROUTE.live}
        )
        progress = asyncio.create_task(_progress(traffic, self._seconds))
        try:
            least = round(self._seconds * LEAST_RATE)
            await traffic.run(self._seconds, least=least, most_seconds=longest_traffic(self._seconds))
        finally:
            progress.cancel()
            _status("")
        _print(f"{traffic.sent.total():,} requests sent, {traffic.failed.total()} failed; waiting for the audit to finish\n")
        self._problems += [f"requests failed, {count} of them: {why}" for why, count in traffic.reasons.most_common(3)]

    async def _wait_for_audit(self) -> None:
        """Return once the audit's queues were empty and all pairs judged in three readings in a row."""
        quiet = 0
        try:
            async with aiohttp.ClientSession() as session, asyncio.timeout(DRAIN_SECONDS):
                while quiet < 3:
                    async with session.get(f"{_url(self._admin)}/metrics") as answer:
                        waiting = _waiting(await answer.text()) + self._not_judged()
                    quiet = 0 if waiting else quiet + 1
                    _status(f"  {waiting:.0f} waiting in the audit")
                    await asyncio.sleep(READING_SECONDS)
        except TimeoutError:
            self._problems.append(f"the audit was still busy after {DRAIN_SECONDS:g} s; the report shows what it had finished")
        except aiohttp.ClientError as why:
            raise DemoProcessError(
                f"the audit no longer responds: {why}\n{log_tail('serve', self._folder / 'serve.log')}"
            ) from why
        finally:
            _status("")

    async def _choice(self, config: Path) -> str:
        """The tournament of the candidates, as `choose` prints it."""
        self._problems += unexpected_choices(mapping(json.loads(await command_output("choose", str(config), "--json"))))
        return await command_output("choose", str(config))

    def _print_report(self, since: float, choice: str) -> int:
        report = self._report(since)
        width = min(120, shutil.get_terminal_size((100, 24)).columns)
        _print(as_text(report, width=width, color=sys.stdout.isatty(), brief=True))
        problems = [*self._problems, *unexpected_results(report)]
        _print(f"\n{choice}")
        _print("\n".join(f"UNEXPECTED: {sentence}" for sentence in problems) if problems else _AS_EXPECTED)
        _print(self._kept_text() if self._keep else self._closing_text())
        return 1 if problems else 0

    def _report(self, since: float) -> Report:
        with closing(self._reader()) as reader:
            return build(reader, since, time.time() + 1)

    def _not_judged(self) -> int:
        with closing(self._reader()) as reader:
            return reader.page_queries.judged(0, 0).get(NOT_JUDGED, 0)

    def _reader(self) -> OpenedReader:
        return open_reader(StorageConfig(url=f"sqlite:///{self._folder / 'sameweights.db'}"))

    def _kept_text(self) -> str:
        return (
            f"\nFull report:                 sameweights report --since all --db {self._folder / 'sameweights.db'}\n"
            f"Pairs, answers side by side: {_url(self._admin)}/\n"
            f"Metrics for Prometheus:      {_url(self._admin)}/metrics\n"
            f"Try it yourself:             export OPENAI_BASE_URL={_url(self._data)}/toolbreaker/v1\n"
            f"Configuration and database:  {self._folder}\n"
            "Everything keeps running until Ctrl-C."
        )

    def _closing_text(self) -> str:
        return (
            f"\nThe pages at {_url(self._admin)}/ are closed now; `sameweights demo --keep` keeps everything running.\n"
            "With your own providers: sameweights serve --upstream https://.../v1 --reference https://.../v1"
        )


_AS_EXPECTED = "As expected: all faulty providers differ from the reference; no difference is reported for the others."


def _opening(seconds: float) -> str:
    providers = "\n".join(f"  {name:<12} {description}" for name, description in DESCRIPTIONS.items())
    return (
        f"sameweights demo: {seconds:g} s of test traffic through the real proxy to pretended providers.\n"
        f"The providers are test equipment; no real provider and no model takes part.\n{providers}\n"
    )


async def _progress(traffic: DemoTraffic, seconds: float) -> None:
    begun = time.monotonic()
    while True:
        _status(progress_line(traffic, time.monotonic() - begun, seconds))
        await asyncio.sleep(0.25)


def longest_traffic(seconds: float) -> float:
    """Seconds after which traffic of `seconds` is cut, also on the slowest machine."""
    return max(LONGEST_FACTOR * seconds, LEAST_DEADLINE)


def progress_line(traffic: DemoTraffic, past: float, seconds: float) -> str:
    """The state of the traffic `past` seconds after its begin."""
    failed = f"{traffic.failed.total()} failed"
    if past <= seconds:
        return f"  {past:4.0f} of {seconds:g} s   {traffic.sent.total():,} requests   {failed}"
    answered = f"{traffic.answered.total():,} of {traffic.least:,} requests"
    return f"  {past:4.0f} s, longer than {seconds:g} s because this machine is slow   {answered}   {failed}"


def _waiting(metrics: str) -> float:
    """How many items wait in the audit: the sum of its queue gauges in this Prometheus exposition."""
    return sum(float(value) for name, value in re.findall(r"(?m)^(\w+) (\S+)$", metrics) if name in WAITING)


def _url(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def _status(text: str) -> None:
    """Overwrite the status line; does nothing unless standard error is a terminal."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
