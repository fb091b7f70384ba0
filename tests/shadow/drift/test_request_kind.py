import pytest

from shadow.drift.request_kind import kind
from shadow.reading.completion import Unread, UnreadReason
from tests.shadow.compare.made import WEATHER, ask

USER, SAID, TOOL = {"role": "user"}, {"role": "assistant"}, {"role": "tool"}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"tools": (), "messages": (USER,)}, "no tools, first turn, sampled"),
        ({"tools": (WEATHER,), "messages": (USER, SAID, USER)}, "1 to 3 tools, later turn, sampled"),
        ({"tools": (WEATHER,) * 3, "messages": (USER,)}, "1 to 3 tools, first turn, sampled"),
        ({"tools": (WEATHER,) * 4, "messages": (USER, SAID, TOOL), "temperature": 0.0}, "4 or more tools, after a tool, greedy"),
        ({"tools": (), "messages": ()}, "no tools, first turn, sampled"),
        ({"tools": (WEATHER,), "messages": (USER, USER)}, "1 to 3 tools, later turn, sampled"),
        ({"tools": (), "messages": (SAID,)}, "no tools, later turn, sampled"),
        ({"tools": (), "messages": (TOOL, USER), "temperature": 0.1}, "no tools, first turn, sampled"),
        ({"unread": Unread(why=UnreadReason.NOT_JSON, detail="?")}, "unread"),
    ],
)
def test_a_request_is_called_by_its_tools_its_turn_and_its_sampling(fields, words):
    assert kind(ask(**fields)) == words
