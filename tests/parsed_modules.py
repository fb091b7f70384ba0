"""The syntax tree of each module, read once for all the tests that look at the source."""

import ast
from functools import cache
from pathlib import Path


@cache
def parsed(path: Path) -> ast.Module:
    """The tree of a file as it is now; tests leave it as they found it."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
