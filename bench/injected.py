"""Puts faults into faithful prose at random places."""

import random
from collections.abc import Callable, Sequence

from bench.corpus import DE, EN, by_chance, by_groups, by_tokens, by_words, prose
from bench.faulty import BROKEN
from shadow.checks.foreign_script import SCRIPTS
from shadow.checks.template_leak import MARKERS
from shadow.findings.finding import Signal

Pieces = tuple[str, ...]
Inject = Callable[[random.Random], Pieces]
CUTS = (by_words, by_tokens, by_chance, by_groups)


def _text(chance: random.Random) -> str:
    return prose(chance, chance.choice([EN, DE]), chance.randint(4, 20))


def _amid(chance: random.Random, fault: str) -> Pieces:
    """`fault` between two words of prose, the whole cut in one of four manners."""
    words = _text(chance).split(" ")
    words.insert(chance.randint(1, len(words) - 1), fault)
    return chance.choice(CUTS)(" ".join(words), chance)


def foreign(chance: random.Random) -> Pieces:
    """One to six letters of a script that is not the text's, as a word or within one."""
    letters = [one for one in SCRIPTS[chance.choice(list(SCRIPTS))] if one != "-"]
    word = "".join(chance.choice(letters) for _ in range(chance.randint(1, 6)))
    return _amid(chance, chance.choice([word, f"{word}x", f"valley{word}"]))


def broken(chance: random.Random) -> Pieces:
    """One of the signs of a broken decoder."""
    return _amid(chance, chance.choice(BROKEN))


def leaked(chance: random.Random) -> Pieces:
    """One of the markers of a template."""
    return _amid(chance, chance.choice(MARKERS))


def looped(chance: random.Random) -> Pieces:
    """A span of two to eighty characters again and again, over 500 to 3,000 characters, up to the end or not."""
    text = _text(chance)
    at, size = chance.randrange(len(text) // 2), chance.randint(2, 80)
    times = chance.randint(500, 3_000) // size + 5
    return by_words(text[: at + size] + text[at : at + size] * times + chance.choice(["", text[at:]]), chance)


INJECTED: dict[Signal, Inject] = {
    Signal.FOREIGN_SCRIPT: foreign,
    Signal.BROKEN_CHARACTERS: broken,
    Signal.TEMPLATE_LEAK: leaked,
    Signal.REPETITION: looped,
}


def robbed(pieces: Sequence[str], chance: random.Random, *, rate: float) -> tuple[Pieces, int]:
    """The pieces without some of their leading spaces, and how many were lost."""
    lost = 0
    made = list(pieces[:1])
    for piece in pieces[1:]:
        loses = piece[0] == " " and len(piece) > 1 and chance.random() < rate
        made.append(piece[1:] if loses else piece)
        lost += loses
    return tuple(made), lost
