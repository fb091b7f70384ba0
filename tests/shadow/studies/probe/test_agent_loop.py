"""The agent loop against real sockets: the article's runs, and everything that can end one."""

import asyncio
import json
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from proxy.exchange import Role
from proxy.provider_config import Provider, ProxyConfig
from shadow.demo.fleet.example_files import PADDING, write_example
from shadow.demo.fleet.pretended_hosts import PretendedHosts
from shadow.pipeline.fetcher_client import InProcessFetcher
from shadow.settings.top_level_config import Config
from shadow.studies.asking import Asker, BudgetSpentError
from shadow.studies.fleet.fleet_inside import fleet_inside
from shadow.studies.measured_run import RunOutcome
from shadow.studies.probe.agent_loop import AgentLoop, StudyEndsError, first_messages, request_body
from shadow.studies.probe.agent_run import AgentRun, StepAnswer
from shadow.studies.probe.outcome_rules import touched_groups
from shadow.studies.probe.task import Task
from shadow.studies.probe.task_file import load_task
from shadow.studies.study_budget import BudgetLimits, StudyBudget
from shadow.studies.worlds.live_world import WorldPlace, live_world
from shadow.studies.worlds.offered_tools import OfferedTools
from shadow.studies.worlds.recorded_world import recorded_world
from shadow.studies.worlds.recording import Match, Recording, Unseen
from shadow.studies.worlds.server_spec import Isolation, ServerSpec
from shadow.studies.worlds.world import AnswerSource, ToolAnswer, WorldError
from tests.running import PATIENCE

GROUPS = {
    "vehicles": ("list_vehicles",),
    "battery": ("get_battery_health",),
    "charges": ("get_charges", "get_charges_brief", "get_charge_report"),
    "efficiency": ("get_efficiency",),
    "own_chargers": ("get_my_chargers",),
    "public_chargers": ("search_public_chargers", "find_nearby_chargers"),
}
TASK = Task(name="battery", prompts=("Analyze my battery",), groups=GROUPS)
FLEET = ServerSpec(name="fleet", command=("fleet", "--padding", str(PADDING)), isolation=Isolation.IN_PROCESS)
NO_LIMITS = BudgetLimits()


def opening(folder, spec=FLEET):
    """A way to open worlds of this server, each in a folder of its own."""
    return lambda: live_world(
        [spec],
        WorldPlace(folder=Path(tempfile.mkdtemp(dir=folder)), here=folder, run="1", environ={}, inside={"fleet": fleet_inside}),
    )


async def run_of(url, opened, *, task=TASK, model="nano-30b", limits=NO_LIMITS):
    """One run of a task at a provider with this base URL."""
    config = Config(proxy=ProxyConfig(providers={"p": Provider(base_url=url)}))
    asker = Asker(
        config=config,
        environ={},
        fetcher=InProcessFetcher(config.proxy.timeouts, config.proxy.limits),
        budget=StudyBudget(limits),
        route="study:t",
        reference="p",
    )

    async def ask(run, request, role):
        try:
            asked = await asker.ask(request, run.provider, role)
        except BudgetSpentError as error:
            raise StudyEndsError(str(error)) from error
        return StepAnswer(exchange=asked.exchange, answer=asked.answer, tries=asked.tries)

    async with opened() as world:
        functions = world.offered.functions
    run = AgentRun(provider="p", task=task.prompts[0], block=0, began=0.0)
    try:
        await AgentLoop(ask, task, model, functions).run(run, first_messages(task, task.prompts[0]), opened, Role.PRIMARY)
    finally:
        await asker.close()
    return run


# The tables of the article: by provider and model the outcome, the groups of six, and the calls.
TABLES = [
    ("ollama", "nano-30b", RunOutcome.COMPLETE, 6, 17),
    ("nim", "nano-30b", RunOutcome.PARTIAL, 5, 7),
    ("openrouter", "nano-30b", RunOutcome.ASKED_BACK, 1, 1),
    ("deepinfra", "nano-30b", RunOutcome.CONTEXT_OVERFLOW, 0, 0),
    ("openrouter", "super-120b", RunOutcome.PARTIAL, 2, 2),
    ("deepinfra", "super-120b", RunOutcome.PARTIAL, 3, 3),
    ("nim", "super-120b", RunOutcome.PARTIAL, 5, 7),
    ("openrouter", "nano-9b", RunOutcome.PARTIAL, 4, 4),
    ("deepinfra", "nano-9b", RunOutcome.ASKED_BACK, 1, 1),
    ("nim", "nano-9b", RunOutcome.ASKED_BACK, 1, 1),
]


@pytest.mark.parametrize("row", TABLES, ids=lambda row: "-".join(row[:2]))
async def test_the_runs_of_the_article_come_out_as_it_reports_them(tmp_path, row):
    host, model, outcome, groups, calls = row
    async with PretendedHosts() as hosts:
        run = await run_of(hosts.base_url(host), opening(tmp_path), model=model)
    assert run.outcome is outcome
    assert len(touched_groups(run.called, GROUPS)) == groups
    assert len(run.called) == calls


async def test_a_context_that_is_too_short_is_an_outcome_with_the_numbers_of_the_provider(tmp_path):
    task = load_task(write_example(tmp_path, 1)[1]).task
    async with PretendedHosts() as hosts:
        run = await run_of(hosts.base_url("deepinfra"), opening(tmp_path), task=task)
    assert run.ending.detail == (
        "context_overflow 400: This model's maximum context length is 34000 tokens. "
        "However, your messages resulted in 53436 tokens."
    )


@asynccontextmanager
async def scripted(*answers):
    """A provider that gives these messages in turn, the last for ever, and keeps the bodies that it got."""
    left, bodies = list(answers), []

    async def answer(request):
        bodies.append(await request.read())
        message = left.pop(0) if len(left) > 1 else left[0]
        choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": "stop"}
        return web.json_response({"choices": [choice], "usage": {"prompt_tokens": 10, "completion_tokens": 2}})

    app = web.Application(client_max_size=2**24)
    app.router.add_post("/v1/chat/completions", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1", bodies
    await runner.cleanup()


def calling(*calls):
    made = [
        {"id": f"c{place}", "type": "function", "function": {"name": name, "arguments": arguments}}
        for place, (name, arguments) in enumerate(calls)
    ]
    return {"content": None, "tool_calls": made}


CALL = calling(("list_vehicles", "{}"))
FUNCTION = {"type": "function", "function": {"name": "list_vehicles", "parameters": {"type": "object", "properties": {}}}}
PLAIN = Task(name="t", prompts=("p",), stream=False, groups={"vehicles": ("list_vehicles",)})
SMALL = ServerSpec(name="fleet", command=("fleet",), isolation=Isolation.IN_PROCESS)


async def test_each_request_repeats_the_messages_and_the_tools_before_it_byte_for_byte(tmp_path):
    async with scripted(CALL, calling(("get_charges", '{ "vehicle_id":"veh_mx"}')), {"content": "Done."}) as (url, bodies):
        run = await run_of(url, opening(tmp_path, SMALL), task=PLAIN)
    assert run.outcome is RunOutcome.COMPLETE
    one, two, three = [json.loads(body) for body in bodies]
    assert one["messages"] == [{"role": "user", "content": "p"}]
    assert two["messages"][:1] == one["messages"]
    assert three["messages"][:3] == two["messages"]
    assert two["messages"][1:] == [
        {"role": "assistant", "content": None, "tool_calls": CALL["tool_calls"]},
        {"role": "tool", "tool_call_id": "c0", "content": run.results[0].answer.text},
    ]
    assert three["messages"][3]["tool_calls"][0]["function"]["arguments"] == '{ "vehicle_id":"veh_mx"}'
    tools = [body[body.index(b'"tools"') :] for body in bodies]
    assert tools[0] == tools[1] == tools[2]
    assert run.tokens() == (30, 6)


async def test_a_call_that_reaches_no_tool_is_an_error_for_the_model_and_no_group(tmp_path):
    bad = calling(("list_vehicle", "{}"), ("list_vehicles", "{"), ("list_vehicles", "[]"))
    async with scripted(bad, {"content": "Done."}) as (url, bodies):
        run = await run_of(url, opening(tmp_path, SMALL), task=PLAIN)
    assert run.called == ()
    assert run.outcome is RunOutcome.PARTIAL
    texts = [message["content"] for message in json.loads(bodies[1])["messages"][2:]]
    assert [text.partition(":")[0] for text in texts] == ["Error"] * 3
    assert {(result.answer.source, result.answer.is_error) for result in run.results} == {(AnswerSource.REFUSED, True)}


async def test_results_of_calls_at_once_come_in_the_order_of_the_calls(tmp_path):
    names = ["current_time", "list_vehicles", "get_my_chargers", "get_aggregations", "current_time"]
    async with scripted(calling(*((name, "{}") for name in names)), {"content": "Done."}) as (url, bodies):
        run = await run_of(url, opening(tmp_path, SMALL), task=PLAIN)
    assert list(run.called) == names
    messages = json.loads(bodies[1])["messages"][2:]
    assert [message["tool_call_id"] for message in messages] == ["c0", "c1", "c2", "c3", "c4"]
    assert [message["content"] for message in messages] == [result.answer.text for result in run.results]


async def test_the_same_call_three_times_with_the_same_result_is_a_loop(tmp_path):
    async with scripted(CALL) as (url, bodies):
        run = await run_of(url, opening(tmp_path, SMALL), task=PLAIN)
    assert (run.outcome, len(bodies)) == (RunOutcome.LOOPED, 3)
    assert run.ending.detail == "repeated 'list_vehicles' with the same result"


async def test_a_loop_of_several_calls_is_named_by_its_last_one(tmp_path):
    three = calling(("list_vehicles", "{}"), ("get_my_chargers", "{}"), ("raed", "{}"))
    async with scripted(three) as (url, _):
        run = await run_of(url, opening(tmp_path, SMALL), task=PLAIN)
    assert run.ending.detail == "repeated 'raed' with the same result"


async def test_a_run_without_an_end_stops_at_its_steps(tmp_path):
    task = Task(name="t", prompts=("p",), stream=False, max_steps=2)
    async with scripted(CALL) as (url, bodies):
        run = await run_of(url, opening(tmp_path, SMALL), task=task)
    assert (run.outcome, len(bodies)) == (RunOutcome.STEP_LIMIT, 2)
    assert run.ending.detail == "no last answer after 2 steps"
    assert [(result.step, result.position) for result in run.results] == [(1, 0), (2, 0)]


async def test_a_run_that_takes_longer_than_its_time_is_out_of_time(tmp_path):
    task = Task(name="t", prompts=("p",), stream=False, seconds=1e-9)
    async with scripted(CALL) as (url, bodies):
        run = await run_of(url, opening(tmp_path, SMALL), task=task)
    assert (run.outcome, len(bodies)) == (RunOutcome.OUT_OF_TIME, 1)
    assert run.ending.detail == "more than 1e-09 s without tools"


async def test_a_budget_that_is_spent_ends_the_run_before_the_request(tmp_path):
    async with scripted(CALL) as (url, bodies):
        run = await run_of(url, opening(tmp_path, SMALL), task=PLAIN, limits=BudgetLimits(requests=1))
    assert (run.outcome, len(bodies)) == (RunOutcome.BUDGET, 1)


class Breaking:
    """A world that answers one call and breaks at the next."""

    offered = OfferedTools(functions=(FUNCTION,), origins={"list_vehicles": ("s", "list_vehicles")}, alterations=())

    def __init__(self):
        self.calls = 0

    async def call(self, name, arguments):
        self.calls += 1
        if self.calls > 1:
            raise WorldError("server 's' closed its connection")
        return ToolAnswer(text="a", is_error=False, source=AnswerSource.LIVE)


class Waiting(Breaking):
    """A world whose calls end once so many are open."""

    def __init__(self, number):
        super().__init__()
        self._enough = asyncio.Barrier(number)
        self.open = self.most = 0

    async def call(self, name, arguments):
        self.open += 1
        self.most = max(self.most, self.open)
        await self._enough.wait()
        self.open -= 1
        return ToolAnswer(text=str(arguments["place"]), is_error=False, source=AnswerSource.LIVE)


async def test_four_calls_of_an_answer_run_beside_each_other():
    world = Waiting(4)

    @asynccontextmanager
    async def opened():
        yield world

    eight = calling(*(("list_vehicles", f'{{"place": {place}}}') for place in range(8)))
    async with scripted(eight, {"content": "Done."}) as (url, _), asyncio.timeout(PATIENCE):
        run = await run_of(url, opened, task=PLAIN)
    assert world.most == 4
    assert [result.answer.text for result in run.results] == list("01234567")


class Lasting(Breaking):
    """A world that breaks at its first call, while its second still runs for a while."""

    ended = False

    async def call(self, name, arguments):
        self.calls += 1
        if self.calls == 1:
            raise WorldError("server 's' closed its connection")
        for _ in range(50):
            await asyncio.sleep(0)
        self.ended = True
        return ToolAnswer(text="a", is_error=False, source=AnswerSource.LIVE)


async def test_no_call_outlives_the_world_that_another_one_broke():
    left = []

    @asynccontextmanager
    async def opened():
        world = Lasting()
        try:
            yield world
        finally:
            left.append((world.calls, world.ended))

    async with scripted(calling(("list_vehicles", "{}"), ("list_vehicles", "{}"))) as (url, _):
        run = await run_of(url, opened, task=PLAIN)
    assert run.outcome is RunOutcome.WORLD_FAILED
    assert left == [(0, False), (2, True)]


async def test_a_world_that_breaks_leaves_the_steps_before_it():
    @asynccontextmanager
    async def breaking():
        yield Breaking()

    async with scripted(CALL) as (url, _):
        run = await run_of(url, breaking, task=PLAIN)
    assert (run.outcome, run.ending.detail) == (RunOutcome.WORLD_FAILED, "server 's' closed its connection")
    assert len(run.steps) == 2
    assert [result.answer.text for result in run.results] == ["a"]


async def test_run_that_leaves_its_recording_ends_if_the_task_sets_that():
    recording = Recording(functions=(FUNCTION,), calls=())
    async with scripted(CALL, {"content": "Done."}) as (url, _):
        stopped = await run_of(url, lambda: recorded_world(recording, Match.ARGUMENTS, Unseen.STOP), task=PLAIN)
    async with scripted(CALL, {"content": "Done."}) as (url, _):
        gone_on = await run_of(url, lambda: recorded_world(recording, Match.ARGUMENTS, Unseen.ERROR), task=PLAIN)
    assert stopped.outcome is RunOutcome.LEFT_RECORDING
    assert (gone_on.misses, gone_on.left_recording) == (1, True)


async def test_a_cancelled_run_is_cancelled(tmp_path):
    asked, over = asyncio.Event(), asyncio.Event()

    async def answer(request):
        asked.set()
        await over.wait()
        return web.Response()

    app = web.Application()
    app.router.add_post("/v1/chat/completions", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    task = asyncio.create_task(run_of(url, opening(tmp_path, SMALL), task=PLAIN))
    await asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    over.set()
    await runner.cleanup()


def test_a_body_has_the_members_of_the_task_and_no_empty_ones():
    task = Task(name="t", prompts=("p",), temperature=0.6, parameters={"max_tokens": 9})
    body = json.loads(request_body(task, "m", first_messages(task, "p"), []))
    assert body == {
        "model": "m",
        "messages": [{"role": "user", "content": "p"}],
        "temperature": 0.6,
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": 9,
    }
    system = Task(name="t", prompts=("p",), system="s", stream=False)
    assert json.loads(request_body(system, "m", first_messages(system, "p"), []))["messages"][0]["role"] == "system"


def test_a_body_holds_its_texts_as_utf8_and_half_of_a_surrogate_pair_too():
    body = request_body(PLAIN, "m", first_messages(PLAIN, "Grüße \ud83d"), [])
    assert "Grüße \ud83d".encode("utf-8", "surrogatepass") in body
