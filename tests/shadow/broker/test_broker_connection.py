"""A connection to real servers: opened, lost and found again; each reason why it cannot be used is a sentence."""

import asyncio
import shutil
import signal
from contextlib import suppress
from datetime import UTC, datetime

import pytest
import trustme
from nats.aio.msg import Msg

from shadow.broker import broker_connection
from shadow.broker.broker_client import BrokerClient
from shadow.broker.broker_connection import BrokerConnection, shown_addresses
from shadow.broker.broker_errors import BrokerAwayError, BrokerError, MessageTooLargeError
from shadow.broker.broker_message import stream_name, subject
from shadow.settings.broker_checks import addresses
from tests.brokers import NatsServer, connected, nats_server, settings, stored_messages
from tests.certificates import issued
from tests.running import PATIENCE, until

DENIED = 'authorization { users: [ { user: u, password: p, permissions: { publish: { deny: "denied" } } } ] }'
LANES = 64
INFO = b'INFO {"server_id":"x","version":"2.15.1","proto":1,"headers":true,"max_payload":1048576,"auth_required":true}\r\n'
EARLIEST, EARLIER, LATER, LATEST = (datetime(year, 1, 1, tzinfo=UTC) for year in (2001, 2002, 2101, 2102))


async def refused(config, credentials: str = "", prepare=None) -> BrokerError | BrokerAwayError:
    broker = BrokerConnection(config, credentials, name="test", prepare=prepare)
    with pytest.raises((BrokerError, BrokerAwayError)) as raised:
        await broker.open()
    assert broker.why_not == str(raised.value)
    return raised.value


def nowhere(folder):
    """A server that was not started."""
    return NatsServer(folder)


async def test_servers_that_cannot_be_reached_are_named_with_the_key(tmp_path):
    server = nowhere(tmp_path)
    why = await refused(settings(server))
    assert isinstance(why, BrokerAwayError)
    assert str(why).startswith(f"the broker at '{server.url}' cannot be reached: ")
    assert "see broker.url" in str(why)


async def test_server_of_another_protocol_is_named_as_none(tmp_path):
    ended = asyncio.Event()

    async def answer(_, writer):
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        ended.set()

    other = await asyncio.start_server(answer, "127.0.0.1", 0)
    server = nowhere(tmp_path)
    server.port = other.sockets[0].getsockname()[1]
    async with other:
        why = await refused(settings(server))
        await ended.wait()
    assert isinstance(why, BrokerError)
    assert "is not a NATS server" in str(why)


@pytest.mark.parametrize(
    ("said", "sentence", "passes"),
    [
        (b"", "the connection was closed before the server introduced itself", True),
        (b'INFO {"server_id":"x","vers', "the connection was closed before the server introduced itself", True),
        (INFO + b"-ERR 'Authentication Timeout'\r\n", "Authentication Timeout", True),
        (INFO + b"-ERR 'maximum connections exceeded'\r\n", "maximum connections exceeded", True),
        (INFO + b"-ERR 'Server Shutdown'\r\n", "Server Shutdown", True),
        (INFO + b"-ERR 'User Authentication Expired'\r\n", "refuses the credentials in 'NATS'", False),
        (INFO + b"-ERR 'Authorization Violation'\r\n", "refuses the credentials in 'NATS'", False),
    ],
)
async def test_server_that_ends_the_connection_is_away_unless_it_refuses_the_credentials(tmp_path, said, sentence, passes):
    async def answer(reader, writer):
        writer.write(said)
        if said.startswith(INFO):  # what it sends then is read, because a connection that ends before is reset
            await reader.readuntil(b"PING\r\n")
        writer.close()

    other = await asyncio.start_server(answer, "127.0.0.1", 0)
    server = nowhere(tmp_path)
    server.port = other.sockets[0].getsockname()[1]
    async with other:
        why = await refused(settings(server, credentials_env="NATS"), "user:secret")
    assert sentence in str(why)
    assert isinstance(why, BrokerAwayError) is passes


@pytest.mark.slow
@pytest.mark.parametrize("times", [{"not_before": LATER, "not_after": LATEST}, {"not_before": EARLIEST, "not_after": EARLIER}])
async def test_certificate_out_of_its_time_is_away_and_points_to_the_clock(tmp_path, times):
    ca = trustme.CA()
    _, (cert, key) = issued(tmp_path, ca, **times)
    trusted = tmp_path / "ca.pem"
    ca.cert_pem.write_to_path(str(trusted))
    async with nats_server(tmp_path, more=f'tls {{ cert_file: "{cert}", key_file: "{key}" }}') as server:
        why = await refused(settings(server, url=server.url.replace("nats://", "tls://"), tls_ca=str(trusted)))
    assert isinstance(why, BrokerAwayError)
    assert "see the clock of this host, or renew it" in str(why)


async def test_wrong_and_missing_credentials_are_refused_without_showing_them(tmp_path):
    user = 'authorization { user: "audit", password: "right" }'
    async with nats_server(tmp_path, more=user) as server:
        wrong = await refused(settings(server, credentials_env="NATS"), "audit:mistaken")
        missing = await refused(settings(server))
        async with connected(settings(server), "audit:right") as broker:
            assert broker.is_connected
    assert "refuses the credentials in 'NATS'" in str(wrong)
    assert "mistaken" not in str(wrong)
    assert "name the variable that holds them in broker.credentials_env" in str(missing)


async def test_credentials_that_are_refused_again_and_again_are_logged_once(tmp_path, monkeypatch, logged):
    monkeypatch.setattr(broker_connection, "RETRY_SECONDS", 0.01)
    monkeypatch.setattr(broker_connection, "LONGEST_PAUSE", 0.02)
    lines, attempts = logged("shadow.broker.broker_connection"), []
    async with nats_server(tmp_path, more='authorization { user: "audit", password: "right" }') as server:
        broker = BrokerConnection(settings(server, credentials_env="NATS"), "audit:mistaken", name="test")
        opening = broker.open

        async def counted() -> None:
            attempts.append(1)
            await opening()

        monkeypatch.setattr(broker, "open", counted)
        keeping = asyncio.create_task(broker.keep())
        await until(lambda: len(attempts) > 4)
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
    assert [(line.kwargs["event"], "refuses the credentials" in line.kwargs["reason"]) for line in lines] == [
        ("broker_away", True)
    ]


async def test_missing_rights_are_named_by_the_subject(tmp_path):
    rights = (
        'authorization { users: [ { user: "audit", password: "right", permissions: { publish: ["sameweights.>"], '
        'subscribe: ["_INBOX.>"] } } ] }'
    )
    async with nats_server(tmp_path, more=rights) as server:

        async def look(broker):
            await broker.api("STREAM.INFO.SAMEWEIGHTS_EXCHANGE_0")

        why = await refused(settings(server), "audit:right", look)
    assert isinstance(why, BrokerError)
    assert '"$js.api.stream.info.sameweights_exchange_0"' in str(why).lower()


@pytest.mark.parametrize(
    ("publish", "subscribe", "named"),
    [('"sameweights.>"', '"_INBOX.>"', '"$js.api.info"'), ('">"', '"sameweights.>"', '"_inbox.test.')],
)
async def test_missing_right_is_reported_before_the_time_of_an_answer_is_over(tmp_path, monkeypatch, publish, subscribe, named):
    monkeypatch.setattr(broker_connection, "ANSWER_SECONDS", 500.0)
    given = f"publish: {publish}, subscribe: {subscribe}"
    rights = f"authorization {{ users: [ {{ user: u, password: p, permissions: {{ {given} }} }} ] }}"
    async with nats_server(tmp_path, more=rights) as server:
        broker = BrokerConnection(settings(server), "u:p", name="test")
        await broker.open()
        for _ in range(2):
            with pytest.raises(BrokerError, match="the broker does not allow ") as raised:
                await asyncio.wait_for(broker.api("INFO"), PATIENCE)
            assert named in str(raised.value)
        await broker.close()


async def test_right_that_is_missing_ends_no_request_to_another_subject(tmp_path):
    async with nats_server(tmp_path, more=DENIED) as server, connected(settings(server), "u:p") as broker:
        results = await asyncio.gather(broker.api("INFO"), broker.request("denied", b""), return_exceptions=True)
    assert "memory" in results[0]
    assert isinstance(results[1], BrokerError)


async def lane(broker):
    """A request that has a second report come while it ends by the first."""
    async with broker._forbidden.watched("denied", PATIENCE):
        await broker.client.publish("denied", b"")
        try:
            await asyncio.Event().wait()
        finally:
            await broker.client.publish("denied", b"")
            await broker.client.flush()  # answered after the report, by the same connection


async def test_reports_that_follow_each_other_while_requests_end_leave_the_connection_reading(tmp_path):
    async with nats_server(tmp_path, more=DENIED) as server, connected(settings(server), "u:p") as broker:
        ended = await asyncio.gather(*(lane(broker) for _ in range(LANES)), return_exceptions=True)
        requested = await asyncio.gather(*(broker.request("denied", b"") for _ in range(LANES)), return_exceptions=True)
        assert {type(each) for each in [*ended, *requested]} == {BrokerError}
        assert "memory" in await broker.api("INFO")


async def test_report_that_cannot_be_read_is_logged_and_the_connection_reads_on(tmp_path, monkeypatch, logged):
    lines = logged("shadow.broker.broker_connection")

    def fails(_: Exception) -> None:
        raise RuntimeError("made")

    async with nats_server(tmp_path, more=DENIED) as server, connected(settings(server), "u:p") as broker:
        monkeypatch.setattr(broker._forbidden, "report", fails)
        await broker.client.publish("denied", b"")
        assert "memory" in await broker.api("INFO")
    assert [line.kwargs["event"] for line in lines] == ["broker_report_failed"]


@pytest.mark.slow
async def test_tls_is_used_and_never_left_out_silently(tmp_path):
    ca = trustme.CA()
    _, (cert, key) = issued(tmp_path, ca)
    trusted = tmp_path / "ca.pem"
    ca.cert_pem.write_to_path(str(trusted))
    tls = f'tls {{ cert_file: "{cert}", key_file: "{key}" }}'
    async with nats_server(tmp_path, more=tls) as server, nats_server(tmp_path, name="plain") as plain:
        url = server.url.replace("nats://", "tls://")
        async with connected(settings(server, url=url, tls_ca=str(trusted))) as broker:
            assert broker.is_connected
        unknown = await refused(settings(server, url=url))
        without = await refused(settings(plain, url=plain.url.replace("nats://", "tls://")))
    assert "TLS with the broker" in str(unknown)
    assert "broker.tls_ca" in str(unknown)
    assert "offers no TLS" in str(without)


async def test_server_without_jetstream_is_away(tmp_path):
    async with nats_server(tmp_path) as server:
        server._text = server._text.replace("jetstream", "#")
        await server.stop()
        await server.start()

        async def look(broker):
            await broker.api("INFO")

        why = await refused(settings(server), prepare=look)
    assert isinstance(why, BrokerAwayError)
    assert "JetStream does not answer" in str(why)


async def test_message_beyond_the_servers_limit_is_too_large_and_one_at_it_is_not(tmp_path):
    async with nats_server(tmp_path, max_payload="2000") as server, connected(settings(server)) as broker:
        assert broker.max_payload == 2_000
        await broker.publish(subject(0), b"x" * 1_900, {"Nats-Msg-Id": "1"})
        with pytest.raises(MessageTooLargeError):
            await broker.publish(subject(0), b"x" * 2_001, {"Nats-Msg-Id": "2"})


@pytest.mark.slow
async def test_connection_is_opened_again_after_the_server_was_away(tmp_path):
    async with nats_server(tmp_path) as server, connected(settings(server)) as broker:
        keeping = asyncio.create_task(broker.keep())
        await server.stop(signal.SIGKILL)
        await until(lambda: not broker.is_connected)
        assert broker.why_not
        await server.start()
        await until(lambda: broker.is_connected)
        assert broker.why_not == ""
        keeping.cancel()


async def test_connection_that_the_client_gave_up_is_opened_again(tmp_path):
    async with nats_server(tmp_path) as server, connected(settings(server)) as broker:
        keeping = asyncio.create_task(broker.keep())
        first = broker.client
        await first.close()
        await until(lambda: broker._client not in {None, first})
        assert broker.is_connected
        keeping.cancel()


@pytest.mark.slow
async def test_streams_that_a_server_has_lost_are_made_again_once_it_is_back(tmp_path):
    async with nats_server(tmp_path) as server, connected(settings(server), consumers=True) as broker:
        keeping = asyncio.create_task(broker.keep())
        await server.stop(signal.SIGKILL)
        await until(lambda: not broker.is_connected)
        shutil.rmtree(tmp_path / "n0" / "jetstream")
        await server.start()

        async def published() -> bool:
            with suppress(BrokerAwayError):
                await broker.publish(subject(0), b"x", {})
                return True
            return False

        await until(published)
        assert await stored_messages(broker) == 1
        keeping.cancel()


async def test_stream_that_was_deleted_is_made_again_once_a_publication_is_not_answered(tmp_path):
    async with nats_server(tmp_path) as server, connected(settings(server)) as broker:
        keeping = asyncio.create_task(broker.keep())
        await broker.api(f"STREAM.DELETE.{stream_name(0)}")
        with pytest.raises(BrokerAwayError):
            await broker.publish(subject(0), b"x", {})

        async def there() -> bool:
            with suppress(BrokerError):
                return await stored_messages(broker) == 0
            return False

        await until(there)
        keeping.cancel()


async def test_reason_why_a_stream_is_not_made_again_is_shown_until_it_is(tmp_path, monkeypatch, logged):
    lines = logged("shadow.broker.broker_connection")
    monkeypatch.setattr(broker_connection, "PREPARE_SECONDS", 0.01)
    faults: list[Exception | None] = [None, BrokerError("no room"), BrokerError("no room"), BrokerAwayError("no leader")]

    async def prepare(_) -> None:
        if faults and (fault := faults.pop(0)):
            raise fault

    async with nats_server(tmp_path) as server:
        broker = BrokerConnection(settings(server), "", name="test", prepare=prepare)
        await broker.open()
        keeping = asyncio.create_task(broker.keep())
        assert broker.why_not == ""
        broker.doubt()
        await until(lambda: broker.why_not == "no room")
        await until(lambda: not faults and broker.why_not == "")
        keeping.cancel()
        await broker.close()
    shown = [(call.kwargs["event"], call.kwargs.get("reason", "")) for call in lines]
    assert shown == [("broker_not_prepared", "no room"), ("broker_not_prepared", "no leader"), ("broker_prepared", "")]


async def test_request_of_a_lost_connection_is_away_at_once_and_leaves_nothing_in_the_client(tmp_path):
    async with nats_server(tmp_path) as server, connected(settings(server)) as broker:
        await server.stop(signal.SIGKILL)
        await until(lambda: not broker.is_connected)
        sent = broker.client.stats["out_msgs"]
        with pytest.raises(BrokerAwayError, match="connection to the broker is lost"):
            await broker.publish(subject(0), b"x", {})
        assert (broker.client.stats["out_msgs"], broker.client._resp_map) == (sent, {})


async def test_request_without_a_connection_is_away(tmp_path):
    broker = BrokerConnection(settings(nowhere(tmp_path)), "", name="test")
    with pytest.raises(BrokerAwayError):
        await broker.api("INFO")


def test_addresses_are_several_and_shown_without_passwords():
    assert addresses("nats://a:4222, nats://b:4222") == ["nats://a:4222", "nats://b:4222"]
    assert "word" not in shown_addresses("nats://me:word@a:4222")


def as_cancelled(outcome):
    """What the client does when a task is cancelled as the outcome comes: it waits by `asyncio.wait_for`, which in Python 3.11
    returns the outcome and forgets the cancellation.
    """

    async def called(*_, **__):
        asyncio.current_task().cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return called


def answer(body):
    return Msg(None, data=body)


@pytest.mark.parametrize("outcome", [answer(b'{"type": "made"}'), TimeoutError()])
async def test_request_whose_outcome_comes_as_its_task_is_cancelled_ends_the_task(tmp_path, monkeypatch, outcome):
    async with nats_server(tmp_path) as server, connected(settings(server)) as broker:
        monkeypatch.setattr(broker.client, "request", as_cancelled(outcome))
        asking = asyncio.create_task(broker.api("INFO"))
        await asyncio.wait([asking])
        assert asking.cancelled()


@pytest.mark.parametrize(("outcome", "ends"), [(answer(b'{"seq": 1}'), False), (TimeoutError(), True)])
async def test_acknowledgement_that_comes_as_its_task_is_cancelled_is_returned(tmp_path, monkeypatch, outcome, ends):
    async with nats_server(tmp_path) as server, connected(settings(server)) as broker:
        monkeypatch.setattr(broker.client, "request", as_cancelled(outcome))
        publishing = asyncio.create_task(broker.publish(subject(0), b"", {}))
        await asyncio.wait([publishing])
        assert publishing.cancelled() == ends
        assert ends or publishing.exception() is None


async def test_keeping_a_connection_ends_where_it_is_cancelled_as_an_attempt_fails(tmp_path, monkeypatch):
    async def refused_as_cancelled(*_, **__):
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(PATIENCE)
        raise ConnectionRefusedError

    monkeypatch.setattr(BrokerClient, "connect", refused_as_cancelled)
    keeping = asyncio.create_task(BrokerConnection(settings(nowhere(tmp_path)), "", name="test").keep())
    await asyncio.wait([keeping], timeout=PATIENCE)
    assert keeping.cancelled()
