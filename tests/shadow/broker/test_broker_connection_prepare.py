"""What a connection remembers and logs of a preparation that fails and later succeeds; no server is reached."""

import asyncio
from types import SimpleNamespace
from urllib.parse import urlsplit

from shadow.broker import broker_connection
from shadow.broker.broker_connection import BrokerConnection
from shadow.broker.broker_errors import BrokerAwayError, BrokerError
from shadow.settings.top_level_config import BrokerConfig
from tests.passing_clock import PassingAsyncio
from tests.running import until


async def test_preparation_that_fails_is_shown_logged_once_for_each_reason_and_tried_again_until_it_succeeds(monkeypatch, logged):
    calls, passing, tried = logged("shadow.broker.broker_connection"), PassingAsyncio(), []
    answers = [BrokerError("no rights"), BrokerError("no rights"), BrokerAwayError("no leader"), None, None]
    monkeypatch.setattr(broker_connection, "asyncio", passing)

    async def prepare(connection) -> None:
        assert connection is broker
        tried.append(broker.why_not)
        if answers and (error := answers.pop(0)):
            raise error

    broker = BrokerConnection(BrokerConfig(url="nats://127.0.0.1:9"), "", name="proxy", prepare=prepare)
    broker._client = SimpleNamespace(is_connected=True, connected_url=urlsplit("nats://user:word@broker.example:4222"))
    keeping = asyncio.create_task(broker._keep_prepared())
    broker.doubt()
    await until(lambda: len(tried) == 4)
    await until(lambda: broker.why_not == "")
    broker.doubt()
    await until(lambda: len(tried) == 5)
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    assert tried == ["", "no rights", "no rights", "no leader", ""]
    assert {*passing.pauses} == {3.0}
    assert [call.kwargs for call in calls] == [
        {"event": "broker_not_prepared", "reason": "no rights"},
        {"event": "broker_not_prepared", "reason": "no leader"},
        {"event": "broker_prepared", "server": "broker.example:4222"},
    ]
    assert repr(broker) == "<BrokerConnection proxy connected>"


async def test_nothing_is_prepared_while_no_server_is_connected():
    tried = []

    async def prepare(_) -> None:
        tried.append(True)

    broker = BrokerConnection(BrokerConfig(url="nats://127.0.0.1:9"), "", name="proxy", prepare=prepare)
    keeping = asyncio.create_task(broker._keep_prepared())
    broker.doubt()
    for _ in range(20):
        await asyncio.sleep(0)
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    assert tried == []
