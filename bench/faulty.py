# ruff: noqa: RUF001 - a fault may be a letter of another script
"""Faulty answers, one fault each: for every check the request that reveals it, and the answer of a server with that fault.

A fault is written once and sent as a stream and whole, except where it is a fault of one form only. `FAULTS` is the labelled
set from which recall is counted: what a fault is named by, and nothing else, is right.
"""

import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.corpus import EN, by_words, prose
from bench.onwire import MODEL, Mangle, answered, spoken
from shadow.demo.pretended_model import PretendedCall
from shadow.findings.finding import Signal

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "note": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}
TIME = {"type": "function", "function": {"name": "get_time", "parameters": {"type": "object", "properties": {}}}}
TOOLS: dict[str, Any] = {"tools": [WEATHER, TIME]}
PARIS = PretendedCall(name="get_weather", arguments='{"city": "Paris"}')
OSLO = PretendedCall(name="get_weather", arguments='{"city": "Oslo"}')
CLOCK = PretendedCall(name="get_time", arguments="{}")
SCHEMA = {"type": "object", "properties": {"answer": {"type": "integer"}}, "required": ["answer"], "additionalProperties": False}
AS_SCHEMA = {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA}}}
AS_JSON = {"response_format": {"type": "json_object"}}
BOTH = (True, False)
STREAM = (True,)
WHOLE = (False,)


@dataclass(frozen=True)
class Fault:
    """One server's answer to one request; `forms` are the values of `stream` in which the fault can be committed, `also` the
    other checks that name the same fault.
    """

    signal: Signal
    name: str
    asked: dict[str, Any] = field(default_factory=dict)
    completion: dict[str, Any] = field(default_factory=dict)
    mangle: Mangle | None = None
    forms: tuple[bool, ...] = BOTH
    choices: int = 1
    broken: Callable[[bytes], bytes] | None = None
    status: int = 200
    also: tuple[Signal, ...] = ()

    def request(self, *, stream: bool, plain: str = "Tell me what happened in the valley.") -> dict[str, Any]:
        """The request that shows it."""
        body = {"model": MODEL, "messages": [{"role": "user", "content": plain}], **self.asked}
        return {**body, "stream": True, "stream_options": {"include_usage": True}} if stream else body

    def answer(self, body: dict[str, Any]) -> bytes:
        """The bytes that this server gives."""
        choices = [spoken(**{**self.completion, "index": index}) for index in range(self.choices)]
        made = answered(body, choices, self.mangle)
        return self.broken(made) if self.broken else made


def _each(change: Callable[[dict[str, Any]], None]) -> Mangle:
    """Changes every object by itself."""

    def mangled(objects: list[Any]) -> list[Any]:
        for one in objects:
            change(one)
        return objects

    return mangled


def _with(**fields: object) -> Mangle:
    return _each(lambda one: one.update(fields))


def _usage(**counts: object) -> Mangle:
    return _each(lambda one: one["usage"].update(counts) if one.get("usage") else None)


def _finish(reason: str | None) -> Mangle:
    def changed(one: dict[str, Any]) -> None:
        for choice in one["choices"]:
            if choice["finish_reason"]:
                choice["finish_reason"] = reason

    return _each(changed)


def _messages(one: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for choice in one["choices"]:
        yield choice.get("message") or choice.get("delta") or {}


def _ids(name: str) -> Mangle:
    def changed(one: dict[str, Any]) -> None:
        for message in _messages(one):
            for call in message.get("tool_calls") or ():
                if "id" in call:
                    call["id"] = name

    return _each(changed)


def _said(index: int, **fields: object) -> Mangle:
    """Changes the object at this place only."""

    def mangled(objects: list[Any]) -> list[Any]:
        objects[index].update(fields)
        return objects

    return mangled


def _delta(index: int, **fields: object) -> Mangle:
    def mangled(objects: list[Any]) -> list[Any]:
        objects[index]["choices"][0]["delta"].update(fields)
        return objects

    return mangled


def _no_role(one: dict[str, Any]) -> None:
    for message in _messages(one):
        message.pop("role", None)


def _role(one: dict[str, Any]) -> None:
    for message in _messages(one):
        message["role"] = "assistant"


def _late(objects: list[Any]) -> list[Any]:
    """The last piece of text after the finish_reason."""
    return [*objects[:-3], objects[-2], objects[-3], objects[-1]]


def _call_index(index: int) -> Mangle:
    def changed(one: dict[str, Any]) -> None:
        for message in _messages(one):
            for call in message.get("tool_calls") or ():
                call["index"] = index

    return _each(changed)


def _inside_choice(objects: list[Any]) -> list[Any]:
    *rest, last = objects
    rest[-1]["choices"][0]["usage"] = last["usage"]
    return rest


def _in_groq(objects: list[Any]) -> list[Any]:
    *rest, last = objects
    rest[-1]["x_groq"] = {"usage": last["usage"]}
    return rest


def _logprobs(top: int) -> Mangle:
    """Log probabilities for every piece, with `top` alternatives."""

    def changed(one: dict[str, Any]) -> None:
        items = [{"token": "a", "logprob": -0.5, "top_logprobs": [{"token": "a", "logprob": -0.5}] * top}]
        for choice in one["choices"]:
            choice["logprobs"] = {"content": items}

    return _each(changed)


def _words(text: str) -> dict[str, Any]:
    return {"pieces": by_words(text, random.Random(0))}


def _amid(fault: str) -> dict[str, Any]:
    """A paragraph with something wrong in the middle of it."""
    sentences = prose(random.Random(5), EN, 6).split(". ")
    return _words(". ".join([*sentences[:3], f"Then {fault} the rest followed", *sentences[3:]]))


LONG = prose(random.Random(3), EN, 24)
LOST = tuple(piece if position != 60 else piece.lstrip(" ") for position, piece in enumerate(by_words(LONG, random.Random(0))))
NOTE = PretendedCall(name="get_weather", arguments=json.dumps({"city": "Paris", "note": LONG[:900]}))
USED = {
    "messages": [
        {"role": "user", "content": "Weather in Rome?"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "functions.get_weather:0", "type": "function", "function": {}}],
        },
        {"role": "tool", "tool_call_id": "functions.get_weather:0", "content": "sunny"},
        {"role": "user", "content": "And in Paris?"},
    ]
}
OVERFLOW = (
    b'{"error": {"message": "This model\'s maximum context length is 8192 tokens, however you requested 40012.", "code": 400}}'
)
A = Signal
LEAKS = ("<|im_end|>", "<tool_call>", "<|tool_calls_section_begin|>", "[TOOL_CALLS]", "<\uff5ctool\u2581calls\u2581begin\uff5c>")
SCRIPTS = ("ตามปกติ", "的时候", "привет", "ていた", "왔습니다", "וגם", "और", "أيضا")
BROKEN = ("caf\ufffd", "na\u0000me", "na\u001bme", "cafÃ© noir", "itâ€™s", "ðŸ˜€", "the\u0085\u0092")

FAULTS: tuple[Fault, ...] = (
    Fault(A.MAX_TOKENS, "longer than allowed", {"max_tokens": 16}, _words(LONG)),
    Fault(A.MAX_TOKENS, "max_completion_tokens passed over", {"max_completion_tokens": 30}, _words(LONG)),
    Fault(A.STOP, "goes on after the stop", {"stop": ["valley", " it"]}),
    Fault(A.STOP, "keeps the stop at its end", {"stop": "."}),
    Fault(A.CHOICE_COUNT, "one of three", {"n": 3}),
    Fault(A.CHOICE_COUNT, "two of one", choices=2),
    Fault(A.LOGPROBS, "none", {"logprobs": True}),
    Fault(A.TOP_LOGPROBS, "none", {"logprobs": True, "top_logprobs": 5}, mangle=_logprobs(0)),
    Fault(A.TOP_LOGPROBS, "one of five", {"logprobs": True, "top_logprobs": 5}, mangle=_logprobs(1)),
    Fault(A.RESPONSE_FORMAT, "prose", AS_JSON),
    Fault(A.RESPONSE_FORMAT, "a list", AS_JSON, _words("[1, 2]")),
    Fault(A.RESPONSE_FORMAT, "fenced", AS_SCHEMA, _words('```json\n{"answer": 4}\n```')),
    Fault(A.RESPONSE_FORMAT, "of another schema", AS_SCHEMA, _words('{"answer": "four"}')),
    Fault(A.RESPONSE_FORMAT, "prose before it", AS_SCHEMA, _words('Here it is: {"answer": 4}')),
    Fault(A.TOOL_CHOICE, "called though none", {**TOOLS, "tool_choice": "none"}, {"calls": [PARIS]}),
    Fault(A.TOOL_CHOICE, "not called though required", {**TOOLS, "tool_choice": "required"}),
    Fault(
        A.TOOL_CHOICE,
        "another",
        {**TOOLS, "tool_choice": {"type": "function", "function": {"name": "get_weather"}}},
        {"calls": [CLOCK]},
    ),
    Fault(
        A.TOOL_CHOICE, "not called though named", {**TOOLS, "tool_choice": {"type": "function", "function": {"name": "get_time"}}}
    ),
    Fault(A.PARALLEL_CALLS, "two", {**TOOLS, "parallel_tool_calls": False}, {"calls": [PARIS, OSLO]}),
    Fault(A.VALID_CALLS, "not JSON", TOOLS, {"calls": [PretendedCall(name="get_weather", arguments='{"city": "Par')]}),
    Fault(
        A.VALID_CALLS, "a name that no tool has", TOOLS, {"calls": [PretendedCall(name="functions.get_weather", arguments="{}")]}
    ),
    Fault(
        A.VALID_CALLS, "of another schema", TOOLS, {"calls": [PretendedCall(name="get_weather", arguments='{"town": "Paris"}')]}
    ),
    Fault(A.FINISH_CONTRADICTION, "stop beside calls", TOOLS, {"calls": [PARIS]}, _finish("stop")),
    Fault(A.FINISH_CONTRADICTION, "tool_calls without one", TOOLS, {"finish": "tool_calls"}),
    Fault(A.FINISH_CONTRADICTION, "length before the limit", {"max_tokens": 500}, {"finish": "length"}),
    Fault(A.FINISH_CONTRADICTION, "none at all", mangle=_finish(None)),
    Fault(A.FINISH_VOCABULARY, "eos", {}, {"finish": "eos"}),
    Fault(A.FINISH_VOCABULARY, "STOP", {}, {"finish": "STOP"}),
    Fault(A.CALL_ID, "empty", TOOLS, {"calls": [PARIS]}, _ids("")),
    Fault(A.CALL_ID, "the same twice", TOOLS, {"calls": [PARIS, OSLO]}, _ids("call_1")),
    Fault(A.CALL_ID, "an earlier one", {**TOOLS, **USED}, {"calls": [PARIS], "ids": ["functions.get_weather:0"]}),
    *(Fault(A.TEMPLATE_LEAK, marker, TOOLS, _amid(marker)) for marker in LEAKS),
    Fault(
        A.CALL_IN_TEXT,
        "Hermes",
        TOOLS,
        _words('<tool_call>\n{"name": "get_weather", "arguments": {"city": "Paris"}}\n</tool_call>'),
        also=(A.TEMPLATE_LEAK,),
    ),
    Fault(A.CALL_IN_TEXT, "a bare object", TOOLS, _words('{"name": "get_weather", "parameters": {"city": "Paris"}}')),
    Fault(A.APPLIED_PARAMETERS, "another tier", {"service_tier": "priority"}, mangle=_with(service_tier="default")),
    Fault(A.REASONING_FORM, "think tags", {}, _words("<think>The valley, then.</think>It rained.")),
    Fault(A.REASONING_FORM, "a lone end", {}, _words("They ask of the valley.</think>\n\nIt rained.")),
    Fault(
        A.REASONING_FORM, "though turned off", {"reasoning_effort": "none"}, {"reasoning": by_words(LONG[:200], random.Random(0))}
    ),
    Fault(A.REASONING_FORM, "twice", {}, {"reasoning": (LONG[:200],), "pieces": (LONG[:200], " So it rained.")}),
    Fault(A.REASONING_ONLY, "nothing after it", {}, {"reasoning": ("I", " think", "."), "pieces": ()}),
    Fault(A.EMPTY_ANSWER, "nothing", {}, {"pieces": ()}),
    Fault(A.EMPTY_ANSWER, "white space", {}, {"pieces": ("\n", "\n")}),
    Fault(A.USAGE, "none", mangle=_each(lambda one: one.update(usage=None))),
    Fault(A.USAGE, "a wrong total", mangle=_usage(total_tokens=3)),
    Fault(A.USAGE, "0 tokens said", mangle=_usage(completion_tokens=0, total_tokens=12)),
    Fault(A.USAGE, "more cached than there are", mangle=_usage(prompt_tokens_details={"cached_tokens": 10_000})),
    Fault(A.USAGE, "inside a choice", mangle=_inside_choice, forms=STREAM),
    Fault(A.USAGE, "in x_groq", mangle=_in_groq, forms=STREAM),
    Fault(A.STREAM_STRUCTURE, "no [DONE]", forms=STREAM, broken=lambda made: made.replace(b"data: [DONE]\n\n", b"")),
    Fault(A.STREAM_STRUCTURE, "no role", mangle=_each(_no_role), forms=STREAM),
    Fault(A.STREAM_STRUCTURE, "the role again", mangle=_delta(4, role="assistant"), forms=STREAM),
    Fault(A.STREAM_STRUCTURE, "text after the finish", mangle=_late, forms=STREAM),
    Fault(A.STREAM_STRUCTURE, "call indices from 1", TOOLS, {"calls": [PARIS]}, _call_index(1), forms=STREAM),
    Fault(A.STREAM_STRUCTURE, "one index for two calls", TOOLS, {"calls": [PARIS, OSLO]}, _call_index(0), forms=STREAM),
    Fault(A.STREAM_STRUCTURE, "no blank line", forms=STREAM, broken=lambda made: made[:-1]),
    Fault(A.STREAM_IGNORED, "the other form", broken=None),
    Fault(A.ECHOED_MODEL, "a smaller one", mangle=_with(model="pretend-tiny")),
    Fault(A.ECHOED_MODEL, "a quantised one", mangle=_with(model="pretend-small-fp8")),
    Fault(A.SERVING_CHANGE, "another id", mangle=_said(3, id="chatcmpl-other"), forms=STREAM),
    Fault(A.SERVING_CHANGE, "another model", mangle=_said(3, model="pretend-other"), forms=STREAM),
    Fault(A.SERVING_CHANGE, "another fingerprint", mangle=_said(3, system_fingerprint="fp_other"), forms=STREAM),
    Fault(A.CONTEXT_LIMIT, "refused", broken=lambda _: OVERFLOW, status=400),
    Fault(
        A.CONTEXT_LIMIT,
        "the prompt cut",
        {"messages": [{"role": "user", "content": LONG}]},
        mangle=_usage(prompt_tokens=40, total_tokens=45),
    ),
    *(Fault(A.FOREIGN_SCRIPT, word, {}, _amid(word)) for word in SCRIPTS),
    *(Fault(A.BROKEN_CHARACTERS, ascii(word), {}, _amid(word)) for word in BROKEN),
    Fault(A.REPETITION, "a sentence", {}, _words("It rained. " + "And then the harbour master said so. " * 30)),
    Fault(A.REPETITION, "in the middle", {}, _words(LONG[:700] + " and so on" * 90 + LONG[700:])),
    Fault(A.REPETITION, "in the reasoning", {}, {"reasoning": by_words("Wait, let me think. " * 60, random.Random(0))}),
    Fault(A.LUMPY_CALLS, "one piece", TOOLS, {"calls": [NOTE], "size": 10_000}, forms=STREAM),
    Fault(A.LOST_SPACE, "one of many", {}, {"pieces": LOST}, forms=STREAM),
    Fault(A.LOST_SPACE, "all", {}, {"pieces": tuple(piece.strip() for piece in by_words(LONG, random.Random(0)))}, forms=STREAM),
    Fault(A.BROKEN_STREAM, "ended early", forms=STREAM, broken=lambda made: made[: len(made) // 2].rpartition(b"data:")[0]),
)


def committed(fault: Fault) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Requests and answers of a fault, in each form that it has."""
    for stream in fault.forms:
        body = fault.request(stream=stream)
        if fault.signal is Signal.STREAM_IGNORED:
            yield body, fault.answer(fault.request(stream=not stream))
        else:
            yield body, fault.answer(body)


def signals(faults: Sequence[Fault]) -> list[Signal]:
    """The checks that these faults are about, each once."""
    return list(dict.fromkeys(fault.signal for fault in faults))


RIGHT: tuple[Fault, ...] = (
    Fault(A.MAX_TOKENS, "within", {"max_tokens": 16}),
    Fault(A.MAX_TOKENS, "cut at it", {"max_tokens": 5}, {"finish": "length"}),
    Fault(A.MAX_TOKENS, "three choices, each within", {"max_tokens": 5, "n": 3}, {"finish": "length"}, choices=3),
    Fault(A.STOP, "stopped", {"stop": ["\n\n", "END"]}),
    Fault(A.CHOICE_COUNT, "three", {"n": 3}, choices=3),
    Fault(A.LOGPROBS, "there", {"logprobs": True}, mangle=_logprobs(0)),
    Fault(A.TOP_LOGPROBS, "five", {"logprobs": True, "top_logprobs": 5}, mangle=_logprobs(5)),
    Fault(A.RESPONSE_FORMAT, "an object", AS_JSON, _words('{"answer": "four"}')),
    Fault(A.RESPONSE_FORMAT, "of the schema", AS_SCHEMA, _words(' {"answer": 4}\n')),
    Fault(A.TOOL_CHOICE, "none and not called", {**TOOLS, "tool_choice": "none"}),
    Fault(A.TOOL_CHOICE, "required and called", {**TOOLS, "tool_choice": "required"}, {"calls": [PARIS]}),
    Fault(A.TOOL_CHOICE, "stop by convention", {**TOOLS, "tool_choice": "required"}, {"calls": [PARIS], "finish": "stop"}),
    Fault(
        A.TOOL_CHOICE,
        "one of the allowed",
        {**TOOLS, "tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [TIME]}}},
        {"calls": [CLOCK]},
    ),
    Fault(A.PARALLEL_CALLS, "one", {**TOOLS, "parallel_tool_calls": False}, {"calls": [PARIS]}),
    Fault(A.VALID_CALLS, "two calls", TOOLS, {"calls": [PARIS, OSLO]}),
    Fault(A.CALL_ID, "of Kimi's form", {**TOOLS, **USED}, {"calls": [PARIS], "ids": ["functions.get_weather:1"]}),
    Fault(A.FINISH_CONTRADICTION, "length at the limit", {"max_tokens": 5}, {"finish": "length"}),
    Fault(A.FINISH_VOCABULARY, "content_filter", {}, {"finish": "content_filter"}),
    Fault(
        A.TEMPLATE_LEAK,
        "a marker that was asked about",
        {"messages": [{"role": "user", "content": "What is <|im_end|>?"}]},
        _amid("<|im_end|>"),
    ),
    Fault(A.TEMPLATE_LEAK, "a marker as code", {}, _amid("`<|im_end|>`")),
    Fault(
        A.CALL_IN_TEXT,
        "a tool that is spoken of",
        TOOLS,
        _words("By get_weather it rains in Paris, and get_time(city) was no use."),
    ),
    Fault(A.REASONING_FORM, "in its field", {"reasoning_effort": "low"}, {"reasoning": ("They", " ask", ".")}),
    Fault(A.REASONING_ONLY, "with an answer", {}, {"reasoning": ("They", " ask", ".")}),
    Fault(
        A.USAGE,
        "reasoning beside the completion",
        mangle=_usage(total_tokens=25, completion_tokens_details={"reasoning_tokens": 9}),
    ),
    Fault(A.APPLIED_PARAMETERS, "the same tier", {"service_tier": "default"}, mangle=_with(service_tier="standard")),
    Fault(A.STREAM_STRUCTURE, "the role in every event", mangle=_each(_role), forms=STREAM),
    Fault(A.ECHOED_MODEL, "a router's name", mangle=_with(model="Somebody/Pretend_Small:free")),
    Fault(A.ECHOED_MODEL, "a snapshot", mangle=_with(model="pretend-small-2026-01-31")),
    Fault(A.CONTEXT_LIMIT, "a long prompt", {"messages": [{"role": "user", "content": LONG}]}),
    Fault(A.FOREIGN_SCRIPT, "a name in brackets", {}, _amid("Tokyo (東京)")),
    Fault(
        A.FOREIGN_SCRIPT,
        "a translation",
        {"messages": [{"role": "user", "content": "How do they say hello in Thailand?"}]},
        _amid("สวัสดี"),
    ),
    Fault(
        A.REPETITION, "as asked", {"messages": [{"role": "user", "content": "Repeat it 100 times."}]}, _words("so be it " * 100)
    ),
    Fault(A.LUMPY_CALLS, "in pieces", TOOLS, {"calls": [NOTE]}, forms=STREAM),
    Fault(A.LOST_SPACE, "every word", {}, _words(LONG), forms=STREAM),
)
"""The same features used rightly, or faults that are none here: each check must look at these and find them fine."""
