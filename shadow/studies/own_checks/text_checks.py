"""Checks of the final text: pattern, part, counts of words, characters and lines."""

from __future__ import annotations

import re

from shadow.findings.finding_builders import short
from shadow.findings.number_words import number_of
from shadow.studies.own_checks.answer_facts import AnswerFacts
from shadow.studies.own_checks.check_spec import CheckSpec
from storage.operator_pattern import Pattern

_NUMBERING = re.compile(r"([0-9]{1,9})[.)](?![0-9])\s*")
SHOWN = 60


def regex(spec: CheckSpec, facts: AnswerFacts) -> str:
    """Whether the pattern (RE2) is found in the text; it may be anywhere unless it is anchored."""
    found = Pattern(spec.pattern).is_in(facts.text.encode("utf-8", "surrogatepass"))
    return _present(spec, found=found, sought=f"the pattern {spec.pattern!r}")


def contains(spec: CheckSpec, facts: AnswerFacts) -> str:
    """Whether the text has this part."""
    one, other = (spec.text.casefold(), facts.text.casefold()) if spec.ignore_case else (spec.text, facts.text)
    return _present(spec, found=one in other, sought=repr(short(spec.text, SHOWN)))


def _present(spec: CheckSpec, *, found: bool, sought: str) -> str:
    if found is not spec.absent:
        return ""
    return f"{sought} {'is' if found else 'is not'} in the text"


def words(spec: CheckSpec, facts: AnswerFacts) -> str:
    """Whether the text has so many words: what stands between white space, as `wc -w` counts."""
    return wrong_count(spec, len(facts.text.split()), "word")


def max_characters(spec: CheckSpec, facts: AnswerFacts) -> str:
    """Whether the text has at most so many characters (Unicode code points), without the white space at its ends."""
    return wrong_count(spec, len(facts.text.strip()), "character")


def lines(spec: CheckSpec, facts: AnswerFacts) -> str:
    """Whether the lines that are not empty are so many, so long, in alphabetical order, numbered from 1.

    Length and order are those of a line without its number (`1.` or `1)`).
    """
    found = [line.strip() for line in facts.text.strip().split("\n") if line.strip()]
    bare = [_bare(line) for line in found]
    if why := wrong_count(spec, len(found), "line"):
        return why
    if spec.each_at_most is not None and (long := [line for line in bare if len(line) > spec.each_at_most]):
        return f"{short(long[0], SHOWN)!r} has {number_of(len(long[0]), 'character')}, at most {spec.each_at_most} are asked for"
    if spec.sorted and (place := _first_unsorted(bare)):
        return f"{short(bare[place], SHOWN)!r} stands behind {short(bare[place - 1], SHOWN)!r}"
    if spec.numbered and (wrong := [n for n, line in enumerate(found, 1) if _number(line) != n]):
        return f"line {wrong[0]} does not begin with its number"
    return ""


def _number(line: str) -> int | None:
    found = _NUMBERING.match(line)
    return int(found[1]) if found else None


def _bare(line: str) -> str:
    found = _NUMBERING.match(line)
    return line[found.end() :].strip() if found else line


def _first_unsorted(found: list[str]) -> int:
    keys = [line.casefold() for line in found]
    return next((place for place in range(1, len(keys)) if keys[place] < keys[place - 1]), 0)


def wrong_count(spec: CheckSpec, count: int, noun: str, of: str = "") -> str:
    """Why a count of things does not pass the check, "" where it does; `of` is what they are of."""
    asked = [(spec.equals, "exactly"), (spec.at_least, "at least"), (spec.at_most, "at most")]
    fits = (
        spec.equals in {None, count}
        and (spec.at_least is None or count >= spec.at_least)
        and (spec.at_most is None or count <= spec.at_most)
    )
    if fits:
        return ""
    return (
        f"{number_of(count, noun)}{of}; asked for {' and '.join(f'{how} {bound}' for bound, how in asked if bound is not None)}"
    )
