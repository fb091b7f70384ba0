"""Which messages are the same for a conversation, how many may continue one list, and the keys that are stored."""

import pytest

from shadow.sampling.conversations import Conversations

SECRET = b"k" * 32
ANSWER = {"role": "assistant", "content": "06:42."}


def user(content):
    return {"role": "user", "content": content}


def keys(*requests, body=None):
    memory = Conversations(SECRET)
    return [
        memory.place(request_id=str(place), model="m", named="", body=body or {}, messages=messages).conversation
        for place, messages in enumerate(requests)
    ]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (["a"], ["a"], True),
        (["a"], ["b"], False),
        ([{"type": "image_url", "image_url": {"url": "u"}}], [{"type": "image_url", "image_url": {"url": "u"}}], True),
        ([{"type": "image_url", "image_url": {"url": "u"}}], [{"type": "image_url", "image_url": {"url": "v"}}], False),
        ([{"type": "image_url", "cache_control": {}}], [{"type": "image_url", "cache_control": {"type": "ephemeral"}}], True),
        ([{"n": 2**70, "type": "x"}], [{"type": "x", "n": 2**70}], True),
        ([{"n": 2**70, "type": "x"}], [{"n": 2**70 + 1, "type": "x"}], False),
        ([{"text": "a"}, {"text": "b"}], [{"text": "b"}, {"text": "a"}], False),
    ],
    ids=["text", "other text", "picture", "other picture", "cache mark", "order of members", "large number", "order of parts"],
)
def test_content_is_compared_part_by_part_without_cache_marks_and_the_order_of_members(one, other, same):
    first, second = keys([user(one)], [user(other), ANSWER, user("b")])
    assert (first == second) is same


def test_list_of_messages_may_be_sent_once_and_continued_nine_times_in_one_conversation():
    opening = user("Hello")
    first, *continued = keys([opening], *([opening, ANSWER, user(f"Question {number}")] for number in range(11)))
    assert [key == first for key in continued] == [True] * 9 + [False] * 2


def test_request_that_begins_with_an_answer_of_two_messages_continues_nothing():
    second = {"role": "assistant", "content": "How can I help?"}
    first, other = keys([ANSWER], [ANSWER, second, user("a")])
    assert first != other


@pytest.mark.parametrize("body", [{}, {"conversation": "c"}, {"previous_response_id": "r"}])
def test_key_of_a_conversation_is_32_hexadecimal_digits(body):
    [key] = keys([user("a")], body=body)
    assert len(key) == 32
    assert int(key, 16) >= 0


def test_key_of_a_conversation_stays_the_same_in_every_version():
    """Another one would cut a conversation in two where it goes on after an upgrade."""
    assert keys([{"role": "system", "content": "Be short."}, user("Hi")]) == ["77bd8f0621adc7f795c925f8f517f27e"]


def test_memory_shows_how_many_lists_it_holds_and_may_hold():
    memory = Conversations(SECRET, most=50)
    memory.place(request_id="1", model="m", named="", body={}, messages=[user("a")])
    assert repr(memory) == "<Conversations seen=1 most=50>"
