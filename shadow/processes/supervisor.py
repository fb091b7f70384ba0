"""The parent: starts the audit process and the data-plane processes on the ports that are bound, restarts, drains and stops them.

It handles no request itself: a crash of any child costs what that child was doing and nothing else. It is run as a module by
`serve_start`, with the descriptor of its task, and has not loaded what reads a configuration: a process of its own does that at
a reload.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import secrets
import shutil
import signal
import socket
import sys
import time
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from pathlib import Path

from proxy.process.parent_watchdog import hold
from proxy.process.shared_counters import SharedCounters, shared_memory
from proxy.process.standard_streams import install_streams
from shadow.pipeline.private_folder import private_folder
from shadow.pipeline.workers_socket import WORKERS_SOCKET
from shadow.processes.child_restarts import SupervisedProcess
from shadow.processes.config_reader import read_again
from shadow.processes.listening_ports import PortTakenError, listen
from shadow.processes.serve_plan import ServePlan
from shadow.processes.supervisor_log import SupervisorLog
from shadow.processes.supervisor_task import AUDIT_SOCKET, SupervisorTask, read_task

PLANE_LOOKS, AUDIT_LOOKS = 10, 30
"""Seconds without a sign of life after which a forwarding process, or the audit, is killed and started again."""
AUDIT_PATIENCE = 15.0
"""Seconds that the audit process has at a stop to empty its inbox and store its records."""
WORKER_PATIENCE = 5.0
"""Seconds that an audit worker may take to end, once the audit process has."""
NICE = 10
"""Niceness of the audit where it shares a core with traffic: it gets a tenth of the core while both need it."""
DATA_PLANE = "proxy.server"
AUDIT = ("audit", "shadow.processes.audit_process")
PUBLISHER = ("publisher", "shadow.processes.publisher_process")
"""Name and module of what takes the exchanges of the data plane; the publisher does on a host that only forwards."""


class Supervisor:
    """Runs the processes of one `serve`, from start to stop; `board` is the descriptor of the counts that they share."""

    def __init__(self, task: SupervisorTask, board: int) -> None:
        self._task = task
        self._plan = plan = task.plan
        self._log = SupervisorLog(**plan.log)
        self._data = [socket.socket(fileno=each) for each in task.data]
        self._admin = socket.socket(fileno=task.admin)
        for opened in (*self._data, self._admin):
            opened.set_inheritable(False)
        self._audit_socket = f"{task.folder}/{AUDIT_SOCKET}"
        self._counters = board
        self._board = SharedCounters(board)
        self._board.note_load(time.time(), refused=False)
        self._run = secrets.token_hex(8)
        """The name of this `serve` in the database, which counts what it has stored."""
        self._stop = asyncio.Event()
        self._hurry = asyncio.Event()
        self._reload = asyncio.Event()
        self._audit = SupervisedProcess(
            *(PUBLISHER if task.role == "proxy" else AUDIT),
            self._audit_task(),
            [task.admin, board],
            nice=NICE,
            patience=AUDIT_LOOKS,
            before=self._folder,
            log=self._log,
        )
        self._workers = [self._worker(number) for number in range(plan.audit_workers)]
        self._planes = [self._plane(number) for number in range(len(task.data))]

    def __repr__(self) -> str:
        return f"<Supervisor {self._audit!r} {self._workers!r} {self._planes!r}>"

    async def _folder(self) -> None:
        """Create the folder of the audit's socket again, which a cleaner of temporary files may have deleted."""
        await asyncio.to_thread(private_folder, Path(self._task.folder))

    async def run(self) -> int:
        """Start, supervise and stop the processes; 0 after an orderly stop, 2 when they did not start."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop_or_hurry)
        loop.add_signal_handler(signal.SIGHUP, self._reload.set)
        reloading = asyncio.create_task(self._reloads())
        started = await self._started()
        if started:
            if self._task.attached:
                await hold(self._stop.set)
            self._print_addresses()
            await self._watch()
        reloading.cancel()
        await asyncio.gather(reloading, return_exceptions=True)
        await self._stopped()
        return 0 if started or self._stop.is_set() else 2

    def close(self) -> None:
        """Close the ports."""
        for opened in (*self._data, self._admin):
            opened.close()

    async def _started(self) -> bool:
        """True when all are up. The data port is opened after the audit has looked at its database: traffic that can never be
        recorded (the database is damaged, newer, another program's or written by another `serve`) is not accepted either; for one
        that is away for now the audit waits.
        """
        try:
            await self._audit.start(hurry=True)
            await asyncio.gather(*(plane.begin() for plane in self._planes))
            if not await self._unless_stopped(self._audit.ready()):
                return False
            if self._data:
                listen("proxy.listen", self._plan.listen, self._data)
            await asyncio.gather(*(plane.start() for plane in self._planes))
            await asyncio.gather(*(worker.start(hurry=True) for worker in self._workers))
            return all([await self._unless_stopped(plane.ready()) for plane in self._planes])
        except OSError as why:
            sys.stderr.write(f"sameweights: cannot start: {why.strerror or why}\n")
        except PortTakenError as why:
            sys.stderr.write(f"{why}\n")
        return False

    async def _unless_stopped(self, ready: Coroutine[None, None, bool]) -> bool:
        """Whether it became ready before a signal came."""
        waiting, stopped = asyncio.create_task(ready), asyncio.create_task(self._stop.wait())
        await asyncio.wait({waiting, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not waiting.done():
            waiting.cancel()
            return False
        return waiting.result()

    def _print_addresses(self) -> None:
        if self._data:
            host, port = self._data[0].getsockname()[:2]
            sys.stderr.write(f"sameweights: set OPENAI_BASE_URL={self._plan.data_scheme}://{_shown(host)}:{port}/v1\n")
        host, port = self._admin.getsockname()[:2]
        what = "metrics" if self._task.role == "proxy" else "pages and metrics"
        sys.stderr.write(f"sameweights: {what} on {self._plan.admin_scheme}://{_shown(host)}:{port}\n")
        sys.stderr.flush()

    async def _watch(self) -> None:
        """Keep every child alive until a stop is requested."""
        keepers = [asyncio.create_task(child.keep_alive()) for child in (self._audit, *self._planes)]
        keepers += [asyncio.create_task(_keep_when_ready(worker)) for worker in self._workers]
        await self._stop.wait()
        for keeper in keepers:
            keeper.cancel()
        await asyncio.gather(*keepers, return_exceptions=True)

    async def _stopped(self) -> None:
        """The data planes drain first, so that what ends meanwhile is still recorded; then the audit empties its inbox."""
        orderly = asyncio.create_task(self._orderly(self._plan.grace))
        hurried = asyncio.create_task(self._hurry.wait())
        await asyncio.wait({orderly, hurried}, return_when=asyncio.FIRST_COMPLETED)
        hurried.cancel()
        if not orderly.done():
            for child in (*self._planes, self._audit, *self._workers):
                child.kill()
        await orderly

    async def _orderly(self, grace: float) -> None:
        await asyncio.gather(*(plane.stop(grace + 3) for plane in self._planes))
        await self._audit.stop(AUDIT_PATIENCE)
        await asyncio.gather(*(worker.stop(WORKER_PATIENCE) for worker in self._workers))

    def _stop_or_hurry(self) -> None:
        (self._hurry if self._stop.is_set() else self._stop).set()

    async def _reloads(self) -> None:
        """Read the configuration again at each SIGHUP, until cancelled."""
        while True:
            await self._reload.wait()
            self._reload.clear()
            found = await read_again(self._task.arguments, self._plan.config, self._task.role)
            self._board.note_load(time.time(), refused=found.plan is None)
            if found.plan is None:
                for reason in found.errors:
                    self._log.write("error", "reload_refused", reason=reason, effect="nothing is changed")
            else:
                self._use(found.plan, found.later)
                self._log.write("info", "config_reloaded", **found.counts)

    def _use(self, plan: ServePlan, later: Sequence[str]) -> None:
        """Give each child its task by `plan`; the keys that are `later` take a restart."""
        if self._plan.tenants and not plan.tenants:
            self._log.write("warning", "tenants_removed", effect="requests without a key are served too")
        self._plan = plan
        for key in later:
            self._log.write("warning", "restart_needed", key=key)
        self._audit.reload(self._audit_task())
        for number, child in enumerate(self._workers):
            child.reload(self._worker_task(number))
        for number, plane in enumerate(self._planes):
            plane.reload(self._plane_task(number))

    def _plane(self, number: int) -> SupervisedProcess:
        return SupervisedProcess(
            f"proxy {number}",
            DATA_PLANE,
            self._plane_task(number),
            [self._task.data[number], self._counters],
            patience=PLANE_LOOKS,
            log=self._log,
        )

    def _worker(self, number: int) -> SupervisedProcess:
        return SupervisedProcess(
            f"audit worker {number}",
            "shadow.processes.audit_worker",
            self._worker_task(number),
            [],
            nice=NICE,
            patience=AUDIT_LOOKS,
            log=self._log,
        )

    def _worker_task(self, number: int) -> str:
        return json.dumps({"config": self._plan.config, "socket": f"{self._audit_socket}{WORKERS_SOCKET}", "worker": number})

    def _audit_task(self) -> str:
        return json.dumps(
            {
                "config": self._plan.config,
                "audit_socket": self._audit_socket,
                "fd": self._task.admin,
                "board": self._counters,
                "run": self._run,
                "role": self._task.role,
                "certificate": self._plan.admin_certificate,
            }
        )

    def _plane_task(self, number: int) -> str:
        return json.dumps(
            {
                "config": self._plan.proxy,
                "audit_socket": self._audit_socket,
                "worker": number,
                "fd": self._task.data[number],
                "board": self._counters,
                "log": self._plan.log,
                "tenants": self._plan.tenants,
                "certificate": self._plan.certificate,
            }
        )


async def _keep_when_ready(worker: SupervisedProcess) -> None:
    """Keep an audit worker alive, whose first start is not waited for: until it is up, its exchanges wait."""
    await worker.ready()
    await worker.keep_alive()


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def allow_many_files() -> None:
    """Raise the limit of file descriptors to the most that the system grants: a stream takes two, and the usual default is
    1,024.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):  # because some systems report "unlimited" and mean less
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


async def supervise(task: SupervisorTask) -> int:
    """Serve until SIGTERM or SIGINT; the exit code."""
    board = shared_memory()
    supervisor = Supervisor(task, board)
    try:
        return await supervisor.run()
    finally:
        supervisor.close()
        os.close(board)
        await asyncio.to_thread(shutil.rmtree, task.folder, ignore_errors=True)


def main() -> int:
    """Read the task whose descriptor is the first argument, and do it."""
    install_streams()
    allow_many_files()
    return asyncio.run(supervise(read_task(int(sys.argv[1]))))


if __name__ == "__main__":
    sys.exit(main())
