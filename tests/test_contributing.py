"""CONTRIBUTING.md: its map of the packages is whole, and its commands are those of the Makefile."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


FIRST_CELLS = re.findall(r"^\| (`.*?) \|", PAGE, re.MULTILINE)


def test_every_package_has_its_line_in_the_map():
    found = [
        path.parent.relative_to(ROOT) for floor in ("proxy", "shadow", "storage") for path in (ROOT / floor).rglob("__init__.py")
    ]
    named = {name for cell in FIRST_CELLS for name in re.findall(r"`([\w/]+)/`", cell)}
    assert {str(package) for package in found if len(package.parts) <= 2} - named == {"shadow"}


def test_every_place_in_the_map_exists():
    places = [name for cell in FIRST_CELLS for name in re.findall(r"`([\w/.]+)`", cell)]
    assert places
    assert [name for name in places if not (ROOT / name).exists()] == []


def test_every_make_command_is_a_target_of_the_makefile():
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"^make (\w+)", PAGE, re.MULTILINE)) == {"check", "journeys", "bench"}
    assert {"check", "journeys", "bench"} <= targets
