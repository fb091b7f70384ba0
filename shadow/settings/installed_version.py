"""installed_version(): the version of this product as it was installed."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def installed_version(otherwise: str) -> str:
    """The version; `otherwise` where the product runs from its source without being installed."""
    try:
        return version("sameweights")
    except PackageNotFoundError:
        return otherwise
