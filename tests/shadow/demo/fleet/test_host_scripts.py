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
