"""Counts the instructions that TLS adds to those of the forwarding process, beside what it adds to nginx's.

    .venv/bin/python bench/tls_instructions.py [--rounds 3]

As `bench/instructions.py`, in user mode, which other load on the machine changes little: a request of 1 KB and a chunk of a
stream without TLS, with a client that comes by TLS and with a provider behind it; and a connection that is accepted and has one
request, with a new TLS session and with a resumed one. Needs valgrind, nginx and openssl; takes about four minutes.
"""

import argparse
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from instructions import Client, Counted, Provider, Worker, configured, exchanged
from peers import Site, binary
from tls_addition import connect

MODES = {"": ", no TLS", "clients": ", client by TLS", "provider": ", provider by TLS"}
SESSIONS = {"": (("", False),), "clients": ((", new session", False), (", resumed", True)), "provider": ()}
"""What is measured of connections, and whether they resume."""
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n%b\r\n"


class Nginx(Counted):
    """nginx in one process."""

    def __init__(self, site: Site, mode: str) -> None:
        scheme = "https" if mode == "provider" else "http"
        listening = "ssl" if mode == "clients" else ""
        key = site.folder / "key.pem"
        self.port, conf = site.config(
            "nginx-counted.conf", "nginx-counted.conf", key=key, scheme=scheme, ssl=listening, health="/healthz"
        )
        super().__init__([binary("nginx"), "-c", str(conf)], site.folder)
        while not listens(self.port):
            time.sleep(0.1)


def listens(port: int) -> bool:
    """Whether a connection can be made."""
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def issue(site: Site) -> None:
    """A certificate for localhost that signs itself."""
    make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    make += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    make += ["-out", str(site.certificate), "-keyout", str(site.folder / "key.pem")]
    subprocess.run(make, check=True, capture_output=True)


def worker(site: Site, mode: str) -> Worker:
    """The forwarding process of this tree."""
    config = configured(f"{'https' if mode == 'provider' else 'http'}://localhost:{site.stub}/v1", None)
    if mode == "clients":
        config |= {"tls_cert": str(site.certificate), "tls_key": str(site.folder / "key.pem")}
    return Worker(Path(__file__).parent.parent, config, site.folder, SSL_CERT_FILE=str(site.certificate))


def measured(make: Callable[[Site, str], Counted], mode: str, rounds: int) -> Iterator[tuple[str, float]]:
    """What a proxy takes in one of the modes."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        site = Site(folder, 0, 0, certificate=folder / "certificate.pem")
        issue(site)
        serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        serving.load_cert_chain(site.certificate, folder / "key.pem")
        provider = Provider(serving if mode == "provider" else None)
        counted = make(Site(folder, provider.port, 0, certificate=site.certificate), mode)
        trust = ssl.create_default_context(cafile=str(site.certificate)) if mode == "clients" else None
        try:
            client = Client(counted.port, provider, None, trust)
            request, chunk = exchanged(counted, client, requests=100, chunks=300, rounds=rounds)
            yield "a request of 1 KB", request
            yield "a chunk", chunk
            for session, resume in SESSIONS[mode]:
                yield (
                    f"a connection accepted{session}",
                    connections(counted, connect(counted.port, trust, resume=resume, ask=HEALTH)),
                )
        finally:
            counted.stop()


def connections(counted: Counted, once: Callable[[], None], count: int = 30) -> float:
    """Instructions for each connection with one request, which the proxy answers itself."""
    for _ in range(5):
        once()
    counted.count()
    for _ in range(count):
        once()
    return counted.count() / count


def table(found: dict[tuple[str, str], dict[str, float]]) -> Iterator[str]:
    """Both proxies, and what TLS adds to each."""
    yield "| instructions | nginx | ours | TLS adds to nginx | to ours | x |\n|---" + "|---:" * 5 + "|"
    for mode, name in MODES.items():
        nginx, ours = (found[mode, which] for which in MAKERS)
        for what in nginx:
            cells = [f"{nginx[what]:,.0f}", f"{ours[what]:,.0f}", "", "", ""]
            if mode:
                plain = what.partition(",")[0]
                added = nginx[what] - found["", "nginx"][plain], ours[what] - found["", "ours"][plain]
                cells[2:] = [f"{added[0]:,.0f}", f"{added[1]:,.0f}", f"{added[1] / added[0]:.2f}"]
            yield f"| {what}{name} | " + " | ".join(cells) + " |"


MAKERS: dict[str, Callable[[Site, str], Counted]] = {"nginx": Nginx, "ours": worker}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=3)
    chosen = options.parse_args()
    found = {}
    for mode, name in MODES.items():
        for which, make in MAKERS.items():
            print(f"{which}{name}", file=sys.stderr)
            found[mode, which] = dict(measured(make, mode, chosen.rounds))
    print("\n".join(table(found)))


if __name__ == "__main__":
    main()
