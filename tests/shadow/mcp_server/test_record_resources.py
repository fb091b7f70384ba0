import json

from shadow.settings.top_level_config import Config
from tests.agents import Agent
from tests.records import add_pair, calling


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
