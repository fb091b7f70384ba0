"""try_rows(): the requests of `sameweights try`: questions with one plain tool call, with a tool's result, and with none to make.

Their answers are short, and at temperature 0 a faithful server seldom differs from itself, so that few requests decide.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence

from shadow.studies.chat_request import ChatRequest
from shadow.studies.replay.try_tools import TOOLS
from shadow.studies.rows.chat_rows import cluster_of
from shadow.studies.rows.row import Row

MAX_TOKENS = 400
"""Longest answer, in tokens; a call has about forty."""
MOST = 1_000
"""Requests that can be made, all of them different."""

SYSTEM = (
    "You are an assistant with tools. Call a tool whenever one fits the request, and answer in one or two sentences otherwise."
)
CITIES = (
    *("Oslo", "Turin", "Bergen", "Lyon", "Graz", "Porto", "Leeds", "Basel", "Ghent", "Bremen"),
    *("Krakow", "Aarhus", "Cork", "Lucca", "Trento", "Bilbao", "Kassel", "Tartu", "Linz", "Nantes"),
)
PEOPLE = ("Hartmann", "Okafor", "Lindqvist", "Moreau", "Tanaka", "Rossi", "Novak", "Silva", "Byrne", "Petrov")
RESTAURANTS = ("Blue Heron", "Old Mill", "Casa Verde", "Golden Fork", "Three Oaks", "Little Harbour")
ITEMS = ("desk lamps", "office chairs", "notebooks", "water filters", "bicycle tyres", "picture frames")
CURRENCIES = ("EUR", "USD", "GBP", "CHF", "JPY")
ROOMS = ("kitchen", "bedroom", "office", "bathroom")
CHORES = ("renew the passport", "water the plants", "call the dentist", "pay the rent", "back up the photos")

CALLS: Mapping[str, str] = {
    "get_weather": "What will the weather be in {city} on {date}? Use {unit}.",
    "search_trains": "Find trains from {city} to {other} on {date} for {few} people.",
    "book_table": "Please book a table at the restaurant {restaurant} on {date} for {few} guests, on the {seating}.",
    "convert_currency": "Convert {amount} {source} to {target} at today's rate.",
    "create_invoice": "Create an invoice for {person}: {few} {item} at {amount} each, in {source_no_yen}.",
    "set_thermostat": "Set the thermostat of the {room} to {degrees} degrees.",
    "find_order": "Where is my order A{number}? Find its state of delivery.",
    "add_reminder": "Add a reminder on {date} to {chore}; repeat it {repeat}.",
}
PLAIN = (
    "What is {amount} times {few}?",
    "Name the colours of a traffic light, from top to bottom.",
    "Which number comes next: {few}, {few_more}, {few_most}? Only the number.",
    "Spell the word {item} backwards.",
)
"""Requests that need no tool although some are offered."""
RESULTS: Mapping[str, Mapping[str, object]] = {
    "get_weather": {"sky": "rain", "degrees": 11, "wind": "north-west"},
    "search_trains": {"trains": [{"leaves": "08:14", "arrives": "11:40", "changes": 1}]},
    "convert_currency": {"amount": 118.4, "rate": 1.0931},
    "find_order": {"state": "on its way", "arrives": "2027-03-12"},
}


def try_rows(count: int, seed: int, members: Mapping[str, object]) -> list[Row]:
    """`count` rows, at most `MOST`, drawn by the seed, with `members` put into each; the same for the same seed.

    Of ten, eight need one call, one none, and one goes on after the result of a call.
    """
    chance = random.Random(f"try:{seed}")  # noqa: S311 - drawn again for the same seed
    rows: list[Row] = []
    seen: set[bytes] = set()
    kinds = _kinds()
    while len(rows) < min(count, MOST):
        messages, tools = _messages(next(kinds), chance)
        body = {"messages": messages, "tools": tools, "max_tokens": MAX_TOKENS, **members}
        text = json.dumps(body).encode()
        if text not in seen:
            seen.add(text)
            request = ChatRequest(body=text, cluster=cluster_of(messages))
            rows.append(Row(id=f"try:{len(rows) + 1}", shape="built in", request=request))
    return rows


def _kinds() -> Iterator[str]:
    """What each row is: the name of the tool to be called, or `plain`, or `after` and the name of the tool that was."""
    names, results = list(CALLS), list(RESULTS)
    turn = 0
    while True:
        for place in range(10):
            if place == 3:
                yield "plain"
            elif place == 5:
                yield f"after {results[turn % len(results)]}"
            else:
                yield names[(turn * 7 + place) % len(names)]
        turn += 1


def _messages(kind: str, chance: random.Random) -> tuple[list[object], list[object]]:
    words = _words(chance)
    called = kind.removeprefix("after ")
    question = (CALLS[called] if called in CALLS else chance.choice(PLAIN)).format(**words)
    messages: list[object] = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": question}]
    if called != kind:
        call_id = f"functions.{called}:0"  # the form that Kimi's models are trained on, and that every server takes
        function = {"name": called, "arguments": json.dumps(_arguments(called, words))}
        call = {"id": call_id, "type": "function", "function": function}
        messages += [
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": call_id, "content": json.dumps(RESULTS[called])},
        ]
    return messages, _offered(called, chance)


def _offered(needed: str, chance: random.Random) -> list[object]:
    """Three or four tools in a random order, among them the one that is needed."""
    others = [name for name in TOOLS if name != needed]
    names = [*([needed] if needed in TOOLS else []), *chance.sample(others, 3)]
    chance.shuffle(names)
    return [TOOLS[name] for name in names]


def _words(chance: random.Random) -> Mapping[str, object]:
    city, other = chance.sample(CITIES, 2)
    source, target = chance.sample(CURRENCIES, 2)
    few, step = chance.randint(2, 9), chance.randint(2, 5)
    return {
        "city": city,
        "other": other,
        "date": f"2027-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}",
        "unit": chance.choice(("celsius", "fahrenheit")),
        "few": few,
        "few_more": few + step,
        "few_most": few + 2 * step,
        "restaurant": chance.choice(RESTAURANTS),
        "seating": chance.choice(("inside", "terrace")),
        "amount": chance.randint(11, 980),
        "source": source,
        "target": target,
        "source_no_yen": chance.choice(CURRENCIES[:4]),
        "person": chance.choice(PEOPLE),
        "item": chance.choice(ITEMS),
        "room": chance.choice(ROOMS),
        "degrees": chance.randint(15, 25),
        "number": chance.randint(10_000, 99_999),
        "chore": chance.choice(CHORES),
        "repeat": chance.choice(("never", "daily", "weekly")),
    }


def _arguments(tool: str, words: Mapping[str, object]) -> Mapping[str, object]:
    names: Mapping[str, Sequence[tuple[str, str]]] = {
        "get_weather": (("city", "city"), ("date", "date"), ("unit", "unit")),
        "search_trains": (("start_city", "city"), ("end_city", "other"), ("date", "date"), ("seats", "few")),
        "convert_currency": (("amount", "amount"), ("source", "source"), ("target", "target")),
    }
    if tool == "find_order":
        return {"order_number": f"A{words['number']}"}
    return {argument: words[word] for argument, word in names[tool]}
