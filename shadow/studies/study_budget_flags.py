"""budget_limits(): the limits that `--budget` names, such as `requests=500`, `tokens=2M`, `money=5` and `minutes=60`. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches

from shadow.settings.config_errors import ConfigError, quoted
from shadow.studies.study_budget import BudgetLimits

NAMES = ("requests", "tokens", "money", "minutes")
WHOLE = frozenset({"requests", "tokens"})
"""Limits that are counted: less than one of them would be none, which is no limit."""
_AMOUNT = re.compile(r"([0-9][0-9_]{0,17}(?:\.[0-9]{1,9})?)([kKM]?)")
_FACTORS = {"": 1, "k": 1_000, "K": 1_000, "M": 1_000_000}


def budget_limits(words: Sequence[str]) -> BudgetLimits:
    """The limits of `--budget NAME=AMOUNT`, each given or several parted by commas; ConfigError with every fault."""
    found: dict[str, float] = {}
    faults = []
    for word in (part.strip() for text in words for part in text.split(",") if part.strip()):
        name, _, amount = word.partition("=")
        read = _AMOUNT.fullmatch(amount.strip())
        value = float(read[1].replace("_", "")) * _FACTORS[read[2]] if read else 0.0
        if name not in NAMES:
            near = get_close_matches(name, NAMES, n=1)
            guess = f"did you mean {near[0]}?" if near else f"known: {', '.join(NAMES)}"
            faults.append(f"--budget {quoted(word)}: no such limit; {guess}")
        elif value <= 0 or (name in WHOLE and value < 1):
            least = "from 1" if name in WHOLE else "above 0"
            faults.append(f"--budget {quoted(word)}: is no amount {least}; write {name}=500, or 2M for two million")
        else:
            found[name] = value
    if faults:
        raise ConfigError(faults)
    return BudgetLimits(
        requests=int(found.get("requests", 0)),
        tokens=int(found.get("tokens", 0)),
        money=found.get("money", 0.0),
        minutes=found.get("minutes", 0.0),
    )
