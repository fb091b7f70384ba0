"""A plugin of pytest that makes each change in a fork of one session, whose tests are collected once.

mutants.py loads it with `-p bench.mutant_forks`. MUTANT_JOB names a file with the changes and the tests of each; MUTANT_VERDICTS
one to which a line of JSON is added for each change. A change that takes effect while its module is imported cannot be made in a
fork (`imported`): mutants.py starts a session of its own for it.
"""

import gc
import inspect
import json
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import CodeType, FunctionType

import pytest
from _pytest.main import pytest_runtestloop as run_tests

MARK = "MUTANT_FORK"
"""In the environment of a fork, and so of every process that its tests start."""
MOST_UNRELIABLE = 5
"""Tests of one change that may fail without the change too."""
GUESSED = 0.02
"""Seconds of a test that was not measured."""
UNREACHED = 70
"""Exit code of a fork in which no function of the change lives."""


def parts(code: CodeType) -> Iterator[CodeType]:
    """The code of each function, class and comprehension within, at any depth."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from parts(constant)


def body(code: CodeType) -> tuple[object, ...]:
    """What the code does by itself, without what stands within it."""
    constants = tuple("within" if isinstance(each, CodeType) else (type(each), repr(each)) for each in code.co_consts)
    return code.co_code, constants, code.co_names, code.co_varnames, code.co_freevars, code.co_exceptiontable


def place(code: CodeType) -> tuple[str, int, bytes]:
    """What identifies a function of one module. Code that has run does not equal the same code compiled again (CPython 3.11)."""
    return code.co_qualname, code.co_firstlineno, code.co_code


def replacements(path: str, before: bytes, after: bytes) -> dict[tuple[str, int, bytes], CodeType] | None:
    """The new code of each function that differs or holds one that does, by the place of the code it had.

    None where the module's own level or the body of a class differs.
    """
    old, new = (compile(text, path, "exec", dont_inherit=True) for text in (before, after))
    pairs = list(zip(parts(old), parts(new), strict=False))
    if body(old) != body(new) or any(one.co_qualname != other.co_qualname for one, other in pairs):
        return None
    changed = {one for one, other in pairs if body(one) != body(other)}
    if not all(one.co_flags & inspect.CO_OPTIMIZED for one in changed):
        return None
    return {place(one): other for one, other in pairs if changed & {one, *parts(one)}}


def replaced(path: str, table: dict[tuple[str, int, bytes], CodeType]) -> bool:
    """Give each living function of the module its new code; False when none was found."""
    gc.unfreeze()  # because what was frozen is not among the objects
    functions = [each for each in gc.get_objects() if type(each) is FunctionType and each.__code__.co_filename == path]
    changing = [each for each in functions if place(each.__code__) in table]
    for each in changing:
        each.__code__ = table[place(each.__code__)]
    return bool(changing)


class FirstFailure:
    """Remembers the first test that failed."""

    name = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and not self.name:
            self.name = report.nodeid


class Forks:
    """Runs tests of one session in forks of its process."""

    def __init__(self, session: pytest.Session) -> None:
        self._session = session

    def failure(self, tests: list[pytest.Item], change: Callable[[], bool], patience: float) -> str | int | None:
        """The first test that fails under the change, "" when none does; else the exit code, and None without an end in time."""
        reading, writing = os.pipe()
        folder = tempfile.mkdtemp(prefix="mutant-")
        child = os.fork()
        if not child:
            self._run(tests, change, writing, folder)
        os.close(writing)
        ended = _ended(child, patience)
        _end_all(child)
        with os.fdopen(reading, "rb") as pipe:
            failed = pipe.read().decode()
        shutil.rmtree(folder, ignore_errors=True)
        return failed if failed or (not ended and ended is not None) else ended

    def _run(self, tests: list[pytest.Item], change: Callable[[], bool], writing: int, folder: str) -> None:
        """The fork's whole life."""
        os.setsid()
        os.environ[MARK] = str(os.getpid())
        failed = FirstFailure()
        code = 1
        try:
            self._prepare(tests, failed, folder)
            code = _failing(self._session, failed) if change() else UNREACHED
        except Exception as error:  # noqa: BLE001 - whatever a change causes outside of a test is a failure too
            failed.name = failed.name or f"{type(error).__name__} outside of a test"
        finally:
            os.write(writing, failed.name.encode())
            os._exit(code)

    def _prepare(self, tests: list[pytest.Item], failed: FirstFailure, folder: str) -> None:
        nowhere = os.open(os.devnull, os.O_RDWR)
        for descriptor in (1, 2):
            os.dup2(nowhere, descriptor)
        self._session.items[:] = tests
        self._session.config.option.maxfail = 1
        temporary = self._session.config._tmp_path_factory  # noqa: SLF001 - pytest has no public way to a folder for each fork
        temporary._given_basetemp = Path(folder, "tests")  # noqa: SLF001 - as above
        self._session.config.pluginmanager.register(failed)


def _failing(session: pytest.Session, failed: FirstFailure) -> int:
    """Run the session's tests to the first failure; 1 for one."""
    with suppress(session.Failed, session.Interrupted):
        run_tests(session)
    with suppress(Exception):
        session._setupstate.teardown_exact(None)  # noqa: SLF001 - what pytest calls at the end of a session
    return int(bool(failed.name))


def _ended(child: int, patience: float) -> int | None:
    """The exit code of a child; None where it has not ended in time."""
    until, pause = time.monotonic() + patience, 0.002
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(pause)
        pause = min(1.3 * pause, 0.05)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def _end_all(child: int) -> None:
    """End the processes that a fork's tests have left."""
    mark = f"{MARK}={child}".encode()
    for process in filter(lambda path: path.name.isdigit(), Path("/proc").iterdir()):
        with suppress(OSError):
            if mark in (process / "environ").read_bytes().split(b"\0"):
                os.kill(int(process.name), signal.SIGKILL)


class Judge:
    """Judges changes with the tests that were collected; those that fail without a change too are left out from then on."""

    def __init__(self, session: pytest.Session, seconds: dict[str, float], most: float) -> None:
        self._forks = Forks(session)
        self._seconds = seconds
        self._most = most
        self._unreliable: set[str] = set()
        self._sound: set[str] = set()
        self._tests = {item.nodeid: item for item in session.items}
        self._of_file: dict[str, list[str]] = {}
        for name in self._tests:
            self._of_file.setdefault(name.partition("::")[0], []).append(name)

    def verdict(self, path: Path, change: dict[str, object]) -> dict[str, object]:
        """The verdict, the test that gave it, how many tests touch the line, and how many of them were to run."""
        touching = self._touching(change["tests"], change["own"])
        chosen = self._affordable(touching, change["own"])
        before = path.read_bytes()
        after = before[: change["start"]] + change["new"].encode() + before[change["end"] :]
        table = replacements(str(path), before, after)
        found = {"id": change["id"], "touching": len(touching), "run": len(chosen)}
        if not chosen or table is None:
            return found | {"verdict": "imported" if chosen else "untested", "by": ""}
        path.write_bytes(after)
        try:
            verdict, by = self._judged(path, before, after, table, chosen)
        finally:
            path.write_bytes(before)
        if verdict == "survived" and self._unreliable.intersection(touching):
            verdict = "imported"  # because a test that cannot pass in a fork may still notice it
        return found | {"verdict": verdict, "by": by}

    def _judged(
        self, path: Path, before: bytes, after: bytes, table: dict[tuple[str, int, bytes], CodeType], chosen: list[str]
    ) -> tuple[str, str]:
        """The file holds the change too, for the processes that tests start."""
        patience = 20 + 4 * sum(self._cost(name) for name in chosen)
        for _ in range(MOST_UNRELIABLE):
            tests = [self._tests[name] for name in chosen if name not in self._unreliable]
            failed = self._forks.failure(tests, lambda: replaced(str(path), table), patience)
            if failed is None:
                return "killed", "no end within the time allowed"
            if failed in {"", UNREACHED}:
                return "imported" if failed else "survived", ""
            if failed not in self._tests or self._is_sound(failed, path, before, after):
                return "killed", str(failed)
        return "unclear", f"fail without the change too: {', '.join(sorted(self._unreliable & set(chosen)))}"

    def _is_sound(self, name: str, path: Path, before: bytes, after: bytes) -> bool:
        """Whether the test passes without the change."""
        if name not in self._sound:
            path.write_bytes(before)
            passes = self._forks.failure([self._tests[name]], lambda: True, 60) == ""
            path.write_bytes(after)
            (self._sound if passes else self._unreliable).add(name)
        return name in self._sound

    def _touching(self, wanted: list[str], own: str) -> list[str]:
        """The tests of these names, those of the files among them, and of the module's own files those that are not measured."""
        names = [name for one in wanted for name in ([one] if one in self._tests else self._of_file.get(one, []))]
        new = [name for name in self._tests if name.startswith(own) and name not in self._seconds]
        return sorted({*names, *new})

    def _affordable(self, names: list[str], own: str) -> list[str]:
        """Those of the module's own test file first, then the quick ones, until they take too long together."""
        total, chosen = 0.0, []
        usable = [name for name in names if name not in self._unreliable]
        for name in sorted(usable, key=lambda name: (not name.startswith(own), self._cost(name))):
            total += self._cost(name)
            if chosen and total > self._most:
                break
            chosen.append(name)
        return chosen

    def _cost(self, name: str) -> float:
        return self._seconds.get(name, GUESSED)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool:
    """Judge the changes of the job instead of running the tests."""
    job = json.loads(Path(os.environ["MUTANT_JOB"]).read_text(encoding="utf-8"))
    judge = Judge(session, job["seconds"], job["most"])
    with Path(os.environ["MUTANT_VERDICTS"]).open("a", encoding="utf-8") as verdicts:
        for change in job["changes"]:
            print(json.dumps(judge.verdict(Path.cwd() / change["path"], change)), file=verdicts, flush=True)
    return True
