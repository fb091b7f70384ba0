"""How a connection is attempted, how often and with which limits; a client without a server, and waits that take no time."""

import asyncio
import ssl
from contextlib import asynccontextmanager
from typing import ClassVar

import pytest
from nats.errors import MaxPayloadError, NoRespondersError

from shadow.broker import broker_client, broker_connection
from shadow.broker.broker_connection import BrokerConnection
from shadow.broker.broker_errors import (
    BrokerAwayError,
    BrokerError,
    BrokerRefusal,
    MessageTooLargeError,
    NoTlsError,
    StreamFullError,
)
from shadow.settings.top_level_config import BrokerConfig
from tests.passing_clock import PassingAsyncio
from tests.running import until

SETTINGS = BrokerConfig(url="nats://me:word@a:4222, nats://b:4222")
AWAY = ConnectionRefusedError(111, "Connection refused")


def tls_fault(reason, kind=ssl.SSLError):
    """An error as OpenSSL reports it."""
    error = kind(1, "[SSL] failed")
    error.reason = reason
    return error


class Transport:
    def __init__(self) -> None:
        self.closed = False

    def close(self) -> None:
        self.closed = True


class Client:
    """Connects, or raises the next of `errors`; `reports` are given to `error_cb` before it raises."""

    made: ClassVar[list["Client"]] = []
    errors: ClassVar[list[Exception]] = []
    reports: ClassVar[list[Exception]] = []

    def __init__(self, *, tls_only: bool) -> None:
        self.tls_only = tls_only
        self.options: dict[str, object] = {}
        self._transport = Transport()
        self.is_connected = False
        self.connected_url = None
        self.max_payload = 77
        self.answer = b"{}"
        self.sent: list[tuple[str, bytes]] = []
        self.limits: list[dict[str, float]] = []
        self.closed = False
        Client.made.append(self)

    async def connect(self, **options) -> None:
        self.options = options
        for report in Client.reports:
            await options["error_cb"](report)
        if Client.errors and (error := Client.errors.pop(0)):
            raise error
        self.is_connected = True

    async def close(self) -> None:
        self.closed, self.is_connected = True, False
        raise ConnectionResetError

    async def request(self, subject, body, *, headers, **limits):
        self.sent.append((subject, body, headers))
        self.limits.append(limits)
        if isinstance(self.answer, Exception):
            raise self.answer
        return type("Answer", (), {"data": self.answer})

    async def publish(self, subject, body) -> None:
        self.sent.append((subject, body))

    async def flush(self, **limits) -> None:
        self.limits.append(limits)
        raise ConnectionResetError


@pytest.fixture(autouse=True)
def passing(monkeypatch):
    monkeypatch.setattr(Client, "made", [])
    monkeypatch.setattr(Client, "errors", [])
    monkeypatch.setattr(Client, "reports", [])
    monkeypatch.setattr(broker_client, "BrokerClient", Client)
    monkeypatch.setattr(broker_connection, "asyncio", PassingAsyncio())
    return broker_connection.asyncio


async def opened(settings=SETTINGS, credentials="", prepare=None) -> BrokerConnection:
    broker = BrokerConnection(settings, credentials, name="test", prepare=prepare)
    await broker.open()
    return broker


async def refused(error, settings=SETTINGS, times=1) -> Exception:
    Client.errors[:] = [error] * times
    with pytest.raises((BrokerError, BrokerAwayError)) as raised:
        await opened(settings)
    return raised.value


@asynccontextmanager
async def kept(broker):
    task = asyncio.create_task(broker.keep())
    try:
        yield broker
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_one_attempt_is_bounded_and_a_client_that_is_connected_tries_for_ever():
    await opened(credentials="me:word")
    [client] = Client.made
    shown = {name: value for name, value in client.options.items() if not name.endswith("_cb")}
    assert shown == {
        "servers": ["nats://me:word@a:4222", "nats://b:4222"],
        "name": "sameweights test",
        "inbox_prefix": "_INBOX.test",
        "allow_reconnect": True,
        "max_reconnect_attempts": -1,
        "reconnect_time_wait": 0.2,
        "connect_timeout": 1,
        "ping_interval": 2,
        "max_outstanding_pings": 2,
        "pending_size": 4_194_304,
        "flush_timeout": 2.0,
        "user": "me",
        "password": "word",
    }
    assert not client.tls_only


async def test_one_attempt_does_not_try_again_by_itself(monkeypatch):
    seen = {}

    async def connect(_, **options):
        seen.update(options)

    monkeypatch.setattr(Client, "connect", connect)
    await opened()
    assert (seen["allow_reconnect"], seen["max_reconnect_attempts"]) == (False, 1)


@pytest.mark.parametrize(
    ("url", "authority", "wanted"),
    [("tls://a", "", True), ("nats://a", "", False), ("nats://a, tls://b", "", False), ("nats://a", "ca.pem", True)],
)
async def test_tls_is_wanted_by_the_first_address_or_by_an_authority(monkeypatch, url, authority, wanted):
    monkeypatch.setattr(ssl, "create_default_context", lambda cafile: ("context", cafile))
    await opened(SETTINGS.model_copy(update={"url": url, "tls_ca": authority}))
    [client] = Client.made
    assert (client.tls_only, client.options.get("tls")) == (wanted, ("context", authority or None) if wanted else None)


@pytest.mark.parametrize(("times", "attempts"), [(4, 5), (5, 5)])
async def test_connection_that_the_server_ends_is_attempted_five_times(times, attempts):
    Client.errors[:] = [ConnectionResetError("ended")] * times
    if times < attempts:
        await opened()
    else:
        with pytest.raises(BrokerAwayError, match="cannot be reached: ended"):
            await opened()
    assert len(Client.made) == attempts
    assert all(client.closed and client._transport.closed for client in Client.made[:times])


@pytest.mark.parametrize("error", [AWAY, OSError(113, "No route to host"), TimeoutError(), ValueError("odd")])
async def test_server_that_is_not_there_is_attempted_once(error):
    await refused(error)
    assert len(Client.made) == 1


async def test_attempt_may_take_three_seconds_and_the_end_of_a_client_two(passing):
    await refused(AWAY)
    assert passing.limits == [3.0, 2.0]


@pytest.mark.parametrize(
    ("error", "kind", "sentence"),
    [
        (AWAY, BrokerAwayError, "cannot be reached: Connection refused; see broker.url"),
        (ValueError("odd"), BrokerAwayError, "cannot be reached: odd; see broker.url"),
        (OSError("text alone"), BrokerAwayError, "cannot be reached: text alone; see broker.url"),
        (TimeoutError(), BrokerAwayError, "cannot be reached: no answer in time; see broker.url"),
        (ValueError("no INFO"), BrokerError, "is not a NATS server: see broker.url, whose port is usually 4222"),
        (ValueError("'Authorization Violation'"), BrokerError, "requires credentials: name the variable"),
        (ValueError("'Authentication Timeout'"), BrokerAwayError, "cannot be reached: 'Authentication Timeout'"),
        (tls_fault("WRONG_VERSION"), BrokerError, "fails: WRONG_VERSION; name its authority"),
        (tls_fault(None), BrokerError, "fails: [SSL] failed"),
        (NoTlsError("no TLS"), BrokerError, "offers no TLS: write nats:// to connect without TLS"),
    ],
)
async def test_reason_of_a_failed_attempt_is_a_sentence_without_the_password(error, kind, sentence):
    why = await refused(error)
    assert type(why) is kind
    assert sentence in str(why)
    assert "word" not in str(why)
    assert "'nats://b:4222'" in str(why)


@pytest.mark.parametrize(("code", "passes"), [(9, True), (10, True), (8, False), (11, False)])
async def test_certificate_whose_time_has_not_begun_or_is_over_passes_and_any_other_fault_does_not(code, passes):
    error = tls_fault("FAILED", ssl.SSLCertVerificationError)
    error.verify_code, error.verify_message = code, "a message"
    why = await refused(error)
    assert isinstance(why, BrokerAwayError) is passes
    assert ("fails: a message; see the clock of this host" in str(why)) is passes
    assert ("name its authority in broker.tls_ca" in str(why)) is not passes


async def test_reason_that_the_server_reported_before_it_ended_the_connection_is_the_one_given():
    Client.reports[:] = [ValueError("'Authorization Violation'")]
    why = await refused(ConnectionResetError("ended"))
    assert "requires credentials" in str(why)
    assert len(Client.made) == 1


async def test_connection_that_was_not_opened_shows_why_and_has_no_client():
    broker = BrokerConnection(SETTINGS, "", name="test")
    assert repr(broker) == "<BrokerConnection test the broker has not been reached yet>"
    assert (broker.is_connected, broker.state, broker.reopened) == (False, "the broker has not been reached yet", 0.0)
    with pytest.raises(BrokerAwayError, match="has not been reached yet"):
        broker.max_payload  # noqa: B018 - it raises
    await broker.close()


async def test_connection_that_is_open_shows_so_with_what_a_message_may_have_and_a_clock_that_differs():
    broker = await opened()
    assert (repr(broker), broker.state, broker.why_not) == ("<BrokerConnection test connected>", "connected", "")
    assert broker.max_payload == 77
    broker.clock.seconds = 90.0
    assert broker.state.startswith("connected; the clock of this host is 90 s ahead")
    Client.made[0].is_connected = False
    assert broker.why_not == "the connection to the broker is lost, and opened again as soon as a server answers"
    await Client.made[0].options["error_cb"](NoTlsError("no TLS"))
    assert "offers no TLS" in broker.why_not


async def test_connection_whose_streams_cannot_be_made_is_closed_again():
    async def prepare(_):
        raise BrokerError("no room")

    with pytest.raises(BrokerError, match="no room"):
        await opened(prepare=prepare)
    assert Client.made[0].closed


async def test_server_that_is_away_is_tried_after_pauses_that_double_up_to_five_seconds_and_logged_once(passing, logged):
    lines = logged("shadow.broker.broker_connection")
    Client.errors[:] = [AWAY] * 7
    broker = BrokerConnection(SETTINGS, "", name="test")
    async with kept(broker):
        await until(lambda: broker.is_connected)
        assert broker.reopened > 0
        Client.errors[:] = [AWAY]
        await Client.made[-1].options["closed_cb"]()
        await until(lambda: len(Client.made) == 10 and broker.is_connected)
    assert passing.pauses == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 0.2]
    shown = [call.kwargs["event"] for call in lines]
    assert shown == ["broker_away", "broker_connected", "broker_away", "broker_connected"]


async def test_reason_that_changes_while_the_broker_refuses_is_logged_again(logged):
    lines = logged("shadow.broker.broker_connection")
    info, tls = ValueError("no INFO"), NoTlsError("no TLS")
    Client.errors[:] = [AWAY, TimeoutError(), info, info, tls]
    broker = BrokerConnection(SETTINGS, "", name="test")
    async with kept(broker):
        await until(lambda: broker.is_connected)
    reasons = [call.kwargs["reason"] for call in lines if call.kwargs["event"] == "broker_away"]
    words = ("Connection refused", "is not a NATS server", "offers no TLS")
    assert [word in reason for word, reason in zip(words, reasons, strict=True)] == [True] * 3


async def test_what_is_doubted_is_prepared_at_most_every_three_seconds(passing):
    prepared = []

    async def prepare(broker):
        prepared.append(broker)

    broker = await opened(prepare=prepare)
    async with kept(broker):
        broker.doubt()
        await until(lambda: len(passing.pauses) == 1)
        Client.made[0].is_connected = False
        broker.doubt()
        await until(lambda: len(passing.pauses) == 2)
    assert passing.pauses == [3.0, 3.0]
    assert len(prepared) == 2, "as it was opened, and once again while it was connected"


async def test_connection_that_came_back_is_logged_with_its_server_and_prepared_again(logged):
    lines, prepared = logged("shadow.broker.broker_connection"), []

    async def prepare(broker):
        prepared.append(broker)

    broker = await opened(prepare=prepare)
    [client] = Client.made
    client.connected_url = type("Url", (), {"netloc": "me:word@a:4222"})
    async with kept(broker):
        await client.options["disconnected_cb"]()
        await client.options["reconnected_cb"]()
        await until(lambda: len(prepared) == 2)
    assert [call.kwargs["event"] for call in lines] == ["broker_away", "broker_connected"]
    assert lines[1].kwargs["server"] == "a:4222"
    assert broker.reopened > 0
    await broker.close()
    await client.options["disconnected_cb"]()
    assert len(lines) == 2, "one that was closed is not lost"


async def test_client_is_returned_once_a_server_is_connected(passing):
    broker = await opened()
    [client] = Client.made
    client.is_connected = False
    waiting = asyncio.create_task(broker.connected())
    await until(lambda: len(passing.pauses) >= 2)
    client.is_connected = True
    assert await waiting is client
    assert {*passing.pauses} == {0.2}


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (b'{"error": {"code": 503, "err_code": 10077, "description": "full"}}', StreamFullError, r"the stream is full \(full\)"),
        (b'{"error": {"code": 400, "err_code": 10054, "description": "large"}}', MessageTooLargeError, "large"),
        (b'{"error": {"code": 400, "err_code": 10060, "description": "no"}}', BrokerRefusal, r"refuses: no \(10060\)"),
        (MaxPayloadError(), MessageTooLargeError, "payload"),
        (NoRespondersError(), BrokerAwayError, r"JetStream does not answer: .* \(jetstream \{\} in its file\)"),
        (TimeoutError(), BrokerAwayError, r"did not answer in time \(TimeoutError\)"),
        (ConnectionResetError(), BrokerAwayError, r"did not answer in time \(ConnectionResetError\)"),
    ],
)
async def test_message_that_is_not_acknowledged_is_an_error_of_its_kind(answer, kind, words):
    broker = await opened()
    Client.made[0].answer = answer
    with pytest.raises(kind, match=words) as raised:
        await broker.publish("there", b"body", {"a": "b"})
    assert type(raised.value) is kind
    assert Client.made[0].sent == [("there", b"body", {"a": "b"})]
    assert Client.made[0].limits == [{"timeout": 2.0}]
    assert broker._doubted.is_set() == isinstance(answer, NoRespondersError)


async def test_request_of_the_api_has_its_prefix_and_a_body_where_there_is_one_and_shows_a_clock_that_differs(logged):
    lines = logged("shadow.broker.broker_connection")
    broker = await opened()
    [client] = Client.made
    client.answer = b'{"ts": "2001-01-01T00:00:00Z", "x": 1}'
    for request in (None, {"a": 1}):
        assert (await broker.api("INFO", request))["x"] == 1
    assert [sent[:2] for sent in client.sent] == [("$JS.API.INFO", b""), ("$JS.API.INFO", b'{"a": 1}')]
    assert [call.kwargs["event"] for call in lines] == ["clock_off"], "once"
    assert "ahead of the broker's" in lines[0].kwargs["reason"]


async def test_acknowledgement_goes_by_the_client_of_now_and_is_lost_where_there_is_none():
    broker = await opened()
    message = type("Message", (), {"reply": "back"})
    await broker.tell(message, b"+ACK")
    await broker.flush()
    assert Client.made[0].sent == [("back", b"+ACK")]
    assert Client.made[0].limits == [{"timeout": 2}]
    await broker.close()
    await broker.tell(message, b"+ACK")
    await broker.flush()
    assert len(Client.made[0].sent) == 1


async def test_reason_of_before_is_forgotten_once_the_connection_is_open():
    faults = [BrokerError("no leader yet"), None]

    async def prepare(_):
        if fault := faults.pop(0):
            raise fault

    broker = BrokerConnection(SETTINGS, "", name="test", prepare=prepare)
    with pytest.raises(BrokerError):
        await broker.open()
    assert broker.why_not == "no leader yet"
    await broker.open()
    await broker.close()
    with pytest.raises(BrokerAwayError, match="the connection to the broker is lost"):
        _ = broker.client
