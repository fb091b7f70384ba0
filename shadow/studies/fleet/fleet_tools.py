"""The tools of a fleet of two electric vehicles: fixed data and a fixed time, so that every run sees the same world.

They stand for the tools of the experiment "Same Weights, Different Results"; the data, in fleet.json, are invented.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from itertools import cycle, islice

_DATA = json.loads((files(__package__) / "fleet.json").read_text(encoding="utf-8"))
NOW: str = _DATA["now"]
_CHARGES: dict[str, list[dict[str, object]]] = _DATA["charges"]


class FleetError(Exception):
    """A call that the fleet cannot answer; the message is for the model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetTool:
    """One tool: its description, the arguments that it takes, and its answer to them."""

    name: str
    description: str
    arguments: Mapping[str, str]
    required: tuple[str, ...]
    answer: Callable[[Mapping[str, object]], object]

    @property
    def schema(self) -> dict[str, object]:
        """The JSON schema of the arguments."""
        properties = {name: {"type": "string", "description": text} for name, text in self.arguments.items()}
        return {"type": "object", "properties": properties, "required": list(self.required)}


def _of_vehicle(name: str, description: str, table: Mapping[str, object]) -> FleetTool:
    def answer(arguments: Mapping[str, object]) -> object:
        vehicle = arguments.get("vehicle_id")
        if not isinstance(vehicle, str) or vehicle not in table:
            raise FleetError(f"no vehicle {vehicle!r}; call list_vehicles for their ids")
        return {"vehicle_id": vehicle, "result": table[vehicle]}

    arguments = {"vehicle_id": "Id of the vehicle, as list_vehicles gives it"}
    return FleetTool(name=name, description=description, arguments=arguments, required=("vehicle_id",), answer=answer)


def _fixed(name: str, description: str, result: object, arguments: Mapping[str, str] | None = None) -> FleetTool:
    return FleetTool(
        name=name, description=description, arguments=arguments or {}, required=(), answer=lambda _: {"result": result}
    )


_BRIEF = {vehicle: [f"{charge['date']} {charge['kwh']} kWh" for charge in charges] for vehicle, charges in _CHARGES.items()}
_REPORT = {
    vehicle: {"sessions": len(charges), "fast": sum(charge["kind"] == "DC" for charge in charges)}
    for vehicle, charges in _CHARGES.items()
}

TOOLS: tuple[FleetTool, ...] = (
    _fixed("list_vehicles", "List the vehicles of this account.", list(_DATA["vehicles"].values())),
    _of_vehicle("get_vehicle_status", "Charge, range and location of a vehicle now.", _DATA["status"]),
    _of_vehicle("get_battery_health", "Usable capacity of a vehicle's battery against the original one.", _DATA["health"]),
    _of_vehicle("get_charges", "The charging sessions of a vehicle with all details.", _CHARGES),
    _of_vehicle("get_charges_brief", "The charging sessions of a vehicle, a line each.", _BRIEF),
    _of_vehicle("get_charge_report", "How often a vehicle was charged, and how often fast.", _REPORT),
    _of_vehicle("get_drives_brief", "The drives of a vehicle, a line each.", _DATA["drives"]),
    _of_vehicle("get_efficiency", "Energy that a vehicle uses, in kWh for 100 km.", _DATA["efficiency"]),
    _fixed("get_my_chargers", "The chargers that this account uses most.", _DATA["own_chargers"]),
    _fixed(
        "find_nearby_chargers",
        "Public chargers near the last position of a vehicle.",
        _DATA["public_chargers"],
        {"vehicle_id": "Its id"},
    ),
    _fixed("search_public_chargers", "Public chargers in a place.", _DATA["public_chargers"], {"place": "A town or an address"}),
    _fixed(
        "get_aggregations",
        "Totals of the last 30 days over all vehicles.",
        _DATA["totals"],
        {"metric": "energy, cost or sessions"},
    ),
    _fixed("current_time", "The time now, in UTC.", NOW),
)
_BY_NAME = {tool.name: tool for tool in TOOLS}


def fleet_answer(name: str, arguments: Mapping[str, object]) -> object:
    """The answer of a tool, a JSON value; FleetError for an unknown tool or vehicle."""
    if name not in _BY_NAME:
        raise FleetError(f"no tool {name!r}")
    return _BY_NAME[name].answer(arguments)


def padded(description: str, characters: int) -> str:
    """A description with so many more characters, as tool servers with long instructions have."""
    note = " Read these notes on units, time zones, paging and privacy before you use the tool."
    return description + "".join(islice(cycle(note), characters))
