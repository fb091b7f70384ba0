"""PriceList: the prices of a provider's model on a day, as the configuration states them. Pure: the caller passes the time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from fnmatch import translate
from typing import NamedTuple

from proxy.provider_config import PriceEntry, Provider

PROMPT_CLASSES = 4
"""How many classes are of the prompt: the first."""


class ClassPrices(NamedTuple):
    """Money per million tokens of each class, in the order of `TokenClasses`; None: no price."""

    fresh: Decimal | None
    cache_read: Decimal | None
    cache_write_5m: Decimal | None
    cache_write_1h: Decimal | None
    output: Decimal | None
    reasoning: Decimal | None


class _ModelPrices(NamedTuple):
    """The prices of the models that fit a pattern: (first day, prices), the newest first."""

    fits: re.Pattern[str]
    dated: Sequence[tuple[date, ClassPrices]]


class PriceList:
    """The prices of all providers of one configuration."""

    def __init__(self, providers: Mapping[str, Provider]) -> None:
        self._providers = providers
        self._prices = {name: _by_model(price_entries(provider)) for name, provider in providers.items()}

    def __repr__(self) -> str:
        return f"<PriceList of {sorted(name for name, prices in self._prices.items() if prices)}>"

    def has(self, provider: str) -> bool:
        """Whether any price of a provider is configured."""
        return bool(self._prices.get(provider))

    def prices(self, provider: str, model: str, at: float) -> ClassPrices | None:
        """The prices at `at` (seconds since the epoch); None where no entry fits the model, or none has begun."""
        known = self._prices.get(provider)
        if not known:
            return None
        day = datetime.fromtimestamp(at, UTC).date()
        names = self._names(provider, model)
        begun = (prices for fits, dated in known if any(map(fits.match, names)) for since, prices in dated if since <= day)
        return next(begun, None)

    def dearest(self, provider: str, model: str) -> ClassPrices | None:
        """The highest prices of a model on any day, or of any model where no entry fits it; None without any price.

        A limit must hold, so that a class without a price has the highest that there is.
        """
        known = self._prices.get(provider, ())
        listed = self._possible(provider, model) or [prices for _, dated in known for _, prices in dated]
        every = [price for prices in listed for price in prices if price is not None]
        columns = zip(*listed, strict=True)
        return ClassPrices(*(max(_stated(column) or every) for column in columns)) if every else None

    def _possible(self, provider: str, model: str) -> list[ClassPrices]:
        """The prices that a model can have on some day: of each pattern that fits, up to the first that holds on every day."""
        found: list[ClassPrices] = []
        names = self._names(provider, model)
        for fits, dated in self._prices.get(provider, ()):
            if any(map(fits.match, names)):
                found += [prices for _, prices in dated]
                if dated[-1][0] == date.min:
                    break
        return found

    def _names(self, provider: str, model: str) -> tuple[str, str]:
        """A model's names: the client's, and the provider's own."""
        found = self._providers.get(provider)
        return model, (found.upstream_model(model) if found else "") or model


def price_entries(provider: Provider) -> tuple[PriceEntry, ...]:
    """The entries of `prices`, and the short forms as the last one."""
    short = PriceEntry(input=provider.price_input, cached_input=provider.price_cached_input, output=provider.price_output)
    return (*provider.prices, *([short] if short != PriceEntry() else []))


def class_prices(entry: PriceEntry) -> ClassPrices:
    """The price of each class; one that is not stated is that of the class it is a part of."""
    written = _either(entry.cache_write, entry.input)
    return ClassPrices(
        fresh=_exact(entry.input),
        cache_read=_exact(_either(entry.cached_input, entry.input)),
        cache_write_5m=_exact(written),
        cache_write_1h=_exact(_either(entry.cache_write_1h, written)),
        output=_exact(entry.output),
        reasoning=_exact(_either(entry.reasoning, entry.output)),
    )


def _by_model(entries: Sequence[PriceEntry]) -> Sequence[_ModelPrices]:
    found: dict[str, list[tuple[date, ClassPrices]]] = {}
    for entry in entries:
        found.setdefault(entry.model, []).append((entry.since or date.min, class_prices(entry)))
    return [
        _ModelPrices(re.compile(translate(model)), sorted(dated, key=lambda item: item[0], reverse=True))
        for model, dated in found.items()
    ]


def _stated(prices: Iterable[Decimal | None]) -> list[Decimal]:
    return [price for price in prices if price is not None]


def _either(price: float | None, other: float | None) -> float | None:
    return other if price is None else price


def _exact(price: float | None) -> Decimal | None:
    """The number as it was written, because 0.2 has no exact binary form."""
    return None if price is None else Decimal(repr(price))
