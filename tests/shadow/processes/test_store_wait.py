"""While a store cannot be opened the admin port says why, losses are shown, and the attempt that succeeds is what is returned."""

import asyncio
import socket

import aiohttp
import pytest

from proxy.process.shared_counters import SharedCounters
from shadow.processes import store_wait
from shadow.processes.admin_certificate import AdminCertificate
from shadow.processes.store_wait import StoreWait
from shadow.settings.top_level_config import AdminConfig, Config
from storage.store import StoreError
from storage.store_away import StoreAwayError
from tests.running import until

pytestmark = pytest.mark.slow
STARTING = StoreAwayError("the database is starting")


class Waiting:
    """A wait on a free port; each attempt ends as `answers` has it, the last one again and again."""

    def __init__(self, monkeypatch, answers, **settings) -> None:
        monkeypatch.setattr(store_wait, "TRY_SECONDS", 0.01)
        self.answers, self.attempts = list(answers), 0
        self.counters, self.ended = SharedCounters(), asyncio.Event()
        self.admin = socket.create_server(("127.0.0.1", 0))
        self.admin.setblocking(False)
        config = Config(admin=AdminConfig(**settings))
        self.wait = StoreWait(config, self.counters, self._attempt, AdminCertificate(config.admin), environ={})
        self.result = asyncio.create_task(self.wait.opened(STARTING, self.ended, self.admin))

    async def _attempt(self) -> str:
        self.attempts += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def get(self, path: str) -> tuple[int, str]:
        address = f"http://127.0.0.1:{self.admin.getsockname()[1]}"
        async with aiohttp.ClientSession() as session, session.get(address + path) as got:
            return got.status, await got.text()

    async def end(self):
        self.ended.set()
        result = await self.result
        self.admin.close()
        return result


@pytest.fixture
def waiting(monkeypatch):
    return lambda *answers, **settings: Waiting(monkeypatch, answers, **settings)


async def test_what_the_first_attempt_that_succeeds_returns_is_the_result_and_the_port_stays_bound(waiting):
    held = waiting(StoreAwayError("still starting"), StoreAwayError("still starting"), "opened")
    assert await held.result == "opened"
    assert held.attempts == 3
    assert held.admin.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    held.admin.close()


async def test_readiness_shows_the_reason_of_the_latest_attempt_and_each_is_logged_once(waiting, logged):
    lines = logged("shadow.processes.store_wait")
    held = waiting(StoreAwayError("no connection left"))
    await until(lambda: held.attempts > 2)
    status, text = await held.get("/readyz")
    assert status == 503
    assert text.startswith("the store cannot be opened yet; requests are forwarded; exchanges wait up to proxy.limits.handover")
    assert text.endswith("store: no connection left\n")
    assert await held.get("/healthz") == (200, "ok\n")
    assert await held.end() is None
    assert [call.kwargs.get("reason") for call in lines] == ["the database is starting", "no connection left"]


async def test_every_page_is_refused_for_now_with_the_reason(waiting):
    held = waiting(STARTING)
    await until(lambda: held.attempts)
    for path in ("/", "/pairs", "/api/verdicts"):
        assert await held.get(path) == (503, f"503: {store_wait.PAGES}\n")
    assert await held.end() is None


async def test_losses_of_the_forwarding_processes_are_shown_meanwhile(waiting):
    held = waiting(STARTING)
    held.counters.row(0).add("audit_down", 3)

    async def shown() -> bool:
        return 'sameweights_handover_dropped_total{reason="audit_down"} 3' in (await held.get("/metrics"))[1]

    await until(shown)
    assert await held.end() is None


async def test_metrics_that_need_a_drawn_token_are_refused_until_the_store_has_it(waiting):
    held = waiting(STARTING, metrics="token")
    await until(lambda: held.attempts)
    assert [(await held.get(path))[0] for path in ("/metrics", "/readyz")] == [401, 503]
    assert await held.end() is None


async def test_store_that_answers_and_cannot_be_used_ends_the_wait_with_its_sentence(waiting):
    held = waiting(STARTING, StoreError("written by a newer version"))
    with pytest.raises(StoreError, match="newer version"):
        await held.result
    held.admin.close()
