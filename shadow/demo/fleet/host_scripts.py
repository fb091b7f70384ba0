"""What each pretended provider does with each model: the calls, answers and limits that the experiment reports, as data.

They prove the loop, the scores and the verdicts, and nothing about the providers whose names they bear.
Source: "Same Weights, Different Results", its three tables and its listing of calls.
"""

from __future__ import annotations

from dataclasses import dataclass

R1S = '{"vehicle_id": "veh_r1s"}'
NO_ARGUMENTS = "{}"
ASKS_BACK = (
    "I see you have two vehicles linked to your account: Rivian R1S and Tesla Model X. "
    "Which of these vehicles would you like me to analyze?"
)
ANALYSIS = (
    "The Rivian R1S keeps 96.5 % of its capacity after 214 cycles. It is charged mostly at home, uses 25.8 kWh for 100 km, and "
    "Harbour Road (150 kW, 3.1 km away) is the nearest public charger."
)
PARTLY = "The Rivian R1S keeps 96.5 % of its capacity; its charging sessions look regular."


@dataclass(frozen=True, slots=True, kw_only=True)
class HostScript:
    """One provider with one model: the tools that it calls one after another, its last text, and what else it answers.

    `context` is the number of tokens that it accepts. `seconds` is the time that the experiment reports for a reasoning question.
    """

    calls: tuple[tuple[str, str], ...]
    ending: str
    sentence: str
    json_text: str
    animals: str
    seconds: float
    context: int = 131_072


def _calls(names: str) -> tuple[tuple[str, str], ...]:
    """Calls by the names of their tools, with the arguments that each needs."""
    without = {"list_vehicles", "get_my_chargers", "current_time", "get_aggregations", "search_public_chargers"}
    return tuple((name, NO_ARGUMENTS if name in without else R1S) for name in names.split())


_EXPLORING = _calls(
    "list_vehicles get_vehicle_status get_battery_health get_charges_brief get_drives_brief find_nearby_chargers get_my_chargers "
    "get_efficiency find_nearby_chargers search_public_chargers search_public_chargers current_time get_aggregations "
    "get_aggregations current_time get_aggregations get_aggregations"
)
_METHODICAL = _calls(
    "list_vehicles get_battery_health get_vehicle_status get_charges get_my_chargers find_nearby_chargers search_public_chargers"
)
_LIST_ONLY = _calls("list_vehicles")

TWELVE = "The ocean waves rhythmically crash a soothing sound that calms the soul"
TWELVE_TOO = "The endless blue horizon whispers secrets of distant worlds beyond boundless imagination."
ELEVEN = "Ocean waves whisper ancient secrets, painting shifting horizons beneath endless skies."
JOINED = "Waves whispered secrets to wandering soulsbeneath endless blue horizons of mystery."
PLAIN_JSON = '{"name": "Ada", "age": 36, "city": "London"}'
FENCED_JSON = f"```json\n{PLAIN_JSON}\n```"
SORTED = "ant\nbear\ncat\ndog\neagle"
UNSORTED = "dog, cat, bear, ant and eagle"


def _script(calls: tuple[tuple[str, str], ...], ending: str, points: int, seconds: float, **more: object) -> HostScript:
    """A script whose instruction answers get so many of 15 points."""
    sentence, json_text, animals = _INSTRUCTIONS[points]
    settings = {"sentence": sentence, "json_text": json_text, "animals": animals, "seconds": seconds} | more
    return HostScript(calls=calls, ending=ending, **settings)  # type: ignore[arg-type] # the members by name


_INSTRUCTIONS = {
    15: (TWELVE, PLAIN_JSON, SORTED),
    10: (ELEVEN, PLAIN_JSON, SORTED),
    8: (JOINED, FENCED_JSON, SORTED),
    5: (ELEVEN, PLAIN_JSON, UNSORTED),
}

SCRIPTS: dict[tuple[str, str], HostScript] = {
    ("ollama", "nano-30b"): _script(_EXPLORING, ANALYSIS, 10, 32),
    ("twin", "nano-30b"): _script(_EXPLORING, ANALYSIS, 10, 32),
    ("nim", "nano-30b"): _script(_METHODICAL, ANALYSIS, 15, 27),
    ("openrouter", "nano-30b"): _script(_LIST_ONLY, ASKS_BACK, 8, 51),
    ("deepinfra", "nano-30b"): _script(_METHODICAL, ANALYSIS, 15, 57, sentence=TWELVE_TOO, context=34_000),
    ("nim", "super-120b"): _script(_METHODICAL, ANALYSIS, 15, 215),
    ("openrouter", "super-120b"): _script(_calls("list_vehicles get_battery_health"), PARTLY, 15, 177),
    ("deepinfra", "super-120b"): _script(_calls("list_vehicles get_battery_health get_charges"), PARTLY, 15, 59),
    ("nim", "nano-9b"): _script(_LIST_ONLY, ASKS_BACK, 5, 44),
    ("openrouter", "nano-9b"): _script(
        _calls("list_vehicles get_battery_health get_charges find_nearby_chargers"), ANALYSIS, 10, 729
    ),
    ("deepinfra", "nano-9b"): _script(_LIST_ONLY, ASKS_BACK, 10, 56),
}
"""By provider and model."""

WAVERING = _calls("list_vehicles get_battery_health"), PARTLY
"""The calls of a wavering provider in some of its runs, and its last text there, whatever the model."""
