"""Counts the instructions that one forwarding process spends on a small request and on a chunk of a stream.

    python bench/instructions.py [--requests 100] [--chunks 300] [--rounds 5] [--tree DIR] [--candidates 3] [--tenants 10]

Runs `python -m proxy.server` of DIR (this tree by default) under callgrind, beside a provider and a client in this process that
take turns, so that each read of the proxy is one request or one chunk. Prints instructions (callgrind's Ir) per keep-alive
request of 1 KB answered by 1 KB, and per chunk of an event stream: the median of some rounds, without what the process spends
when idle in the same time. Two runs agree within one to two per cent, since how many exchanges share a write to the audit depends
on the time that they take. With `--candidates N` requests take a route with a reference and N candidates, each with a key. With
`--tenants N` requests hold the key of the last of N tenants; with 0 they hold it too, and there are none. It needs valgrind, and
takes about a minute.
"""

import argparse
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from queue import SimpleQueue
from statistics import median

from alone import discard, give_task

BODY = json.dumps({"model": "m", "messages": [{"role": "user", "content": "x" * 960}]}).encode()
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1024\r\n\r\n" + b"y" * 1024
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
EVENT = b'data: {"choices": [{"index": 0, "delta": {"content": " word"}}]}\n\n'
CHUNK = b"%x\r\n%b\r\n" % (len(EVENT), EVENT)
REQUEST = (
    b"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer sk-counted-0123456789\r\n"
    b"User-Agent: OpenAI/Python 1.0\r\nAccept: application/json\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n" % len(BODY)
) + BODY

KEY = "key-of-tenant-{:06}-0123456789abcdef"


class Provider:
    """Answers each request with what was put into `answers`, part by part."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.answers: SimpleQueue[bytes] = SimpleQueue()
        self._tls = tls
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            connection, _ = self._server.accept()
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._tls is not None:
            connection = self._tls.wrap_socket(connection, server_side=True)
        while read_until(connection, BODY):
            connection.sendall(self.answers.get())
            while (part := self.pending()) is not None:
                connection.sendall(part)

    def pending(self) -> bytes | None:
        """The next part of a stream; None where the answer was whole."""
        part = self.answers.get()
        return part or None


class Client:
    """One keep-alive connection to the proxy at `port`, in step with `provider`."""

    def __init__(self, port: int, provider: Provider, tenants: int | None, tls: ssl.SSLContext | None = None) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls is not None:
            self._socket = tls.wrap_socket(self._socket, server_hostname="localhost")
        self._provider = provider
        key = b"x-sameweights-key: %b\r\n" % KEY.format((tenants or 1) - 1).encode() if tenants is not None else b""
        self._request = REQUEST.replace(b"Content-Length", key + b"Content-Length")

    def request(self) -> None:
        """A request of 1 KB, and its answer of 1 KB."""
        self._provider.answers.put(ANSWER)
        self._provider.answers.put(b"")
        self._socket.sendall(self._request)
        read_until(self._socket, ANSWER[-1024:])

    def stream(self, chunks: int) -> None:
        """A request answered by a stream; each chunk is sent once the one before has been read here."""
        self._socket.sendall(self._request)
        self._provider.answers.put(STREAM + CHUNK)
        read_until(self._socket, CHUNK)
        for part in (*[CHUNK] * (chunks - 1), b"0\r\n\r\n"):
            self._provider.answers.put(part)
            read_until(self._socket, part)
        self._provider.answers.put(b"")


class Counted:
    """A process under callgrind, whose instructions can be read; `folder` is scratch."""

    def __init__(self, command: list[str], folder: Path, **more: object) -> None:
        self._folder = folder
        self._dumps = 0
        self._idle = 0.0
        self._last = time.monotonic()
        counting = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out", f"--log-file={folder}/log"]
        self.process = subprocess.Popen([*counting, *command], **more)

    def measure_idle(self) -> None:
        """Learn what it spends in a second without a request."""
        self.count()
        time.sleep(2.0)
        self._idle = self.count() / 2.0

    def count(self) -> float:
        """Instructions since the last call, without those of an idle process."""
        self._dumps += 1
        last, self._last = self._last, time.monotonic()
        subprocess.run(["callgrind_control", "--dump", str(self.process.pid)], check=True, stdout=subprocess.DEVNULL)
        dump = (self._folder / f"out.{self._dumps}").read_text()
        return int(re.search(r"^(?:totals|summary): (\d+)", dump, re.MULTILINE)[1]) - self._idle * (self._last - last)

    def stop(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.wait()


class Worker(Counted):
    """A forwarding process of `tree`."""

    def __init__(self, tree: Path, config: dict[str, object], folder: Path, tenants: int = 0, **environment: str) -> None:
        opened = socket.create_server(("127.0.0.1", 0))
        self.port = opened.getsockname()[1]
        audit = str(folder / "audit.sock")
        discard(audit)
        fixed = {"PYTHONPATH": str(tree), "PYTHONHASHSEED": "0", "BENCH_KEY": "sk-key-of-the-others"}
        super().__init__(
            [sys.executable, "-P", "-m", "proxy.server"],
            folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=[opened.fileno()],
            env={**os.environ, **fixed, **environment, **tenant_keys(tenants)},
        )
        named = [{"name": f"team-{number}", "key_env": name, "routes": []} for number, name in enumerate(tenant_keys(tenants))]
        give_task(self.process, config, audit, opened.fileno(), folder / "log", tenants=named)
        threading.Thread(target=self.process.stdout.read, daemon=True).start()
        opened.close()


def configured(url: str, candidates: int | None) -> dict[str, object]:
    """The configuration; None candidates is one provider without a reference."""
    stub = {"providers": {"stub": {"base_url": url}}, "provider": "stub", "timeouts": {"pool_idle": 600}}
    if candidates is None:
        return stub
    names = [f"host{number}" for number in range(candidates)]
    others = {name: {"base_url": "http://127.0.0.1:9/v1", "api_key_env": "BENCH_KEY"} for name in ("maker", *names)}
    route = {"name": "agents", "provider": "stub", "reference": "maker", "candidates": names}
    return stub | {"providers": {"stub": {"base_url": url}, **others}, "routes": [route]}


def tenant_keys(count: int) -> dict[str, str]:
    """The environment of so many tenants."""
    return {f"TENANT_{number}": KEY.format(number) for number in range(count)}


def read_until(connection: socket.socket, end: bytes) -> bool:
    """Read until `end` has come; False where the connection ended before."""
    seen = b""
    while not seen.endswith(end):
        data = connection.recv(64 * 1024)
        if not data:
            return False
        seen += data
    return True


def measure(
    tree: Path, *, requests: int, chunks: int, rounds: int, candidates: int | None = None, tenants: int | None = None
) -> tuple[float, float]:
    """Instructions per request, and per chunk."""
    provider = Provider()
    with tempfile.TemporaryDirectory() as folder:
        config = configured(f"http://127.0.0.1:{provider.port}/v1", candidates)
        counted = Worker(tree, config, Path(folder), tenants or 0)
        try:
            client = Client(counted.port, provider, tenants)
            return exchanged(counted, client, requests=requests, chunks=chunks, rounds=rounds)
        finally:
            counted.stop()


def exchanged(counted: Counted, client: Client, *, requests: int, chunks: int, rounds: int) -> tuple[float, float]:
    """Instructions of `counted` per request of `client`, and per chunk."""
    for _ in range(50):
        client.request()
    client.stream(50)
    counted.measure_idle()
    each = [_round(counted, client, requests, chunks) for _ in range(rounds)]
    return median(request for request, _ in each), median(chunk for _, chunk in each)


def _round(counted: Counted, client: Client, requests: int, chunks: int) -> tuple[float, float]:
    counted.count()
    for _ in range(requests):
        client.request()
    per_request = counted.count() / requests
    client.stream(10)
    short = counted.count()
    client.stream(10 + chunks)
    return per_request, (counted.count() - short) / chunks


def main() -> None:
    """Print both counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=100)
    parser.add_argument("--chunks", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tree", type=Path, default=Path(__file__).parent.parent)
    parser.add_argument("--candidates", type=int, default=None)
    parser.add_argument("--tenants", type=int, default=None)
    given = parser.parse_args()
    extent = {
        "requests": given.requests,
        "chunks": given.chunks,
        "rounds": given.rounds,
        "candidates": given.candidates,
        "tenants": given.tenants,
    }
    request, chunk = measure(given.tree.resolve(), **extent)
    print(f"instructions per request of 1 KB: {request:,.0f}")
    print(f"instructions per chunk of a stream: {chunk:,.0f}")


if __name__ == "__main__":
    main()
