"""The digests of a bundle's files in a chain: each link covers its file and all before it, so that the last one covers them all.

A line of `chain.txt` is `link sha256 bytes name`; the first link begins with 64 zeros, and
link = sha256(previous link + sha256 + name), each as text.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping

CHAIN = "chain.txt"
BEGIN = "0" * 64


def chain_lines(files: Mapping[str, bytes]) -> Iterator[str]:
    """A line for each file, in their order."""
    link = BEGIN
    for name, content in files.items():
        digest = hashlib.sha256(content).hexdigest()
        link = _link(link, digest, name)
        yield f"{link} {digest} {len(content)} {name}"


def broken_link(lines: Iterable[str], files: Mapping[str, bytes]) -> str:
    """The name of the first file that is not what the chain states, or that it does not name; "" where all of it holds."""
    link, named = BEGIN, []
    for line in lines:
        stated, digest, _, name = line.split(" ", 3) if line.count(" ") >= 3 else ("", "", "", line)
        link = _link(link, digest, name)
        if stated != link or name not in files or hashlib.sha256(files[name]).hexdigest() != digest:
            return name
        named.append(name)
    return next((name for name in files if name not in named), "")


def _link(before: str, digest: str, name: str) -> str:
    return hashlib.sha256(f"{before}{digest}{name}".encode()).hexdigest()
