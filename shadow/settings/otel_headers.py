"""parse_headers(): the header fields of an OTLP endpoint, in the form that OpenTelemetry's own variables have."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A field name (RFC 9110, section 5.6.2)."""
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
"""A field value (RFC 9110, section 5.5), as latin-1."""


def parse_headers(text: str) -> Mapping[str, str]:
    """The fields of `name=value,name=value`, values percent-encoded, as OTEL_EXPORTER_OTLP_HEADERS has them.

    ValueError with what is wrong, which never quotes the text, because it holds keys.
    """
    found = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        name, equals, value = pair.partition("=")
        if not equals or not _NAME.fullmatch(name.strip()):
            raise ValueError("is not of the form name=value,name=value")
        found[name.strip()] = unquote(value.strip())
        if not _VALUE.fullmatch(found[name.strip()]):
            raise ValueError("has a value with a character that no header field may hold")
    return found
