"""What the pretended server answers, request by request: identifiers, waits, errors, and what it keeps."""

import asyncio
import json
import random
import re

import aiohttp
import pytest

from shadow.demo import pretended_server
from shadow.demo.planted_faults import PlantedFaults
from shadow.demo.pretended_server import PretendedServer, ReceivedRequest, ResponsePace
from shadow.demo.wire_format import prompt_tokens
from tests.passing_clock import PassingAsyncio

QUICK = ResponsePace(first_token=0, chunks_per_second=1e9)
TIDES = [{"role": "user", "content": "Write a few lines on the sound of tides in Cork."}]
CITIES = [{"role": "user", "content": "Compare the weather in Oslo, Turin, Bergen and Lyon."}]
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = {"type": "function", "function": {"name": "get_weather", "description": "The weather in a city", "parameters": CITY}}


async def answer(pretend, path="/chat/completions", fields=None, **more):
    """(status, header fields, text) of one request."""
    body = {"model": "m", "messages": TIDES, **more}
    async with aiohttp.ClientSession() as session, session.post(f"{pretend.base_url}{path}", json=body, headers=fields) as got:
        return got.status, got.headers, await got.text()


async def answered(pretend, **more):
    return json.loads((await answer(pretend, **more))[2])


async def events(pretend, **more):
    text = (await answer(pretend, stream=True, **more))[2]
    return [line.removeprefix("data: ") for line in text.splitlines() if line]


def contents(body):
    return [choice["message"]["content"] for choice in body["choices"]]


class Fixed(random.Random):
    """A generator whose every draw is this number."""

    def __init__(self, value):
        super().__init__()
        self.value = value

    def random(self):
        return self.value


@pytest.mark.parametrize(("drawn", "first", "gap"), [(0.0, 0.15, 0.15), (0.5, 0.3, 0.3), (1.0, 0.45, 0.45)])
def test_pace_varies_by_its_share_to_either_side(drawn, first, gap):
    pace = ResponsePace(first_token=0.1, chunks_per_second=10, jitter=0.5)
    assert pace.first(Fixed(drawn), 3) == pytest.approx(first)
    assert pace.gap(Fixed(drawn), 3) == pytest.approx(gap)


def test_server_without_a_pace_of_its_own_sends_400_chunks_a_second_after_ten_milliseconds_give_or_take_a_third():
    pace = ResponsePace()
    assert [pace.first(Fixed(drawn), 1) for drawn in (0.0, 0.5, 1.0)] == pytest.approx([0.007, 0.01, 0.013])
    assert [pace.gap(Fixed(drawn), 1) for drawn in (0.0, 0.5, 1.0)] == pytest.approx([0.00175, 0.0025, 0.00325])


async def test_identifiers_are_hexadecimal_and_of_one_length():
    async with PretendedServer(pace=QUICK) as pretend:
        status, fields, text = await answer(pretend, messages=CITIES, tools=[WEATHER], n=8, temperature=0)
        body = json.loads(text)
        calls = [call["id"] for choice in body["choices"] for call in choice["message"]["tool_calls"]]
        whole = [(await answered(pretend, max_tokens=1))["id"] for _ in range(8)]
        streamed = json.loads((await events(pretend))[0])
    assert len(set(calls)) == 32
    assert all(re.fullmatch(r"call_[0-9a-f]{16}", one) for one in calls)
    assert max(one[5] for one in calls) > "7"
    assert all(re.fullmatch(r"chatcmpl-[0-9a-f]{24}", one) for one in [*whole, streamed["id"]])
    assert max(one[9] for one in whole) > "7"
    assert fields["x-request-id"] == f"req_{body['id'][-12:]}"
    assert status == 200


async def test_stream_is_named_as_its_events_are_and_not_to_be_cached():
    async with PretendedServer(pace=QUICK) as pretend:
        _, fields, text = await answer(pretend, stream=True, messages=[{"role": "user", "content": "Write about Zürich."}])
    first = json.loads(text.splitlines()[0].removeprefix("data: "))
    assert fields["x-request-id"] == f"req_{first['id'][-12:]}"
    assert (fields["content-type"], fields["cache-control"]) == ("text/event-stream; charset=utf-8", "no-cache")
    assert "Zürich" in text
    assert text.endswith("data: [DONE]\n\n")


async def test_same_request_draws_anew_each_time_whatever_the_order_of_its_members():
    async with PretendedServer(pace=QUICK, seed=3) as one, PretendedServer(pace=QUICK, seed=3) as other:
        first = [(await answered(one, max_tokens=9, temperature=0.5))["id"] for _ in range(3)]
        turned = [(await answered(other, temperature=0.5, max_tokens=9, user="u", stream=False))["id"] for _ in range(3)]
    assert len(set(first)) == 3
    assert turned == first


async def test_temperature_of_a_request_counts_up_to_one_and_a_half_and_is_1_without_one():
    async with PretendedServer(pace=QUICK) as pretend:
        cold, usual, unnamed, warm, hot = [
            contents(await answered(pretend, n=8, seed=5, **more))
            for more in ({"temperature": 0}, {"temperature": 1}, {}, {"temperature": 1.5}, {"temperature": 2})
        ]
    assert len(set(cold)) == 1
    assert len(set(usual)) > 4
    assert unnamed == usual
    assert hot == warm != usual


async def test_request_that_names_no_number_of_choices_has_one():
    async with PretendedServer(pace=QUICK) as pretend:
        assert [choice["index"] for choice in (await answered(pretend))["choices"]] == [0]


async def test_server_without_reasoning_reasons_only_on_request_and_one_with_it_always():
    async with PretendedServer(pace=QUICK) as plain, PretendedServer(pace=QUICK, reasoning=True) as reasoning:
        found = [
            "reasoning_content" in (await answered(one, **more))["choices"][0]["message"]
            for one, more in ((plain, {}), (plain, {"reasoning_effort": "low"}), (reasoning, {}))
        ]
    assert found == [False, True, True]


async def test_prompt_tokens_are_those_of_the_request_and_a_prompt_seen_before_is_cached():
    async with PretendedServer(pace=QUICK, faults=PlantedFaults(extra_prompt_tokens=7)) as pretend:
        messages = [*TIDES, {"role": "assistant", "content": "Salt."}, {"role": "user", "content": "More."}]
        found = [(await answered(pretend, messages=messages))["usage"] for _ in range(2)]
    assert found[0]["prompt_tokens"] == prompt_tokens({"messages": messages}) + 7
    cached = [usage["prompt_tokens_details"]["cached_tokens"] for usage in found]
    assert cached == [0, prompt_tokens({"messages": messages[:-1]})]


@pytest.mark.parametrize(
    ("status", "kind", "again"),
    [
        (400, "invalid_request_error", None),
        (401, "authentication_error", None),
        (403, "permission_error", None),
        (429, "rate_limit_error", "1"),
        (499, "invalid_request_error", None),
        (500, "server_error", None),
        (599, "server_error", None),
    ],
)
async def test_error_has_the_type_of_its_status_and_only_a_limit_on_the_rate_says_when_to_come_again(status, kind, again):
    async with PretendedServer() as pretend:
        found, fields, text = await answer(pretend, model=f"status-{status}")
    assert (found, fields.get("retry-after")) == (status, again)
    assert json.loads(text)["error"] == {"message": f"pretended failure {status}", "type": kind, "param": None, "code": None}


async def test_refusals_name_what_is_wrong():
    async with PretendedServer(key="right") as pretend:
        right = {"authorization": "Bearer right"}
        refused, invalid, lost = [
            json.loads((await answer(pretend, **more))[2])["error"]
            for more in ({}, {"fields": right, "temperature": 9}, {"fields": right, "path": "/nowhere"})
        ]
        async with aiohttp.ClientSession() as session, session.get(f"{pretend.base_url}/models") as models:
            assert models.status == 401
    assert (refused["code"], refused["message"]) == ("invalid_api_key", "Incorrect API key provided.")
    assert invalid["param"] == "temperature"
    assert lost["message"] == "Invalid URL (POST /v1/nowhere)"


async def test_list_of_models_has_the_form_of_the_original():
    async with (
        PretendedServer(models=("a",)) as pretend,
        aiohttp.ClientSession() as session,
        session.get(f"{pretend.base_url}/models") as got,
    ):
        listed = await got.json()
    data = [{"id": "a", "object": "model", "created": 0, "owned_by": "sameweights-pretend"}]
    assert listed == {"object": "list", "data": data}


async def test_errors_of_a_faulty_server_are_of_two_kinds_and_as_frequent_as_set():
    async with PretendedServer(pace=QUICK, faults=PlantedFaults(error_rate=0.5)) as pretend:
        found = [(await answer(pretend, max_tokens=1))[0] for _ in range(60)]
        assert pretend.answered == found.count(200)
    assert set(found) == {200, 429, 500}
    assert 15 < found.count(200) < 45


async def test_stream_that_fails_has_half_of_its_events_and_then_the_error():
    async with PretendedServer(pace=QUICK) as faithful:
        whole = len(await events(faithful, temperature=0)) - 1
    async with PretendedServer(pace=QUICK, faults=PlantedFaults(error_in_stream=1)) as pretend:
        *sent, last = await events(pretend, temperature=0)
    assert len(sent) == whole // 2
    error = {"message": "pretended failure in mid-stream", "type": "server_error", "param": None, "code": None}
    assert json.loads(last) == {"error": error}


@pytest.fixture
def waits(monkeypatch):
    """The seconds that the server waits, which end at once."""
    passing = PassingAsyncio()
    monkeypatch.setattr(pretended_server, "asyncio", passing)
    return passing.pauses


async def test_whole_answer_waits_for_the_first_token_and_each_further_one(waits):
    pace = ResponsePace(first_token=50.0, chunks_per_second=0.1, jitter=0.0)
    async with PretendedServer(pace=pace, faults=PlantedFaults(slow=2.0)) as pretend:
        tokens = (await answered(pretend, temperature=0, n=2))["usage"]["completion_tokens"]
    assert waits == pytest.approx([100.0 + 20.0 * tokens])


@pytest.mark.parametrize("faults", [{}, {"cut_stream": 1.0}, {"error_in_stream": 1.0}])
async def test_stream_waits_for_the_first_token_and_after_each_event(waits, faults):
    pace = ResponsePace(first_token=50.0, chunks_per_second=0.1, jitter=0.0)
    async with PretendedServer(pace=QUICK) as quick:
        whole = len(await events(quick, temperature=0)) - 1
    waits.clear()
    async with PretendedServer(pace=pace, faults=PlantedFaults(slow=2.0, **faults)) as pretend:
        if "cut_stream" in faults:
            with pytest.raises(aiohttp.ClientError):
                await events(pretend, temperature=0)
        else:
            await events(pretend, temperature=0)
        await pretend.until(lambda server: not server.open_streams)
    assert waits == pytest.approx([100.0] + [20.0] * (whole // 2 if faults else whole))


@pytest.mark.slow
async def test_answers_in_flight_as_a_server_ends_are_not_those_of_clients_that_left():
    async with PretendedServer(faults=PlantedFaults(silent=1)) as pretend:
        pending = asyncio.create_task(answer(pretend))
        await pretend.until(lambda server: server.open_streams == 1)
    with pytest.raises(aiohttp.ClientError):
        await pending
    assert (pretend.open_streams, pretend.aborted, pretend.answered) == (0, 0, 0)


async def test_server_that_keeps_no_requests_answers_and_counts_them():
    async with PretendedServer(pace=QUICK, keep=False) as pretend:
        await answer(pretend)
        assert (pretend.requests, pretend.answered, pretend.open_streams) == ([], 1, 0)


async def test_host_has_a_fingerprint_of_its_own():
    async with PretendedServer(pace=QUICK) as one, PretendedServer(pace=QUICK, host="other") as other:
        found = [(await answered(each))["system_fingerprint"] for each in (one, one, other)]
    assert found[0] == found[1] != found[2]


def test_received_request_is_an_empty_object_where_it_is_no_json_and_has_the_first_of_two_fields():
    got = ReceivedRequest(method="POST", target="/", headers=(("X-A", "1"), ("x-a", "2")), body=b"{")
    assert (got.json, got.header("x-A"), got.header("x-b")) == ({}, "1", "")
