"""number_of(): a number with its noun, as every sentence of a face writes it: `1 request`, `2,000 requests`."""

from __future__ import annotations


def number_of(number: float, noun: str, many: str = "", *, form: str = ",") -> str:
    """The number and the noun in the form that it needs; `many` is the plural where no s makes it, `form` how the
    number is formatted.
    """
    return f"{number:{form}} {noun if number == 1 else many or f'{noun}s'}"


def verb_of(number: int, one: str, many: str) -> str:
    """The form of a verb that a number of things needs."""
    return one if number == 1 else many
