"""The scripts of the pretended providers are those of the experiment, and each of their calls is one that the fleet answers."""

import json

import pytest

from shadow.demo.fleet.host_scripts import ELEVEN, JOINED, SCRIPTS, TWELVE, TWELVE_TOO
from shadow.studies.fleet.fleet_tools import fleet_answer


def test_the_four_sentences_count_as_many_words_as_they_do():
    assert [len(sentence.split()) for sentence in (TWELVE_TOO, TWELVE, ELEVEN, JOINED)] == [12, 12, 11, 11]


@pytest.mark.parametrize("key", SCRIPTS, ids="-".join)
def test_every_call_of_a_script_is_answered_by_the_fleet(key):
    for name, arguments in SCRIPTS[key].calls:
        assert fleet_answer(name, json.loads(arguments))


# By provider and model: seconds for a reasoning question, and the tools that are called, as the experiment reports them.
REPORTED = {
    ("ollama", "nano-30b"): (32, 17),
    ("nim", "nano-30b"): (27, 7),
    ("openrouter", "nano-30b"): (51, 1),
    ("deepinfra", "nano-30b"): (57, 7),
    ("nim", "super-120b"): (215, 7),
    ("openrouter", "super-120b"): (177, 2),
    ("deepinfra", "super-120b"): (59, 3),
    ("nim", "nano-9b"): (44, 1),
    ("openrouter", "nano-9b"): (729, 4),
    ("deepinfra", "nano-9b"): (56, 1),
}


@pytest.mark.parametrize(("key", "reported"), REPORTED.items())
def test_times_and_calls_of_each_provider_are_those_of_the_experiment(key, reported):
    assert (SCRIPTS[key].seconds, len(SCRIPTS[key].calls)) == reported


def test_tools_about_one_vehicle_are_called_with_it_and_the_others_without():
    arguments = {name: json.loads(given) for script in SCRIPTS.values() for name, given in script.calls}
    assert {name for name, given in arguments.items() if given == {"vehicle_id": "veh_r1s"}} >= {
        "get_battery_health",
        "get_charges",
    }
    assert arguments["list_vehicles"] == arguments["search_public_chargers"] == {}
    assert all(given in ({}, {"vehicle_id": "veh_r1s"}) for given in arguments.values())


def test_twin_does_what_the_reference_does():
    assert SCRIPTS["twin", "nano-30b"] == SCRIPTS["ollama", "nano-30b"]
