"""Measures a pair and a single answer in milliseconds of CPU: streams of 300 chunks, and texts of a million characters.

A pair is both answers of 300 pieces read from their bytes, checked, and compared. Nothing reads beyond its own cap
(docs/reference/signals.md), so a text of a million characters costs hardly more than one of 100,000.

.venv/bin/python -m bench.checking
"""

import random
import time
from collections.abc import Callable

from bench.corpus import AR, EN, ZH, by_tokens, by_words, prose
from bench.onwire import MODEL, TARGET, answered, exchange, spoken, understood
from shadow.checks.registry import check
from shadow.compare.comparators import compare
from shadow.findings.pair import Pair, PairKind
from shadow.reading.parsed_request import parse_request
from shadow.reading.parsed_response import parse_response

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


def paired(name: str, one: tuple[str, ...], other: tuple[str, ...], times: int) -> None:
    """All CPU that the audit uses for a pair, except storing it."""
    chance = random.Random(3)
    body = {"model": MODEL, "stream": True, "messages": [{"role": "user", "content": prose(chance, EN, 20)}]}
    exchanges = [exchange(body, answered(body, [spoken(pieces)])) for pieces in (one, other)]
    ask = parse_request(TARGET, (), exchanges[0].request.body, truncated=False)

    def whole() -> None:
        answers = [parse_response(each) for each in exchanges]
        for answer in answers:
            check(ask, answer)
        compare(Pair(kind=PairKind.CROSS, request=ask, subject=answers[0], reference=answers[1]))

    size = len("".join(one))
    print(f"{name:32} {len(one):>9,} pieces {size:>9,} characters {cost(whole, times):8.2f} ms")


def main() -> None:
    chance = random.Random(1)
    text = prose(chance, EN, 60)
    other = prose(chance, EN, 60)
    paired("a pair, English, whole words", by_words(text, chance)[:300], by_words(other, chance)[:300], 20)
    paired("a pair, English, tokens", by_tokens(text, chance)[:300], by_tokens(other, chance)[:300], 20)
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
        small = tuple(long[at : at + 3] for at in range(0, MILLION, 3))
        measured(f"{name}, in small pieces", small, 1)
    long = (prose(chance, EN, 200) * (MILLION // 20_000 + 10))[:MILLION]
    other = long[1_000:] + long[:1_000]
    paired("a pair of a million characters", (long,), (other,), 1)
    paired("the same in pieces of 200", *(tuple(one[at : at + 200] for at in range(0, MILLION, 200)) for one in (long, other)), 1)


if __name__ == "__main__":
    main()
