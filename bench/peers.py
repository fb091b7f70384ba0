"""The measured proxies, each with the processes it needs; all listen on loopback and forward to the stub provider."""

import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from processes import LOAD_CPU, PROXY_CPU, answers, free_port, launch, send, stop

BENCH = Path(__file__).parent.parent / ".bench"
CONFIGS = Path(__file__).parent / "peers"
START_SECONDS = 180.0


@dataclass(frozen=True)
class Site:
    """Where the stub providers are: the plain one, its twin for mirrored requests, the one behind TLS; `folder` is scratch."""

    folder: Path
    stub: int
    twin: int
    tls: int = 0
    certificate: Path = Path()
    other: str = ""
    """Another Python interpreter that ours is measured under as well, of the same version as this one but for the last number."""

    def config(self, template: str, name: str, **more: object) -> tuple[int, Path]:
        """Fill a configuration of bench/peers; the port that it listens on, and the file."""
        port, file = free_port(), self.folder / name
        text = (CONFIGS / template).read_text(encoding="utf-8")
        values = {**vars(self), "port": port, **more}
        file.write_text(re.sub(r"@(\w+)@", lambda found: str(values[found[1]]), text), encoding="utf-8")
        return port, file


@dataclass
class Peer:
    """A proxy ready to be started.

    `exact`: it must not change a byte; `slow`: it is measured with less load; `cases`: the first letters of its cases, all when
    empty; `part`: what the command of its data-plane process names, when the audit is another process; `rival`: the peer that
    its CPU is divided by.
    """

    name: str
    command: list[str]
    port: int
    exact: bool = True
    slow: bool = False
    cases: str = ""
    part: str = ""
    rival: str = "nginx"
    version: str = ""
    path: str = "/v1/chat/completions"
    cpu: str = PROXY_CPU
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def start(self, log: Path) -> None:
        self.process = launch(self.command, self.cpu, log, **self.environment)
        began = time.monotonic()
        while not answers(self.port):
            if self.process.poll() is not None or time.monotonic() - began > START_SECONDS:
                sys.exit(f"{self.name} did not start:\n{log.read_text(encoding='utf-8', errors='replace')[-3000:]}")
            time.sleep(0.1)

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def freeze(self) -> None:
        send(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        send(self.pid, signal.SIGCONT)

    def stop(self) -> None:
        if self.process is not None:
            self.thaw()
            stop(self.process)


def binary(name: str, venv: str = "") -> str:
    """The path of a peer's program, in a virtual environment under .bench or in the system; empty when it is not installed."""
    own = BENCH / venv / "bin" / name
    if venv:
        return str(own) if own.exists() else ""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin") or ""


def said(*command: str) -> str:
    """The first version number that a program prints about itself."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    # its own path may be said too, with a version of something else in it
    found = re.search(r"\d+\.\d+(\.\d+)?", (done.stdout + done.stderr).replace(command[0], ""))
    return found[0] if found else "?"


def nginx(site: Site, *, tls: bool = False) -> Peer | None:
    program = binary("nginx")
    if not program:
        return None
    port, conf = site.config("nginx-tls.conf" if tls else "nginx.conf", f"nginx-{tls}.conf")
    command = [program, "-c", str(conf)]
    version = said(program, "-v")
    return (
        Peer("nginx, TLS", command, port, cases="ABF", version=version) if tls else Peer("nginx", command, port, version=version)
    )


def haproxy(site: Site) -> Peer | None:
    program = binary("haproxy")
    if not program:
        return None
    port, conf = site.config("haproxy.cfg", "haproxy.cfg")
    return Peer("HAProxy", [program, "-W", "-f", str(conf)], port, version=said(program, "-v"))


def envoy(site: Site, *, mirror: bool) -> Peer | None:
    found = list(BENCH.glob("envoy/lib/python*/site-packages/envoy/_bin/envoy"))
    if not found:
        return None
    mirroring = "request_mirror_policies: [{cluster: twin}]" if mirror else "priority: DEFAULT"
    port, conf = site.config("envoy.yaml", f"envoy-{mirror}.yaml", mirroring=mirroring)
    command = [str(found[0]), "-c", str(conf), "--concurrency", "1", "--disable-hot-restart", "-l", "error"]
    name = "Envoy, mirroring 100 %" if mirror else "Envoy"
    return Peer(name, command, port, version=said(str(found[0]), "--version"), cases="ABFG" if mirror else "")


def mitmproxy(site: Site) -> Peer | None:
    program = binary("mitmdump", "mitmproxy")
    if not program:
        return None
    port = free_port()
    mode = f"reverse:http://127.0.0.1:{site.stub}/"
    options = ["-q", "--set", "stream_large_bodies=1", "--set", "flow_detail=0", "--set", f"confdir={site.folder}"]
    command = [program, "--mode", mode, "--listen-host", "127.0.0.1", "-p", str(port), *options]
    return Peer("mitmproxy", command, port, slow=True, version=said(program, "--version"))


def litellm(site: Site) -> Peer | None:
    program = binary("litellm", "litellm")
    if not program:
        return None
    port, conf = site.config("litellm.yaml", "litellm.yaml")
    command = [program, "--config", str(conf), "--port", str(port), "--host", "127.0.0.1"]
    quiet = {"LITELLM_LOG": "ERROR", "LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_TELEMETRY": "False"}
    quiet["LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY"] = "true"
    known = said(str(BENCH / "litellm/bin/python"), "-c", "import importlib.metadata as m; print(m.version('litellm'))")
    return Peer("LiteLLM", command, port, exact=False, slow=True, environment=quiet, version=known)


def sameweights(site: Site, rate: float, cases: str = "", python: str = sys.executable) -> Peer:
    name = f"sameweights, {rate:.0%} shadowed{under(python)}"
    return ours_by(_ours(name, site, f"http://127.0.0.1:{site.stub}/v1", rate=rate, cases=cases), python)


def sameweights_off(site: Site) -> Peer:
    return _ours("sameweights, audit off", site, f"http://127.0.0.1:{site.stub}/v1", enabled="false", cases="AFG")


def sameweights_tls(site: Site) -> Peer:
    peer = _ours("sameweights, TLS", site, f"https://127.0.0.1:{site.tls}/v1", cases="AF")
    peer.environment["SSL_CERT_FILE"] = str(site.certificate)
    peer.rival = "nginx, TLS"
    return peer


def sameweights_workers(site: Site, workers: int) -> Peer:
    """On both cores, which it shares with the stub and the loader."""
    words = f"sameweights, {workers} forwarding process{'es' if workers > 1 else ''}, both cores"
    peer = _ours(words, site, f"http://127.0.0.1:{site.stub}/v1", cases="W", workers=workers)
    peer.cpu = f"{LOAD_CPU},{PROXY_CPU}"
    return peer


def under(python: str) -> str:
    return "" if python == sys.executable else f", Python {said(python, '--version')}"


def ours_by(peer: Peer, python: str) -> Peer:
    """`peer` under an interpreter: one that is not this one finds our packages where this one has them."""
    peer.command[0] = python
    if python != sys.executable:
        peer.environment["PYTHONPATH"] = f"{BENCH.parent}{os.pathsep}{sysconfig.get_path('platlib')}"
    return peer


def _ours(
    name: str, site: Site, base: str, *, rate: float = 0.0, enabled: str = "true", cases: str = "", workers: int = 1
) -> Peer:
    more = {"base": base, "rate": rate, "enabled": enabled, "admin": free_port(), "workers": workers}
    port, conf = site.config("sameweights.toml", f"{name.replace(' ', '-')}.toml", **more)
    command = [sys.executable, "-P", "-m", "shadow.cli", "serve", str(conf)]
    return Peer(name, command, port, cases=cases, part="proxy.server", version="this tree")


def terminator(site: Site) -> subprocess.Popen[bytes] | None:
    """The TLS side of the stub: nginx with a certificate made here, beside the stub on its core; None without nginx."""
    program = binary("nginx")
    if not program:
        return None
    key = site.folder / "key.pem"
    names = "subjectAltName=IP:127.0.0.1,DNS:localhost"
    make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    make += ["-subj", "/CN=bench", "-addext", names, "-keyout", str(key), "-out", str(site.certificate)]
    subprocess.run(make, check=True, capture_output=True)
    _, conf = site.config("terminator.conf", "terminator.conf", key=key)
    process = launch([program, "-c", str(conf)], LOAD_CPU, site.folder / "terminator.log")
    time.sleep(0.5)
    if process.poll() is not None:
        sys.exit("the TLS side of the stub did not start")
    return process


Maker = Callable[[Site], Peer | None]
MAKERS: dict[str, Maker] = {
    "nginx": nginx,
    "haproxy": haproxy,
    "envoy": lambda site: envoy(site, mirror=False),
    "envoy-mirror": lambda site: envoy(site, mirror=True),
    "off": sameweights_off,
    "0": lambda site: sameweights(site, 0.0, "FG"),
    "5": lambda site: sameweights(site, 0.05),
    "100": lambda site: sameweights(site, 1.0, "AFG"),
    "other-5": lambda site: sameweights(site, 0.05, python=site.other) if site.other else None,
    "workers-1": lambda site: sameweights_workers(site, 1),
    "workers-2": lambda site: sameweights_workers(site, 2),
    "nginx-tls": lambda site: nginx(site, tls=True) if site.tls else None,
    "tls": lambda site: sameweights_tls(site) if site.tls else None,
    "mitmproxy": mitmproxy,
    "litellm": litellm,
}
"""By the names that --only takes; nginx first, since the others are divided by it."""
