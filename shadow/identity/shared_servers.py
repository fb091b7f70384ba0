"""distinguished(): the serving identities that distinguish one server from another, so that two providers that show one share it.

The same software shows the same form everywhere: an identity counts with a facet of a deployment, and where the reference shows
another one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from storage.rows import IdentityRow

DISTINGUISHING = ("fingerprint", "provider", "x-served-by", "via", "cf-ray")
"""Facets that differ between deployments; the others are equal wherever the same software runs."""


def is_distinguishing(row: IdentityRow, reference: IdentityRow | None) -> bool:
    """Whether an identity distinguishes a server: one that the reference has too does not, nor does any while the reference's is
    not known.
    """
    return reference is not None and reference.identity != row.identity and _has_facet(row)


def distinguished(rows: Iterable[IdentityRow], reference: str) -> Mapping[tuple[str, str], str]:
    """By provider and model, the identities that distinguish a server; `rows` are the latest ones."""
    latest = {(row.provider, row.model): row for row in rows}
    return {key: row.identity for key, row in latest.items() if is_distinguishing(row, latest.get((reference, key[1])))}


def _has_facet(row: IdentityRow) -> bool:
    try:
        facts = json.loads(row.facts)
    except ValueError:
        return False
    return isinstance(facts, dict) and any(facts.get(facet) for facet in DISTINGUISHING)
