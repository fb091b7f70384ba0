from __future__ import annotations

import json
from itertools import islice

from shadow.demo.demo_tasks import next_request, tasks
from shadow.demo.draws import RandomDraws, generator
from shadow.demo.pretended_model import draw_reply


def message(body):
    calls = draw_reply(body, RandomDraws(generator(0), 0.0)).calls
    return {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {"id": f"call_{n}", "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for n, call in enumerate(calls)
        ],
    }


def test_the_same_seed_gives_the_same_tasks_and_another_seed_others():
    assert list(islice(tasks(1), 20)) == list(islice(tasks(1), 20)) != list(islice(tasks(2), 20))


def test_questions_of_500_demo_conversations_are_nearly_all_distinct():
    question = [body["messages"][-1]["content"] for body in islice(tasks(3), 500)]
    assert len(set(question)) > 480


def test_a_model_that_is_sure_calls_a_tool_wherever_one_is_meant_for_the_task():
    for body in islice(tasks(4), 200):
        assert bool(message(body)["tool_calls"]) == ("tools" in body)


def test_a_call_leads_to_a_next_request_with_one_result_a_call_and_text_ends_it():
    body = next(body for body in tasks(5) if len(message(body)["tool_calls"]) == 2)
    following = next_request(body, message(body))
    *_, said, first, second = following["messages"]
    assert [call["id"] for call in said["tool_calls"]] == [first["tool_call_id"], second["tool_call_id"]]
    assert json.loads(first["content"])
    assert next_request(following, {"role": "assistant", "content": "Done."}) is None


def test_demo_requests_include_streams_and_whole_bodies():
    assert {body.get("stream", False) for body in islice(tasks(6), 50)} == {True, False}
