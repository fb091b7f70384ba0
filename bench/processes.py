"""Starts processes pinned to cores, measures their CPU and memory (children included), and stops them."""

import contextlib
import os
import resource
import shutil
import signal
import socket
import subprocess
import threading
from pathlib import Path

PROXY_CPU, LOAD_CPU = "1", "0"
"""The proxy has one core, the stub providers and the loader share the other."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    """True once an HTTP server answers there with any status: a port is often open long before."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5.0) as asked:
        asked.sendall(b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        return bool(asked.recv(64))
    return False


def allow_many_files() -> None:
    """Thousands of streams are thousands of sockets, here and in every process started from here."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def launch(command: list[str], cpu: str, log: Path, **environment: str) -> subprocess.Popen[bytes]:
    """Start `command` pinned to `cpu`, in a group of its own so that it can be stopped whole."""
    pinned = ["taskset", "-c", cpu, *command] if shutil.which("taskset") else command
    with log.open("ab") as out:
        return subprocess.Popen(
            pinned, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env={**os.environ, **environment}, start_new_session=True
        )


def stop(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        send(process.pid, signal.SIGKILL)
        process.wait()


def send(root: int, number: signal.Signals) -> None:
    """Signal a whole process tree: SIGSTOP keeps an idle peer from costing its neighbours anything."""
    for pid in tree(root):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def tree(root: int) -> list[int]:
    """The pids of a process and all below it."""
    parents: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = path.read_text(encoding="latin-1").rsplit(")", 1)[1].split()
            parents.setdefault(int(fields[1]), []).append(int(path.parent.name))
    found, todo = [], [root]
    while todo:
        pid = todo.pop()
        found.append(pid)
        todo += parents.get(pid, [])
    return found


def cpu_seconds(root: int, part: str = "") -> float:
    """User and system time of a process tree, its ended children included; `part` narrows it to commands that name it."""
    ticks = 0
    for pid in tree(root):
        with contextlib.suppress(OSError):
            if part.encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
                fields = Path(f"/proc/{pid}/stat").read_text(encoding="latin-1").rsplit(")", 1)[1].split()
                ticks += sum(int(value) for value in fields[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


def resident_mib(root: int, part: str = "") -> float:
    """Proportional set size of a process tree: shared pages are counted once."""
    kib = 0
    for pid in tree(root):
        with contextlib.suppress(OSError):
            if part.encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
                for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
                    if line.startswith("Pss:"):
                        kib += int(line.split()[1])
    return kib / 1024


class Peak(threading.Thread):
    """Samples a process tree's memory while a case runs; a process's own high-water mark would span all cases."""

    def __init__(self, pid: int, part: str) -> None:
        super().__init__(daemon=True)
        self._pid, self._part, self._over, self.mib = pid, part, threading.Event(), 0.0

    def run(self) -> None:
        while not self._over.wait(0.5):
            self.mib = max(self.mib, resident_mib(self._pid, self._part))

    def stop(self) -> float:
        self._over.set()
        self.join()
        return max(self.mib, resident_mib(self._pid, self._part))
