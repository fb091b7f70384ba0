"""link_faults(): the links of a folder that would lead a copy of it to somewhere else, so that runs would share what they write.

A link is followed as it would be in the copy: an absolute one leads to the original, wherever the copy is, and a relative one
that leaves the folder to come back by its name leads to a folder that no copy has.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

_MOST_LINKS = 40
"""Links on the way to one target, after which the system gives up too (Linux, path_resolution(7))."""


def link_faults(folder: Path) -> list[str]:
    """A sentence for each link below `folder` that a copy of it cannot have; OSError where it cannot be read."""
    return [
        f"the link {link.relative_to(folder)} {fault}"
        for link in sorted(folder.rglob("*"))
        if link.is_symlink() and (fault := _fault(folder, link))
    ]


def _fault(folder: Path, link: Path) -> str:
    if link.readlink().is_absolute():
        return f"leads to {link.readlink()}, an absolute path, which is the same in every copy: write it as a relative one"
    if not all(_inside(folder, link)):
        return "leads out of the folder, and runs would share what is there: copy it into the folder"
    return ""


def _inside(folder: Path, link: Path) -> Iterator[bool]:
    """Whether each step of the way to the target stays inside."""
    here: list[str] = []
    left = list(reversed(link.relative_to(folder).parts))
    followed = 0
    while left and followed <= _MOST_LINKS:
        part = left.pop()
        if part == "..":
            yield bool(here)
            here = here[:-1]
            continue
        path = folder.joinpath(*here, part)
        if not path.is_symlink():
            here.append(part)
            continue
        followed += 1
        yield not path.readlink().is_absolute()
        left += reversed(path.readlink().parts)
