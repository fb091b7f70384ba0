"""SearchedSecrets: the secrets of one request's head, and the quick look that finds most exchanges free of them.

A secret is looked for by its anchor, which stands in every text that holds the secret in any coding (see `proxy.secret_masking`),
JSON among them. So a search that finds no anchor is enough; one that finds any needs a closer search.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from proxy.packing import RequestWords
from proxy.record.credential_removal import STEP, TOO_MANY
from proxy.secret_masking import anchors

_RARE_FIRST = b"~ZQXJVKWYUGHBFLPMDOSNRTCIAEzqjxkvwy7896543210bgpfhmucld_.-srniotae"
"""The characters of anchors, the rarest in JSON and English first."""


class _Anchor(NamedTuple):
    """What is searched for; a text that lacks its rarest byte, for which it is quicker to look, does not hold it."""

    rarest: bytes
    text: bytes


class SearchedSecrets:
    """The `forms` of secrets (see `credential_removal.forms`) with what is looked for at once."""

    __slots__ = ("_anchors", "_clean", "forms")

    def __init__(self, forms: Sequence[bytes]) -> None:
        self.forms = forms
        found = None if forms is TOO_MANY else anchors(forms)
        self._anchors = None if found is None else [_searched(text) for text in found]
        self._clean: RequestWords | None = None

    def __repr__(self) -> str:
        return f"<SearchedSecrets {len(self.forms)}>"

    @property
    def overlap(self) -> int:
        """Bytes at the end of a text in which one that is looked for may begin that does not end there."""
        return max((len(each.text) - 1 for each in self._anchors or ()), default=0)

    def none_in_head(self, words: RequestWords) -> bool:
        """True when one search shows that no secret is in the JSON of a head; the last one found free of them is remembered."""
        if words is not self._clean:
            if not self.none_in(b"".join(words), b"", b""):
                return False
            self._clean = words
        return True

    def none_in(self, said: bytes, asked: bytes, answered: bytes) -> bool:
        """True when one search shows that no secret is in the JSON `said` or the bodies; False beyond what one step takes."""
        searched = self._anchors
        if searched is None or len(searched) * (len(asked) + len(answered)) > STEP:
            return False
        for rarest, text in searched:
            # Not `in`, which first makes an exception and drops it, as it does for all but numbers.
            for part in (said, asked, answered):
                if part.find(rarest) >= 0 and part.find(text) >= 0:
                    return False
        return True


NO_SECRETS = SearchedSecrets(())


class PortionSearch:
    """Looks for `secrets` in a text that comes in portions, those that stand across two portions among them.

    `clean` while none was found.
    """

    __slots__ = ("_secrets", "_tail", "clean")

    def __init__(self, secrets: SearchedSecrets) -> None:
        self._secrets = secrets
        self._tail = b""
        self.clean = True

    def __repr__(self) -> str:
        return f"<PortionSearch {self._secrets!r} clean={self.clean}>"

    def look(self, portion: bytes) -> None:
        """Take what comes next."""
        if self.clean and self._secrets.forms:
            text = self._tail + portion
            self.clean = self._secrets.none_in(b"", b"", text)
            self._tail = text[len(text) - min(len(text), self._secrets.overlap) :]


def _searched(text: bytes) -> _Anchor:
    return _Anchor(bytes([min(text, key=_RARE_FIRST.find)]), text)
