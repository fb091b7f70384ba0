"""The pages of docs/reference as tests read them: a page, what stands under a heading, and the rows of a table."""

import re
from pathlib import Path

PAGES = Path(__file__).resolve().parent.parent / "docs" / "reference"


def page(name: str) -> str:
    return (PAGES / name).read_text(encoding="utf-8")


def part(text: str, heading: str) -> str:
    """What stands under a heading of the second level."""
    found = re.search(rf"^## `{re.escape(heading)}`\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
    assert found, f"no heading {heading}"
    return found.group(1)


def rows(text: str) -> dict[str, list[str]]:
    """Table rows by the name in their first cell."""
    found = re.findall(r"^\| `([^` ]+)[^`]*` \|(.*)\|$", text, re.MULTILINE)
    return {name: [cell.strip() for cell in rest.split(" | ")] for name, rest in found}
