"""field_weights(): the words of an Accept or Accept-Encoding header with their weights (RFC 9110, 12.4.2); pure."""

from __future__ import annotations


def field_weights(field: str) -> dict[str, float]:
    """The weight of each word in lower case: 1 without a `q`, and where `q` is no number from 0 to 1."""
    weights = {}
    for part in field.lower().split(","):
        word, *parameters = (each.strip() for each in part.split(";"))
        weights[word] = next((_weight(each[2:]) for each in parameters if each.startswith("q=")), 1.0)
    return weights


def _weight(text: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        return 1.0
    return weight if 0 <= weight <= 1 else 1.0
