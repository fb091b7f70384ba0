"""Precision and recall of the two rules on words; `python -m tests.labelled.measure` prints the table of the docs."""

from collections.abc import Callable, Iterator
from pathlib import Path

from shadow.measures.ask_back import asks_back
from shadow.measures.refusal_in_words import refuses_in_words

SENTENCES = Path(__file__).with_name("sentences.tsv")
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "signals-of-pairs.md"
RULES: dict[str, Callable[[str], bool]] = {"refusal": refuses_in_words, "ask_back": asks_back}
PARTS = ("tuned", "held_out", "roundabout")
"""What the rules were made on, what they were not, and refusals in words that hint at one only, which they were not made for."""
LANGUAGES = ("en", "de", "es", "fr", "zh")


def sentences() -> list[tuple[str, str, str, str]]:
    """(language, part, label, text) of every labelled sentence; the parts are those of PARTS."""
    lines = SENTENCES.read_text(encoding="utf-8").splitlines()[1:]
    return [(language, part, label, text) for language, part, label, text in (line.split("\t") for line in lines)]


def score(rule: str, language: str = "", part: str = "") -> tuple[int, int, int]:
    """Sentences found rightly, found wrongly and missed by a rule."""
    chosen = [row for row in sentences() if row[0].startswith(language) and row[1].startswith(part)]
    found = [(label == rule, RULES[rule](text)) for _, _, label, text in chosen]
    return found.count((True, True)), found.count((False, True)), found.count((True, False))


def table() -> str:
    """The table as it stands in the docs."""
    head = [
        "| rule | language | sentences | precision | recall | held out | precision there | recall there | roundabout, found |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    return "\n".join([*head, *rows()])


def rows() -> Iterator[str]:
    for rule in RULES:
        for language in (*LANGUAGES, ""):
            cells = [cell for part in ("tuned", "held_out") for cell in _cells(rule, language, part)]
            yield f"| `{rule}` | {language or 'all'} | {' | '.join(cells)} | {_roundabout(rule, language)} |"


def _roundabout(rule: str, language: str) -> str:
    right, wrong, missed = score(rule, language, "roundabout")
    return f"{right} of {right + missed}" if rule == "refusal" else f"{wrong} wrongly"


def _cells(rule: str, language: str, part: str) -> tuple[str, str, str]:
    right, wrong, missed = score(rule, language, part)
    total = sum(1 for row in sentences() if row[0].startswith(language) and row[1] == part)
    return f"{total}", f"{right / max(right + wrong, 1):.2f}", f"{right / max(right + missed, 1):.2f}"


def wrong(part: str) -> Iterator[str]:
    """The sentences of a part that a rule takes wrongly, to work on the rules."""
    for language, of, label, text in sentences():
        for rule, judge in RULES.items():
            if of == part and judge(text) != (label == rule):
                yield f"{rule}\t{language}\t{label}\t{text}"


if __name__ == "__main__":
    print(table())
