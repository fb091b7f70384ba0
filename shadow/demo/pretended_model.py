"""Pretends to be a small model with a temperature (test equipment): a distribution over answers per request, one draw a call.

The distribution depends on the conversation and the tools alone, never on the server: two faithful servers differ from
each other exactly as much as one of them differs from itself.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass

from shadow.demo.answer_grammar import question_back, result_in_words, sum_answer, text_answer
from shadow.demo.draws import RandomDraws, pick, unit
from shadow.demo.loose_json import Json, Object, content, mapping, objects, string
from shadow.demo.schema_filler import SchemaFiller, keywords, names

UNSURE = 0.2
"""Share of requests for which two decisions are likely."""
VARIATION = 0.25
"""Probability of the second decision for those; elsewhere 0.01."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PretendedCall:
    """One tool call; `arguments` is JSON text."""

    name: str
    arguments: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PretendedReply:
    """A reply before any limit on its length: text, calls or both."""

    text: str
    calls: tuple[PretendedCall, ...] = ()
    reasoning: str = ""

    def with_reasoning(self, reasoning: str) -> PretendedReply:
        """The same reply with this reasoning."""
        return dataclasses.replace(self, reasoning=reasoning)


def draw_reply(body: Object, draws: RandomDraws) -> PretendedReply:
    """One draw from the distribution that this request has."""
    messages = objects(body.get("messages"))
    question = next((content(message) for message in reversed(messages) if message.get("role") == "user"), "")
    key = json.dumps([messages, body.get("tools"), body.get("tool_choice"), body.get("response_format")], sort_keys=True)
    if structure := _structure(body):
        filler = SchemaFiller(text=question, key=key, draws=draws, root=structure)
        return PretendedReply(text=json.dumps(filler.value(structure), ensure_ascii=False))
    last = messages[-1] if messages else {}
    if last.get("role") == "tool":
        return PretendedReply(text=result_in_words(content(last), key, draws))
    return _tool_or_text(body, question, key, draws)


def draw_reasoning(body: Object, draws: RandomDraws) -> str:
    """A line of reasoning about the request."""
    topic = " ".join(keywords(" ".join(content(message) for message in objects(body.get("messages"))[-1:]))[:5])
    return f"{draws.vary(['The user asks about', 'This is about', 'They want to know about'], 0.2)} {topic}. I will be brief."


def _structure(body: Object) -> Object:
    form = mapping(body.get("response_format"))
    if form.get("type") == "json_schema":
        return mapping(mapping(form.get("json_schema")).get("schema"))
    if form.get("type") == "json_object":
        return {"type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"]}
    return {}


def _tool_or_text(body: Object, question: str, key: str, draws: RandomDraws) -> PretendedReply:
    tools = [mapping(tool.get("function")) for tool in objects(body.get("tools"))]
    choice = body.get("tool_choice")
    named = string(mapping(mapping(choice).get("function")).get("name"))
    forced = [tool for tool in tools if tool.get("name") == named] if named else tools if choice == "required" else []
    ranked = _ranked(forced or tools, question, key, anyhow=bool(forced)) if choice != "none" else []
    if not ranked:
        return PretendedReply(text=sum_answer(question) or text_answer(question, key, draws))
    probability = VARIATION if unit(key, "unsure") < UNSURE else 0.01
    tool = ranked[0]
    if draws.with_probability(probability):
        if not forced and (len(ranked) == 1 or unit(key, "other way") < 0.5):
            return PretendedReply(text=question_back(question, tool, key))
        tool = ranked[-1]
    return PretendedReply(text="", calls=_calls(body, tool, question, key, draws))


def _ranked(tools: list[Object], question: str, key: str, *, anyhow: bool) -> list[Object]:
    words = set(keywords(question))
    scored = [(len(words & _vocabulary(tool)), unit(key, tool.get("name")), position) for position, tool in enumerate(tools)]
    fitting = [entry for entry in sorted(scored, reverse=True) if entry[0] or anyhow]
    return [tools[position] for _, _, position in fitting[:2]]


def _vocabulary(tool: Object) -> set[str]:
    return set(keywords(string(tool.get("name")).replace("_", " "))) | set(keywords(string(tool.get("description"))))


def _calls(body: Object, tool: Object, question: str, key: str, draws: RandomDraws) -> tuple[PretendedCall, ...]:
    schema = mapping(tool.get("parameters"))
    subjects = _subjects(schema, question) if body.get("parallel_tool_calls", True) is not False else []
    made = []
    for subject in subjects or [""]:
        filler = SchemaFiller(text=question, key=f"{key}{tool.get('name')}{subject}", draws=draws, root=schema, subject=subject)
        made.append(PretendedCall(name=string(tool.get("name")), arguments=_text(filler.value(schema) if schema else {})))
    return tuple(made)


def _subjects(schema: Object, question: str) -> list[str]:
    """The names to make one call each for: those of a question with several, where the tool takes one place or name."""
    single = [name for name in mapping(schema.get("properties")) if name in {"city", "place", "location", "name", "country"}]
    found = names(question)[:4]
    return found if single and len(found) > 1 else []


def _text(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False)


def fingerprint_of(key: str) -> str:
    """A system fingerprint, fixed by `key`."""
    return f"fp_{pick(['3c1', '7aa', '90e', 'b24'], key)}{int(unit(key) * 4096):03x}"
