"""Short answers of the pretended model, from a fixed grammar: the request fixes the sentences, a random draw the wording."""

from __future__ import annotations

import json
import re

from shadow.demo.draws import RandomDraws, pick, unit
from shadow.demo.loose_json import Json, Object, mapping, strings
from shadow.demo.schema_filler import keywords, names

VARIATION = 0.12
"""Probability that a phrase takes another wording, at temperature 1."""

_SUM = re.compile(r"(\d+) (times|plus|minus) (\d+)")
_OPTIONS = re.compile(r"\[([^\]]+)\]")
_OPENERS = (
    "[Here is|This is] a [short|brief] [answer|reply] about {topic}.",
    "[When|If] people [talk|speak] about {topic}, they [usually|often] [mean|think of] {first}.",
    "The [main|central] point about {topic} is [quite|rather] [simple|plain].",
    "{Topic} [matters|counts] for [several|many] [reasons|causes].",
)
_MIDDLES = (
    "It [depends|rests] on {first} and on how [carefully|closely] {last} is [watched|observed].",
    "[Most|Many] [studies|reports] [say|find] that {first} [changes|shifts] [slowly|gradually] over the years.",
    "A [good|sound] [rule|habit] is to [begin|start] with {last} and to [keep|leave] the rest [simple|plain].",
    "[Small|Minor] [steps|moves] [help|work] more than one [large|big] [change|turn].",
    "The [cost|price] of {last} is [usually|often] [lower|smaller] than [expected|feared].",
    "[Experts|Specialists] [look|turn] to {first} [first|before all], then to {last}.",
    "In [practice|daily life] the [effect|result] is [clear|visible] within a [few|couple of] weeks.",
)
_CLOSERS = (
    "[Let me know|Tell me] if you [want|need] more [detail|depth].",
    "That is the [short|brief] [version|form].",
    "[Overall|All in all], {topic} [deserves|needs] some [patience|time].",
)
_RESULTS = (
    "[According to|Going by] the [data|result]: {fact}.",
    "The [tool|service] [reports|says]: {fact}.",
    "[Here is|This is] what I found: {fact}.",
)


def text_answer(question: str, key: str, draws: RandomDraws) -> str:
    """Two to five sentences about the question."""
    count = 1 + int(unit(key, "length") * 3)
    middles = [pick(_MIDDLES, key, "middle", position) for position in range(count)]
    plan = [pick(_OPENERS, key, "opener"), *dict.fromkeys(middles)]
    if unit(key, "closer") < 0.5:
        plan.append(pick(_CLOSERS, key, "closer"))
    return " ".join(_worded(sentence, question, draws) for sentence in plan)


def result_in_words(result: str, key: str, draws: RandomDraws) -> str:
    """A tool's result as one sentence, with a closing one."""
    sentence = _worded(pick(_RESULTS, key, "result").replace("{fact}", "\0"), result, draws).replace("\0", _fact(result))
    return f"{sentence} {_worded(pick(_CLOSERS[:2], key, 'closer'), result, draws)}"


def _fact(result: str) -> str:
    try:
        found = mapping(json.loads(result))
    except (ValueError, RecursionError):
        found = {}
    if not found:
        return " ".join(result.split()[:20]) or "nothing"
    return " and ".join(f"{name.replace('_', ' ')} {_plain(value)}" for name, value in found.items())


def _plain(value: Json) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def question_back(question: str, tool: Object, key: str) -> str:
    """A question for a missing argument, instead of a tool call."""
    wanted = strings(mapping(tool.get("parameters")).get("required")) or ["detail"]
    return f"Could you tell me which {pick(wanted, key, 'back').replace('_', ' ')} you mean for {_topic(question)}?"


def sum_answer(question: str) -> str:
    """The answer to an arithmetic question; "" when the text holds none."""
    if not (found := _SUM.search(question)):
        return ""
    left, word, right = int(found[1]), found[2], int(found[3])
    value = {"times": left * right, "plus": left + right, "minus": left - right}[word]
    return f"{left} {word} {right} is {value}."


def _topic(question: str) -> str:
    words = keywords(question)
    return " ".join(words[-3:]) or "this"


def _worded(sentence: str, question: str, draws: RandomDraws) -> str:
    words = keywords(question) or ["this"]
    topic = (names(question) or [_topic(question)])[0]
    worded = _OPTIONS.sub(lambda found: draws.vary(found[1].split("|"), VARIATION), sentence)
    return worded.format(topic=topic, Topic=topic[:1].upper() + topic[1:], first=words[0], last=words[-1])
