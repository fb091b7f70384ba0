"""What `doctor` examines."""

import asyncio
import re
import socket
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from proxy.process.server_tls import server_context
from proxy.provider_config import ProxyConfig
from shadow.command_line import doctor_checks
from shadow.command_line.doctor_checks import (
    BAD,
    GOOD,
    UNKNOWN,
    announced,
    broker_lines,
    database_lines,
    judge_line,
    port_lines,
    series_line,
    server_requests,
)
from shadow.demo.pretended_server import PretendedServer
from shadow.settings.top_level_config import Config
from storage.judgement_rows import JudgingState
from storage.opening import open_store
from storage.rows import TrafficCount
from storage.storage_config import StorageConfig
from tests.certificates import issued
from tests.records import NOW, add_pair

KEY = "sk-of-the-reference"


def config(reference: str = "http://127.0.0.1:9/v1", *, provider: str = "http://127.0.0.1:9/v1", **more) -> Config:
    providers = {
        "near": {"base_url": provider},
        "maker": {"base_url": reference, "api_key_env": "MAKER_KEY", **more.pop("maker", {})},
    }
    return Config.model_validate({"proxy": {"provider": "near", "reference": "maker", "providers": providers}, **more})


def traffic(provider: str, model: str, requests: int) -> TrafficCount:
    counts = dict.fromkeys(("asked", "failures", "errors", "prompt_tokens", "completion_tokens"), 0)
    return TrafficCount(provider=provider, model=model, role="primary", requests=requests, **counts)


def test_what_is_sent_names_key_and_model_and_never_a_value():
    found = server_requests(config(), [traffic("near", "a", 1), traffic("maker", "b", 2), traffic("maker", "c", 3)], "")
    assert [(one.name, one.role, one.key, one.model) for one in found] == [
        ("near", "provider", "", "a"),
        ("maker", "reference", "MAKER_KEY", "c"),
    ]
    assert list(announced(found)) == [
        "This sends now, once each:",
        "  to near (provider), with no key: GET /models (a completion needs the application's own key)",
        "  to maker (reference), with the key in MAKER_KEY: GET /models, and a completion of 1 token by c",
    ]


def test_model_of_the_flag_takes_precedence_and_one_of_the_configuration_follows():
    named = config(maker={"models": {"*": "x", "llama": "y"}})
    assert server_requests(named, (), "flag")[1].model == "flag"
    assert server_requests(named, (), "")[1].model == "llama"


def test_candidate_of_a_route_is_examined_as_one_with_the_model_of_its_route():
    routes = [{"name": "r", "model": "kestrel", "provider": "near", "candidates": ["north"]}]
    made = config()
    providers = {**made.proxy.model_dump()["providers"], "north": {"base_url": "http://north.example/v1"}}
    proxy = ProxyConfig.model_validate({**made.proxy.model_dump(), "providers": providers, "routes": routes})
    found = server_requests(made.model_copy(update={"proxy": proxy}), (), "")
    assert [(one.name, one.role, one.model) for one in found if one.name == "north"] == [("north", "candidate", "kestrel")]
    assert "to north (candidate), with no key: GET /models, and a completion of 1 token by kestrel" in "".join(announced(found))


@pytest.mark.parametrize(
    ("key", "model", "mark", "text"),
    [
        (KEY, "pretend-small", GOOD, "reference maker answers as pretend-small"),
        ("wrong", "pretend-small", BAD, "401; its key is missing or wrong"),
    ],
)
async def test_each_server_gets_one_request_with_its_key_and_model(key, model, mark, text):
    async with PretendedServer(key=KEY) as server:
        made = config(server.base_url)
        requests = [one for one in server_requests(made, (), model) if one.name == "maker"]
        lines = await doctor_checks._collected(made, {"MAKER_KEY": key}, requests)
        assert any(line.mark == mark and text in line.text for line in lines), lines
        assert [request.method for request in server.requests] == (["GET", "POST"] if mark == GOOD else ["GET"])
        assert all(request.json["max_tokens"] == 1 for request in server.requests[1:])
    assert KEY not in repr(lines)


async def test_only_model_that_a_server_lists_is_taken_and_several_are_not_guessed():
    for models, mark in ((("one",), GOOD), (("one", "two"), UNKNOWN)):
        async with PretendedServer(key=KEY, models=models) as server:
            made = config(server.base_url)
            requests = [one for one in server_requests(made, (), "") if one.name == "maker"]
            lines = await doctor_checks._collected(made, {"MAKER_KEY": KEY}, requests)
        assert [line.mark for line in lines] == [mark], lines


async def test_server_that_cannot_be_reached_is_one_line():
    requests = [one for one in server_requests(config(), (), "m") if one.name == "maker"]
    (line,) = await doctor_checks._collected(config(), {"MAKER_KEY": KEY}, requests)
    assert (line.mark, line.text.startswith("reference maker cannot be used: ")) == (BAD, True)


async def test_provider_whose_key_the_application_brings_gets_no_completion():
    async with PretendedServer(key="of the application") as server:
        made = config(provider=server.base_url)
        requests = [one for one in server_requests(made, (), "m") if one.name == "near"]
        (line,) = await doctor_checks._collected(made, {}, requests)
        assert [request.method for request in server.requests] == ["GET"]
    assert (line.mark, line.text) == (GOOD, "provider near: reached (401); the application brings its own key")


@pytest.mark.slow
def test_port_is_free_or_the_running_serve_or_somebody_else():
    with socket.socket() as taken, socket.socket() as free:
        taken.bind(("127.0.0.1", 0))
        free.bind(("127.0.0.1", 0))
        busy, open_port = (f"127.0.0.1:{one.getsockname()[1]}" for one in (taken, free))
        free.close()
        proxy = {"listen": busy, "provider": "near", "providers": {"near": {"base_url": "http://127.0.0.1:9/v1"}}}
        made = Config.model_validate({"proxy": proxy, "admin": {"listen": open_port}})
        data, admin = port_lines(made)
        assert (data.mark, admin.mark) == (BAD, GOOD)
        assert "Address already in use; change it or stop the program that uses it" in data.text
        assert admin.text == f"admin port {open_port}: free; serve is not running"
        taken.listen()
        silent = Config.model_validate({"proxy": proxy, "admin": {"listen": busy}})
        assert [line.mark for line in port_lines(silent)] == [BAD, BAD], "a program that accepts and answers nothing"


@pytest.mark.parametrize(("answer", "mark"), [("ok\n", GOOD), ("ok", BAD), ("ok\nmore", BAD)])
@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
async def test_taken_port_is_that_of_serve_only_by_the_answer_of_its_health(tmp_path, secure, answer, mark):
    _, (cert, key) = issued(tmp_path)
    async with served({"/healthz": (200, answer)}, server_context(cert, key) if secure else None) as port:
        files = {"tls_cert": cert, "tls_key": key} if secure else {}
        made = Config.model_validate({"admin": {"listen": f"127.0.0.1:{port}", **files}})
        *_, admin = await asyncio.to_thread(lambda: list(port_lines(made)))
    assert (admin.mark, "in use by the running serve" in admin.text) == (mark, mark == GOOD)


@asynccontextmanager
async def served(answers, tls=None):
    """A server that answers each path with a status and a text, on a free port."""

    async def answer(request):
        status, text = answers[request.path]
        return web.Response(status=status, text=text)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def examined(listed: int, completed: int, name: str):
    """What `doctor` finds of a server that answers with these statuses."""
    answers = {"/v1/models": (listed, '{"data": [{"id": "m"}]}'), "/v1/chat/completions": (completed, "{}")}
    async with served(answers) as port:
        address = f"http://127.0.0.1:{port}/v1"
        made = config(address, provider=address)
        requests = [one for one in server_requests(made, (), "m") if one.name == name]
        return await doctor_checks._collected(made, {"MAKER_KEY": KEY}, requests)


@pytest.mark.parametrize(
    ("status", "mark", "text"),
    [
        (500, BAD, "its list of models is answered with 500; the error is on its side"),
        (404, UNKNOWN, "reached, but it has no list of models (404): see its base_url; the application brings its own key"),
        (403, GOOD, "reached (403); the application brings its own key"),
    ],
)
async def test_provider_with_the_applications_key_is_judged_by_its_list_of_models(status, mark, text):
    (line,) = await examined(status, 200, "near")
    assert (line.mark, line.text) == (mark, f"provider near: {text}")


@pytest.mark.parametrize(
    ("listed", "completed", "mark"), [(401, 401, BAD), (200, 400, UNKNOWN), (200, 422, UNKNOWN), (200, 500, BAD)]
)
async def test_refused_key_is_one_fault_and_a_model_that_takes_no_such_request_is_none(listed, completed, mark):
    (line,) = await examined(listed, completed, "maker")
    assert line.mark == mark, line


def test_database_states_the_last_comparison_and_the_cost_of_a_day(tmp_path):
    storage = {"url": f"sqlite:///{tmp_path}/a.db"}
    (missing,) = database_lines(config(storage=storage), NOW)
    assert (missing.mark, "does not exist yet" in missing.text) == (UNKNOWN, True)
    store = open_store(StorageConfig(**storage))
    add_pair(store, "near", "Hello", "Hello")
    assert store.flush(20)
    store.close()
    priced = config(storage=storage).proxy.providers["maker"].model_copy(update={"price_input": 2.0, "price_output": 8.0})
    made = config(storage=storage)
    made = made.model_copy(update={"proxy": made.proxy.model_copy(update={"providers": {"official": priced}})})
    size, judge, last, cost = database_lines(made, NOW + 60)
    assert (judge.mark, judge.text.startswith("judge: no process judges now; 1 pair waits")) == (UNKNOWN, True)
    assert size.text.endswith(" MB")
    assert last.text == "last comparison: 22:13 UTC today"
    assert cost.text.startswith("cost of a day: 1 request to references with ")
    assert cost.text.endswith(" by the configured prices")
    *_, cost = database_lines(config(storage=storage), NOW + 60)
    assert cost.text.endswith("no price is configured (price_input, price_output)")


@pytest.mark.parametrize(("waited", "mark"), [(300.0, GOOD), (301.0, BAD)])
def test_judge_that_is_over_five_minutes_behind_does_not_work(waited, mark):
    line = judge_line(JudgingState(holder="one", seconds_left=20.0, waiting=1_200, waited=waited))
    assert line.mark == mark
    words = f"a process judges, and renews its lease within 20 s; 1,200 pairs wait for a judgement, the oldest for {waited:.0f} s"
    assert line.text == f"judge: {words}{'; see SameweightsJudgeBehind in the runbook' * (mark == BAD)}"


def test_judge_without_a_pair_that_waits_is_good():
    assert judge_line(JudgingState(holder="one", seconds_left=20.0)).text.endswith("within 20 s; no pair waits")


def test_series_are_bounded():
    assert series_line(config()).text.startswith("/metrics: about ")


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (200, "reference maker answered 200, but no chat completion: see its base_url"),
        (
            422,
            (
                "reference maker answered a completion by m with 422: it was reached and accepted the key, but refuses this test "
                "request, as models do that do not accept max_tokens"
            ),
        ),
        (418, "reference maker refused a completion by m: 418; the error is on its side"),
    ],
)
async def test_completion_that_is_none_states_the_status_and_what_it_means(status, text):
    (line,) = await examined(200, status, "maker")
    assert line.text == text


async def test_completion_states_the_model_and_its_seconds():
    async with PretendedServer(key=KEY) as server:
        made = config(server.base_url)
        requests = [one for one in server_requests(made, (), "pretend-small") if one.name == "maker"]
        (line,) = await doctor_checks._collected(made, {"MAKER_KEY": KEY}, requests)
    assert re.fullmatch(r"reference maker answers as pretend-small \(\d{1,2}\.\d s\)", line.text)


@pytest.mark.parametrize(
    ("models", "why"),
    [((), "its list of models: 200"), (("one", "two"), "it lists 2 models")],
)
async def test_server_without_a_known_model_states_why(models, why):
    async with PretendedServer(key=KEY, models=models) as server:
        made = config(server.base_url)
        requests = [one for one in server_requests(made, (), "") if one.name == "maker"]
        lines = await doctor_checks._collected(made, {"MAKER_KEY": KEY}, requests)
    assert lines[-1].text == f"reference maker: no model is known ({why}); name one with --model"


@pytest.mark.parametrize(("status", "mark"), [(403, GOOD), (404, UNKNOWN), (405, GOOD), (499, GOOD), (500, BAD), (503, BAD)])
async def test_provider_is_reached_with_any_status_but_that_of_a_fault_or_an_absent_list(status, mark):
    (line,) = await examined(status, 200, "near")
    assert line.mark == mark


@pytest.mark.parametrize("models", [{"*": "x"}, {"a?": "x"}, {"[ab]": "x"}, {}])
def test_pattern_of_names_is_no_model_to_ask_for(models):
    (maker,) = [one for one in server_requests(config(maker={"models": models}), (), "") if one.name == "maker"]
    assert maker.model == ""
    assert list(announced([maker]))[1].endswith("GET /models, and a completion of 1 token if it lists one model")


def test_model_that_is_requested_most_of_this_provider_is_taken():
    counts = [traffic("maker", "a", 2), traffic("maker", "b", 3), traffic("maker", "a", 2), traffic("near", "c", 9)]
    found = {one.name: one.model for one in server_requests(config(), [*counts, traffic("maker", "", 99)], "")}
    assert found == {"near": "c", "maker": "a"}


def test_server_that_is_provider_and_reference_is_one_request_as_the_reference():
    made = config()
    routes = [{"name": "r", "model": "kestrel", "provider": "maker"}]
    proxy = ProxyConfig.model_validate({**made.proxy.model_dump(), "routes": routes})
    found = server_requests(made.model_copy(update={"proxy": proxy}), (), "")
    assert [(one.name, one.role, one.model) for one in found] == [("maker", "reference", "kestrel"), ("near", "provider", "")]


def test_provider_that_no_route_names_is_examined_too():
    made = config()
    providers = {**made.proxy.model_dump()["providers"], "spare": {"base_url": "http://spare.example/v1"}}
    proxy = ProxyConfig.model_validate({**made.proxy.model_dump(), "providers": providers})
    found = server_requests(made.model_copy(update={"proxy": proxy}), (), "")
    assert [(one.name, one.role) for one in found] == [("near", "provider"), ("spare", "provider"), ("maker", "reference")]


def test_free_ports_of_both_families_are_free():
    made = Config.model_validate({"proxy": {"listen": "127.0.0.1:0"}, "admin": {"listen": "[::1]:0"}})
    assert [(line.mark, line.text) for line in port_lines(made)] == [
        (GOOD, "data port 127.0.0.1:0: free; serve is not running"),
        (GOOD, "admin port [::1]:0: free; serve is not running"),
    ]


def test_database_without_a_comparison_states_what_is_missing(tmp_path):
    storage = {"url": f"sqlite:///{tmp_path}/a.db"}
    open_store(StorageConfig(**storage)).close()
    *_, last, cost = database_lines(config(storage=storage), NOW)
    assert (last.mark, cost.mark) == (UNKNOWN, UNKNOWN)
    assert last.text == "nothing was compared yet: a sample of requests needs a reference and some traffic"
    assert cost.text.startswith("cost of a day: no request went to a reference in the last 24 h; ")


@pytest.mark.parametrize(("later", "counted"), [(86_300, True), (86_500, False)])
def test_cost_of_a_day_is_that_of_the_last_86_400_seconds(tmp_path, later, counted):
    storage = {"url": f"sqlite:///{tmp_path}/a.db"}
    store = open_store(StorageConfig(**storage))
    add_pair(store, "near", "Hello", "Hello")
    assert store.flush(20)
    store.close()
    *_, cost = database_lines(config(storage=storage), NOW + later)
    assert (cost.mark == GOOD) is counted


def test_database_that_cannot_be_read_is_one_line(tmp_path):
    (tmp_path / "a.db").write_text("no database")
    (line,) = database_lines(config(storage={"url": f"sqlite:///{tmp_path}/a.db"}), NOW)
    assert line.mark == BAD


def test_broker_that_is_not_configured_is_no_line():
    assert list(broker_lines(config(), {})) == []
