"""Measures what TLS adds to the forwarding process's CPU, beside what it adds to nginx's.

    .venv/bin/python bench/tls_addition.py [--rounds 5] [--share 1.0] [--only clients,provider,accepted,dialled]

An addition is the CPU of a proxy with TLS less its own without, in one round: with `clients` that come by TLS, or a `provider`
behind TLS. A chunk is what a stream of 300 chunks costs more than one of 100, so that no connection and no head is in it.
`accepted` and `dialled` are connections with one small exchange each, of a client in this process or to a provider that ends each
connection. CPU is counted by the scheduler, in nanoseconds; the proxy has a core to itself. Needs nginx with
`libnginx-mod-stream`, gcc and openssl.
"""

import argparse
import socket
import ssl
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from alone import Alone, alone, alone_tls
from dataplane import Case, build, load, running
from peers import Peer, Site, binary, nginx, terminator
from processes import LOAD_CPU, allow_many_files, free_port, launch, stop, tree
from served_tls import Served, alone_served, nginx_served

REQUESTS = (
    Case("A", "a request of 1 KB", "json", 32, 30_000),
    Case("B", "a request of 20 KB", "json", 32, 10_000, size=20_000),
)
STREAMS = tuple(Case("F", "a chunk, 200 streams", f"sse-{chunks}-50", 200, 200) for chunks in (100, 300))
ASK = b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n%b\r\n{}"
Figures = dict[tuple[str, str], list[float]]
"""Microseconds of each round, by the name of what was measured and of the proxy."""
PROXIES, ENDINGS = ("nginx", "forwarding process"), ("plain", "full", "resumed")


def cpu(pid: int, part: str) -> float:
    """Microseconds that the processes of a tree whose commands name `part` have run."""
    spent = 0
    for each in tree(pid):
        if part.encode() in Path(f"/proc/{each}/cmdline").read_bytes():
            spent += sum(int(task.read_text().split()[0]) for task in Path(f"/proc/{each}/task").glob("*/schedstat"))
    return spent / 1000


def spent(peer: Peer, work: Callable[[], object]) -> float:
    """Microseconds that `peer` runs for `work`, and for half a second behind it."""
    inner = peer.behind if isinstance(peer, Served) else peer
    before = cpu(inner.pid, inner.part)
    work()
    time.sleep(0.5)
    return cpu(inner.pid, inner.part) - before


def traffic(loader: Path, peer: Peer, share: float) -> Iterator[tuple[str, float]]:
    """What a request and a chunk cost `peer`."""

    def loaded(case: Case) -> float:
        return spent(peer, lambda: _whole(load(loader, peer.port, case, peer), case))

    for whole in REQUESTS:
        case = replace(whole, total=int(whole.total * share))
        yield case.name, loaded(case) / case.total
    short, long = (loaded(case) for case in STREAMS)
    yield STREAMS[0].name, (long - short) / (200 * 200)


def _whole(got: dict[str, float], case: Case) -> None:
    if got["failed"] or got["wrong"]:
        sys.exit(f"{case.name}: {got['failed']} failed, {got['wrong']} wrong")


def connect(port: int, context: ssl.SSLContext | None, *, resume: bool, ask: bytes = ASK) -> Callable[[], None]:
    """What opens a connection, asks once and reads to its end; each resumes the TLS session of the first with `resume`."""
    kept: list[ssl.SSLSession] = []

    def once() -> None:
        sock = socket.create_connection(("127.0.0.1", port))
        if context is not None:
            sock = context.wrap_socket(sock, server_hostname="localhost", session=kept[0] if kept else None)
        sock.sendall(ask % b"Connection: close\r\n")
        while sock.recv(65_536):
            pass
        if isinstance(sock, ssl.SSLSocket):
            assert sock.session_reused == bool(kept)
            if resume and not kept:
                kept.append(sock.session)
        sock.close()

    return once


def asked(port: int) -> Callable[[], None]:
    """What asks over one connection without TLS, of which each request is one upstream connection."""
    sock = socket.create_connection(("127.0.0.1", port))

    def once() -> None:
        sock.sendall(ASK % b"")
        got = b""
        while not got.endswith(b"{}\n"):
            more = sock.recv(65_536)
            assert more, got
            got += more
        assert got.startswith(b"HTTP/1.1 200"), got

    return once


def repeated(peer: Peer, once: Callable[[], None], count: int) -> float:
    """Microseconds of `peer` for each call of `once`, which has been called before."""
    once()

    def work() -> None:
        for _ in range(count):
            once()

    return spent(peer, work) / count


def with_tls(site: Site, relay: int) -> dict[str, tuple[Peer, Peer]]:
    """nginx and ours, by where TLS is; those without it have the same nginx before them, or behind them at `relay`."""
    near, far = (nginx(site), alone(site)), replace(site, stub=relay)
    return {
        "clients": tuple(Served(peer.name, [], 0, behind=peer, site=site, ssl="off") for peer in near),
        "clients by TLS": (nginx_served(site), alone_served(site)),
        "provider": (nginx_before(far, "relay", tls=False), alone(far)),
        "provider by TLS": (nginx(site, tls=True), alone_tls(site, uvloop=True)),
    }


def nginx_before(site: Site, name: str, *, tls: bool) -> Peer:
    """nginx with a configuration of its own, for one provider of several."""
    port, conf = site.config("nginx-tls.conf" if tls else "nginx.conf", f"nginx-{name}.conf")
    return Peer(f"nginx, {name}", [binary("nginx"), "-c", str(conf)], port)


def with_closing(site: Site, ports: dict[str, int]) -> dict[str, tuple[Peer, Peer]]:
    """nginx and ours before providers that end each connection behind its response, by what becomes of its TLS session."""
    made = {}
    for name in ENDINGS:
        closing = replace(site, stub=ports[name], tls=ports[name])
        ours = alone(closing) if name == "plain" else alone_tls(closing, uvloop=True)
        assert isinstance(ours, Alone)
        ours.provider = ours.provider.replace("127.0.0.1", "localhost")
        made[name] = nginx_before(closing, name, tls=name != "plain"), ours
    return made


@contextmanager
def awake(peer: Peer) -> Iterator[None]:
    """Let one peer run."""
    peer.thaw()
    try:
        yield
    finally:
        peer.freeze()


class Addition:
    """One run."""

    def __init__(self, folder: Path, chosen: argparse.Namespace) -> None:
        self._stub, self._loader = build(folder)
        self._folder = folder
        self._chosen = chosen
        self._count = int(1_000 * chosen.share)
        self._site = Site(folder, free_port(), free_port(), free_port(), folder / "certificate.pem")
        self._found: Figures = {}

    def run(self) -> Figures:
        """All rounds."""
        helpers = [launch([str(self._stub), str(self._site.stub)], LOAD_CPU, self._folder / "stub.log")]
        try:
            helpers.append(terminator(self._site))
            ports = {name: free_port() for name in ("relay", *ENDINGS)}
            _, conf = self._site.config("tls-addition.conf", "tls-addition.conf", key=self._folder / "key.pem", **ports)
            helpers.append(launch([binary("nginx"), "-c", str(conf)], LOAD_CPU, self._folder / "tls-addition.log"))
            pairs, closing = with_tls(self._site, ports["relay"]), with_closing(self._site, ports)
            with running([peer for pair in (*pairs.values(), *closing.values()) for peer in pair], self._folder):
                for number in range(self._chosen.rounds):
                    print(f"round {number + 1}", file=sys.stderr)
                    self._round(pairs, closing)
        finally:
            for process in helpers:
                stop(process)
        return self._found

    def _round(self, pairs: dict[str, tuple[Peer, Peer]], closing: dict[str, tuple[Peer, Peer]]) -> None:
        only = self._chosen.only.split(",")
        for place, pair in pairs.items():
            for which, peer in zip(PROXIES, pair, strict=True):
                with awake(peer):
                    if place.split()[0] in only:
                        for what, cost in traffic(self._loader, peer, self._chosen.share):
                            self._keep(f"{place}: {what}", which, cost)
                    if "accepted" in only and isinstance(peer, Served):
                        self._accepted(which, peer)
        for name, pair in closing.items() if "dialled" in only else ():
            for which, peer in zip(PROXIES, pair, strict=True):
                with awake(peer):
                    self._keep(f"dialled: {name}", which, repeated(peer, asked(peer.port), self._count))

    def _accepted(self, which: str, peer: Served) -> None:
        tls = peer.ssl == "on"
        context = ssl.create_default_context(cafile=str(self._site.certificate)) if tls else None
        for name in ENDINGS[1:] if tls else ENDINGS[:1]:
            once = connect(peer.behind.port, context, resume=name == "resumed")
            self._keep(f"accepted: {name}", which, repeated(peer, once, self._count))

    def _keep(self, what: str, which: str, cost: float) -> None:
        self._found.setdefault((what, which), []).append(cost)


def table(found: Figures) -> Iterator[str]:
    """Both numbers: the whole cost, and what TLS adds to it."""
    yield "| us of CPU | nginx | ours | x | TLS adds to nginx | to ours | x | of the rounds |\n|---" + "|---:" * 7 + "|"
    for what in dict.fromkeys(what for what, _ in found):
        place, _, case = what.partition(": ")
        without = f"{place.removesuffix(' by TLS')}: {case if place in {'clients', 'provider'} or 'by' in place else 'plain'}"
        whole = [found[what, each] for each in PROXIES]
        cells = _compared([statistics.median(one) for one in whole])
        if what != without:
            added = [
                [tls - plain for tls, plain in zip(found[what, each], found[without, each], strict=True)] for each in PROXIES
            ]
            each = sorted(ours / floor for floor, ours in zip(*added, strict=True))
            cells += [*_compared([statistics.median(one) for one in added]), f"{each[0]:.2f} to {each[-1]:.2f}"]
        yield f"| {what} | " + " | ".join([*cells, *[""] * (7 - len(cells))]) + " |"


def _compared(costs: list[float]) -> list[str]:
    return [f"{costs[0]:.1f}", f"{costs[1]:.1f}", f"{costs[1] / costs[0]:.2f}"]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--share", type=float, default=1.0, help="of the requests and connections of a round")
    options.add_argument("--only", default="clients,provider,accepted,dialled", help="some of what is measured")
    chosen = options.parse_args()
    allow_many_files()
    with tempfile.TemporaryDirectory() as name:
        found = Addition(Path(name), chosen).run()
    print("\n".join(table(found)))


if __name__ == "__main__":
    main()
