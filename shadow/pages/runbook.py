"""Parses the packaged grafana/runbook.md for its page: one entry per alert, with the alert's name as its anchor.

Each alert's runbook_url leads to its entry. The text holds nothing from a store or a client.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.resources import files

from markupsafe import Markup, escape

CODE = re.compile(r"`([^`]+)`")
POINT = re.compile(r"^- \*\*(.+?)\*\* ?(.*)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunbookPoint:
    """One or more sentences under a label."""

    label: str
    text: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class RunbookEntry:
    """One entry; `name` is the alert's, "" for the text before the first alert."""

    name: str
    lead: Markup
    points: tuple[RunbookPoint, ...]


def runbook() -> tuple[RunbookEntry, ...]:
    """The entries of the packaged runbook."""
    return entries((files("shadow.metrics") / "grafana" / "runbook.md").read_text(encoding="utf-8"))


def entries(text: str) -> tuple[RunbookEntry, ...]:
    """The entries of a runbook: headings of the second level, paragraphs, and points with a label in bold."""
    first, *rest = re.split(r"(?m)^## ", text)
    parts = [("", first.split("\n", 1)[-1]), *((part.split("\n", 1)[0].strip(), part.split("\n", 1)[-1]) for part in rest)]
    return tuple(_entry(name, body.splitlines()) for name, body in parts)


def _entry(name: str, lines: list[str]) -> RunbookEntry:
    points = [RunbookPoint(label=found[1], text=_marked(found[2])) for line in lines if (found := POINT.match(line))]
    lead = " ".join(line for line in lines if line and not POINT.match(line))
    return RunbookEntry(name=name, lead=_marked(lead), points=tuple(points))


def _marked(text: str) -> Markup:
    """The text escaped, with backticks as code elements."""
    return Markup(CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped on the same line
