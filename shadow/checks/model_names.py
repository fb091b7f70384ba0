"""Compares the requested model name with the one in the answer, by their parts and not by their spelling.

Names may omit dates, versions, vendors, regions and tiers; what two names both state must agree. A name without a model known
here is the provider's own, an alias, about which nothing is concluded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache


class Likeness(StrEnum):
    """Whether two names are of the same model, of another, or one of them is a name of the provider's own."""

    SAME = "same"
    OTHER = "other"
    ALIAS = "alias"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


FAMILIES = _words("""
    gpt claude gemini gemma llama mistral mixtral ministral codestral magistral devstral pixtral voxtral qwen qwq qvq
    deepseek kimi moonshot glm chatglm minimax abab grok command aya nova titan jamba jurassic falcon yi nemotron
    granite olmo molmo smollm hermes ernie hunyuan doubao step sonar dbrx solar exaone phi whisper davinci curie babbage
    ada bge gte nomic jina voyage mimo ling ring internlm baichuan vicuna zephyr openchat starcoder codellama palmyra
    reka arctic dolphin wizardlm mercury inflection seed longcat ling pangu skywork tulu orca luminous palm bison gecko
    lfm
""")
"""First words of model names, by which families are recognised; a name without one is not compared with another."""
_TIERS = _words("mini nano micro tiny small medium large xl xxl lite flash pro plus max ultra haiku sonnet opus")
"""Words of which a model has one: two that differ are two models, however open the request is."""
_MARKS = _TIERS | _words("""
    turbo instant air coder code codex codey vl vision audio realtime tts transcribe image embedding embeddings embed
    omni distill scout maverick oss math guard fast deep research search rerank reranker reasoner a r english
    multilingual ft nemo highspeed
""")
"""Words that distinguish models of one family."""
_MODES = _words("reasoning thinking non high low minimal think")
"""Words for the way a model runs, which a maker adds to a name that leaves it open."""
_CHAT = _words("instruct chat it")
_BASE = _words("base pretrained pt")
_POINTERS = _words("latest preview exp experimental beta stable default")
_VENDORS = _words("""
    us eu apac ap global au jp ca uk openai anthropic meta amazon google mistralai databricks azure bedrock vertex
    nvidia groq together fireworks cohere microsoft ibm xai ai nousresearch cloud model models hf mlx gguf maas endpoint
    serving
""")
"""Words for where a model runs and who made it; they are no part of its name."""
_FULL = _words("bf16 fp16 f16 f32 fp32")
_BEDROCK = re.compile(r"-v?\d+:\d+$")
_PRECISION = re.compile(
    r"(?<![a-z0-9])(?:i?q\d(?:[_-](?:\d|k|xs|xxs|nl)(?![a-z]))?(?:[_-](?:s|m|l|xl)(?![a-z]))?|[bn]?f(?:p)?(?:4|8|16|32)|(?:nv|mx)fp4"
    r"|int[48]|w\da\d+|awq|gptq|exl2|[48]-?bit|nf4|hqq)(?![a-z0-9])"
)
_DATE = re.compile(
    r"(?<![\d.])(?:20\d\d-?[01]\d-?[0-3]\d|[01]\d-20\d\d|[01]\d-[0-3]\d(?!b)|2[2-9](?:0[1-9]|1[0-2])(?:[0-3]\d)?|(?:0[1-9]|1[0-2])[0-3]\d)(?![\da-z])"
)
_SIZE = re.compile(r"(?<![a-z0-9.])(?:\d+x)?[ae]?\d+(?:\.\d+)?[bmt](?![a-z0-9])")
_VERSION = re.compile(r"(?<![a-z0-9])(?:v(\d+(?:\.\d+)*)|(00\d))(?![a-z0-9])")
_CONTEXT = re.compile(r"(?<![a-z0-9.])(?:\d+k|\d{4,})(?![a-z0-9])")
_FIREWORKS = re.compile(r"(?<![a-z0-9])v(\d+)p(\d+)(?![a-z0-9])")
_TOKEN = re.compile(r"\d+(?:\.\d+)*[a-z](?![a-z0-9])|(?<![a-z])[a-z]\d+(?:\.\d+)*(?![a-z0-9])|[a-z]+|\d+")
_PLAIN = re.compile(rf"-(?=-|$)|-(?:{'|'.join(sorted(_CHAT | _POINTERS))})(?![a-z])")
_KEPT, _LONGEST = 256, 400
"""Pairs of names whose likeness is kept, and characters of the longest of them: an application requests the same few."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a name states; `plain` is its last component without date and chat word, to see whether two are written alike."""

    families: frozenset[str]
    marks: frozenset[str]
    unknown: frozenset[str]
    numbers: tuple[str, ...]
    versions: frozenset[str]
    sizes: frozenset[str]
    precisions: frozenset[str]
    dates: frozenset[str]
    words: frozenset[str]
    plain: str
    full: str

    @property
    def stated(self) -> list[str]:
        """The digits of its numbers and versions."""
        return sorted([*self.numbers, *(digit for version in self.versions for digit in version.split("."))])

    @property
    def is_open(self) -> bool:
        """Whether it leaves the model to the provider: no number or letter of one, or a pointer without a date (`latest`)."""
        numbered = self.numbers or self.versions or self.sizes or any(len(mark) == 1 or not mark.isalpha() for mark in self.marks)
        return not numbered or bool(self.words & _POINTERS and not self.dates)


def likeness(wanted: str, named: str) -> Likeness:
    """Whether `named` is the model that was requested as `wanted`."""
    return _held(wanted, named) if len(wanted) + len(named) <= _LONGEST else _likeness(wanted, named)


def _likeness(wanted: str, named: str) -> Likeness:
    one, other = _taken_apart(wanted), _taken_apart(named)
    if one.full == other.full or _bare(one.full) == _bare(other.full):
        return Likeness.SAME
    if not _comparable(one, other):
        return Likeness.OTHER if one.families and other.families else Likeness.ALIAS
    if _contradict(one, other):
        return Likeness.OTHER
    if one.marks != other.marks:
        return Likeness.ALIAS if one.is_open and not _apart(one.marks & _TIERS, other.marks & _TIERS) else Likeness.OTHER
    less = (one.numbers and not (other.numbers or other.versions)) or (one.sizes and not other.sizes)
    return Likeness.ALIAS if less or other.unknown - one.unknown else Likeness.SAME


_held = lru_cache(maxsize=_KEPT)(_likeness)


def _comparable(one: Parts, other: Parts) -> bool:
    """Whether the names are of one family; without a known one on either side, whether they share a word."""
    if one.families or other.families:
        return bool(one.families & other.families)
    return bool((one.unknown | one.marks) & (other.unknown | other.marks))


def _contradict(one: Parts, other: Parts) -> bool:
    """Whether two names of one family state something that cannot be true of one model."""
    return (
        _apart(one.dates, other.dates, loosely=True)
        or _apart(one.sizes, other.sizes)
        or one.precisions != other.precisions
        or _numbered_otherwise(one, other)
        or _tuned_otherwise(one, other)
    )


def _numbered_otherwise(one: Parts, other: Parts) -> bool:
    """Whether both state numbers, and others; a version (`v2`, `002`) behind equal numbers may stand in one name alone."""
    mine, its = one.stated, other.stated
    if mine == its or not mine or not its:
        return False
    return one.numbers != other.numbers or bool(one.versions) == bool(other.versions)


def _apart(one: frozenset[str], other: frozenset[str], *, loosely: bool = False) -> bool:
    """Whether both state something and nothing of it is shared; `loosely`, a part of it will do (0905 of 20250905)."""
    if not one or not other:
        return False
    if loosely:
        return not any(mine in its or its in mine for mine in one for its in other)
    return not one & other


def _tuned_otherwise(one: Parts, other: Parts) -> bool:
    """Whether one is tuned for chat and the other is not.

    A chat word in one name alone counts only where the names are written alike: some servers (`llama3.1-8b`) omit it from all
    names. What a request leaves open, a whole name of a repository does not.
    """
    mine, its = one.words & _CHAT, other.words & _CHAT
    if (mine and other.words & _BASE) or (its and one.words & _BASE):
        return True
    if bool(mine) == bool(its) or one.plain != other.plain:
        return False
    return bool(mine) or "/" in one.full


def _bare(full: str) -> str:
    return re.sub(r"[^a-z0-9]", "", full)


def _taken_apart(name: str) -> Parts:
    full = name.strip().casefold().replace("\\", "/").strip("/").removesuffix(".gguf")
    last = _FIREWORKS.sub(r"\1.\2", _BEDROCK.sub("", full.rpartition("/")[2]))
    tuned, last = last.startswith("ft:"), last.removeprefix("ft:")
    head, _, tail = last.partition(":")
    text = f"{head}-{_of_tag('' if tuned else tail)}".strip("-").replace("@", "-").replace("_", "-")
    text, precisions = _taken(_PRECISION, text)
    text, dates = _taken(_DATE, text)
    text, sizes = _taken(_SIZE, text)
    versions = frozenset(_number(found[1] or found[2]) for found in _VERSION.finditer(text))
    tokens = _TOKEN.findall(_CONTEXT.sub("-", _VERSION.sub("-", text)))
    words = frozenset("gpt" if word == "chatgpt" else word for word in tokens if not word.isdigit())
    families = words & FAMILIES | {word for word in words if re.fullmatch(r"o\d", word)}
    marks = (words & _MARKS) | {word for word in words if any(map(str.isdigit, word))} | ({"ft"} if tuned else set())
    known = FAMILIES | _MARKS | _MODES | _CHAT | _BASE | _POINTERS | _VENDORS
    return Parts(
        families=frozenset(families),
        marks=frozenset(marks),
        unknown=words - known - marks,
        numbers=tuple(sorted(digit for token in tokens if token.isdigit() for digit in _digits(token))),
        versions=versions,
        sizes=frozenset(sizes),
        precisions=frozenset(precisions) - _FULL,
        dates=frozenset(date.replace("-", "") for date in dates),
        words=words,
        plain=_PLAIN.sub("", _DATE.sub("", head)).strip("-"),
        full=full,
    )


def _of_tag(tail: str) -> str:
    """What stands behind a colon and belongs to the name: a size, a precision, a date; not a tier (`free`) or a host (`groq`)."""
    if any(map(str.isdigit, tail)):
        return tail
    return "-".join(word for word in re.split(r"[^a-z]+", tail) if word in _CHAT | _BASE)


def _taken(pattern: re.Pattern[str], text: str) -> tuple[str, list[str]]:
    """The text without what matches, and that."""
    return pattern.sub("-", text), pattern.findall(text)


def _number(text: str) -> str:
    """A version without leading zeros and without `.0`: 002 is 2, 3.0 is 3."""
    return re.sub(r"(?:\.0)+$", "", text.lstrip("0") or "0")


def _digits(token: str) -> tuple[str, ...]:
    """The numbers that a token of digits states: 35 is written for 3.5, and 0 for nothing."""
    found = tuple(token) if len(token) == 2 else (token.lstrip("0"),)
    return tuple(digit for digit in found if digit not in {"", "0"})
