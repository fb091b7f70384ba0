"""The proxies that are measured, each as the processes it takes; all listen on loopback and forward to the stub provider."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

PROXY_CPU, LOAD_CPU = "1", "0"
START_SECONDS = 180.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
        return True
    return False


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
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


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


def cpu_seconds(root: int) -> float:
    """User and system time of a process tree, its ended children included."""
    ticks = 0
    for pid in tree(root):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text(encoding="latin-1").rsplit(")", 1)[1].split()
            ticks += sum(int(value) for value in fields[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


def resident_mib(root: int) -> float:
    """Proportional set size of a process tree: shared pages are counted once."""
    kib = 0
    for pid in tree(root):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
                if line.startswith("Pss:"):
                    kib += int(line.split()[1])
    return kib / 1024


@dataclass
class Peer:
    """A proxy ready to be started. `exact` says that it must not change a byte; `slow` that it is measured with less load."""

    name: str
    command: list[str]
    port: int
    path: str = "/v1/chat/completions"
    exact: bool = True
    slow: bool = False
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def start(self, log: Path) -> None:
        self.process = launch(self.command, PROXY_CPU, log, **self.environment)
        began = time.monotonic()
        while not answers(self.port):
            if self.process.poll() is not None or time.monotonic() - began > START_SECONDS:
                sys.exit(f"{self.name} did not start; see {log}")
            time.sleep(0.1)

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid


NGINX = """
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 20000; }}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/temp; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s; client_max_body_size 0;
  upstream provider {{ server 127.0.0.1:{stub}; keepalive 1024; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{ proxy_pass http://provider; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; }}
  }}
}}
"""

SAMEWEIGHTS = """
[proxy]
listen = "127.0.0.1:{port}"
provider = "stub"
reference = "twin"
[proxy.providers.stub]
base_url = "http://127.0.0.1:{stub}/v1"
[proxy.providers.twin]
base_url = "http://127.0.0.1:{twin}/v1"
[shadow]
sample_rate = {rate}
concurrency = 200
[storage]
url = "sqlite:///{folder}/bench-{port}.db"
[admin]
listen = "127.0.0.1:{admin}"
"""

LITELLM = """
model_list:
  - model_name: "*"
    litellm_params: {{model: "openai/*", api_base: "http://127.0.0.1:{stub}/v1", api_key: bench}}
litellm_settings: {{drop_params: false, num_retries: 0}}
"""


def nginx(folder: Path, stub: int) -> Peer | None:
    binary = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if not binary:
        return None
    port, conf = free_port(), folder / "nginx.conf"
    conf.write_text(NGINX.format(folder=folder, port=port, stub=stub), encoding="utf-8")
    return Peer("nginx", [binary, "-c", str(conf)], port)


def sameweights(folder: Path, stub: int, twin: int, rate: float) -> Peer:
    """Ours, with the audit on; every conversation of the load is the same one, so requests are sampled by their id."""
    port, conf = free_port(), folder / f"sameweights-{rate}.toml"
    text = SAMEWEIGHTS.format(folder=folder, port=port, stub=stub, twin=twin, rate=rate, admin=free_port())
    conf.write_text(text, encoding="utf-8")
    return Peer(
        f"sameweights, audit on, {rate:.0%} shadowed", [sys.executable, "-P", "-m", "shadow.cli", "serve", str(conf)], port
    )


def litellm(folder: Path, stub: int, venv: Path) -> Peer | None:
    binary = venv / "bin" / "litellm"
    if not binary.exists():
        return None
    port, conf = free_port(), folder / "litellm.yaml"
    conf.write_text(LITELLM.format(stub=stub), encoding="utf-8")
    command = [str(binary), "--config", str(conf), "--port", str(port), "--host", "127.0.0.1"]
    quiet = {"LITELLM_LOG": "ERROR", "LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_TELEMETRY": "False"}
    return Peer("LiteLLM", command, port, exact=False, slow=True, environment=quiet)
