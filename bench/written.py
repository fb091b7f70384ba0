# ruff: noqa: ARG005 - all ways to write a call are given the same
"""Labelled examples of tool calls written out in texts, by the templates of common open models, and of similar texts.

Each way is written as its template writes it; a tool, its arguments and the prose about it are drawn. `WAYS` is what a server
whose parser does not know its model gives; `HARD` is what a faithful answer may hold.
"""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench.corpus import EN, by_words, prose
from bench.onwire import MODEL, answered, spoken

NAMES = (
    "get_weather",
    "search",
    "read_file",
    "run",
    "web.search",
    "mcp__github__list-issues",
    "sendEmail",
    "lookup2",
    "create_ticket",
)
KEYS = ("city", "query", "path", "limit", "note", "unit")
VALUES = (
    "Paris",
    "two  spaces",
    'a "quoted" word',
    "caf\u00e9 noir",
    "/srv/data/a.txt",
    "x = 1; y(2)",
    7,
    True,
    ["a", "b"],
    "search",
)
Arguments = dict[str, Any]
Way = Callable[[str, Arguments], str]


def _json(name: str, given: Arguments, key: str = "arguments") -> str:
    return json.dumps({"name": name, key: given}, ensure_ascii=False)


def _python(name: str, given: Arguments) -> str:
    return f"{name}({', '.join(f'{key}={value!r}' for key, value in given.items())})"


def _tags(given: Arguments, written: str) -> str:
    return "".join(written.format(key=key, value=value) for key, value in given.items())


def _dumped(given: Arguments) -> str:
    return json.dumps(given, ensure_ascii=False)


GLM = "<arg_key>{key}</arg_key>\n<arg_value>{value}</arg_value>\n"
BAR, LOW = "\uff5c", "\u2581"
WAYS: dict[str, Way] = {
    "Hermes, Qwen": lambda n, a: f"<tool_call>\n{_json(n, a)}\n</tool_call>",
    "Hermes, arguments first": lambda n, a: f'<tool_call>\n{{"arguments": {_dumped(a)}, "name": "{n}"}}\n</tool_call>',
    "Hermes, unclosed": lambda n, a: f"<tool_call>\n{_json(n, a)[:-2]}",
    "Llama 3.1, tag": lambda n, a: f"<|python_tag|>{_json(n, a, 'parameters')}",
    "Llama 3.1, bare": lambda n, a: _json(n, a, "parameters"),
    "Llama 3.1, typed": lambda n, a: f'{{"type": "function", {_json(n, a, "parameters")[1:]}',
    "Llama 3.2, list": lambda n, a: f"[{_python(n, a)}]",
    "Llama 4": lambda n, a: f"<|python_start|>[{_python(n, a)}]<|python_end|>",
    "Llama, function tag": lambda n, a: f"<function={n}>{_dumped(a)}</function>",
    "Mistral": lambda n, a: f"[TOOL_CALLS][{_json(n, a)}]",
    "Mistral, from version 11": lambda n, a: f"[TOOL_CALLS]{n}[ARGS]{_dumped(a)}",
    "DeepSeek R1": lambda n, a: (
        f"<{BAR}tool{LOW}calls{LOW}begin{BAR}><{BAR}tool{LOW}call{LOW}begin{BAR}>function<{BAR}tool{LOW}sep{BAR}>{n}\n"
        f"```json\n{_dumped(a)}\n```<{BAR}tool{LOW}call{LOW}end{BAR}><{BAR}tool{LOW}calls{LOW}end{BAR}>"
    ),
    "DeepSeek V3.1": lambda n, a: (
        f"<{BAR}tool{LOW}calls{LOW}begin{BAR}><{BAR}tool{LOW}call{LOW}begin{BAR}>{n}<{BAR}tool{LOW}sep{BAR}>{_dumped(a)}"
    ),
    "DeepSeek V3.2": lambda n, a: (
        f'<{BAR}DSML{BAR}function_calls>\n<{BAR}DSML{BAR}invoke name="{n}">\n'
        + _tags(a, f'<{BAR}DSML{BAR}parameter name="{{key}}" string="true">{{value}}</{BAR}DSML{BAR}parameter>\n')
    ),
    "Kimi": lambda n, a: (
        f"<|tool_calls_section_begin|><|tool_call_begin|>functions.{n}:0<|tool_call_argument_begin|>{_dumped(a)}"
        "<|tool_call_end|><|tool_calls_section_end|>"
    ),
    "Kimi, without its markers": lambda n, a: f"functions.{n}:0{_dumped(a)}",
    "DeepSeek R1, without its markers": lambda n, a: f"function{n}\n```json\n{_dumped(a)}\n```",
    "Mistral, without its markers": lambda n, a: f"{n}{_dumped(a)}",
    "GLM, without its markers": lambda n, a: f"{n}\n" + _tags({**a, "city": "Oslo"}, GLM),
    "GLM": lambda n, a: f"<tool_call>{n}\n" + _tags(a, GLM) + "</tool_call>",
    "Qwen3-coder": lambda n, a: (
        f"<tool_call>\n<function={n}>\n" + _tags(a, "<parameter={key}>\n{value}\n</parameter>\n") + "</function>\n</tool_call>"
    ),
    "Granite": lambda n, a: f"<|tool_call|>[{_json(n, a)}]",
    "Phi-4": lambda n, a: f"<|tool_call|>[{_json(n, a)}]<|/tool_call|>",
    "Phi-4, functools": lambda n, a: f"functools[{_json(n, a)}]",
    "MiniMax": lambda n, a: (
        f'<minimax:tool_call>\n<invoke name="{n}">\n'
        + _tags(a, '<parameter name="{key}">{value}</parameter>\n')
        + "</invoke>\n</minimax:tool_call>"
    ),
    "Seed": lambda n, a: f"<seed:tool_call><function={n}>" + _tags(a, "<parameter={key}>{value}</parameter>"),
    "Gemma": lambda n, a: f"```tool_code\nprint({_python(n, a)})\n```",
    "FunctionGemma": lambda n, a: f"<start_function_call>call:{n}" + "{" + _tags(a, "{key}:<escape>{value}<escape>,") + "}",
    "gpt-oss": lambda n, a: f"<|channel|>commentary to=functions.{n} <|constrain|>json<|message|>{_dumped(a)}<|call|>",
    "Nemotron": lambda n, a: f"<TOOLCALL>[{_json(n, a)}]</TOOLCALL>",
    "Cohere": lambda n, a: (
        f'<|START_ACTION|>[\n    {{"tool_call_id": "0", "tool_name": "{n}", "parameters": {_dumped(a)}}}\n]<|END_ACTION|>'
    ),
    "InternLM": lambda n, a: f"<|action_start|><|plugin|>{_json(n, a, 'parameters')}<|action_end|>",
    "LFM2": lambda n, a: f"<|tool_call_start|>[{_python(n, a)}]<|tool_call_end|>",
    "Functionary": lambda n, a: f">>>{n}\n{_dumped(a)}",
    "Anthropic's markup": lambda n, a: (
        f'<function_calls>\n<invoke name="{n}">\n' + _tags(a, '<parameter name="{key}">{value}</parameter>\n') + "</invoke>"
    ),
    "Anthropic's older markup": lambda n, a: f"<function_calls>\n<invoke>\n<tool_name>{n}</tool_name>\n<parameters>",
    "ReAct": lambda n, a: f"Thought: I need to look this up.\nAction: {n}\nAction Input: {_dumped(a)}",
    "OpenAI's own form": lambda n, a: json.dumps(
        {"tool_calls": [{"id": "call_9", "type": "function", "function": {"name": n, "arguments": json.dumps(a)}}]}
    ),
    "fenced": lambda n, a: f"```json\n{json.dumps({'name': n, 'arguments': a}, indent=2, ensure_ascii=False)}\n```",
    "a dictionary of Python": lambda n, a: repr({"name": n, "arguments": a}),
}
"""How each template writes a call; one whose special tokens were dropped in decoding is among them."""


@dataclass(frozen=True, slots=True)
class Example:
    """A text, the request that it answers, and whether a call of an offered tool stands in it."""

    way: str
    body: dict[str, Any]
    text: str


def body(asked: str, names: tuple[str, ...], **more: object) -> dict[str, Any]:
    """A request that offers tools of these names."""
    parameters = {"type": "object", "properties": {key: {} for key in KEYS}}
    tools = [
        {"type": "function", "function": {"name": name, "description": "A tool.", "parameters": parameters}} for name in names
    ]
    return {"model": MODEL, "messages": [{"role": "user", "content": asked}], "tools": tools, **more}


def drawn(chance: random.Random) -> tuple[tuple[str, ...], str, Arguments]:
    """Offered tools, the one that is called, and its arguments."""
    names = tuple(chance.sample(NAMES, chance.randint(1, 4)))
    given = {key: chance.choice(VALUES) for key in chance.sample(KEYS, chance.randint(0, 3))}
    return names, chance.choice(names), given


def leaked(chance: random.Random, way: str) -> Example:
    """An answer in which a call stands, with prose before it or without, one call or two."""
    names, name, given = drawn(chance)
    text = WAYS[way](name, given)
    if chance.random() < 0.2 and way not in {"Llama 3.2, list", "ReAct"}:
        text += "\n" + WAYS[way](chance.choice(names), given)
    if chance.random() < 0.5:
        text = f"{prose(chance, EN, chance.randint(1, 3))}\n{chance.choice(['', chr(10)])}{text}"
    return Example(way, body("Do what is needed.", names), text)


HARD: dict[str, Callable[[random.Random, str, Arguments], tuple[str, str, dict[str, Any]]]] = {
    "prose that names the tool": lambda c, n, a: ("Do it.", f"I used {n} and {n}, which both answered: {prose(c, EN, 2)}", {}),
    "the tool in a list": lambda c, n, a: ("What can you do?", f"I can use:\n\n- {n}: {prose(c, EN, 1)}\n- `{n}`: more", {}),
    "the tool in a table": lambda c, n, a: ("What can you do?", f"| tool | use |\n|---|---|\n| {n} | {prose(c, EN, 1)} |", {}),
    "a link": lambda c, n, a: ("Where is it documented?", f"[{n}](https://example.com/{n}) and [{n}(city)](docs/{n}.md)", {}),
    "a signature": lambda c, n, a: ("What takes it?", f"{n}(city, note) takes a city. Then {_python(n, a)} is run.", {}),
    "the markup as code": lambda c, n, a: ("Go on.", f"It once wrote `<tool_call>{_json(n, a)}</tool_call>`, which broke.", {}),
    "a fence of markup": lambda c, n, a: (
        "Go on.",
        f"{prose(c, EN, 1)}\n\n```xml\n<tool_call>{_json(n, a)}</tool_call>\n```\n\n{prose(c, EN, 1)}",
        {},
    ),
    "the request shows the markup": lambda c, n, a: (
        f"Why does my server print <tool_call>{_json(n, a)}</tool_call>?",
        f"Since its parser does not know <tool_call>{_json(n, a)}</tool_call>.",
        {},
    ),
    "the request speaks of calls": lambda c, n, a: (
        f"Show me a tool call of {n}.",
        f"<tool_call>\n{_json(n, a)}\n</tool_call>",
        {},
    ),
    "JSON that was asked for": lambda c, n, a: (f"Write the call of {n} as JSON.", _json(n, a), {}),
    "JSON by its format": lambda c, n, a: ("Answer.", _json(n, a), {"response_format": {"type": "json_object"}}),
    "a call that was asked for": lambda c, n, a: (f"How would I call {n} in Python?", _python(n, a), {}),
    "a description of tools": lambda c, n, a: (
        "Which tools are there?",
        json.dumps([{"name": n, "description": "A tool.", "parameters": {"type": "object", "properties": {}}}]),
        {},
    ),
    "JSON about something else": lambda c, n, a: (
        "List them.",
        json.dumps([{"name": n, "rows": 3}, {"tool": n, "result": a}]),
        {},
    ),
    "a tool that was not offered": lambda c, n, a: ("Go on.", _json(f"{n}_of_another", a), {}),
    "code of the user's": lambda c, n, a: (
        "Mend this function.",
        f"```python\ndef main():\n    result = {_python(n, a)}\n    return result\n```\n{prose(c, EN, 1)}",
        {},
    ),
    "the tool before a colon": lambda c, n, a: ("What happened?", f"Action: {n} was tried.\nResult: {prose(c, EN, 1)}", {}),
    "no call was wanted": lambda c, n, a: ("Do not run anything: what would you do?", _json(n, a), {}),
    "tool_choice is none": lambda c, n, a: ("Go on.", _json(n, a), {"tool_choice": "none"}),
    "a log that was asked about": lambda c, n, a: (
        f"Explain this line of the log: {_json(n, a)}",
        f"The line\n\n{_json(n, a)}\n\nrecords what ran.",
        {},
    ),
}
"""Texts that a faithful answer may hold: (what was asked, the text, more of the request)."""


def harmless(chance: random.Random, way: str) -> Example:
    """An answer in which no call stands that a parser should have taken out."""
    names, name, given = drawn(chance)
    asked, text, more = HARD[way](chance, name, given)
    return Example(way, body(asked, names, **more), text)


def answer_of(example: Example, chance: random.Random, *, stream: bool) -> tuple[dict[str, Any], bytes]:
    """The request, and the bytes of the answer, cut into words."""
    body = {**example.body, **({"stream": True, "stream_options": {"include_usage": True}} if stream else {})}
    return body, answered(body, [spoken(by_words(example.text, chance))])
