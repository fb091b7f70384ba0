"""Measures precision and recall of each reference-free check, in one table.

    .venv/bin/python -m bench.signals [--answers 12000] [--write]

Every answer is bytes that go the way of live traffic: read, then checked. `--write` puts the table into the reference page,
between its two marks. Faults and faithful answers are made up (bench/corpus.py, bench/faulty.py, bench/injected.py), so the
figures say what the checks do on them, not what they would do on anybody's traffic.
"""

import argparse
import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.corpus import MANNERS, by_tokens, by_words, cases
from bench.faulty import FAULTS, RIGHT, committed
from bench.injected import INJECTED, robbed
from bench.onwire import MODEL, answered, spoken, understood
from bench.written import HARD, WAYS, answer_of, harmless, leaked
from shadow.checks.registry import CHECKS, EXCHANGE_CHECKS, check
from shadow.findings.finding import Finding, FindingState, Signal

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "signals.md"
BEGIN, END = "<!-- begin: python -m bench.signals --write -->", "<!-- end -->"
SIGNALS = [signal for signal, _ in (*CHECKS, *EXCHANGE_CHECKS)]
RATE = 1 / 500
RUNS = (10, 100)
PROSE = ("english", "german", "list", "emoji")


@dataclass
class Score:
    """The counts of one check."""

    faulty: int = 0
    named: int = 0
    alone: int = 0
    faithful: int = 0
    alarms: int = 0

    @property
    def recall(self) -> float:
        return self.named / self.faulty if self.faulty else 0.0

    @property
    def precision(self) -> float:
        return self.named / (self.named + self.alarms) if self.named + self.alarms else 0.0


@dataclass
class Spaces:
    """What became of the spaces that were lost, and of the boundaries where none was.

    `lost` and `found` count answers that lost exactly one. `robbed` holds every answer of a provider that loses one space in
    500, in order: whether it lost any, and whether it was named.
    """

    lost: int = 0
    found: int = 0
    boundaries: int = 0
    alarms: int = 0
    robbed: list[tuple[bool, bool]] = field(default_factory=list)

    @property
    def answer_recall(self) -> float:
        return _share([named for lost, named in self.robbed if lost])

    def recall_in(self, answers: int) -> float:
        """The share of runs of so many answers in a row, at least one of which lost a space, in which one was named."""
        runs = [self.robbed[at : at + answers] for at in range(0, len(self.robbed) - answers + 1, answers)]
        return _share([any(named for _, named in run) for run in runs if any(lost for lost, _ in run)])


def _share(named: Sequence[bool]) -> float:
    return sum(named) / len(named) if named else 0.0


@dataclass
class Result:
    scores: dict[Signal, Score] = field(default_factory=lambda: defaultdict(Score))
    spaces: dict[str, Spaces] = field(default_factory=lambda: defaultdict(Spaces))
    written: dict[str, list[bool]] = field(default_factory=lambda: defaultdict(list))
    answers: int = 0
    examples: list[str] = field(default_factory=list)


def _request(asked: str, *, stream: bool) -> dict[str, Any]:
    body: dict[str, Any] = {"model": MODEL, "messages": [{"role": "user", "content": asked}]}
    return {**body, "stream": True, "stream_options": {"include_usage": True}} if stream else body


def _faithful(result: Result, found: tuple[Finding, ...]) -> None:
    result.answers += 1
    for finding in found:
        score = result.scores[finding.signal]
        score.faithful += finding.state in {FindingState.MATCH, FindingState.DIFFER}
        score.alarms += finding.state is FindingState.DIFFER
        if finding.state is FindingState.DIFFER:
            result.examples.append(f"{finding.signal.value}: {finding.reason}")


def _faulty(result: Result, signal: Signal, found: tuple[Finding, ...]) -> None:
    named = [finding.signal for finding in found if finding.state is FindingState.DIFFER]
    score = result.scores[signal]
    score.faulty += 1
    score.named += signal in named
    score.alone += named == [signal]


def measure(answers: int, seed: int = 1) -> Result:
    """Everything, on `answers` faithful answers and a tenth as many with a fault put into each."""
    result, chance = Result(), random.Random(seed)
    for case in cases(answers // 2, seed):
        for stream in (True, False):
            body = _request(case.asked, stream=stream)
            _faithful(result, check(*understood(body, answered(body, [spoken(case.pieces)]))))
    for right in RIGHT:
        for body, answer in committed(right):
            _faithful(result, check(*understood(body, answer)))
    for fault in FAULTS:
        for body, answer in committed(fault):
            _faulty(result, fault.signal, check(*understood(body, answer, status=fault.status)))
    for signal, inject in INJECTED.items():
        for number in range(max(answers // 40, 1)):
            body = _request("Tell me what happened.", stream=number % 2 == 0)
            _faulty(result, signal, check(*understood(body, answered(body, [spoken(inject(chance))]))))
    _written_calls(result, answers, random.Random(seed))
    _lost_spaces(result, answers, chance)
    return result


def _written_calls(result: Result, answers: int, chance: random.Random) -> None:
    """Every way to write a call, and every text that only looks like one, cut into words, streamed and whole."""
    for number in range(max(answers // 300, 2)):
        for made, ways in ((leaked, WAYS), (harmless, HARD)):
            for way in ways:
                example = made(chance, way)
                found = check(*understood(*answer_of(example, chance, stream=number % 2 == 0)))
                named = any(finding.signal is Signal.CALL_IN_TEXT and finding.state is FindingState.DIFFER for finding in found)
                result.written[way].append(named)
                if made is leaked:
                    _faulty(result, Signal.CALL_IN_TEXT, found)
                else:
                    _faithful(result, found)


def _lost_spaces(result: Result, answers: int, chance: random.Random) -> None:
    """Streams of prose in two manners, each with its spaces and with some of them lost."""
    for case in cases(answers, seed=99):
        if case.kind not in PROSE:
            continue
        body = _request(case.asked, stream=True)
        language = "German" if case.kind == "german" else "English"
        for name, cut in (("whole words", by_words), ("like a tokenizer", by_tokens)):
            pieces = cut(case.text, chance)
            spaces = result.spaces[f"{name}, {language}"]
            spaces.boundaries += len(pieces) - 1
            spaces.alarms += _lost(body, pieces)
            less, lost = robbed(pieces, chance, rate=RATE)
            named = lost > 0 and _lost(body, less)
            spaces.robbed.append((lost > 0, named))
            spaces.lost += lost == 1
            spaces.found += lost == 1 and named


def _lost(body: dict[str, Any], pieces: tuple[str, ...]) -> bool:
    found = check(*understood(body, answered(body, [spoken(pieces)])))
    return any(finding.signal is Signal.LOST_SPACE and finding.state is FindingState.DIFFER for finding in found)


def table(result: Result) -> str:
    """The figures as Markdown."""
    faulty = sum(score.faulty for score in result.scores.values())
    lines = [
        f"{result.answers:,} faithful answers ({len(MANNERS)} manners of cutting, stream and whole), {faulty:,} faulty ones.",
        "",
        "| check | faulty answers | recall | named by it alone | faithful answers it judged | false alarms | precision |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for signal in SIGNALS:
        score = result.scores[signal]
        counts = f"{score.faulty} | {score.recall:.3f} | {score.alone} | {score.faithful:,} | {score.alarms}"
        lines.append(f"| `{signal.value}` | {counts} | {score.precision:.3f} |")
    lines += ["", *_call_lines(result), "", *_space_lines(result)]
    return "\n".join(lines)


def _call_lines(result: Result) -> list[str]:
    """The ways to write a call that are not always found, and the texts that are taken for one."""
    missed = [f"{way} {_share(result.written[way]):.2f}" for way in WAYS if not all(result.written[way])]
    wrong = [f"{way} {_share(result.written[way]):.2f}" for way in HARD if any(result.written[way])]
    of_each = len(result.written[next(iter(WAYS))])
    return [
        f"`call_in_text`: {of_each} answers in each of {len(WAYS)} ways in which templates write a call, and of each of",
        f"{len(HARD)} kinds of text that only look like one.",
        f"Not always found: {', '.join(missed) or 'none'}. Taken for one: {', '.join(wrong) or 'none'}.",
    ]


def _space_lines(result: Result) -> list[str]:
    runs = " | ".join(f"in {number} answers" for number in RUNS)
    lines = [
        f"A provider that loses the space at one boundary in {1 / RATE:.0f}, on streams of prose. Lost spaces: those of answers",
        "that lost one only; in 10 answers: one of 10 in a row is named; a false hit is an answer named that lost none.",
        "",
        f"| pieces | lost spaces | found | in an answer | {runs} | faithful boundaries | false hits |",
        f"|---|---:|---:|---:|{'---:|' * len(RUNS)}---:|---:|",
    ]
    for name, spaces in sorted(result.spaces.items(), reverse=True):
        recall = spaces.found / spaces.lost if spaces.lost else 0.0
        shares = " | ".join(f"{spaces.recall_in(number):.3f}" for number in RUNS)
        counts = f"{spaces.lost} | {recall:.3f} | {spaces.answer_recall:.3f} | {shares}"
        lines.append(f"| {name} | {counts} | {spaces.boundaries:,} | {spaces.alarms} |")
    return lines


def write(text: str) -> None:
    """Put the figures between the marks of the reference page."""
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--answers", type=int, default=12_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    result = measure(chosen.answers, chosen.seed)
    print(table(result))
    for example, times in Counter(result.examples).most_common(20):
        print(f"{times}x {example}")
    if chosen.write:
        write(table(result))


if __name__ == "__main__":
    main()
