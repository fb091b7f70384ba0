"""What checking one answer costs, in milliseconds of CPU: a stream of 300 pieces, and texts of a million characters.

.venv/bin/python -m bench.checking
"""

import random
import time
from collections.abc import Callable

from bench.corpus import AR, EN, ZH, by_tokens, by_words, prose
from bench.onwire import MODEL, answered, spoken, understood
from shadow.checks.check import check

MILLION = 1_000_000


def cost(work: Callable[[], object], times: int) -> float:
    """The best of five rounds."""
    best = float("inf")
    for _ in range(5):
        begun = time.process_time()
        for _ in range(times):
            work()
        best = min(best, (time.process_time() - begun) / times * 1_000)
    return best


def measured(name: str, pieces: tuple[str, ...], times: int) -> None:
    chance = random.Random(2)
    body = {"model": MODEL, "stream": True, "messages": [{"role": "user", "content": prose(chance, EN, 20)}]}
    ask, answer = understood(body, answered(body, [spoken(pieces)]))
    size = sum(map(len, pieces))
    print(f"{name:32} {len(pieces):>9,} pieces {size:>9,} characters {cost(lambda: check(ask, answer), times):8.2f} ms")


def main() -> None:
    chance = random.Random(1)
    text = prose(chance, EN, 60)
    measured("English, whole words", by_words(text, chance)[:300], 100)
    measured("English, like a tokenizer", by_tokens(text, chance)[:300], 100)
    for name, one in (
        ("English", prose(chance, EN, 200)),
        ("Chinese", ZH.replace("|", "\uff0c")),
        ("Arabic", AR.replace("|", " ")),
        ("line feeds", "\n"),
        ("marks of a template", "<|"),
        ("marks of code", "the`a`and "),
        ("everything", "Then \u043f\u0440\u0438\u0432\u0435\u0442 (\u4f60\u597d) \u201e\u2026 one,two ``` \n"),
    ):
        long = (one * (MILLION // len(one) + 1))[:MILLION]
        measured(f"{name}, in one piece", (long,), 1)
        measured(f"{name}, in small pieces", tuple(long[at : at + 3] for at in range(0, MILLION, 3)), 1)


if __name__ == "__main__":
    main()
