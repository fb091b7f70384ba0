"""Certificates of a test's own authority, as files for a listening port and as trust for its clients."""

import ssl
from pathlib import Path

import trustme


def issued(folder: Path, ca: trustme.CA | None = None) -> tuple[ssl.SSLContext, tuple[str, str]]:
    """A context that trusts the authority, and the paths of a chain and its key for 127.0.0.1 and localhost, new each time."""
    ca = ca or trustme.CA()
    made = ca.issue_cert("127.0.0.1", "localhost")
    cert, key = folder / "cert.pem", folder / "key.pem"
    made.cert_chain_pems[0].write_to_path(str(cert))
    made.private_key_pem.write_to_path(str(key))
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    ca.configure_trust(trust)
    return trust, (str(cert), str(key))
