"""Certificates of a test's own authority, as files for a listening port and as trust for its clients."""

import ssl
from datetime import datetime
from pathlib import Path

import trustme


def handshake(serving: ssl.SSLContext, trust: ssl.SSLContext) -> tuple[ssl.SSLObject, ssl.SSLObject]:
    """The client's and the server's TLS in this process, once their handshake is whole; ssl.SSLError where it fails."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = serving.wrap_bio(to_server, to_client, server_side=True)
    client = trust.wrap_bio(to_client, to_server, server_hostname="localhost")
    whole = set()
    while len(whole) < 2:
        for side in (client, server):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            whole.add(side)
    return client, server


def issued(folder: Path, ca: trustme.CA | None = None, **times: datetime) -> tuple[ssl.SSLContext, tuple[str, str]]:
    """A context that trusts the authority, and the paths of a chain and its key for 127.0.0.1 and localhost, new each time.

    `times` are `not_before` and `not_after`.
    """
    ca = ca or trustme.CA()
    made = ca.issue_cert("127.0.0.1", "localhost", **times)
    cert, key = folder / "cert.pem", folder / "key.pem"
    made.cert_chain_pems[0].write_to_path(str(cert))
    made.private_key_pem.write_to_path(str(key))
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    ca.configure_trust(trust)
    return trust, (str(cert), str(key))
