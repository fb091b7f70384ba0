"""The real OpenAI client for JavaScript, through the real data plane, to a pretended provider."""

from __future__ import annotations

import pytest

from shadow.demo.planted_faults import FAITHFUL, PlantedFaults
from shadow.demo.pretended_server import PretendedServer, ResponsePace
from tests.journeys.npm import installed, outcome_of
from tests.journeys.speaker import TEXT, Speaker
from tests.journeys.test_whole_path_of_a_request import CONFIG, audited
from tests.journeys.through import through

pytestmark = [pytest.mark.promise("clients.node"), pytest.mark.journey]

VERSION = "7.57.0"
SCRIPT = "client.mjs"
QUICK = ResponsePace(first_token=0, chunks_per_second=5_000)


@pytest.fixture(scope="session")
def openai_home(request):
    """The folder with the npm client."""
    return installed(request, "openai", VERSION)


@pytest.fixture
def lives(openai_home):
    """`await lives(story)`: what the client saw through the proxy, and the provider that it talked to."""

    async def lived(story, *, pace=QUICK, faults=FAITHFUL):
        async with PretendedServer(pace=pace, faults=faults) as pretend, through(pretend.base_url) as way:
            return await outcome_of(SCRIPT, openai_home, story, way.base_url), pretend

    return lived


async def test_plain_and_streamed_answers_are_equal_and_have_their_usage(lives):
    (plain, _), (stream, pretend) = await lives("plain"), await lives("stream")
    assert plain["text"] == stream["text"]
    assert plain["usage"] == stream["usage"]
    assert plain["finish"] == "stop"
    assert pretend.requests[0].header("user-agent").startswith("OpenAI/JS")


async def test_a_tool_is_called(lives):
    assert (await lives("tools"))[0] == [["get_weather", {"city": "Oslo"}]]


async def test_parallel_calls_are_put_together_from_a_stream(lives):
    assert (await lives("parallel"))[0] == [["get_weather", {"city": "Oslo"}], ["get_weather", {"city": "Turin"}]]


async def test_structured_output_is_parsed(lives):
    assert (await lives("structured"))[0] == {"city": "Oslo"}


async def test_errors_are_this_client_s_own_with_the_provider_s_words(lives):
    found, _ = await lives("errors")
    assert {status: error["name"] for status, error in found.items()} == {
        "400": "BadRequestError",
        "401": "AuthenticationError",
        "403": "PermissionDeniedError",
        "404": "NotFoundError",
        "409": "ConflictError",
        "422": "UnprocessableEntityError",
        "429": "RateLimitError",
        "500": "InternalServerError",
        "503": "InternalServerError",
    }
    assert "non-empty array" in found["400"]["message"]
    assert all(f"pretended failure {status}" in error["message"] for status, error in found.items() if status != "400")


async def test_unreachable_provider_is_a_502_that_names_it(openai_home):
    async with PretendedServer() as pretend:
        gone = pretend.base_url
    async with through(gone) as way:
        error = await outcome_of(SCRIPT, openai_home, "unreachable", way.base_url)
    assert error["status"] == 502
    assert "pretended" in error["message"]


async def test_a_stream_that_the_provider_cuts_is_cut_for_the_client(lives):
    outcome, _ = await lives("cut", faults=PlantedFaults(cut_stream=1))
    assert outcome["message"] == "terminated"


async def test_a_client_that_leaves_in_mid_stream_cancels_the_provider(openai_home):
    async with (
        PretendedServer(pace=ResponsePace(first_token=0, chunks_per_second=4)) as pretend,
        through(pretend.base_url) as way,
    ):
        assert await outcome_of(SCRIPT, openai_home, "abort", way.base_url) == {"aborted": True}
        await pretend.until(lambda p: p.aborted == 1 and p.open_streams == 0)


async def test_fifty_streams_at_once_are_all_whole(lives):
    texts, pretend = await lives("fifty", pace=ResponsePace(first_token=0.05, chunks_per_second=200))
    (plain, _) = await lives("plain")
    assert texts == [plain["text"]] * 50
    assert pretend.answered == 50


@pytest.fixture
def records(openai_home, serve):
    """`await records(story, candidate)`: what the client saw of a running `serve`, the one pair kept of it, and what differs."""

    async def lived(story, candidate):
        async with candidate, Speaker() as official:
            toml = CONFIG.format(candidate=candidate.base_url, official=official.base_url)
            async with serve(toml, env={"OFFICIAL_KEY": "x"}) as served:
                seen = await outcome_of(SCRIPT, openai_home, story, f"{served.data}/v1")
                [summary] = await audited(served, 1)
                reader = served.reader
                rows = [reader.exchange(name) for name in (summary.pair.subject_id, summary.pair.reference_id)]
                found = reader.findings(pair_id=summary.pair.id)
                reader.close()
        return seen, rows, {each.signal for each in found if each.comparison == "cross" and each.state == "differ"}

    return lived


@pytest.mark.promise("clients.apis")
async def test_response_of_the_provider_reaches_the_client_and_is_parsed(records):
    seen, rows, differing = await records("response", Speaker())
    assert seen == {"text": "".join(TEXT), "status": "completed", "usage": 32}
    assert [(row.unread, row.finish_reason, row.prompt_tokens) for row in rows] == [("", "stop", 12)] * 2
    assert not differing & {"text", "answer_kind", "finish_reason", "error"}


@pytest.mark.promise("clients.apis")
async def test_streamed_response_with_a_different_call_differs(records):
    seen, rows, differing = await records("streamed_response", Speaker(city="Turin"))
    assert seen == [["get_weather", {"city": "Turin"}]]
    assert [(row.unread, row.finish_reason, row.stream) for row in rows] == [("", "tool_calls", True)] * 2
    assert "arguments" in differing
