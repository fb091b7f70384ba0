"""request_key(): by what a stored answer is found: all that makes the request what it is, and nothing that only names it. Pure.

The verifier that this format comes from left out `extra_body`, in which a router's provider is chosen, so that a resumed study
took the answers of one provider for those of another.
"""

from __future__ import annotations

import hashlib
import json

import orjson

from proxy.exchange import Headers
from proxy.provider_config import Provider


def request_key(provider: Provider, path: str, body: bytes, headers: Headers, repeat: int) -> str:
    """64 hex digits over the address, the body as it is sent, the fields of the row and the provider, and the repeat.

    Neither the provider's name nor its key counts; white space and the order of members in the body do not either.
    """
    fields = {name.lower(): value for name, value in (*headers, *provider.extra_headers.items())}
    parts = (
        provider.base_url.rstrip("/").encode(),
        path.encode(),
        orjson.dumps(sorted(provider.extra_query.items())),
        orjson.dumps(sorted(fields.items())),
        canonical(body),
        str(repeat).encode(),
    )
    return hashlib.sha256(b"\0".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


def canonical(body: bytes) -> bytes:
    """JSON with sorted members and no white space; what is no JSON stays as it is."""
    try:
        return json.dumps(json.loads(body), sort_keys=True, separators=(",", ":")).encode()
    except (ValueError, RecursionError):
        return body
