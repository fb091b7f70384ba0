"""maker(): makes named tuples by the names of their fields, for about what it costs by their places."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, ParamSpec, TypeVar

Fields = ParamSpec("Fields")
Made = TypeVar("Made")


def maker(kind: Callable[Fields, Made]) -> Callable[Fields, Made]:
    """What makes named tuples of the class `kind`, to be called as the class is.

    For those that every exchange makes: a class that is called by names gathers them in a dictionary and takes that apart again,
    which is most of the work (CPython 3.11: 0.7 us instead of 0.15 for five fields).
    """
    named: Any = kind
    made: Callable[Fields, Made] = partial(named.__new__, named)
    return made
