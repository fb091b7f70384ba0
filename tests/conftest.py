"""Fixtures of every test: a clean environment, a store, and all processes of `serve` on free ports."""

import asyncio
import gc
import logging
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import hypothesis
import pytest
import structlog
from structlog.testing import CapturedCall, CapturingLogger

from storage.opening import open_store
from storage.storage_config import StorageConfig
from storage.store import Store
from tests.running import PATIENCE, Served, addresses, drain

pytest_plugins = ["tests.postgres_server"]

UNTIMED = {"deadline": None, "suppress_health_check": [hypothesis.HealthCheck.too_slow]}
"""No test may fail for the time of a loaded machine."""
hypothesis.settings.register_profile("whole", **UNTIMED)
hypothesis.settings.register_profile("quick", **UNTIMED, max_examples=6)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "whole"))

_skipped: list[str] = []


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--promise", action="append", default=[], metavar="ID", help="only the tests that show this promise")


def pytest_configure() -> None:
    """A script that runs the suite in its background lets it ignore SIGINT, and nohup SIGHUP; all that the suite starts would
    inherit that. A handler of our own is not inherited, and the suite still outlives its terminal.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda *_: None)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Leaves the tests themselves, which live until the end, to no collection of garbage: they are a third of its work.

    What they make is collected after 20,000 objects instead of 700, which saves 8 % of the processor time of the quick tests.
    """
    gc.disable()
    collected = yield
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)
    gc.enable()
    return collected


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    wanted = set(config.getoption("--promise"))
    if wanted:
        shown = [bool(wanted & {id_ for mark in item.iter_markers("promise") for id_ in mark.args}) for item in items]
        config.hook.pytest_deselected(items=[item for item, chosen in zip(items, shown, strict=True) if not chosen])
        items[:] = [item for item, chosen in zip(items, shown, strict=True) if chosen]


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown() -> None:
    """A test that sets up the log of its process fails: a logger keeps what it was first used with, others would see no line."""
    if structlog.get_config()["cache_logger_on_first_use"]:
        structlog.reset_defaults()
        pytest.fail(
            "the test set up the log of the whole process: replace shadow.processes.log_setup.to_stderr, or use a process"
        )


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped:
        _skipped.append(report.nodeid)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI nothing may skip: what was not run was not shown."""
    if os.environ.get("CI") and _skipped:
        print("\nskipped in CI, which may not be:", *_skipped, sep="\n  ")
        session.exitstatus = 1


@pytest.fixture(scope="session", autouse=True)
def _no_inherited_settings() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith("SAMEWEIGHTS_"):
                patch.delenv(name)
        yield


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[CapturedCall]]:
    """`logged("shadow.judging.judge")`: what this module logs at info and above from now on."""

    def of(module: str) -> list[CapturedCall]:
        said = CapturingLogger()
        monkeypatch.setattr(
            f"{module}.log",
            structlog.wrap_logger(said, processors=[], wrapper_class=structlog.make_filtering_bound_logger(logging.INFO)),
        )
        return said.calls

    return of


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of today's schema without a row, to be copied: the migrations take longer than most tests of a store."""
    path = tmp_path_factory.mktemp("empty") / "store.db"
    open_store(StorageConfig(url=f"sqlite:///{path}")).close()
    return path


@pytest.fixture
def sqlite_store(tmp_path: Path, empty_database: Path) -> Iterator[Store]:
    """A store in the file `store.db` of the test's folder."""
    shutil.copy(empty_database, tmp_path)
    opened = open_store(StorageConfig(url=f"sqlite:///{tmp_path}/store.db", batch_seconds=0.01))
    yield opened
    opened.close()


@pytest.fixture
def postgres_store(postgres_url: str) -> Iterator[Store]:
    """A store in a database of its own on a real server."""
    opened = open_store(StorageConfig(url=postgres_url, batch_seconds=0.01))
    yield opened
    opened.close()


@pytest.fixture
def long_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    """A judge keeps its lease of a server, which ends by the server's clock, however long the machine takes for a step."""
    monkeypatch.setattr("storage.postgres.judgement_tables.PostgresJudgementStore.lease_seconds", 3_600.0)


@pytest.fixture(params=["sqlite_store", pytest.param("postgres_store", marks=pytest.mark.slow)], ids=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest) -> Store:
    """A store of each engine: whatever reads or writes records does so with both."""
    opened: Store = request.getfixturevalue(request.param)
    return opened


@pytest.fixture
def serve(tmp_path: Path):
    """`async with serve(toml, env={...}) as served`: the real command, its ports read from its output.

    `first` is done in the new process before it becomes the command; `ports` is 1 for a host that does not forward.
    """

    @asynccontextmanager
    async def running(
        toml: str,
        *,
        env: dict[str, str] | None = None,
        arguments: tuple[str, ...] = (),
        first: Callable[[], None] | None = None,
        ports: int = 2,
    ) -> AsyncIterator[Served]:
        database = tmp_path / "served.db"
        config = tmp_path / "sameweights.toml"
        storage = f'[storage]\nurl = "sqlite:///{database}"\nbatch_seconds = 0.02\n'
        config.write_text(toml.replace("[storage]\n", storage) if "[storage]" in toml else f"{toml}\n{storage}", encoding="utf-8")
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "shadow.cli", "serve", str(config), *arguments),
            env={**os.environ, "PYTHONPATH": str(Path.cwd()), **(env or {})},
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            preexec_fn=first,
        )
        lines: list[str] = []
        data, admin = await asyncio.wait_for(addresses(process, lines, ports), PATIENCE)
        served = Served(process, data, admin, database, lines)
        reading = asyncio.create_task(drain(process, lines))
        try:
            yield served
        finally:
            try:
                await served.stop()
            finally:
                if process.returncode is None:
                    process.kill()
                await reading

    return running
