"""Replaces invisible characters and terminal controls by their names; pure.

Model output is hostile text: escape sequences drive terminals, bidirectional controls reorder a line, tags hide instructions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# C0 without tab and newline, DEL and C1; zero-width space, marks and joiners that hide text (ZWJ and ZWNJ stay, because many
# scripts need them); bidirectional controls; line and paragraph separators; lone surrogates; BOM; interlinear; fillers; controls
# of shorthand and music; tag characters and what is reserved beside them
_ODD = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u115f\u17b4\u17b5\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164"
    "\ud800-\udfff\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"
    "]"
    # one variation selector belongs to the character before it, as of an emoji or an ideograph; a run of them spells bytes
    "|(?<=[\ufe00-\ufe0f\U000e0100-\U000e01ef])[\ufe00-\ufe0f\U000e0100-\U000e01ef]"
    "|(?<![\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff])[\U000e0100-\U000e01ef]"
)
_NAMES = {0x00: "NUL", 0x07: "BEL", 0x08: "BS", 0x0D: "CR", 0x1B: "ESC", 0x7F: "DEL"}


def pieces(text: str) -> Iterator[tuple[bool, str]]:
    """The text in runs, in order: (False, text) or (True, the name of one replaced character)."""
    start = 0
    for match in _ODD.finditer(text):
        if match.start() > start:
            yield False, text[start : match.start()]
        yield True, name(match[0])
        start = match.end()
    if start < len(text):
        yield False, text[start:]


def plain(text: str) -> str:
    """The text with invisible characters as names in brackets, safe for a terminal."""
    return "".join(f"[{run}]" if odd else run for odd, run in pieces(text))


def name(character: str) -> str:
    """A short name of one character: `ESC`, or `U+202E`."""
    return _NAMES.get(ord(character), f"U+{ord(character):04X}")
