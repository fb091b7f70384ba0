"""What a small model with a temperature would say: a fixed distribution over answers for each request, one draw per call.

The distribution depends on the conversation and the tools alone, never on who is asked: two faithful servers differ from
each other exactly as much as one of them differs from itself.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass

from shadow.demo.answer_grammar import asking_back, prose, sum_of, telling
from shadow.demo.draws import RandomDraws, pick, unit
from shadow.demo.loose_json import Json, Object, content, mapping, objects, string
from shadow.demo.schema_filler import SchemaFiller, keywords, names

UNSURE = 0.2
"""Share of requests at which the model is of two minds about what to do."""
DOUBT = 0.25
"""How often it takes the other way there; elsewhere one time in a hundred."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PretendedCall:
    """One tool call: `arguments` as the text that goes over the wire."""

    name: str
    arguments: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PretendedReply:
    """What the model wants to say, before any limit: text or calls, never neither."""

    text: str
    calls: tuple[PretendedCall, ...] = ()
    reasoning: str = ""

    def thought(self, reasoning: str) -> PretendedReply:
        """The same answer after some reasoning."""
        return dataclasses.replace(self, reasoning=reasoning)


def reply(body: Object, dice: RandomDraws) -> PretendedReply:
    """One draw from the distribution that this request has."""
    messages = objects(body.get("messages"))
    asked = next((content(message) for message in reversed(messages) if message.get("role") == "user"), "")
    key = json.dumps([messages, body.get("tools"), body.get("tool_choice"), body.get("response_format")], sort_keys=True)
    if structure := _structure(body):
        filler = SchemaFiller(text=asked, key=key, dice=dice, root=structure)
        return PretendedReply(text=json.dumps(filler.value(structure), ensure_ascii=False))
    last = messages[-1] if messages else {}
    if last.get("role") == "tool":
        return PretendedReply(text=telling(content(last), key, dice))
    return _acting(body, asked, key, dice)


def thinking(body: Object, dice: RandomDraws) -> str:
    """A line of reasoning about the request, for those who ask for one."""
    asked = " ".join(keywords(" ".join(content(message) for message in objects(body.get("messages"))[-1:]))[:5])
    return f"{dice.waver(['The user asks about', 'This is about', 'They want to know about'], 0.2)} {asked}. I will be brief."


def _structure(body: Object) -> Object:
    form = mapping(body.get("response_format"))
    if form.get("type") == "json_schema":
        return mapping(mapping(form.get("json_schema")).get("schema"))
    if form.get("type") == "json_object":
        return {"type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"]}
    return {}


def _acting(body: Object, asked: str, key: str, dice: RandomDraws) -> PretendedReply:
    tools = [mapping(tool.get("function")) for tool in objects(body.get("tools"))]
    choice = body.get("tool_choice")
    named = string(mapping(mapping(choice).get("function")).get("name"))
    forced = [tool for tool in tools if tool.get("name") == named] if named else tools if choice == "required" else []
    ranked = _ranked(forced or tools, asked, key, anyhow=bool(forced)) if choice != "none" else []
    if not ranked:
        return PretendedReply(text=sum_of(asked) or prose(asked, key, dice))
    doubt = DOUBT if unit(key, "unsure") < UNSURE else 0.01
    tool = ranked[0]
    if dice.happens(doubt):
        if not forced and (len(ranked) == 1 or unit(key, "other way") < 0.5):
            return PretendedReply(text=asking_back(asked, tool, key))
        tool = ranked[-1]
    return PretendedReply(text="", calls=_calls(body, tool, asked, key, dice))


def _ranked(tools: list[Object], asked: str, key: str, *, anyhow: bool) -> list[Object]:
    spoken = set(keywords(asked))
    scored = [(len(spoken & _vocabulary(tool)), unit(key, tool.get("name")), position) for position, tool in enumerate(tools)]
    fitting = [entry for entry in sorted(scored, reverse=True) if entry[0] or anyhow]
    return [tools[position] for _, _, position in fitting[:2]]


def _vocabulary(tool: Object) -> set[str]:
    return set(keywords(string(tool.get("name")).replace("_", " "))) | set(keywords(string(tool.get("description"))))


def _calls(body: Object, tool: Object, asked: str, key: str, dice: RandomDraws) -> tuple[PretendedCall, ...]:
    schema = mapping(tool.get("parameters"))
    subjects = _subjects(schema, asked) if body.get("parallel_tool_calls", True) is not False else []
    made = []
    for subject in subjects or [""]:
        filler = SchemaFiller(text=asked, key=f"{key}{tool.get('name')}{subject}", dice=dice, root=schema, subject=subject)
        made.append(PretendedCall(name=string(tool.get("name")), arguments=_text(filler.value(schema) if schema else {})))
    return tuple(made)


def _subjects(schema: Object, asked: str) -> list[str]:
    """One call per name, where a tool takes a single place or name and the user gives several."""
    single = [name for name in mapping(schema.get("properties")) if name in {"city", "place", "location", "name", "country"}]
    found = names(asked)[:4]
    return found if single and len(found) > 1 else []


def _text(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False)


def style(key: str) -> str:
    """The system fingerprint of a server that keeps its configuration."""
    return f"fp_{pick(['3c1', '7aa', '90e', 'b24'], key)}{int(unit(key) * 4096):03x}"
