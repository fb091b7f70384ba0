"""Show that harmless bills are never stated in proportion, and that 2 % more for the same words is found: the bars E-full.

python bench/token_counts.py              10 runs of 2,000 pairs a harmless bill, under a minute
python bench/token_counts.py --full       100 runs of 10,000, the committed table; --markdown prints it as bench/results has it

The detector and the description are the product's own functions. Requests have one to nine messages, tools in two of five and a
system message in half; their length follows from these, so that a template which renders any of them longer adds tokens to
long requests. A bill that alarms is described at the alarm and at its last pair, a harmless one at a quarter and at half too.
Seeded, standard library only; the exit code is 1 when a bar is missed.
"""

import argparse
import random
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import quantiles

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from shadow.drift.count_detector import CountSide, CountTests, TokenCounts
from shadow.identity.extra_tokens import ExtraShape, extra_completion_tokens, extra_prompt_tokens
from shadow.identity.prompt_sample import PromptSample

POOL = 20_000
"""Requests that the pairs are drawn from."""
SHOWN = 400
"""Newest pairs that a description looks at."""
WITHIN, LEAST = 100, 0.95
"""Pairs within which 2 % must be found, and in which share of the runs."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: the reference's prompt tokens, and what it is made of."""

    tokens: int
    messages: int
    tools: int
    tool_tokens: int
    system: int


Bill = Callable[[random.Random, Asked], float]
"""The prompt tokens that a provider counts for a request."""

HARMLESS: Mapping[str, Bill] = {
    "equal counts": lambda _, asked: asked.tokens,
    "0 to 3 tokens more": lambda draw, asked: asked.tokens + draw.randrange(4),
    "3 tokens more always": lambda _, asked: asked.tokens + 3,
    "0.2 % more or less": lambda draw, asked: asked.tokens * draw.uniform(0.998, 1.002),
    "0.4 % more": lambda _, asked: 1.004 * asked.tokens,
    "a rebate of up to half on three of ten": lambda draw, asked: (
        asked.tokens * (draw.uniform(0.5, 1) if draw.random() < 0.3 else 1)
    ),
    "a template 7 tokens longer": lambda _, asked: asked.tokens + 7,
    "tools rendered 60 tokens longer": lambda _, asked: asked.tokens + (60 if asked.tools else 0),
}
"""The eight bills that must never be stated as in proportion."""
ALSO: Mapping[str, Bill] = {
    "each message 4 tokens longer": lambda _, asked: asked.tokens + 4 * asked.messages,
    "each message 12 tokens longer": lambda _, asked: asked.tokens + 12 * asked.messages,
    "each tool a tenth longer": lambda _, asked: asked.tokens + 0.1 * asked.tool_tokens,
    "a hidden prompt of 200 tokens": lambda _, asked: asked.tokens + 200,
    "20 % more on a tenth of the requests": lambda draw, asked: asked.tokens * (1.2 if draw.random() < 0.1 else 1),
    "2 % more from 4,000 tokens on": lambda _, asked: asked.tokens * (1.02 if asked.tokens >= 4_000 else 1),
}
"""Further bills without a common factor."""
FACTORS = (1.01, 1.02, 1.05, 1.3)


@dataclass(frozen=True, slots=True)
class Run:
    """One run: the pair that raised the first alarm (0 without one), and the shapes described at it and later."""

    found: int
    shapes: tuple[ExtraShape, ...]


@cache
def pool() -> Sequence[Asked]:
    """The requests, the same in every run."""
    draw = random.Random("requests")
    sets = [(2, 340), (4, 700), (7, 1_150), (12, 2_300)]
    return [_asked(draw, sets) for _ in range(POOL)]


def _asked(draw: random.Random, sets: Sequence[tuple[int, int]]) -> Asked:
    messages = draw.choice((1, 1, 1, 2, 3, 3, 5, 5, 7, 9))
    system = int(draw.random() < 0.5)
    tools, tool_tokens = draw.choice(sets) if draw.random() < 0.4 else (0, 0)
    words = sum(max(20, int(draw.lognormvariate(5.2, 0.9))) for _ in range(messages))
    return Asked(300 + words + tool_tokens + 250 * system, messages + system, tools, tool_tokens, system)


def sample(asked: Asked, tokens: int, completion: int = 0, counted: int = 0) -> PromptSample:
    """What is stored of the pair; `completion` tokens by the reference and `counted` by the provider for equal words."""
    counts = dict.fromkeys(PromptSample.__slots__, 0)
    counts |= {"messages": asked.messages, "system": asked.system, "tools": asked.tools}
    counts |= {"tool_characters": 4 * asked.tool_tokens, "schema_characters": 3 * asked.tool_tokens}
    counts |= {"text_characters": 4 * (asked.tokens - asked.tool_tokens)}
    counts |= {"provider_tokens": tokens, "reference_tokens": asked.tokens}
    counts |= {"provider_completion": counted, "reference_completion": completion, "same_text": int(completion > 0)}
    return PromptSample(**counts)


def prompts(name: str, bill: Bill, seed: int, pairs: int) -> Run:
    """One provider with this bill over so many pairs."""
    draw = random.Random(f"{name} {seed}")
    tests, asked = CountTests(), pool()
    newest: deque[tuple[Asked, int]] = deque(maxlen=SHOWN)
    found, shapes = 0, []
    later = {pairs // 4, pairs // 2, pairs} if name in HARMLESS else {pairs}
    for number in range(1, pairs + 1):
        request = asked[int(draw.random() * POOL)]
        tokens = round(bill(draw, request))
        newest.append((request, tokens))
        tests.add([TokenCounts(side=CountSide.PROMPT, provider=tokens, reference=request.tokens)], float(number))
        alarms = tests.standings[0].found if number in later or not found else 0.0
        if alarms and (not found or number in later):
            found = found or number
            shapes.append(extra_prompt_tokens([sample(*each) for each in newest]).shape)
    return Run(found, tuple(shapes))


def completions(factor: float, seed: int, pairs: int) -> Run:
    """One provider whose answers are equal in a tenth of the pairs, and whose completions count more by a factor."""
    draw = random.Random(f"completions {factor} {seed}")
    tests, asked = CountTests(), pool()
    newest: deque[PromptSample] = deque(maxlen=SHOWN)
    for number in range(1, pairs + 1):
        if draw.random() >= 0.1:
            tests.add([TokenCounts(side=CountSide.PROMPT, provider=500, reference=500)], float(number))
            continue
        words = max(20, int(draw.lognormvariate(5.3, 0.8)))
        counted = round(factor * words)
        newest.append(sample(asked[number % POOL], asked[number % POOL].tokens, words, counted))
        tests.add([TokenCounts(side=CountSide.COMPLETION, provider=counted, reference=words)], float(number))
        if tests.standings[1].found:
            return Run(number, (extra_completion_tokens(list(newest)).shape,))
    return Run(0, ())


def _times(factor: float) -> Bill:
    return lambda _, asked: factor * asked.tokens


def simulated(job: tuple[str, int, int]) -> Run:
    """One run of a bill by its name, in a process of the pool."""
    name, seed, pairs = job
    if name.startswith("completions"):
        return completions(float(name.split()[1]), seed, pairs)
    bills = {**HARMLESS, **ALSO, **{f"factor {factor}": _times(factor) for factor in FACTORS}}
    return prompts(name, bills[name], seed, pairs)


def shown(name: str, pairs: int, runs: Sequence[Run]) -> str:
    """The row of a bill: how many runs alarmed, after how many pairs, and how it was described."""
    found = sorted(run.found for run in runs if run.found)
    described = Counter(shape.value for run in runs for shape in run.shapes)
    when = f"{found[len(found) // 2]:,} ({quantiles(found, n=10)[-1]:,.0f})" if len(found) > 1 else "-"
    words = ", ".join(f"{shape} {count}" for shape, count in described.most_common()) or "-"
    return f"| {name} | {len(runs)} x {pairs:,} | {len(found)} | {when} | {words} |"


def tables(*, full: bool, jobs: int) -> Iterator[tuple[str, int, list[Run]]]:
    """Every bill with its runs."""
    runs, pairs = (100, 10_000) if full else (10, 2_000)
    powers = 200 if full else 20
    wanted = [(name, runs if name in HARMLESS else runs // 4, pairs) for name in (*HARMLESS, *ALSO)]
    wanted += [(f"factor {factor}", powers, 1_000 if factor < 1.02 else 400) for factor in FACTORS]
    wanted += [(f"completions {factor}", runs // 2, pairs) for factor in (1.0, 1.02, 1.05)]
    with ProcessPoolExecutor(jobs) as made:
        for name, count, length in wanted:
            yield name, length, list(made.map(simulated, [(name, seed, length) for seed in range(count)], chunksize=5))


def verdicts(rows: Mapping[str, Sequence[Run]]) -> Iterator[tuple[str, bool]]:
    """Each bar in words with the figure, and whether it is met."""
    said = sum(ExtraShape.PROPORTION in run.shapes for name in HARMLESS for run in rows[name])
    whole = sum(len(rows[name]) for name in HARMLESS)
    yield f"harmless bills stated in proportion: {said} of {whole} runs, 0 wanted", said == 0
    alarms = sum(bool(run.found) for name in list(HARMLESS)[:6] for run in rows[name])
    yield f"alarms of the six bills within the tolerance: {alarms}, 0 wanted", alarms == 0
    two = rows["factor 1.02"]
    soon = sum(0 < run.found <= WITHIN for run in two) / len(two)
    yield f"2 % found by {WITHIN} pairs: {soon:.3f} of {len(two)} runs, >= {LEAST}", soon >= LEAST
    stated = sum(bool(run.shapes) and run.shapes[0] is ExtraShape.PROPORTION for run in two) / len(two)
    yield f"2 % stated in proportion at its alarm: {stated:.3f} of {len(two)} runs, >= {LEAST}", stated >= LEAST


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--markdown", action="store_true")
    asked = parser.parse_args()
    begun, rows = time.monotonic(), {}
    print("| bill | runs x pairs | alarms | at pair, median (9 of 10) | described as |\n|---|---:|---:|---:|---|")
    for name, length, runs in tables(full=asked.full, jobs=asked.jobs):
        rows[name] = runs
        print(shown(name, length, runs), flush=True)
    found = list(verdicts(rows))
    for words, met in found:
        print(f"- {words}: {'met' if met else 'MISSED'}" if asked.markdown else f"{words}: {'met' if met else 'MISSED'}")
    print(f"{time.monotonic() - begun:.0f} s", file=sys.stderr)
    return 0 if all(met for _, met in found) else 1


if __name__ == "__main__":
    sys.exit(main())
