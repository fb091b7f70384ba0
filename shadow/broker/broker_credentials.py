"""credentials_options(): how the text of `broker.credentials_env` authenticates a client; the text is never shown."""

from __future__ import annotations

from collections.abc import Mapping

CREDENTIALS_FILE = "-----BEGIN NATS USER JWT-----"
SEED_LENGTH = 58
"""Characters of an nkey's seed, which begins with SU for a user."""


def credentials_options(text: str) -> Mapping[str, object]:
    """Options of the client: a .creds file's text, an nkey's seed, `user:password`, else a token; none for ""."""
    text = text.strip()
    if not text:
        return {}
    if CREDENTIALS_FILE in text:
        from nats.aio.client import RawCredentials  # noqa: PLC0415 - imported only where a broker is configured

        return {"user_credentials": RawCredentials(text)}
    if text.startswith("SU") and len(text) == SEED_LENGTH:
        return {"nkeys_seed_str": text}
    user, colon, password = text.partition(":")
    return {"user": user, "password": password} if colon else {"token": text}
