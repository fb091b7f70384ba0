"""An endless series of distinct agent conversations: the traffic of the demo and of the tests."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator

from shadow.demo.draws import generator
from shadow.demo.loose_json import Json, Object, mapping, objects, string
from shadow.demo.tool_catalogue import TOOLS

_PLACES = (
    *("Oslo", "Turin", "Bergen", "Lyon", "Malmo", "Graz", "Porto", "Leeds", "Basel", "Ghent"),
    *("Bremen", "Krakow", "Aarhus", "Cork", "Lucca", "Trento", "Bilbao", "Kassel", "Tartu", "Linz"),
)
_THINGS = (
    "tides",
    "bees",
    "glaciers",
    "bridges",
    "lighthouses",
    "salt",
    "bread",
    "clocks",
    "paper",
    "rivers",
    "cork oaks",
    "ferries",
)
_VIEWS = ("history", "cost", "future", "sound", "trade", "care", "colour", "repair", "smell", "craft", "law", "weight")
_MEETINGS = ("budget review", "dentist", "choir practice", "site visit", "reading circle", "boat inspection", "planning talk")
_SYSTEMS = (
    "You are a helpful assistant. Use a tool whenever one fits.",
    "You are the assistant of a travel office. Be brief.",
    "Answer in a few sentences. Call tools instead of guessing.",
)
_LINES = {
    "weather": "What will the weather in {a} be on {date}?",
    "two cities": "Compare the weather in {a} and {b} on {date}, please.",
    "charging": "Find charging stations near {a} with a {plug} plug and at least {n} kW power.",
    "calendar": "Put a {meeting} of {n} minutes into my calendar on {date}.",
    "search": "Search documents on the {view} of {thing} in {a}, at most {few} of them.",
    "route": "Plan a route from {a} to {b} by {vehicle}.",
    "convert": "Convert an amount of {n} from EUR into {currency} currency.",
    "sum": "What is {n} times {few}?",
    "essay": "Write a few lines on the {view} of {thing} in {a} around {year}.",
}
_TEXT_ONLY = ("essay", "sum")


def tasks(seed: int | str, *, model: str = "pretend-small", stream: float = 0.7) -> Iterator[Object]:
    """Endless bodies of first requests; `stream` is the share (0..1) of streaming ones."""
    chance = generator("tasks", seed)
    while True:
        yield _task(chance, model, stream)


def _task(chance: random.Random, model: str, stream: float) -> Object:
    kind = chance.choices(tuple(_LINES), weights=(12, 8, 12, 12, 12, 8, 6, 4, 26))[0]
    question = f"{_LINES[kind].format(**_words(chance))}"
    body: Object = {
        "model": model,
        "messages": [{"role": "system", "content": chance.choice(_SYSTEMS)}, {"role": "user", "content": question}],
        "temperature": 1.0,
    }
    if kind not in _TEXT_ONLY:
        body["tools"] = _offered("weather" if kind == "two cities" else kind, chance)
    if chance.random() < stream:
        body["stream"] = True
        body["stream_options"] = {"include_usage": True}
    return body


def _words(chance: random.Random) -> dict[str, object]:
    first, second = chance.sample(_PLACES, 2)
    return {
        "a": first,
        "b": second,
        "date": f"2027-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}",
        "plug": chance.choice(("type2", "ccs", "chademo")),
        "n": chance.randint(11, 240),
        "few": chance.randint(2, 19),
        "meeting": chance.choice(_MEETINGS),
        "view": chance.choice(_VIEWS),
        "thing": chance.choice(_THINGS),
        "vehicle": chance.choice(("train", "car", "bicycle")),
        "currency": chance.choice(("USD", "NOK", "CHF")),
        "year": chance.randint(1650, 2020),
    }


def _offered(needed: str, chance: random.Random) -> Json:
    others = chance.sample([name for name in TOOLS if name != needed], chance.randint(1, 3))
    names = [needed, *others]
    chance.shuffle(names)
    return [TOOLS[name] for name in names]


def next_request(body: Object, message: Object) -> Object | None:
    """The agent's next request after this answer: its tool calls with generated results; None when it holds no call."""
    calls = objects(message.get("tool_calls"))
    if not calls:
        return None
    results: list[Json] = [
        {"role": "tool", "tool_call_id": call.get("id"), "content": _result(mapping(call.get("function")))} for call in calls
    ]
    answer: Object = {"role": "assistant", "content": message.get("content"), "tool_calls": [*calls]}
    return {**body, "messages": [*objects(body.get("messages")), answer, *results]}


def _result(function: Object) -> str:
    """The tool's result, fixed by the call, so that a replay gets the same one."""
    chance = generator("result", function.get("name"), function.get("arguments"))
    match string(function.get("name")).removeprefix("functions."):
        case "get_weather":
            return json.dumps({"sky": chance.choice(("clear", "rain", "snow", "fog")), "degrees": chance.randint(-9, 31)})
        case "find_chargers":
            return json.dumps(
                {"stations": chance.randint(1, 9), "nearest_km": chance.randint(1, 20), "free": chance.randint(0, 4)}
            )
        case "add_appointment":
            return json.dumps({"stored": True, "clashes": chance.randint(0, 1)})
        case "search_documents":
            return json.dumps({"hits": chance.randint(1, 40), "best": f"{chance.choice(_THINGS)} in {chance.choice(_PLACES)}"})
        case _:
            return json.dumps({"ok": True, "value": chance.randint(10, 900)})
