"""Proxies whose clients come by TLS: the loader speaks without it, and nginx's stream module beside it is their TLS client."""

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from alone import Alone, alone
from peers import Maker, Peer, Site, binary, said
from processes import LOAD_CPU, launch, stop

MODULES = Path("/usr/lib/nginx/modules")
"""Where Debian's `libnginx-mod-stream` puts its module."""


@dataclass
class Served(Peer):
    """A peer that is reached by TLS at `behind`; its CPU is its own, that of the TLS client in front is the loader's."""

    behind: Peer | None = None
    site: Site | None = None
    ssl: str = "on"
    """`off` has the client in front speak without TLS too, so that TLS alone is what differs."""
    client: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        return self.behind.pid

    def start(self, log: Path) -> None:
        self.behind.start(log)
        target = self.behind.port
        self.port, conf = self.site.config("tls-client.conf", f"tls-client-{target}.conf", target=target, ssl=self.ssl)
        self.client = launch([binary("nginx"), "-c", str(conf)], LOAD_CPU, log)
        time.sleep(0.5)
        if self.client.poll() is not None:
            sys.exit(f"{self.name}: the TLS client did not start:\n{log.read_text(encoding='utf-8', errors='replace')[-3000:]}")

    def stop(self) -> None:
        self.behind.stop()
        if self.client is not None:
            stop(self.client)


def served(site: Site, peer: Peer, name: str) -> Peer:
    """A peer behind such a client, measured beside nginx doing the same."""
    return Served(
        name, [], 0, cases="ABF", part=peer.part, rival="nginx, serving TLS", version=peer.version, behind=peer, site=site
    )


def nginx_served(site: Site) -> Peer:
    """nginx with the certificate of the stub's TLS side."""
    port, conf = site.config("nginx-served.conf", "nginx-served.conf", key=site.folder / "key.pem")
    version = said(binary("nginx"), "-v")
    return served(
        site, Peer("nginx, serving TLS", [binary("nginx"), "-c", str(conf)], port, version=version), "nginx, serving TLS"
    )


def alone_served(site: Site) -> Peer:
    """The worker with the same certificate."""
    peer = alone(site)
    assert isinstance(peer, Alone)
    peer.more = {"tls_cert": str(site.certificate), "tls_key": str(site.folder / "key.pem")}
    return served(site, peer, "sameweights, forwarding process alone, serving TLS")


def _if_there(make: Maker) -> Maker:
    return lambda site: make(site) if site.tls and any(MODULES.glob("ngx_stream_module.so")) else None


SERVED: dict[str, Maker] = {"nginx-served-tls": _if_there(nginx_served), "alone-served-tls": _if_there(alone_served)}
"""By the names that --only takes."""
