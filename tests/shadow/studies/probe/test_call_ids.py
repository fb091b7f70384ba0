"""Ids of the calls of a conversation that is taken up."""

from shadow.studies.probe.call_ids import CallIds, with_ids


def call(identity, name):
    return {"id": identity, "type": "function", "function": {"name": name, "arguments": "{}"}}


def result(identity):
    return {"role": "tool", "tool_call_id": identity, "content": "r"}


MESSAGES = [
    {"role": "user", "content": "p"},
    {"role": "assistant", "content": None, "tool_calls": [call("a", "read"), call("b", "list")]},
    result("b"),
    result("a"),
    {"role": "assistant", "content": None, "tool_calls": [call("a", "read")]},
    result("a"),
    result("of no call"),
]


def test_ids_are_sent_as_they_came():
    assert list(with_ids(MESSAGES, CallIds.AS_SENT)) == MESSAGES


def test_calls_are_numbered_over_the_whole_conversation_and_their_results_follow():
    made = with_ids(MESSAGES, CallIds.FUNCTIONS)
    assert [one["id"] for message in made for one in message.get("tool_calls", ())] == [
        "functions.read:0",
        "functions.list:1",
        "functions.read:2",
    ]
    assert [message["tool_call_id"] for message in made if message["role"] == "tool"] == [
        "functions.list:1",
        "functions.read:0",
        "functions.read:2",
        "of no call",
    ]
    assert MESSAGES[1]["tool_calls"][0]["id"] == "a"


def test_calls_of_one_id_are_answered_in_their_order():
    messages = [{"role": "assistant", "tool_calls": [call("", "x"), call("", "y")]}, result(""), result("")]
    _, first, second = with_ids(messages, CallIds.FUNCTIONS)
    assert (first["tool_call_id"], second["tool_call_id"]) == ("functions.x:0", "functions.y:1")


def test_a_call_that_is_none_stays():
    assert with_ids([{"role": "assistant", "tool_calls": ["odd", {"id": "a"}]}], CallIds.FUNCTIONS)[0]["tool_calls"] == [
        "odd",
        {"id": "a"},
    ]
