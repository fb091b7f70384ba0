"""Errors in the settings of a router: where its responses name the server that answered, and a router as a reference."""

from __future__ import annotations

import re

from proxy.routing.header_rules import is_remembered
from shadow.reading.upstream_name import HEADER
from shadow.settings.config_errors import ConfigErrorItem, quoted
from shadow.settings.toml_lines import KeyPath

_MEMBER = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def source_error(path: KeyPath, source: str) -> ConfigErrorItem | None:
    """What is wrong with `upstream_from`, the text `source` at `path`; None where nothing is."""
    field = source.removeprefix(HEADER)
    if source.startswith(HEADER):
        if is_remembered(field.lower().encode("utf-8", "replace")):
            return None
        words = f"the records do not keep the field {quoted(field)}; x-served-by, via, server and x-powered-by are kept"
        return ConfigErrorItem(path=path, sentence=words)
    if not source or _MEMBER.fullmatch(source):
        return None
    words = f"{quoted(source)} is neither a member of the body, as provider, nor a header field, as header:x-served-by"
    return ConfigErrorItem(path=path, sentence=words)


def reference_error(path: KeyPath, reference: str, source: str) -> ConfigErrorItem | None:
    """That a reference is a router, where it has an `upstream_from`; None for any other."""
    if not source:
        return None
    words = (
        f"{quoted(reference)} is a router (it has upstream_from): the answers of several servers have too much noise; "
        "name one of its servers by extra_body and leave upstream_from out, or another reference"
    )
    return ConfigErrorItem(path=path, sentence=words)
