"""The tools of a fleet of two electric vehicles: fixed data and a fixed time, so that every run sees the same world.

They stand for the tools of the experiment "Same Weights, Different Results"; the data are invented.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

NOW = "2026-03-14T09:30:00Z"
_VEHICLES: dict[str, dict[str, object]] = {
    "veh_r1s": {"id": "veh_r1s", "name": "Rivian R1S", "model_year": 2024, "odometer_km": 38_412},
    "veh_mx": {"id": "veh_mx", "name": "Tesla Model X", "model_year": 2022, "odometer_km": 71_940},
}
_HEALTH: dict[str, dict[str, object]] = {
    "veh_r1s": {"original_kwh": 131.0, "usable_kwh": 126.4, "health_percent": 96.5, "cycles": 214},
    "veh_mx": {"original_kwh": 95.0, "usable_kwh": 85.1, "health_percent": 89.6, "cycles": 487},
}
_STATUS: dict[str, dict[str, object]] = {
    "veh_r1s": {"charge_percent": 64, "range_km": 312, "plugged_in": False, "location": "home"},
    "veh_mx": {"charge_percent": 41, "range_km": 171, "plugged_in": True, "location": "office"},
}
_CHARGES: dict[str, list[dict[str, object]]] = {
    "veh_r1s": [
        {"date": "2026-03-12", "place": "home", "kwh": 48.2, "kind": "AC", "from_percent": 38, "to_percent": 75},
        {"date": "2026-03-08", "place": "Harbour Road", "kwh": 71.9, "kind": "DC", "from_percent": 18, "to_percent": 73},
        {"date": "2026-03-03", "place": "home", "kwh": 52.0, "kind": "AC", "from_percent": 40, "to_percent": 80},
    ],
    "veh_mx": [
        {"date": "2026-03-13", "place": "office", "kwh": 22.4, "kind": "AC", "from_percent": 35, "to_percent": 60},
        {"date": "2026-03-09", "place": "Mill Lane", "kwh": 58.3, "kind": "DC", "from_percent": 12, "to_percent": 78},
    ],
}
_EFFICIENCY: dict[str, dict[str, object]] = {
    "veh_r1s": {"kwh_per_100km": 25.8, "city": 23.1, "highway": 28.4},
    "veh_mx": {"kwh_per_100km": 22.6, "city": 20.7, "highway": 24.9},
}
_PUBLIC: list[dict[str, object]] = [
    {"name": "Harbour Road", "kw": 150, "stalls": 6, "distance_km": 3.1},
    {"name": "Mill Lane", "kw": 250, "stalls": 12, "distance_km": 7.8},
]
_OWN: list[dict[str, object]] = [
    {"name": "home", "kw": 11, "sessions": 61},
    {"name": "office", "kw": 7.4, "sessions": 33},
]


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


def _totals() -> dict[str, object]:
    return {"energy_kwh_30_days": 612.4, "sessions_30_days": 24, "cost_30_days": 118.20, "currency": "EUR"}


_BRIEF = {vehicle: [f"{charge['date']} {charge['kwh']} kWh" for charge in charges] for vehicle, charges in _CHARGES.items()}
_REPORT = {
    vehicle: {"sessions": len(charges), "fast": sum(charge["kind"] == "DC" for charge in charges)}
    for vehicle, charges in _CHARGES.items()
}
_DRIVES = {"veh_r1s": ["2026-03-13 42 km", "2026-03-12 18 km"], "veh_mx": ["2026-03-13 27 km"]}

TOOLS: tuple[FleetTool, ...] = (
    _fixed("list_vehicles", "List the vehicles of this account.", list(_VEHICLES.values())),
    _of_vehicle("get_vehicle_status", "Charge, range and location of a vehicle now.", _STATUS),
    _of_vehicle("get_battery_health", "Usable capacity of a vehicle's battery against the original one.", _HEALTH),
    _of_vehicle("get_charges", "The charging sessions of a vehicle with all details.", _CHARGES),
    _of_vehicle("get_charges_brief", "The charging sessions of a vehicle, a line each.", _BRIEF),
    _of_vehicle("get_charge_report", "How often a vehicle was charged, and how often fast.", _REPORT),
    _of_vehicle("get_drives_brief", "The drives of a vehicle, a line each.", _DRIVES),
    _of_vehicle("get_efficiency", "Energy that a vehicle uses, in kWh for 100 km.", _EFFICIENCY),
    _fixed("get_my_chargers", "The chargers that this account uses most.", _OWN),
    _fixed("find_nearby_chargers", "Public chargers near the last position of a vehicle.", _PUBLIC, {"vehicle_id": "Its id"}),
    _fixed("search_public_chargers", "Public chargers in a place.", _PUBLIC, {"place": "A town or an address"}),
    _fixed(
        "get_aggregations", "Totals of the last 30 days over all vehicles.", _totals(), {"metric": "energy, cost or sessions"}
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
    return description + (note * (characters // len(note) + 1))[:characters]
