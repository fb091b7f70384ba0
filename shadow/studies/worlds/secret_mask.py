"""SecretMask: the values that tool servers were given, replaced by their names in every text that comes from a server. Pure.

A text is masked whole, before it is cut to a length: half of a value at a cut would be shown.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import quote, quote_plus

from shadow.studies.worlds.server_spec import ServerSpec

SHORTEST = 6
"""Characters of a value, or of one of its lines, that is masked; a shorter one would mask words."""


class SecretMask:
    """Masks `values`, by the names of the variables that hold them."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._names = {form: name for name, value in values.items() for form in _forms(value)}
        longest_first = sorted(self._names, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def __repr__(self) -> str:
        return f"<SecretMask {sorted(set(self._names.values()))}>"

    def found(self, text: str) -> tuple[str, ...]:
        """Names of the variables whose values stand in the text, each once."""
        matches = self._pattern.findall(text) if self._pattern else []
        return tuple(dict.fromkeys(self._names[match] for match in matches))

    def text(self, text: str) -> str:
        """The text with `[NAME]` in place of each value, as it is, in JSON, or in a URL."""
        return self._pattern.sub(lambda match: f"[{self._names[match[0]]}]", text) if self._pattern else text

    def content(self, content: bytes) -> bytes:
        """The content of a file, masked as UTF-8; other bytes stay."""
        if self._pattern is None:
            return content
        return self.text(content.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")

    def value(self, value: object) -> object:
        """A JSON value with all of its texts and keys masked, and with a number that is a value as a text."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(key): self.value(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if isinstance(value, int | float) and self.found(repr(value)):
            return self.text(repr(value))
        return value


NO_SECRETS = SecretMask({})


def secret_mask(specs: Sequence[ServerSpec], environ: Mapping[str, str]) -> SecretMask:
    """The mask of all servers of a world: what one was given may come back by another."""
    names = [name for spec in specs for name in (*spec.pass_env, spec.token_env) if name]
    return SecretMask({name: environ[name] for name in names if name in environ})


def _forms(value: str) -> Iterator[str]:
    """The ways in which a value may stand in a text; each line of one with several, because a server may write line by line."""
    for part in (value, value.strip(), *value.splitlines()):
        yield from (form for form in _written(part) if len(form.strip()) >= SHORTEST)


def _written(text: str) -> tuple[str, ...]:
    """A text as it is, in JSON, and in a URL; a byte that is no UTF-8 is a surrogate in our environment."""
    in_json = (json.dumps(text, ensure_ascii=only_ascii)[1:-1] for only_ascii in (True, False))
    return text, *in_json, *(quoted(text, safe="", errors="surrogateescape") for quoted in (quote, quote_plus))
