"""Measures what a new TLS connection to a provider costs the forwarding process, with a session resumed and without.

    .venv/bin/python bench/handshakes.py [--connections 200] [--rounds 5]

The server is nginx (`bench/peers/terminator.conf`); the CPU is that of this process, which is only the client. Each connection is
opened, asks once, and closes. Medians, on uvloop and on asyncio's own loop.
"""

import argparse
import asyncio
import os
import ssl
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from peers import Site, terminator
from processes import LOAD_CPU, PROXY_CPU, free_port, launch, stop

from proxy.exchange import Role
from proxy.process.parent_watchdog import loop_factory
from proxy.record.capture import Capture
from proxy.record.recorded_head import RecordedHead
from proxy.routing.provider_origin import parse_base_url
from proxy.upstream.dialer import Dialer
from proxy.upstream.response_reader import ResponseReader
from proxy.upstream.tls_sessions import forget_session
from proxy.upstream.upstream_client import DiscardingReader
from proxy.upstream.upstream_connection import UpstreamConnection

BODY = b'{"model":"json","messages":[]}'
ASK = b"POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(BODY)


async def connect(dialer: Dialer, port: int) -> bool:
    """One connection with one answer; whether it resumed a session."""
    origin = parse_base_url(f"https://localhost:{port}/v1")
    connection = await dialer.connect(origin, lambda: UpstreamConnection(origin, [].append))
    head = RecordedHead("POST", "/", ())
    capture = Capture(identity="", role=Role.PRIMARY, started=0.0, begun=0.0, limit=10**6, head=head)
    reader = ResponseReader(method="POST", limit=65_536, capture=capture, reader=DiscardingReader())
    done = connection.serve(reader)
    connection.send(ASK + BODY, last=True)
    await done
    assert reader.failure is None, reader
    resumed = connection._transport.get_extra_info("ssl_object").session_reused  # noqa: SLF001 - shown nowhere else
    connection.close()
    return bool(resumed)


async def measure(port: int, certificate: Path, connections: int, *, resume: bool) -> float:
    """Microseconds of CPU for a connection."""
    context = ssl.create_default_context(cafile=str(certificate))
    context.set_alpn_protocols(["http/1.1"])
    dialer = Dialer(10.0, context)
    await connect(dialer, port)
    before = time.process_time()
    for _ in range(connections):
        if not resume:
            forget_session(context, "localhost")
        assert await connect(dialer, port) == resume
    return (time.process_time() - before) / connections * 1e6


def run(given: argparse.Namespace, folder: Path) -> None:
    loops: dict[str, Callable[[], asyncio.AbstractEventLoop] | None] = {"uvloop": loop_factory(), "asyncio": None}
    site = Site(folder, free_port(), free_port(), free_port(), folder / "certificate.pem")
    stub = folder / "stub"
    os.system(f"gcc -O2 -o {stub} {Path(__file__).parent / 'stub.c'}")
    helpers = [launch([str(stub), str(site.stub)], LOAD_CPU, folder / "stub.log")]
    try:
        if not (tls := terminator(site)):
            sys.exit("nginx is not installed")
        helpers.append(tls)
        os.sched_setaffinity(0, {int(PROXY_CPU)})
        found: dict[tuple[str, bool], list[float]] = {}
        for _ in range(given.rounds):
            for name, factory in loops.items():
                for resume in (False, True):
                    with asyncio.Runner(loop_factory=factory) as runner:
                        cost = runner.run(measure(site.tls, site.certificate, given.connections, resume=resume))
                    found.setdefault((name, resume), []).append(cost)
    finally:
        for process in helpers:
            stop(process)
    print("| loop | new session, us | resumed, us |\n|---|---:|---:|")
    for name in loops:
        print(f"| {name} | " + " | ".join(f"{statistics.median(found[name, resume]):.0f}" for resume in (False, True)) + " |")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--connections", type=int, default=200)
    options.add_argument("--rounds", type=int, default=5)
    with tempfile.TemporaryDirectory() as name:
        run(options.parse_args(), Path(name))


if __name__ == "__main__":
    main()
