"""The places for shadows are shared out among the workers, and a worker ends with its parent from its first moment on."""

import asyncio
import json
import signal
import sys
from contextlib import asynccontextmanager

import pytest

from proxy.provider_config import Provider, ProxyConfig, Route
from shadow.pipeline import audit_messages as messages
from shadow.pipeline.candidate_copies import CandidateCopies
from shadow.processes.audit_worker import AuditWorker, share_of
from shadow.reading.parsed_exchange import parse_exchange
from shadow.sampling.conversations import ConversationPlace
from shadow.settings.top_level_config import Config, ShadowConfig, TournamentConfig
from tests.exchanges import asked, exchange, said
from tests.running import PATIENCE


@pytest.mark.parametrize(("concurrency", "workers", "shares"), [(8, 3, [3, 3, 2]), (3, 3, [1, 1, 1]), (9, 2, [5, 4])])
def test_shares_of_the_places_come_to_all_of_them(concurrency, workers, shares):
    config = Config(shadow=ShadowConfig(concurrency=concurrency, queue=concurrency, audit_workers=workers))
    parts = [share_of(config, number).shadow for number in range(workers)]
    assert [part.concurrency for part in parts] == shares
    assert [part.queue for part in parts] == shares


@asynccontextmanager
async def unwelcomed(tmp_path, behind=b""):
    """A worker process that is connected to an audit process that sends no welcome; yields it and the connection's writer.

    `behind` comes on its standard input with the task.
    """
    connected: asyncio.Future[asyncio.StreamWriter] = asyncio.get_running_loop().create_future()

    def accept(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.set_result(writer)

    path = str(tmp_path / "w.sock")
    server = await asyncio.start_unix_server(accept, path)
    task = {"config": Config().model_dump(mode="json"), "worker": 0, "socket": path}
    pipes = {"stdin": asyncio.subprocess.PIPE, "stderr": asyncio.subprocess.PIPE}
    process = await asyncio.create_subprocess_exec(sys.executable, "-P", "-m", "shadow.processes.audit_worker", **pipes)
    try:
        process.stdin.write(json.dumps(task).encode() + b"\n" + behind)
        async with asyncio.timeout(PATIENCE):
            connection = await connected
            yield process, connection
        connection.close()
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        server.close()


@pytest.mark.slow
async def test_a_worker_without_a_welcome_ends_when_its_parent_is_gone(tmp_path):
    async with unwelcomed(tmp_path) as (process, _):
        process.stdin.close()
        assert await process.wait() == 0


@pytest.mark.slow
async def test_a_worker_without_a_welcome_ends_at_sigterm(tmp_path):
    async with unwelcomed(tmp_path) as (process, _):
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0


@pytest.mark.slow
async def test_a_worker_without_a_welcome_ends_when_the_audit_process_is_gone(tmp_path):
    async with unwelcomed(tmp_path) as (process, connection):
        connection.close()
        assert await process.wait() == 0


def welcome(connection: asyncio.StreamWriter, *sent: object) -> None:
    connection.write(messages.packed(messages.WELCOME, messages.Welcome(bytes(32), bytes(32), (), {}, CandidateCopies())))
    for message in sent:
        connection.write(messages.packed(messages.WORK, message))


@pytest.mark.slow
async def test_fault_that_ends_a_worker_is_logged_and_no_orderly_end(tmp_path):
    async with unwelcomed(tmp_path) as (process, connection):
        welcome(connection, messages.KnownNames(["no name"], "m", ("m-1",)))
        errors = await process.stderr.read()
        assert await process.wait() == 1
        assert errors.count(b"audit_task_failed") == 1
        assert b"TypeError" in errors


@pytest.mark.slow
async def test_exchange_that_cannot_be_read_does_not_end_a_worker(tmp_path):
    async with unwelcomed(tmp_path) as (process, connection):
        welcome(connection, messages.Work(0, ConversationPlace(conversation="a", drawn_by="a"), b"broken"))
        assert b"exchange_unreadable" in await process.stderr.readline()
        connection.close()
        assert await process.wait() == 0


@pytest.mark.slow
async def test_bytes_that_are_no_message_end_a_worker_and_are_logged(tmp_path):
    async with unwelcomed(tmp_path) as (process, connection):
        welcome(connection)
        connection.write(b"\xff" * 5)
        errors = await process.stderr.read()
        assert await process.wait() == 0
        assert b"audit_process_unreadable" in errors


@pytest.mark.slow
async def test_reload_that_comes_with_the_task_is_taken(tmp_path):
    async with unwelcomed(tmp_path, behind=b"{}\n") as (process, connection):
        welcome(connection)
        assert b"reload_failed" in await process.stderr.readline(), "there is no configuration in it"
        process.stdin.close()
        assert await process.wait() == 0


class Owner:
    """What stands for the connection to the audit process."""

    def add(self, message) -> None:
        pass

    def flush(self) -> None:
        pass


def started(*routes):
    providers = {name: Provider(base_url="http://127.0.0.1:9/v1") for name in ("near", "far", "other")}
    named = tuple(Route(name=name, model=name, provider="near", reference="far", candidates=("other",)) for name in routes)
    return Config(
        proxy=ProxyConfig(providers=providers, routes=named),
        shadow=ShadowConfig(audit_workers=2),
        tournament=TournamentConfig(copies="started"),
    )


async def test_worker_sends_no_copy_beyond_what_is_left_for_it():
    worker = AuditWorker(started("agents"), 0, Owner(), messages.Welcome(bytes(32), bytes(32), (), {}, money_left(1.0, 1)))
    places = worker._worker._shadows._candidates
    live = parse_exchange(exchange(said(), request=asked(), route="agents", provider="near", reference="far"))
    assert places.take(live) == ("other",)
    places.pay(live, 1.0)
    assert places.take(live) == ()
    worker.handle(money_left(0.5, 2))
    assert places.take(live) == ()
    worker.handle(money_left(0.5, 3))
    assert places.take(live) == ("other",)
    await worker.close()


def money_left(money, reading):
    return CandidateCopies(begun=frozenset({"agents"}), left=frozenset({("agents", money)}), reading=reading)


async def test_candidates_of_a_worker_follow_the_tournaments_also_after_a_reload():
    begun = CandidateCopies(begun=frozenset({"agents"}))
    worker = AuditWorker(started("agents"), 0, Owner(), messages.Welcome(bytes(32), bytes(32), (), {}, begun))

    def routes() -> list[str]:
        return [route.name for route in worker._config.proxy.routes if route.candidates]

    assert routes() == ["agents"]
    worker.reload(started("agents", "chat"))
    assert routes() == ["agents"], "as the processes are reloaded in any order"
    worker.handle(CandidateCopies(begun=frozenset({"chat"})))
    assert routes() == ["chat"]
    await worker.close()
