"""Finds characters that a broken decoder writes and no model does: U+FFFD, control characters, UTF-8 read as another coding."""

from __future__ import annotations

import re

from shadow.checks.prompts.prompt_text import answer_cap, prompt_text
from shadow.findings.finding import Finding, Signal
from shadow.findings.finding_builders import match_or_differ, not_measured
from shadow.reading.completion import Completion
from shadow.reading.parsed_request import ParsedRequest

_BROKEN_CHARACTERS = Signal.BROKEN_CHARACTERS
READ = 100_000
"""Characters of an answer that are read."""
_CONTROLS = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f\ufffd\ufffe\uffff]")
"""Tab, line feed, form feed, carriage return and NEL are white space."""
_PLAIN = bytes(code for code in range(128) if not _CONTROLS.match(chr(code)))
"""ASCII without the controls: removing these from a text leaves its control characters."""
_LATER = "\x80-\xbf" + "".join(bytes([byte]).decode("cp1252", "ignore") for byte in range(0x80, 0xA0))
"""The later bytes of a UTF-8 character as they look when read as Latin-1 or Windows-1252."""
_MOJIBAKE = re.compile(
    f"\u00e2[\x80\u20ac][{_LATER}]|\u00f0[\x9f\u0178][{_LATER}][{_LATER}]|[\u00e3-\u00e9][{_LATER}]{{2}}[\u00e3-\u00e9][{_LATER}]{{2}}"
    f"|[a-z]\u00c3[\xa1-\xbf](?=[a-z\\s.,;:!?]|\\Z)|\u00c2[\xa0-\xbf]"
)
_MAYBE = re.compile(f"[\u00c2\u00c3\u00e2-\u00e9\u00f0][{_LATER}]")
"""Two characters that each of them holds, searched first because that is quick."""
_ABOUT = (
    *("utf-8", "utf8", "unicode", "encod", "decod", "mojibake", "charset", "latin-1", "latin1", "cp1252"),
    *("kodier", "zeichensatz", "编码", "文字化け", "ترميز"),
)
"""Stems of a request about encodings."""


def broken_characters(request: ParsedRequest, completion: Completion) -> Finding:
    """No character of the text shows a broken decoder, unless the request holds it or is about encodings.

    A limit on length may fall within a character, which many servers then write as U+FFFD: at the very end it does not count.
    """
    text = completion.first.text or ""
    text = (text.rstrip("\ufffd") if completion.first.ended == "length" else text)[:READ]
    if not text:
        return not_measured(_BROKEN_CHARACTERS, "the answer has no text")
    found = _found(text)
    if found is None:
        return match_or_differ(_BROKEN_CHARACTERS, True, "", "", "")
    asked = prompt_text(request)
    if found[0] in asked or any(stem in asked.casefold() for stem in _ABOUT):
        return not_measured(_BROKEN_CHARACTERS, "the request holds such characters too, or is about encodings")
    what = f"U+{ord(found[0]):04X}" if len(found[0]) == 1 else f"{found[0]!r}, which looks like UTF-8 read as Latin-1,"
    reason = f"{what} stands at character {found.start()} of the text{answer_cap(completion.first.text or '', READ)}"
    return match_or_differ(_BROKEN_CHARACTERS, False, ascii(found[0]), "", reason)


def _found(text: str) -> re.Match[str] | None:
    """The first control character, else the first that was read as something else."""
    if text.isascii():
        if text.isprintable():
            return None  # a line of text has no control character
        return _CONTROLS.search(text) if text.encode().translate(None, _PLAIN) else None
    return _CONTROLS.search(text) or (_MOJIBAKE.search(text) if _MAYBE.search(text) else None)
