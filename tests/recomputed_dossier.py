"""Checks a dossier without any code of sameweights, from what its README.md states: the chain of digests, then each figure of
`verdict.json` from `pairs.jsonl`. `python recomputed_dossier.py DIR` prints what is not as stated; its number is the exit code.
"""

import hashlib
import json
import math
import sys
from collections import defaultdict
from pathlib import Path

from scipy.stats import t

AGREEMENT = {"answer_kind", "arguments", "calls_tool", "finish_reason", "refusal", "text", "tools"}
LEFT_OUT = {"repeated", "conversation_full"}


def chain_holds(folder):
    link = "0" * 64
    for line in (folder / "chain.txt").read_text().splitlines():
        stated, digest, size, name = line.split(" ", 3)
        content = (folder / name).read_bytes()
        link = hashlib.sha256((link + digest + name).encode()).hexdigest()
        if (stated, digest, int(size)) != (link, hashlib.sha256(content).hexdigest(), len(content)):
            return False
    return True


def shares(states):
    return states.count("differ"), states.count("differ") + states.count("match")


def figures(pairs, signal):
    clusters = defaultdict(list)
    for pair in pairs:
        left_out = pair["counts"] in LEFT_OUT or (signal in AGREEMENT and pair["counts"] == "caching_reference")
        if signal in pair["payoffs"] and not left_out:
            clusters[pair["cluster"]].append(pair["payoffs"][signal])
    payoffs, g = [payoff for cluster in clusters.values() for payoff in cluster], len(clusters)
    n, excess = len(payoffs), sum(payoffs) / len(payoffs)
    found = {"pairs": n, "provider_odd": payoffs.count(1), "reference_odd": payoffs.count(-1), "excess": excess}
    if g > 1:
        spread = sum((sum(cluster) - len(cluster) * excess) ** 2 for cluster in clusters.values())
        reach = t.ppf(0.975, g - 1) * math.sqrt(g / (g - 1) * spread / n**2 + 1 / n**2)
        found |= {"low": max(excess - reach, -1), "high": min(excess + reach, 1)}
    if signal in AGREEMENT:
        found["differs"], found["differs_of"] = shares([pair["cross"].get(signal) for pair in pairs])
        drawn = [pair["own"].get(signal) for pair in pairs if pair["control"] == "random"]
        found["noise_differs"], found["noise_of"] = shares(drawn)
    return found


def wrong_rows(folder):
    pairs = [json.loads(line) for line in (folder / "pairs.jsonl").read_text().splitlines()]
    for card in json.loads((folder / "verdict.json").read_text())["cards"]:
        own = [pair for pair in pairs if (pair["model"], pair["reference"]) == (card["model"], card["reference"])]
        for row in card["signals"]:
            for name, value in figures(own, row["signal"]).items():
                if row[name] is None or not math.isclose(value, row[name], abs_tol=1e-6):
                    yield f"{row['signal']} {name}: {row[name]} stated, {value} computed"


wrong = [*(() if chain_holds(Path(sys.argv[1])) else ("the chain does not hold",)), *wrong_rows(Path(sys.argv[1]))]
print("\n".join(wrong) or "as stated")
sys.exit(len(wrong))
