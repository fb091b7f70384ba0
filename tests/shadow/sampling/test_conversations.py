"""One key for all turns of a conversation, another for another, whatever they share; bounded, and total."""

import itertools
import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.reading.parsed_request import parse_request
from shadow.sampling import conversations
from shadow.sampling.conversations import SHARED, Conversations
from shadow.sampling.sampler import decide
from tests.shadow.reading.hostile import HOSTILE

SECRET = b"k" * 32
SYSTEM = {"role": "system", "content": "Be short."}
FIRST = {"role": "user", "content": "When is high water?"}
REPLY = {"role": "assistant", "content": "06:42."}
SECOND = {"role": "user", "content": "And low?"}
CALL = {"role": "assistant", "content": None, "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f"}}]}
RESULT = {"role": "tool", "tool_call_id": "c", "content": "12:55"}
_ids = itertools.count(1)


def user(text):
    return {"role": "user", "content": text}


def placed(memory, *messages, model="m", named="", body=None, request_id=""):
    name = request_id or f"request {next(_ids)}"
    return memory.place(request_id=name, model=model, named=named, body=body or {}, messages=messages)


def keys(memory, *requests, **more):
    return [placed(memory, *messages, **more).conversation for messages in requests]


def test_every_turn_has_the_key_of_the_first():
    turns = [(SYSTEM, FIRST), (SYSTEM, FIRST, REPLY, SECOND), (SYSTEM, FIRST, REPLY, SECOND, REPLY, user("Thanks"))]
    found = keys(Conversations(SECRET), *turns)
    assert len(set(found)) == 1
    assert len(found[0]) == 32


def test_steps_of_an_agent_stay_one_conversation_however_many_results_it_sends():
    memory, messages = Conversations(SECRET), [SYSTEM, FIRST]
    found = keys(memory, messages)
    for _ in range(30):
        messages = [*messages, CALL, RESULT, RESULT]
        found += keys(memory, messages)
    assert len(set(found)) == 1


def test_an_answer_sent_back_as_several_messages_is_one_answer():
    memory = Conversations(SECRET)
    assert len(set(keys(memory, [FIRST], [FIRST, REPLY, CALL, RESULT]))) == 1


@pytest.mark.parametrize(
    "again",
    [
        {"role": "user", "content": [{"type": "text", "text": "When is high water?"}]},
        {"role": "user", "content": [{"type": "text", "text": "When is high water?", "cache_control": {"type": "ephemeral"}}]},
        {"role": "user", "content": "When is high water?", "id": "msg_1"},
    ],
    ids=["parts", "cache mark", "id"],
)
def test_the_same_message_written_otherwise_is_the_same(again):
    memory = Conversations(SECRET)
    assert len(set(keys(memory, [SYSTEM, FIRST], [SYSTEM, again, REPLY, SECOND]))) == 1


def test_reasoning_that_is_left_out_of_a_later_turn_does_not_part_it():
    memory, thinking = Conversations(SECRET), {**REPLY, "reasoning_content": "Tides..."}
    found = keys(memory, [FIRST], [FIRST, thinking, SECOND], [FIRST, REPLY, SECOND, REPLY, user("Thanks")])
    assert len(set(found)) == 1


def test_few_shot_prompts_are_conversations_of_their_own():
    shots = (SYSTEM, user("2+2"), {"role": "assistant", "content": "4"}, user("3+3"), {"role": "assistant", "content": "6"})
    found = keys(Conversations(SECRET), *([*shots, user(f"{number}+1")] for number in range(200)))
    assert len(set(found)) == 200


def test_a_fixed_greeting_makes_no_conversation():
    greeting = {"role": "assistant", "content": "Hello, how can I help?"}
    found = keys(Conversations(SECRET), *([SYSTEM, greeting, user(f"Question {number}")] for number in range(200)))
    assert len(set(found)) == 200
    found = keys(Conversations(SECRET), *([greeting, user(f"Question {number}")] for number in range(200)))
    assert len(set(found)) == 200


def test_a_retry_is_of_its_conversation_and_drawn_alike():
    memory = Conversations(SECRET)
    turns = [(FIRST,), (FIRST,), (FIRST, REPLY, SECOND), (FIRST, REPLY, SECOND)]
    places = [placed(memory, *turn) for turn in turns]
    assert len({(place.conversation, place.drawn_by) for place in places}) == 1


def test_parallel_branches_are_of_one_conversation():
    memory = Conversations(SECRET)
    found = keys(memory, [FIRST], *([FIRST, REPLY, user(f"Branch {number}")] for number in range(10 - 1)))
    assert len(set(found)) == 1


def test_ten_requests_may_share_their_messages_and_from_the_eleventh_on_each_is_drawn_by_itself():
    assert SHARED == 10
    memory = Conversations(SECRET)
    places = [placed(memory, SYSTEM, FIRST) for _ in range(12)]
    assert len({place.conversation for place in places}) == 1, "equal requests stay one cluster"
    assert [place.drawn_by == place.conversation for place in places] == [True] * 10 + [False] * 2
    assert len({place.drawn_by for place in places[10:]}) == 2


def test_what_continues_an_opening_that_many_share_is_a_conversation_of_its_own_and_stays_whole():
    memory = Conversations(SECRET)
    opening = keys(memory, *[[SYSTEM, FIRST]] * 11)[0]
    one = [(SYSTEM, FIRST, REPLY, user("a")), (SYSTEM, FIRST, REPLY, user("a"), REPLY, SECOND)]
    other = [(SYSTEM, FIRST, REPLY, user("b"))]
    found = keys(memory, *one, *other)
    assert found[0] == found[1] not in {found[2], opening}
    assert found[2] != opening


def test_two_hundred_requests_with_one_opening_give_about_sixty_of_thirty_per_cent():
    """Within 99.9 % of the binomial distribution (200, 0.3): 60 +- 21; for requests that go on differently or are all alike."""
    for requests in ([[SYSTEM, FIRST, REPLY, user(str(n))] for n in range(200)], [[SYSTEM, FIRST]] * 200):
        memory = Conversations(SECRET)
        drawn = [placed(memory, *messages, request_id=f"r{place}").drawn_by for place, messages in enumerate(requests)]
        sampled = sum(decide(key=key, request_id="", rate=0.3, control_fraction=0, secret=SECRET).shadow for key in drawn)
        assert 39 <= sampled <= 81


def test_the_same_messages_to_another_model_are_another_conversation():
    memory = Conversations(SECRET)
    assert placed(memory, FIRST, model="m").conversation != placed(memory, FIRST, model="n").conversation


def test_the_header_comes_before_the_body_and_the_body_before_the_messages():
    memory = Conversations(SECRET)
    assert placed(memory, FIRST, named="chat-1", body={"session_id": "s"}).conversation == "chat-1"
    assert placed(memory, FIRST, body={"session_id": "s"}) == placed(memory, SECOND, body={"session_id": "s"})
    assert placed(memory, FIRST, body={"session_id": "s"}) != placed(memory, FIRST, body={"session_id": "t"})
    assert placed(memory, FIRST, body={"conversation": {"id": "c"}}) == placed(memory, SECOND, body={"conversation": "c"})
    assert placed(memory, FIRST, body={"conversation": "c"}) != placed(memory, FIRST, body={"session_id": "c"})


@pytest.mark.parametrize("value", [None, "", 7, [], {}, {"id": 7}, {"id": ""}])
def test_a_member_that_names_nothing_leaves_the_messages_to_decide(value):
    memory = Conversations(SECRET)
    assert placed(memory, FIRST, body={"session_id": value}).conversation == placed(memory, FIRST).conversation


def test_a_response_that_is_named_by_the_next_request_joins_the_two():
    memory = Conversations(SECRET)
    first = placed(memory, FIRST)
    memory.answered(first, "resp_1")
    second = placed(memory, SECOND, body={"previous_response_id": "resp_1"})
    memory.answered(second, "resp_2")
    third = placed(memory, body={"previous_response_id": "resp_2"})
    assert first.conversation == second.conversation == third.conversation
    assert placed(memory, body={"previous_response_id": "resp_9"}).conversation not in {"", first.conversation}


def test_a_request_without_messages_is_a_conversation_of_its_own():
    place = placed(Conversations(SECRET), request_id="r1")
    assert (place.conversation, place.drawn_by) == ("", "r1")


def test_keys_are_keyed_by_the_secret_and_equal_in_every_process():
    one, again, other = (placed(Conversations(secret), FIRST).conversation for secret in (SECRET, SECRET, b"z" * 32))
    assert one == again != other


def test_the_memory_is_bounded_and_what_was_met_lately_stays():
    memory = Conversations(SECRET, most=4)
    kept = placed(memory, FIRST).conversation
    for number in range(3):
        placed(memory, user(str(number)))
    placed(memory, FIRST)
    for number in range(3, 6):
        placed(memory, user(str(number)))
    assert placed(memory, FIRST, REPLY, SECOND).conversation == kept
    assert len(memory._seen) == 4
    forgotten = placed(memory, user("0"), REPLY, SECOND).conversation
    assert forgotten != placed(Conversations(SECRET), user("0")).conversation
    assert conversations.MOST == 100_000


@pytest.mark.parametrize("earlier", [0, 1])
@pytest.mark.parametrize(("others", "is_known"), [(14, True), (16, False)])
def test_list_is_known_until_seven_eighths_of_the_others_came_and_forgotten_after_all(earlier, others, is_known):
    memory = Conversations(SECRET, most=16)
    for number in range(earlier):
        placed(memory, user(f"earlier {number}"))
    begun = placed(memory, FIRST).conversation
    for number in range(others):
        placed(memory, user(str(number)))
        assert len(memory._seen) <= 16
    assert (placed(memory, FIRST, REPLY, SECOND).conversation == begun) is is_known


@given(st.integers(1, 40), st.lists(st.integers(0, 50), max_size=200))
def test_the_memory_holds_no_list_twice_and_never_more_than_its_bound(most, requests):
    memory = Conversations(SECRET, most=most)
    for number in requests:
        placed(memory, user(str(number)))
        assert len(memory._seen) <= min(most, len(set(requests)))


@pytest.mark.slow
def test_a_list_that_begins_a_conversation_takes_less_than_100_bytes():
    memory = Conversations(SECRET, most=10_000)
    tracemalloc.start()
    try:
        for number in range(10_000):
            placed(memory, user(str(number)))
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(memory._seen) == 10_000
    assert taken < 100 * 10_000


@pytest.mark.parametrize(
    ("target", "bodies"),
    [
        (
            "/v1/responses",
            [
                {"instructions": "Be short.", "input": "Weather?"},
                {
                    "instructions": "Be short.",
                    "input": [
                        {"role": "user", "content": [{"type": "input_text", "text": "Weather?"}]},
                        {"type": "reasoning", "summary": []},
                        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
                        {"type": "function_call_output", "call_id": "c", "output": "rain"},
                    ],
                },
            ],
        ),
        (
            "/v1/messages",
            [
                {"system": "Be short.", "messages": [{"role": "user", "content": "Weather?"}]},
                {
                    "system": [{"type": "text", "text": "Be short.", "cache_control": {"type": "ephemeral"}}],
                    "messages": [
                        {"role": "user", "content": [{"type": "text", "text": "Weather?"}]},
                        {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {}}]},
                        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "rain"}]},
                    ],
                },
            ],
        ),
    ],
)
def test_turns_of_the_other_apis_are_joined_as_those_of_chat(target, bodies):
    memory = Conversations(SECRET)
    assert len({_read(memory, target, body).conversation for body in bodies}) == 1


@pytest.mark.parametrize(("target", "name"), [("/v1/completions", "prompt"), ("/v1/embeddings", "input")])
def test_texts_without_turns_are_conversations_of_their_own(target, name):
    memory = Conversations(SECRET)
    found = [_read(memory, target, {name: f"A fixed opening. {number}"}).conversation for number in range(50)]
    assert len(set(found)) == 50


def _read(memory, target, body):
    ask = parse_request(target, (), json.dumps({"model": "m", **body}).encode(), False)
    assert ask.unread is None
    return placed(memory, *ask.messages, body=ask.sent)


MESSAGES = st.lists(st.dictionaries(st.sampled_from(["role", "content", "tool_calls", "name"]), HOSTILE, max_size=3), max_size=4)


@pytest.mark.slow
@given(MESSAGES, st.dictionaries(st.sampled_from(conversations.NAMED_BY), HOSTILE, max_size=2))
def test_no_message_and_no_member_makes_it_raise(messages, body):
    placed(Conversations(SECRET), *messages, body=body)


TEXTS = st.lists(st.text(max_size=4), min_size=1, max_size=6)


@pytest.mark.slow
@given(st.lists(TEXTS, min_size=1, max_size=9, unique_by=lambda texts: texts[0]), st.randoms(use_true_random=False))
def test_conversations_of_different_openings_are_whole_and_apart_in_any_order(talks, dice):
    """The turns of several conversations, interleaved: all of one are drawn by one key, and no two share it."""
    memory = Conversations(SECRET)
    waiting = [(place, turn) for place, talk in enumerate(talks) for turn in range(len(talk))]
    dice.shuffle(waiting)
    order = sorted(place for place, _ in waiting)
    dice.shuffle(order)
    turns = dict.fromkeys(order, 0)
    found = {place: set() for place in order}
    for place in order:
        turns[place] += 1
        said = talks[place][: turns[place]]
        messages = [message for text in said for message in (user(text), {"role": "assistant", "content": f"re {text}"})][:-1]
        found[place].add(placed(memory, *messages).drawn_by)
    assert all(len(each) == 1 for each in found.values())
    assert len(set.union(*found.values())) == len(found)
