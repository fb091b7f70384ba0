"""proxy.upstream.upstream_connection: what it writes, reads and waits for in each of its states, by a transport that notes it."""

import asyncio
import ssl
from tempfile import TemporaryFile

import pytest

from proxy.exchange import FailureKind, Role
from proxy.process import tcp_info
from proxy.record.capture import Capture
from proxy.record.recorded_head import RecordedHead
from proxy.routing.provider_origin import parse_base_url
from proxy.upstream.known_heads import KnownHeads, PatternBudget
from proxy.upstream.response_consumer import HeadRewrite
from proxy.upstream.response_reader import ResponseReader
from proxy.upstream.tls_sessions import ResumingConnection
from proxy.upstream.upstream_connection import UpstreamConnection
from tests.noted_transport import NotedTransport
from tests.running import until
from tests.wires import STREAM_HEAD, ok

UNTIL_CLOSE = b"HTTP/1.1 200 OK\r\n\r\n"


class Client:
    def __init__(self):
        self.written = b""

    def begin(self, head):
        return HeadRewrite(head=head.raw)

    def write(self, data):
        self.written += data


def answer(method="POST", client=None):
    capture = Capture(identity="", role=Role.PRIMARY, started=0.0, begun=0.0, limit=10**7, head=RecordedHead(method, "/", ()))
    return ResponseReader(method=method, limit=10_000, capture=capture, reader=client or Client())


@pytest.fixture
def quiet():
    """A file of nothing, of which the kernel says that it can be read, in place of a socket."""
    with TemporaryFile() as file:
        yield file


def made(quiet, url="http://h/v1", **extra):
    gone = []
    connection, transport = UpstreamConnection(parse_base_url(url), gone.append), NotedTransport(socket=quiet, **extra)
    connection.connection_made(transport)
    transport.done.clear()
    return connection, transport, gone


async def test_its_buffer_counts_as_full_as_soon_as_it_holds_a_byte(quiet):
    for url, high in (("http://h/v1", 0), ("https://h/v1", 1)):
        connection, transport = UpstreamConnection(parse_base_url(url), print), NotedTransport(socket=quiet)
        connection.connection_made(transport)
        assert transport.done == [("set_write_buffer_limits", high, 0)]


async def test_its_picture_shows_its_state(quiet):
    connection, _, _ = made(quiet)
    assert repr(connection) == "<UpstreamConnection h idle served=0 held=False full=False>"
    connection.begin(answer(), list)
    connection.pause_writing()
    connection.hold(held=True)
    assert repr(connection) == "<UpstreamConnection h busy served=1 held=True full=True>"
    connection.connection_lost(None)
    assert repr(connection) == "<UpstreamConnection h closed served=1 held=True full=False>"


async def test_a_request_is_unsent_until_its_last_part_has_left_the_process(quiet):
    connection, _, _ = made(quiet)
    connection.begin(answer(), list)
    assert connection.unsent
    connection.send(b"POST", last=False)
    assert connection.unsent
    connection.send(b"/", last=True)
    assert not connection.unsent
    connection.pause_writing()
    assert (connection.unsent, connection.full) == (True, True)
    connection.resume_writing()
    assert (connection.unsent, connection.full) == (False, False)
    connection.begin(answer(), list)
    assert connection.unsent


@pytest.mark.parametrize(
    ("size", "written"),
    [
        (0, ("write", b"head")),
        (16_384, ("write", b"head" + b"b" * 16_384)),
        (16_385, ("writelines", (b"head", b"b" * 16_385))),
    ],
)
async def test_a_body_is_joined_to_its_head_up_to_16_kib(quiet, size, written):
    connection, transport, _ = made(quiet)
    connection.begin(answer(), list)
    connection.send(b"head", b"b" * size, last=True)
    assert transport.done == [written]


async def test_nothing_is_written_without_a_request_or_to_a_connection_that_closes(quiet):
    connection, transport, _ = made(quiet)
    connection.send(b"x", last=True)
    assert transport.done == []
    connection.begin(answer(), list)
    transport.closing = True
    connection.send(b"x", last=True)
    assert (transport.done, connection.unsent) == ([], True)


async def test_silence_counts_only_while_the_provider_is_to_answer(quiet):
    connection, _, _ = made(quiet)
    assert connection.silent_for(connection.last + 9.0) == 0.0
    connection.begin(answer(), list)
    connection.send(b"x", last=True)
    assert connection.silent_for(connection.last + 9.0) == pytest.approx(9.0)
    connection.wait_for_client(waiting=True)
    assert connection.silent_for(connection.last + 9.0) == 0.0
    connection.wait_for_client(waiting=False)
    assert connection.silent_for(connection.last + 9.0) == pytest.approx(9.0)
    connection.hold(held=True)
    assert connection.silent_for(connection.last + 9.0) == 0.0


@pytest.mark.parametrize(
    "move",
    [
        lambda one: one.send(b"x", last=True),
        lambda one: one.data_received(b"H"),
        lambda one: one.resume_writing(),
        lambda one: one.wait_for_client(waiting=False),
        lambda one: one.hold(held=False),
    ],
)
async def test_each_move_of_a_byte_ends_a_silence(quiet, move):
    connection, _, _ = made(quiet)
    connection.begin(answer(), list)
    assert connection.last == 0.0
    move(connection)
    assert connection.last > 0.0


async def test_a_slow_client_stops_the_reading_of_its_answer_alone(quiet):
    connection, transport, _ = made(quiet)
    connection.hold(held=True)
    assert (transport.done, connection.held) == ([], False)
    connection.begin(answer(), list)
    connection.hold(held=True)
    connection.hold(held=False)
    assert transport.done == [("pause_reading",), ("resume_reading",)]


async def test_an_answer_that_ends_while_its_client_is_slow_is_followed_by_one_that_is_read(quiet):
    connection, transport, _ = made(quiet, "https://h/v1")
    connection.begin(answer(), list)
    connection.send(b"x", last=True)
    connection.hold(held=True)
    transport.done.clear()
    connection.data_received(ok(b"x"))
    assert (transport.done, connection.held) == ([("resume_reading",)], False)


async def test_bytes_without_a_request_close_the_connection(quiet):
    connection, transport, _ = made(quiet)
    connection.data_received(b"x")
    assert transport.done == [("abort",)]


@pytest.mark.parametrize(
    ("sent", "data", "kept"),
    [
        (True, ok(b"x", b"Keep-Alive: timeout=7"), True),
        (False, ok(b"x", b"Keep-Alive: timeout=7"), False),
        (True, ok(b"x", b"Connection: close"), False),
        (True, ok(b"x") + b"!", False),
    ],
)
async def test_a_connection_is_kept_behind_an_answer_that_ended_exactly_to_a_request_that_left(quiet, sent, data, kept):
    connection, transport, _ = made(quiet, "https://h/v1")
    over, reading = [], answer()
    connection.begin(reading, lambda: over.append(1))
    connection.send(b"x", last=sent)
    connection.data_received(data)
    assert (over, reading.over, reading.reusable) == ([1], True, kept)
    assert (("abort",) in transport.done) != kept
    assert connection.keep_seconds == (7.0 if kept else 0.0)


async def test_a_request_on_a_connection_that_closes_fails_at_once_and_says_so_once(quiet):
    connection, transport, _ = made(quiet)
    transport.closing = True
    over, reading = [], answer()
    connection.begin(reading, lambda: over.append(1))
    assert (over, reading.failure.kind) == ([1], FailureKind.CLOSED)
    connection.connection_lost(None)
    assert over == [1]


async def test_what_gives_an_answer_up_closes_its_connection(quiet):
    connection, transport, _ = made(quiet)
    over, reading = [], answer()
    connection.begin(reading, lambda: over.append(1))
    connection.fail(FailureKind.CLIENT_GONE, "it left")
    assert (over, reading.failure.kind, reading.failure.detail) == ([1], FailureKind.CLIENT_GONE, "it left")
    assert ("abort",) in transport.done
    idle, transport, _ = made(quiet)
    idle.fail(FailureKind.STOPPED, "")
    assert transport.done == [("abort",)]


async def test_an_answer_whose_client_has_gone_is_written_nowhere(quiet):
    connection, _, _ = made(quiet)
    connection.mute()
    client = Client()
    connection.begin(answer(client=client), list)
    connection.mute()
    connection.data_received(UNTIL_CLOSE + b"x")
    assert (client.written, connection.answering) == (b"", True)


async def test_whoever_waits_for_the_buffer_is_called_once_when_it_is_empty_or_the_connection_gone(quiet):
    for end in (lambda one: one.resume_writing(), lambda one: one.connection_lost(None)):
        connection, _, _ = made(quiet)
        await connection.drained()
        called = []
        connection.pause_writing()
        connection.when_drained(lambda called=called: called.append(1))
        assert called == []
        end(connection)
        connection.resume_writing()
        assert (called, connection.full) == ([1], False)


async def test_the_end_of_a_connection_is_reported_once_with_itself(quiet):
    connection, _, gone = made(quiet)
    connection.connection_lost(None)
    assert gone == [connection]
    assert (connection.usable, connection.answering) == (False, False)
    connection.close()
    connection.send(b"x", last=True)
    connection.end_sending()


async def test_of_a_tls_connection_the_whole_is_closed_where_one_side_cannot_end(quiet):
    connection, transport, _ = made(quiet)
    connection.end_sending()
    assert transport.done == [("write_eof",)]
    connection, transport, _ = made(quiet, "https://h/v1", ssl_object=Secure("notice"))
    connection.end_sending()
    assert transport.done == [("close",)]


class Secure:
    """The TLS state of a connection that has ended, in one of its ways."""

    def __init__(self, how):
        self.how = how

    def read(self, size):
        if self.how == "no notice":
            raise ssl.SSLError
        return b"x"[:size] if self.how == "unread" else b""


@pytest.mark.parametrize(("how", "whole"), [("notice", True), ("no notice", False), ("unread", False)])
async def test_an_answer_that_runs_until_the_end_of_tls_is_whole_behind_a_notice_alone(quiet, how, whole):
    connection, _, _ = made(quiet, "https://h/v1", ssl_object=Secure(how))
    reading = answer()
    connection.begin(reading, list)
    connection.send(b"x", last=True)
    connection.data_received(UNTIL_CLOSE + b"x")
    connection.eof_received()
    assert (reading.over, reading.failure is None) == (True, whole)


async def test_an_answer_that_runs_until_the_end_of_plain_tcp_is_whole_there(quiet):
    connection, _, _ = made(quiet)
    reading = answer()
    connection.begin(reading, list)
    connection.data_received(UNTIL_CLOSE + b"x")
    connection.eof_received()
    assert (reading.over, reading.failure) == (True, None)


@pytest.mark.parametrize(
    ("url", "error", "read"),
    [("http://h/v1", True, 1_048_576), ("http://h/v1", False, 0), ("https://h/v1", True, 0)],
)
async def test_what_came_before_a_reset_is_read_sixteen_reads_of_64_kib_of_it(url, error, read):
    with TemporaryFile() as file:
        file.write(b"x" * 2_000_000)
        file.flush()
        file.seek(0)
        connection, _, _ = made(file, url)
        client = Client()
        connection.begin(answer(client=client), list)
        connection.data_received(UNTIL_CLOSE)
        connection.connection_lost(ConnectionResetError() if error else None)
        assert len(client.written) == len(UNTIL_CLOSE) + read


class Session(ResumingConnection):
    """The TLS of a connection, which notes when its session is to be kept."""

    def __init__(self):
        self.kept = []

    def remember(self, now):
        self.kept.append(now)


@pytest.mark.parametrize(("url", "kept"), [("https://h/v1", 1), ("http://h/v1", 0)])
async def test_the_session_of_a_tls_connection_is_kept_behind_its_first_answer(quiet, url, kept):
    session = Session()
    connection, _, _ = made(quiet, url, ssl_object=session)
    for _ in range(2):
        connection.begin(answer(), list)
        connection.send(b"x", last=True)
        connection.data_received(ok(b"x"))
        connection._came_early = False
        assert len(session.kept) == kept or url.startswith("http:")


async def test_an_answer_is_read_by_the_heads_that_its_provider_is_known_to_send(quiet):
    known = KnownHeads(PatternBudget())
    connection = UpstreamConnection(parse_base_url("http://h/v1"), print, known)
    connection.connection_made(NotedTransport(socket=quiet))
    reading = answer()
    connection.begin(reading, list)
    assert reading.known is known


async def test_that_a_client_was_waited_for_ends_with_its_request(quiet):
    connection, _, _ = made(quiet, "https://h/v1")
    connection.begin(answer(), list)
    connection.send(b"x", last=True)
    connection.wait_for_client(waiting=True)
    connection.data_received(ok(b"x"))
    connection.begin(answer(), list)
    assert connection.silent_for(connection.last + 9.0) == pytest.approx(9.0)


async def test_a_connection_that_nothing_was_sent_on_has_all_unsent(quiet):
    assert made(quiet)[0].unsent


@pytest.mark.parametrize(("method", "again"), [("POST", False), ("GET", True)])
async def test_a_request_given_up_as_stale_goes_out_again_only_where_it_is_safe(quiet, method, again):
    connection, _, _ = made(quiet)
    reading = answer(method)
    connection.begin(reading, list)
    connection.fail(FailureKind.STALE, "")
    assert connection.replaceable(reading) is again


@pytest.mark.parametrize(("pending", "again"), [(0, False), (1, True)])
async def test_a_request_of_which_a_byte_was_not_received_before_an_orderly_end_may_go_out_again(
    quiet, monkeypatch, pending, again
):
    monkeypatch.setattr(tcp_info, "pending", lambda _: pending)
    connection, _, _ = made(quiet, "https://h/v1")
    for _ in range(2):
        reading = answer()
        connection.begin(reading, list)
        connection.send(b"x", last=True)
        if not connection.served > 1:
            connection.data_received(ok(b"x"))
    connection.eof_received()
    assert reading.failure.kind is FailureKind.STALE
    assert connection.replaceable(reading) is again


async def test_a_fault_in_what_was_put_off_is_reported_and_closes_the_connection(quiet, monkeypatch):
    faults = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(str(context["exception"])))
    monkeypatch.setattr(ResponseReader, "read_on", lambda _: 1 // 0)
    connection, transport, _ = made(quiet)
    connection.begin(answer(), list)
    connection.data_received(STREAM_HEAD + b"1\r\nb\r\n" * 2_000)
    assert transport.done == [("pause_reading",)]
    await until(lambda: faults)
    assert (faults, ("abort",) in transport.done) == (["integer division or modulo by zero"], True)
