"""The tools that the demo's requests offer: enums, nested objects, numbers with bounds, arrays."""

from __future__ import annotations

from shadow.demo.loose_json import Json, Object


def _tool(name: str, description: str, properties: Object, required: list[Json]) -> Object:
    schema: Object = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    return {"type": "function", "function": {"name": name, "description": description, "parameters": schema}}


def _enum(*values: str) -> Object:
    return {"type": "string", "enum": [*values]}


TOOLS: dict[str, Object] = {
    "weather": _tool(
        "get_weather",
        "The weather forecast for a city on a day",
        {
            "city": {"type": "string"},
            "day": {"type": "string", "format": "date"},
            "unit": _enum("celsius", "fahrenheit"),
        },
        ["city", "unit"],
    ),
    "charging": _tool(
        "find_chargers",
        "Charging stations near a place, with their plugs and power",
        {
            "place": {"type": "string"},
            "plug": _enum("type2", "ccs", "chademo"),
            "power": {
                "type": "object",
                "properties": {
                    "least_kw": {"type": "number", "minimum": 3, "maximum": 350},
                    "shared": {"type": "boolean"},
                },
                "required": ["least_kw"],
                "additionalProperties": False,
            },
            "radius_km": {"type": "integer", "minimum": 1, "maximum": 60},
        },
        ["place", "plug", "power"],
    ),
    "calendar": _tool(
        "add_appointment",
        "Put a meeting or appointment into the calendar",
        {
            "title": {"type": "string"},
            "date": {"type": "string", "format": "date"},
            "minutes": {"type": "integer", "minimum": 5, "maximum": 480},
            "reminder": {
                "type": "object",
                "properties": {
                    "by": _enum("mail", "message", "none"),
                    "minutes_before": {"type": "integer", "minimum": 0, "maximum": 120},
                },
                "required": ["by", "minutes_before"],
                "additionalProperties": False,
            },
        },
        ["title", "date", "minutes", "reminder"],
    ),
    "search": _tool(
        "search_documents",
        "Search articles, reports and documents by words",
        {
            "query": {"type": "string"},
            "limit": {"type": "integer", "minimum": 1, "maximum": 20},
            "languages": {"type": "array", "items": _enum("en", "de", "fr", "no"), "minItems": 1, "maxItems": 2},
        },
        ["query", "limit"],
    ),
    "route": _tool(
        "plan_route",
        "A route for a journey by train, car or bicycle",
        {
            "start": {"type": "string"},
            "end": {"type": "string"},
            "by": _enum("train", "car", "bicycle"),
        },
        ["start", "end", "by"],
    ),
    "convert": _tool(
        "convert_amount",
        "Convert an amount of money from one currency into another currency",
        {
            "amount": {"type": "number", "minimum": 0, "maximum": 100000},
            "source": _enum("EUR", "USD", "NOK", "CHF"),
            "target": _enum("EUR", "USD", "NOK", "CHF"),
        },
        ["amount", "source", "target"],
    ),
}
