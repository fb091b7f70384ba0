"""The tools that the requests of `sameweights try` offer: enums, nested objects, arrays, numbers with bounds. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Schema = Mapping[str, object]

_CITY: Schema = {"type": "string", "description": "Name of the city, in English"}
_DATE: Schema = {"type": "string", "description": "A day as YYYY-MM-DD"}


def _tool(name: str, description: str, properties: Mapping[str, Schema], required: Sequence[str]) -> Schema:
    parameters = {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}
    return {"type": "function", "function": {"name": name, "description": description, "parameters": parameters}}


def _enum(*values: str) -> Schema:
    return {"type": "string", "enum": list(values)}


TOOLS: Mapping[str, Schema] = {
    "get_weather": _tool(
        "get_weather",
        "Weather forecast for a city on one day",
        {"city": _CITY, "date": _DATE, "unit": _enum("celsius", "fahrenheit")},
        ["city", "date", "unit"],
    ),
    "search_trains": _tool(
        "search_trains",
        "Train connections between two cities on one day",
        {"start_city": _CITY, "end_city": _CITY, "date": _DATE, "seats": {"type": "integer", "minimum": 1, "maximum": 9}},
        ["start_city", "end_city", "date", "seats"],
    ),
    "book_table": _tool(
        "book_table",
        "Book a table at a restaurant",
        {
            "restaurant_name": {"type": "string"},
            "date": _DATE,
            "guests": {"type": "integer", "minimum": 1, "maximum": 20},
            "seating": _enum("inside", "terrace"),
        },
        ["restaurant_name", "date", "guests", "seating"],
    ),
    "convert_currency": _tool(
        "convert_currency",
        "Convert an amount of money from one currency to another at today's rate",
        {
            "amount": {"type": "number", "minimum": 0},
            "source": _enum("EUR", "USD", "GBP", "CHF", "JPY"),
            "target": _enum("EUR", "USD", "GBP", "CHF", "JPY"),
        },
        ["amount", "source", "target"],
    ),
    "create_invoice": _tool(
        "create_invoice",
        "Create an invoice with its lines and a customer",
        {
            "customer_name": {"type": "string"},
            "lines": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "properties": {
                        "item": {"type": "string"},
                        "quantity": {"type": "integer", "minimum": 1},
                        "price": {"type": "number", "minimum": 0},
                    },
                    "required": ["item", "quantity", "price"],
                    "additionalProperties": False,
                },
            },
            "currency": _enum("EUR", "USD", "GBP", "CHF"),
        },
        ["customer_name", "lines", "currency"],
    ),
    "set_thermostat": _tool(
        "set_thermostat",
        "Set the thermostat of one room, until it is set again",
        {
            "room": _enum("kitchen", "bedroom", "office", "bathroom"),
            "degrees": {"type": "number", "minimum": 5, "maximum": 30, "description": "Degrees Celsius"},
        },
        ["room", "degrees"],
    ),
    "find_order": _tool(
        "find_order",
        "Find an order by its number, with its state of delivery",
        {"order_number": {"type": "string", "description": "Five digits after the letter A, as in A12345"}},
        ["order_number"],
    ),
    "add_reminder": _tool(
        "add_reminder",
        "Add a reminder to the calendar",
        {
            "text": {"type": "string"},
            "date": _DATE,
            "options": {
                "type": "object",
                "properties": {"repeat": _enum("never", "daily", "weekly"), "minutes_before": {"type": "integer", "minimum": 0}},
                "required": ["repeat"],
                "additionalProperties": False,
            },
        },
        ["text", "date", "options"],
    ),
}
"""Each tool by its name, in the form of the chat completions API."""
