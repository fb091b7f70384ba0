"""start(): binds the ports of a checked configuration, and has this process become the supervisor, without the code loaded here.

What reads a configuration (the command line, pydantic) takes 20 MiB, of which a running `serve` needs nothing until a reload.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from socket import socket
from typing import NoReturn

from shadow.processes.configured_plan import plan_of
from shadow.processes.listening_ports import PortTakenError, bind
from shadow.processes.serve_plan import ServeArguments
from shadow.processes.supervisor_task import AUDIT_SOCKET, SupervisorTask, write_task
from shadow.settings.broker_checks import role_error
from shadow.settings.config_errors import ConfigError
from shadow.settings.top_level_config import Config
from storage.store import StoreError

SUPERVISOR = "shadow.processes.supervisor"
SOCKET_PATH = 100
"""Bytes of a socket's path that every system accepts."""

Execute = Callable[[str, list[str]], NoReturn]


def start(
    config: Config, arguments: ServeArguments, *, attached: bool = False, role: str = "all", execute: Execute = os.execv
) -> NoReturn:
    """Serve until SIGTERM or SIGINT, with what `arguments` give from SIGHUP on; the exit code is 0 after an orderly stop.

    `attached` ends it with standard input too, for a parent that may be killed; `role` is one of `broker_checks.ROLES`.
    ConfigError with every error when it cannot start.
    """
    if why := role_error(config, role):
        raise ConfigError([why])
    folder = _socket_folder()
    try:
        data, admin = open_ports(config, forwarding=role != "audit")
        task = SupervisorTask(
            plan=plan_of(config, role),
            arguments=arguments,
            data=[_left(each) for each in data],
            admin=_left(admin),
            folder=folder,
            attached=attached,
            role=role,
        )
        _become_supervisor(task, execute)
    except ConfigError:
        Path(folder).rmdir()
        raise


def _become_supervisor(task: SupervisorTask, execute: Execute) -> NoReturn:
    """Run the supervisor in this process; behind its task stand the words of the user, as a list of processes shows them."""
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        execute(sys.executable, [sys.executable, "-P", "-m", SUPERVISOR, str(write_task(task)), *sys.argv[1:]])
    except OSError as why:
        raise ConfigError([f"sameweights: cannot start: {why.strerror or why}"]) from None


def _left(opened: socket) -> int:
    """The descriptor of a socket, which is left to the next program of this process."""
    opened.set_inheritable(True)
    return opened.detach()


def open_ports(config: Config, *, forwarding: bool = True) -> tuple[list[socket], socket]:
    """The data port once a worker, none where this host does not forward, and the admin port; ConfigError names each port that
    is taken, and an unusable store.
    """
    errors: list[str] = []
    data = _open("proxy.listen", config.proxy.listen, config.proxy.workers, errors) if forwarding else []
    admin = _open("admin.listen", config.admin.listen, 1, errors)
    if errors:
        errors += _store_errors(config)
        for opened in (*data, *admin):
            opened.close()
        raise ConfigError(errors)
    return data, admin[0]


def _open(key: str, address: str, count: int, errors: list[str]) -> list[socket]:
    try:
        return bind(key, address, count)
    except PortTakenError as why:
        errors.append(str(why))
        return []


def _store_errors(config: Config) -> list[str]:
    """Called only when something else is wrong already: otherwise the audit process detects it, and the start stays quick."""
    from storage.opening import open_store  # noqa: PLC0415 - half a second that an orderly start does not pay

    try:
        open_store(config.storage).close()
    except StoreError as why:
        return [str(why)]
    return []


def _socket_folder() -> str:
    """A folder for the sockets of the audit, which the supervisor deletes; ConfigError where its path is too long for them."""
    try:
        folder = tempfile.mkdtemp(prefix="sameweights-")
    except OSError as why:
        raise ConfigError([f"TMPDIR: no folder can be made for the audit's socket: {why.strerror or why}"]) from None
    path = f"{folder}/{AUDIT_SOCKET}"
    if len(os.fsencode(path)) > SOCKET_PATH:
        Path(folder).rmdir()
        raise ConfigError([f"TMPDIR: the path '{path}' is too long for a socket: name a folder with a shorter one"])
    return folder
