"""Recorded text for each medium it is shown in: markdown(), xml_text(), csv_cell(), one_line(); pure.

Whatever a provider or a client sent is hostile: every face that prints it goes through this module or `visible_text`.
"""

from __future__ import annotations

import re

from shadow.presentation.visible_text import plain

NAME = 60
"""Most characters of a recorded name in a table."""
_INLINE = r"[\\`*_\[\]<>#|~!&@$]|:(?=//)|(?<=www)\."
_AT_THE_START = r"^[-+](?=\s|$)|^=|^-(?=-)|(?:(?<=^\d)|(?<=^\d\d)|(?<=^\d\d\d))[.)](?=\s|$)"
_SPECIAL = re.compile(f"{_INLINE}|{_AT_THE_START}", re.IGNORECASE)
_ENTITIES = frozenset("@:<>&|.")
"""Characters whose backslash GitHub's dialect does not honour everywhere: in tables, mentions and links without brackets."""
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold (2.2), left after `plain`."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""Beginnings that a spreadsheet takes for a formula, in full width too (OWASP, CSV injection)."""


def short_name(text: str) -> str:
    """A recorded name, as of a model, on one line and cut to `NAME` characters."""
    return one_line(text, NAME)


def one_line(text: str, limit: int) -> str:
    """The text on one line, invisible characters by name, cut to `limit` characters with an ellipsis."""
    line = " ".join(plain(text[: 4 * limit]).split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def markdown(text: str) -> str:
    """Text that Markdown shows as it stands, on one line: no link, mention, picture, tag or table cell can begin in it."""
    line = " ".join(plain(text).split())
    return _SPECIAL.sub(_reference, line)


def xml_text(text: str) -> str:
    """Text that an XML document can hold; markup is escaped by whatever writes the document."""
    return _NO_XML.sub("\ufffd", plain(text))


def csv_cell(value: str | float | None) -> str | int | float | None:
    """A cell that no spreadsheet takes for a formula: text that begins like one gets an apostrophe; numbers stay numbers."""
    if not isinstance(value, str):
        return value
    text = plain(value)
    # because a spreadsheet skips spaces and quotes before the sign, and may skip tabs, which are signs themselves
    begins = (value, text.lstrip(" \n\"'"), text.lstrip(" \t\r\n\"'"))
    return f"'{text}" if any(each.startswith(_FORMULA) for each in begins) else text


def _reference(match: re.Match[str]) -> str:
    return f"&#{ord(match[0])};" if match[0] in _ENTITIES else f"\\{match[0]}"
