"""Which certificates of providers are trusted: those of the system, and those of a file."""

import ssl


def trusted_certificates(ca_file: str) -> ssl.SSLContext:
    """What checks a server's certificate: by the system's (or SSL_CERT_FILE's) and those of `ca_file`; OSError, ssl.SSLError."""
    context = ssl.create_default_context()
    if ca_file:
        context.load_verify_locations(ca_file)
    return context
