"""The map of the packages: rooms (what stands directly in a floor), arrows between them, and layers of the import contracts.

    .venv/bin/python bench/house.py [--layers] [REVISION ...]

Counts the working tree, or each revision of git that is named. A room is a package or a loose module of a floor; an arrow is
an import of one room by another, counted once; a bracketed layer names modules in brackets, which import-linter
takes for optional.
"""

import argparse
import ast
import io
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FLOORS = ("proxy", "shadow", "storage")
Arrow = tuple[str, str]


def room(module: str, rooms: set[str]) -> str | None:
    """`shadow.drift` of `shadow.drift.state_transitions`; None for a floor itself and for what is no module of ours."""
    name = ".".join(module.split(".")[:2])
    return name if name in rooms else None


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def rooms_of(root: Path) -> set[str]:
    found = set()
    for floor in FLOORS:
        found |= {f"{floor}.{path.stem}" for path in (root / floor).glob("*.py") if path.stem != "__init__"}
        found |= {f"{floor}.{path.parent.name}" for path in (root / floor).glob("*/__init__.py")}
    return found


def arrows_of(root: Path, rooms: set[str]) -> set[Arrow]:
    found = set()
    for floor in FLOORS:
        for path in (root / floor).rglob("*.py"):
            home = room(".".join(path.relative_to(root).with_suffix("").parts), rooms)
            for name in imported(ast.parse(path.read_text(encoding="utf-8"))):
                there = room(name, rooms)
                if home and there and home != there:
                    found.add((home, there))
    return found


def layers_of(root: Path, floor: str) -> list[str]:
    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    return next((one["layers"] for one in contracts if one.get("containers") == [floor]), [])


def show(title: str, root: Path, *, drawn: bool) -> None:
    rooms = rooms_of(root)
    arrows = arrows_of(root, rooms)
    print(f"{title}: {len(rooms)} rooms, {len(arrows)} arrows")
    for floor in FLOORS:
        inside = {name for name in rooms if name.startswith(f"{floor}.")}
        loose = sum((root / name.replace(".", "/")).with_suffix(".py").is_file() for name in inside)
        between = sum(a in inside and b in inside for a, b in arrows)
        out = sum(a in inside and b not in inside for a, b in arrows)
        layers = layers_of(root, floor)
        bracketed = sum("(" in layer for layer in layers)
        print(f"  {floor}: {len(inside) - loose} packages, {loose} loose modules", end="; ")
        print(f"{between} arrows inside, {out} to other floors; {len(layers)} layers ({bracketed} bracketed)")
        if drawn:
            print("\n".join(f"    {layer}" for layer in layers))


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("revisions", nargs="*")
    options.add_argument("--layers", action="store_true", help="draw each floor by the layers of its contract")
    chosen = options.parse_args()
    if not chosen.revisions:
        show("working tree", ROOT, drawn=chosen.layers)
    for revision in chosen.revisions:
        packed = subprocess.run(["git", "archive", revision], cwd=ROOT, capture_output=True, check=True).stdout
        with tempfile.TemporaryDirectory() as folder, tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            archive.extractall(folder, filter="data")
            show(revision, Path(folder), drawn=chosen.layers)
    return 0


if __name__ == "__main__":
    sys.exit(main())
