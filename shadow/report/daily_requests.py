"""daily_requests(): how many requests a day the records hold of the provider and model with the most of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

from proxy.exchange import AUDITED
from storage.store import Reader

DAY = 86_400
DAYS = 7
"""Most whole days of UTC that are read, the latest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyRequests:
    """The median of the requests a day of one provider and model, over `days` whole days of UTC; 0 days without a whole one."""

    per_day: float = 0.0
    days: int = 0
    provider: str = ""
    model: str = ""


def daily_requests(reader: Reader, now: float) -> DailyRequests:
    """Of the last seven whole days before `now` (epoch seconds), those that began after the first record. A day without a request
    counts as 0; of several providers and models the one with the highest median.
    """
    _, oldest = reader.extent()
    today = now // DAY * DAY
    begins = [begin for number in range(1, DAYS + 1) if 0 < oldest <= (begin := today - number * DAY)]
    counts = [_asked(reader, begin) for begin in begins]
    medians = {key: median(day.get(key, 0) for day in counts) for key in {key for day in counts for key in day}}
    if not medians:
        return DailyRequests(days=len(begins))
    provider, model = max(medians, key=lambda key: (medians[key], key))
    return DailyRequests(per_day=float(medians[provider, model]), days=len(begins), provider=provider, model=model)


def _asked(reader: Reader, begin: float) -> Mapping[tuple[str, str], int]:
    """The live requests of one day by provider and model."""
    return {
        (row.provider, row.model): row.asked for row in reader.traffic(begin, begin + DAY) if row.role in AUDITED and row.asked
    }
