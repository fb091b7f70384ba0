import gzip
import json
from types import SimpleNamespace

import pytest

from shadow.mcp_server import record_resources
from shadow.settings.top_level_config import Config
from tests.agents import Agent
from tests.exchanges import asked, exchange, said
from tests.pairs import keep_pair
from tests.records import NOW, add_pair, calling


async def test_resources_hold_the_pair_one_recorded_side_and_the_report(store):
    name = add_pair(store, "garbler", calling("Oslo"), calling("Quito"))
    assert store.flush(20)
    agent = Agent(store)
    assert json.loads(await agent.read(f"pair://{name}"))["id"] == name
    assert "Oslo" in json.loads(await agent.read(f"exchange://{name}/provider"))["body"]["stored"]
    assert "Quito" in json.loads(await agent.read(f"exchange://{name}/reference"))["body"]["stored"]
    assert "Weather?" in json.loads(await agent.read(f"exchange://{name}/request"))["body"]["stored"]
    assert not json.loads(await agent.read(f"exchange://{name}/control"))["kept"]
    assert "sameweights" in await agent.read("report://latest")


async def test_the_effective_configuration_is_shown_with_passwords_masked(store):
    config = Config.model_validate({"proxy": {"providers": {"a": {"base_url": "http://user:hidden@127.0.0.1:1/v1"}}}})
    shown = await Agent(store, config).read("config://effective")
    assert "127.0.0.1:1" in shown
    assert "hidden" not in shown


@pytest.mark.parametrize(("size", "whole"), [(200_000, True), (200_001, False)])
async def test_recorded_side_is_shown_up_to_200_000_characters(sqlite_store, size, whole):
    name = keep_pair(sqlite_store, exchange(b"x" * size, request=asked()), said("No"))
    body = json.loads(await Agent(sqlite_store).read(f"exchange://{name}/provider"))["body"]
    assert (body["stored"] == "x" * size) is whole
    assert len(body["stored"]) <= 200_000


@pytest.mark.parametrize(("size", "unpacked"), [(800_000, True), (800_001, False)])
async def test_packed_side_is_unpacked_up_to_800_000_bytes(sqlite_store, size, unpacked):
    packed = (("content-type", "application/json"), ("content-encoding", "gzip"))
    live = exchange(gzip.compress(b"x" * size), request=asked(), headers=packed)
    name = keep_pair(sqlite_store, live, said("No"))
    body = json.loads(await Agent(sqlite_store).read(f"exchange://{name}/provider"))["body"]
    assert body["stored"].startswith("xxx") is unpacked


async def test_side_that_was_not_kept_is_stated_and_an_unknown_pair_is_refused(sqlite_store):
    name = keep_pair(sqlite_store, said("a secret"), said("No"), bodies="none")
    found = json.loads(await Agent(sqlite_store).read(f"exchange://{name}/provider"))
    assert (found["kept"], found["body"]["stored"]) == (False, "")
    assert "no such pair" in str(await Agent(sqlite_store).unread("exchange://absent/provider"))
    assert "no such side" in str(await Agent(sqlite_store).unread(f"exchange://{name}/nobody"))


@pytest.mark.parametrize(("ago", "shown"), [(86_400.0, True), (86_400.5, False)])
async def test_report_is_that_of_the_last_24_hours(sqlite_store, monkeypatch, ago, shown):
    add_pair(sqlite_store, "garbler", calling("Oslo"), calling("Quito"), started=NOW)
    assert sqlite_store.flush(20)
    monkeypatch.setattr(record_resources, "time", SimpleNamespace(time=lambda: NOW + ago))
    text = await Agent(sqlite_store).read("report://latest")
    assert ("garbler" in text) is shown
    assert max(map(len, text.partition("\n\n")[2].splitlines())) <= 100
