"""Measures the data plane alone on one core; its exchanges are read and discarded on the other one."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from peers import Maker, Peer, Site, ours_by, under
from processes import LOAD_CPU, PROXY_CPU, free_port

from proxy.provider_config import ProxyConfig


@dataclass
class Alone(Peer):
    """A worker as `serve` starts it, given the same task; `provider` is where it forwards to, `folder` is scratch."""

    provider: str = ""
    folder: Path = Path()
    timeouts: dict[str, float] = field(default_factory=dict)
    more: dict[str, object] = field(default_factory=dict)

    def start(self, log: Path) -> None:
        audit = str(self.folder / f"{self.port}.sock")
        discard(audit)
        opened = socket.create_server(("127.0.0.1", self.port), backlog=4096)
        config: dict[str, object] = {
            "providers": {"stub": {"base_url": self.provider}},
            "provider": "stub",
            "timeouts": self.timeouts,
        }
        config |= self.more
        with log.open("ab") as err:
            self.process = subprocess.Popen(
                ["taskset", "-c", PROXY_CPU, *self.command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=err,
                pass_fds=[opened.fileno()],
                env={**os.environ, **self.environment},
                start_new_session=True,
            )
        give_task(self.process, config, audit, opened.fileno(), log)
        opened.close()
        time.sleep(0.1)


def alone(site: Site, python: str = sys.executable) -> Peer:
    """The worker under `python`."""
    peer = Alone(
        f"sameweights, forwarding process alone{under(python)}",
        [python, "-P", "-m", "proxy.server"],
        free_port(),
        part="proxy.server",
    )
    peer.version, peer.folder, peer.provider = "this tree", site.folder, f"http://127.0.0.1:{site.stub}/v1"
    return ours_by(peer, python)


def give_task(
    process: subprocess.Popen[bytes], config: dict[str, object], audit: str, listener: int, log: Path, **more: object
) -> None:
    """Send a worker the task that `serve` would send, and wait until it is ready."""
    whole = ProxyConfig.model_validate(config).model_dump(mode="json")
    task = {"config": whole, "audit_socket": audit, "worker": 0, "fd": listener, **more}
    process.stdin.write(json.dumps(task).encode() + b"\n")
    process.stdin.flush()
    if process.stdout.readline() != b"ready\n":
        sys.exit(f"the forwarding process did not start:\n{log.read_text(encoding='utf-8', errors='replace')[-3000:]}")


def discard(path: str) -> None:
    """Listen on the unix socket `path` as the audit does, and drop what comes."""
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(path)
    listening.listen(8)

    def read() -> None:
        os.sched_setaffinity(0, {int(LOAD_CPU)})
        while True:
            came, _ = listening.accept()
            while came.recv(1 << 20):
                pass

    threading.Thread(target=read, daemon=True).start()


def alone_tls(site: Site, *, uvloop: bool) -> Peer:
    """The worker with a provider behind TLS, beside nginx doing the same; without uvloop, asyncio's loop does its TLS."""
    peer = alone(site)
    assert isinstance(peer, Alone)
    peer.name = f"sameweights, forwarding process alone, TLS{'' if uvloop else ', no uvloop'}"
    peer.provider = f"https://127.0.0.1:{site.tls}/v1"
    peer.environment["SSL_CERT_FILE"] = str(site.certificate)
    peer.cases, peer.rival = "ABF", "nginx, TLS"
    peer.timeouts = {"pool_idle": 60}  # as nginx keeps them: else each round makes 200 new connections, and nginx none
    if not uvloop:
        peer.command[1:] = ["-P", "-c", "import sys; sys.modules['uvloop'] = None; from proxy.server import main; main()"]
    return peer


ALONE: dict[str, Maker] = {
    "alone": alone,
    "other-alone": lambda site: alone(site, site.other) if site.other else None,
    "alone-tls": lambda site: alone_tls(site, uvloop=True) if site.tls else None,
    "alone-tls-asyncio": lambda site: alone_tls(site, uvloop=False) if site.tls else None,
}
"""By the names that --only takes."""
