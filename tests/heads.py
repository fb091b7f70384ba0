"""Request heads as bytes."""

HOST, KEY, LENGTH = (b"Host", b"h"), (b"Authorization", b"Bearer sk-0123456789"), (b"Content-Length", b"5")


def raw_head(
    *pairs: tuple[bytes, bytes], method: str = "POST", path: str = "/v1/chat/completions", version: str = "1.1"
) -> bytes:
    """A head with these fields; a Host comes first where none is among them."""
    named = any(name.lower() == b"host" for name, _ in pairs)
    lines = [b"%b: %b" % pair for pair in (pairs if named or version == "1.0" else (HOST, *pairs))]
    return b"\r\n".join((f"{method} {path} HTTP/{version}".encode(), *lines, b"", b""))
