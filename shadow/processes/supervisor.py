"""The parent: opens the ports, starts the audit process and the data-plane processes, restarts, drains and stops them.

It handles no request itself: a crash of any child costs what that child was doing and nothing else.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import socket
import sys
import tempfile
import time
from asyncio.subprocess import Process
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import closing
from pathlib import Path

from proxy.process.parent_watchdog import hold
from proxy.process.shared_counters import SharedCounters
from proxy.provider_config import TenantKey
from shadow.pipeline.private_folder import private_folder
from shadow.pipeline.workers_socket import WORKERS_SOCKET
from shadow.processes.child_restarts import SupervisedProcess
from shadow.processes.prespawned_worker import DATA_PLANE, PrespawnedWorker
from shadow.processes.supervisor_log import SupervisorLog, log_options
from shadow.settings.broker_checks import role_error
from shadow.settings.config_errors import ConfigError
from shadow.settings.top_level_config import Config

PLANE_LOOKS, AUDIT_LOOKS = 10, 30
"""Seconds without a sign of life after which a forwarding process, or the audit, is killed and started again."""
AUDIT_PATIENCE = 15.0
"""Seconds that the audit process has at a stop to empty its inbox and store its records."""
WORKER_PATIENCE = 5.0
"""Seconds that an audit worker may take to end, once the audit process has."""
BACKLOG = 1_024
SOCKET_PATH = 100
"""Bytes of a socket's path that every system accepts."""
NICE = 10
"""Niceness of the audit where it shares a core with traffic: it gets a tenth of the core while both need it."""


AUDIT = ("audit", "shadow.processes.audit_process")
PUBLISHER = ("publisher", "shadow.processes.publisher_process")
"""Name and module of what takes the exchanges of the data plane; the publisher does on a host that only forwards."""

Load = Callable[[], Config]


def run(config: Config, load: Load | None, prespawned: PrespawnedWorker, *, attached: bool = False, role: str = "all") -> int:
    """Serve until SIGTERM or SIGINT, with the routes that `load` gives from SIGHUP on; 0 after an orderly stop.

    `attached` ends it with standard input too, for a parent that may be killed; `role` is one of `broker_checks.ROLES`.
    ConfigError with every error when it cannot start.
    """
    if why := role_error(config, role):
        raise ConfigError([why])
    with tempfile.TemporaryDirectory(prefix="sameweights-", ignore_cleanup_errors=True) as folder:
        audit_socket = f"{folder}/audit.sock"
        if len(os.fsencode(audit_socket)) > SOCKET_PATH:
            raise ConfigError([f"TMPDIR: the path '{audit_socket}' is too long for a socket: name a folder with a shorter one"])
        data, admin = open_ports(config, prespawned.sockets, forwarding=role != "audit")
        with closing(admin):
            supervisor = Supervisor(
                config,
                load,
                data=data,
                admin=admin,
                audit_socket=audit_socket,
                prespawned=prespawned.process,
                board=prespawned.board,
                role=role,
            )
            return prespawned.runner.run(supervisor.run(attached=attached))


def open_ports(
    config: Config, unbound: Mapping[socket.AddressFamily, socket.socket], *, forwarding: bool = True
) -> tuple[list[socket.socket], socket.socket]:
    """The data port once a worker, none where this host does not forward, and the admin port; ConfigError names each port that
    is taken, and an unusable store.

    The first worker's is the one of its family in `unbound`.
    """
    errors: list[str] = []
    data = _open("proxy.listen", config.proxy.listen, config.proxy.workers, errors, unbound) if forwarding else []
    admin = _open("admin.listen", config.admin.listen, 1, errors, {})
    if errors:
        errors += _store_errors(config)
        for opened in (*data, *admin):
            opened.close()
        raise ConfigError(errors)
    return data, admin[0]


def _open(
    key: str, address: str, count: int, errors: list[str], unbound: Mapping[socket.AddressFamily, socket.socket]
) -> list[socket.socket]:
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        # a plain bind first: with SO_REUSEPORT alone a second sameweights would share the port unnoticed
        _bound(_socket(family), host, int(port), reuse=False).close()
        first = _bound(unbound.get(family) or _socket(family), host, int(port), reuse=count > 1)
        rest = [_bound(_socket(family), host, first.getsockname()[1], reuse=True) for _ in range(count - 1)]
    except OSError as why:
        errors.append(_taken(key, address, why))
        return []
    return [first, *rest]


def _taken(key: str, address: str, why: OSError) -> str:
    return f"{key}: cannot listen on '{address}': {why.strerror or why}; choose another port, or stop what uses this one"


def _listen(address: str, bound: Sequence[socket.socket]) -> None:
    """Accept connections; ConfigError when another process has begun to listen there since it was bound."""
    try:
        host, port = bound[0].getsockname()[:2]
        _bound(_socket(bound[0].family), host, port, reuse=False).close()
        for opened in bound:
            opened.listen(BACKLOG)
    except OSError as why:
        raise ConfigError([_taken("proxy.listen", address, why)]) from None


def _socket(family: socket.AddressFamily) -> socket.socket:
    return socket.socket(family, socket.SOCK_STREAM)


def _bound(opened: socket.socket, host: str, port: int, *, reuse: bool) -> socket.socket:
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if reuse:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        opened.bind((host, port))
    except OSError:
        opened.close()
        raise
    opened.setblocking(False)
    return opened


def _store_errors(config: Config) -> list[str]:
    """Called only when something else is wrong already: otherwise the audit process detects it, and the start stays quick."""
    from storage.opening import open_store  # noqa: PLC0415 - half a second that an orderly start does not pay
    from storage.store import StoreError  # noqa: PLC0415 - as above

    try:
        open_store(config.storage).close()
    except StoreError as why:
        return [str(why)]
    return []


class Supervisor:
    """Runs the processes of one `serve`, from start to stop."""

    def __init__(
        self,
        config: Config,
        load: Load | None,
        *,
        data: Sequence[socket.socket],
        admin: socket.socket,
        audit_socket: str,
        prespawned: Process | None,
        board: int,
        role: str = "all",
    ) -> None:
        self._config = config
        self._load = load
        self._log = SupervisorLog(**log_options(config))
        self._audit_socket = audit_socket
        self._data = data
        self._admin = admin
        self._counters = board
        self._board = SharedCounters(board)
        self._board.note_load(time.time(), refused=False)
        self._run = secrets.token_hex(8)
        """The name of this `serve` in the database, which counts what it has stored."""
        self._stop = asyncio.Event()
        self._hurry = asyncio.Event()
        self._role = role
        self._audit = SupervisedProcess(
            *(PUBLISHER if role == "proxy" else AUDIT),
            self._audit_task(audit_socket),
            [admin.fileno(), board],
            nice=NICE,
            patience=AUDIT_LOOKS,
            before=self._folder,
            log=self._log,
        )
        local = config.shadow.audit_workers if role == "all" and config.shadow.audit_workers > 1 else 0
        self._workers = [self._worker(number) for number in range(local)]
        self._planes = [self._plane(n, opened, None if n else prespawned) for n, opened in enumerate(data)]

    def __repr__(self) -> str:
        return f"<Supervisor {self._audit!r} {self._workers!r} {self._planes!r}>"

    async def _folder(self) -> None:
        """Create the folder of the audit's socket again, which a cleaner of temporary files may have deleted."""
        await asyncio.to_thread(private_folder, Path(self._audit_socket).parent)

    async def run(self, *, attached: bool) -> int:
        """Start, supervise and stop the processes; 0 after an orderly stop, 2 when they did not start."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop_or_hurry)
        loop.add_signal_handler(signal.SIGHUP, self._reload)
        started = await self._started()
        if started:
            if attached:
                await hold(self._stop.set)
            self._print_addresses()
            await self._watch()
        await self._stopped()
        return 0 if started or self._stop.is_set() else 2

    async def _started(self) -> bool:
        """True when all are up. The data port is opened after the audit has opened its database: traffic that cannot be recorded
        (the database is damaged, newer, another program's or written by another `serve`) is not accepted either.
        """
        try:
            await self._audit.start(hurry=True)
            if not await self._unless_stopped(self._audit.ready()):
                return False
            if self._data:
                _listen(self._config.proxy.listen, self._data)
            await asyncio.gather(*(plane.start() for plane in self._planes))
            await asyncio.gather(*(worker.start(hurry=True) for worker in self._workers))
            return all([await self._unless_stopped(plane.ready()) for plane in self._planes])
        except OSError as why:
            sys.stderr.write(f"sameweights: cannot start: {why.strerror or why}\n")
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
            scheme = _scheme(self._config.proxy.tls_cert)
            sys.stderr.write(f"sameweights: set OPENAI_BASE_URL={scheme}://{_shown(host)}:{port}/v1\n")
        host, port = self._admin.getsockname()[:2]
        what = "metrics" if self._role == "proxy" else "pages and metrics"
        sys.stderr.write(f"sameweights: {what} on {_scheme(self._config.admin.tls_cert)}://{_shown(host)}:{port}\n")
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
        grace = self._config.proxy.timeouts.grace
        orderly = asyncio.create_task(self._orderly(grace))
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

    def _reload(self) -> None:
        """Read the configuration again; one with errors changes nothing, and its errors are logged."""
        if self._load is None:
            self._log.write("warning", "reload_refused", reason="the configuration came from no file")
            return
        try:
            wanted = self._load()
        except ConfigError as error:
            for reason in error.errors:
                self._log.write("error", "reload_refused", reason=reason, effect="nothing is changed")
            self._board.note_load(time.time(), refused=True)
            return
        self._board.note_load(time.time(), refused=False)
        if self._config.tenants and not wanted.tenants:
            self._log.write("warning", "tenants_removed", effect="requests without a key are served too")
        self._config, later = reloaded(self._config, wanted)
        for key in later:
            self._log.write("warning", "restart_needed", key=key)
        self._audit.reload(self._audit_task(self._audit_socket))
        for number, child in enumerate(self._workers):
            child.reload(self._worker_task(number))
        for worker, (plane, opened) in enumerate(zip(self._planes, self._data, strict=True)):
            plane.reload(self._plane_task(self._audit_socket, worker, opened))
        providers, routes, tenants = len(wanted.proxy.providers), len(wanted.proxy.routes), len(wanted.tenants)
        self._log.write("info", "config_reloaded", providers=providers, routes=routes, tenants=tenants)

    def _plane(self, worker: int, opened: socket.socket, prespawned: Process | None) -> SupervisedProcess:
        task = self._plane_task(self._audit_socket, worker, opened)
        return SupervisedProcess(
            f"proxy {worker}",
            DATA_PLANE,
            task,
            [opened.fileno(), self._counters],
            prespawned=prespawned,
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
        socket = f"{self._audit_socket}{WORKERS_SOCKET}"
        return json.dumps({"config": self._config.model_dump(mode="json"), "socket": socket, "worker": number})

    def _audit_task(self, audit_socket: str) -> str:
        return json.dumps(
            {
                "config": self._config.model_dump(mode="json"),
                "audit_socket": audit_socket,
                "fd": self._admin.fileno(),
                "board": self._counters,
                "run": self._run,
                "role": self._role,
            }
        )

    def _plane_task(self, audit_socket: str, worker: int, opened: socket.socket) -> str:
        return json.dumps(
            {
                "config": self._config.proxy.model_dump(mode="json"),
                "audit_socket": audit_socket,
                "worker": worker,
                "fd": opened.fileno(),
                "board": self._counters,
                "log": log_options(self._config),
                "tenants": [each.model_dump(include=set(TenantKey.model_fields)) for each in self._config.tenants],
            }
        )


def reloaded(old: Config, wanted: Config) -> tuple[Config, list[str]]:
    """`old` with the providers, routes and tenants of `wanted`, and the keys that only a restart can change."""
    at_once = {name: getattr(wanted.proxy, name) for name in ("providers", "routes", "provider", "reference", "origins", "hosts")}
    new = old.model_copy(update={"proxy": old.proxy.model_copy(update=at_once), "tenants": wanted.tenants})
    ours, theirs = (each.model_dump(exclude={"tenants"}) for each in (new, wanted))
    later = [f"{section}.{key}" for section in ours for key in ours[section] if ours[section][key] != theirs[section][key]]
    return new, later


async def _keep_when_ready(worker: SupervisedProcess) -> None:
    """Keep an audit worker alive, whose first start is not waited for: until it is up, its exchanges wait."""
    await worker.ready()
    await worker.keep_alive()


def _scheme(certificate: str) -> str:
    return "https" if certificate else "http"


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host
