"""proxy.upstream.tls_sessions: over real TLS sockets, a second connection to a host resumes the session of the first."""

import asyncio
import ssl
from types import SimpleNamespace

import pytest
import trustme

from proxy.errors import UpstreamError
from proxy.routing.provider_origin import parse_base_url
from proxy.upstream.dialer import Dialer
from proxy.upstream.tls_sessions import HostSessions, ResumingConnection, resume_sessions
from proxy.upstream.upstream_connection import UpstreamConnection
from tests.proxy.upstream.test_upstream_connection import answer
from tests.wires import PATIENCE, ok, scripted

ASK = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


def served(authority, version=ssl.TLSVersion.TLSv1_3):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = context.maximum_version = version
    context.set_alpn_protocols(["h2", "http/1.1"])
    authority.issue_cert("localhost", "other.localhost", "127.0.0.1").configure_cert(context)
    return context


def trusting(authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(context)
    context.set_alpn_protocols(["http/1.1"])
    return context


async def no_tls(wire):
    await wire.reader.read(1)
    await wire.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")


async def asked(dialer, port, host="localhost"):
    """Open a connection, have one answer over it, close it; what TLS says of it: resumed or not, the protocol of ALPN."""
    origin = parse_base_url(f"https://{host}:{port}/v1")
    connection = await dialer.connect(origin, lambda: UpstreamConnection(origin, [].append))
    read = answer()
    done = connection.serve(read)
    connection.send(ASK, last=True)
    await asyncio.wait_for(done, PATIENCE)
    secure = connection._transport.get_extra_info("ssl_object")
    connection.close()
    assert read.failure is None
    return secure.session_reused, secure.selected_alpn_protocol()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_second_connection_to_a_host_resumes_the_session_of_the_first(authority, version):
    async with scripted(None, ok(b"a"), ssl=served(authority, version)) as provider:
        dialer = Dialer(PATIENCE, trusting(authority))
        first, *later = [await asked(dialer, provider.port) for _ in range(3)]
        assert (first, later) == ((False, "http/1.1"), [(True, "http/1.1")] * 2)


async def test_another_host_or_another_process_begins_a_session_of_its_own(authority):
    async with scripted(None, ok(b"a"), ssl=served(authority)) as provider:
        dialer = Dialer(PATIENCE, trusting(authority))
        await asked(dialer, provider.port)
        assert await asked(dialer, provider.port, "127.0.0.1") == (False, "http/1.1")
        assert await asked(Dialer(PATIENCE, trusting(authority)), provider.port) == (False, "http/1.1")


async def test_a_server_without_the_session_gets_a_new_connection_and_its_session_is_used_after_a_minute(authority):
    dialer = Dialer(PATIENCE, context := trusting(authority))
    async with scripted(None, ok(b"a"), ssl=served(authority)) as provider:
        await asked(dialer, provider.port)
    async with scripted(None, ok(b"a"), ssl=served(authority)) as provider:
        assert [(await asked(dialer, provider.port))[0] for _ in range(2)] == [False, False]
        context.sslobject_class.sessions._next.clear()
        assert [(await asked(dialer, provider.port))[0] for _ in range(2)] == [False, True]


@pytest.mark.parametrize(("seconds", "wanted"), [(59.9, False), (60.0, True)])
def test_a_session_of_a_host_that_does_not_resume_is_taken_once_in_60_seconds(seconds, wanted):
    sessions = HostSessions()
    assert sessions.wanted("h", 5.0)
    assert sessions.wanted("other", 5.1)
    assert sessions.wanted("h", 5.0 + seconds) == wanted


async def test_a_session_with_which_a_connection_failed_is_not_used_again(authority):
    context = trusting(authority)
    dialer = Dialer(PATIENCE, context)
    async with scripted(None, ok(b"a"), ssl=served(authority)) as provider:
        await asked(dialer, provider.port)
        assert context.sslobject_class.sessions.known("localhost")
    async with scripted(no_tls) as plain:
        with pytest.raises(UpstreamError):
            await asked(dialer, plain.port)
    assert context.sslobject_class.sessions.known("localhost") is None


async def test_a_certificate_that_is_not_trusted_leaves_no_session(authority):
    context = resume_sessions(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    async with scripted(None, ok(b"a"), ssl=served(authority)) as provider:
        for _ in range(2):
            with pytest.raises(UpstreamError, match="certificate"):
                await asked(Dialer(PATIENCE, context), provider.port)
    assert context.sslobject_class.sessions.known("localhost") is None


def test_the_session_of_a_host_is_taken_again_after_a_minute():
    sessions = HostSessions()
    assert [sessions.wanted("h", now) for now in (100.0, 159.9, 160.0)] == [True, False, True]
    assert sessions.wanted("other", 100.0)


def test_a_session_is_known_until_it_is_forgotten_or_another_is_wanted():
    sessions = HostSessions()
    sessions.keep("h", "a session")
    sessions.keep("g", "another")
    assert (sessions.known("h"), repr(sessions)) == ("a session", "<HostSessions ['g', 'h']>")
    sessions.forget("h")
    sessions.forget("h")
    sessions.wanted("g", 1.0)
    assert (sessions.known("h"), sessions.known("g")) == (None, None)


class Reused:
    """A connection that ended its handshake in one of several ways."""

    def __init__(self, *, reused=False, ticket=False, identity=b"", version="TLSv1.3"):
        self.server_hostname, self.session_reused = "h", reused
        self.session = SimpleNamespace(has_ticket=ticket, id=identity)
        self.version = lambda: version
        self.sessions = HostSessions()


@pytest.mark.parametrize(
    ("how", "kept"),
    [
        ({"ticket": True}, True),
        ({"ticket": True, "reused": True}, False),
        ({}, False),
        ({"identity": b"x"}, False),
        ({"identity": b"x", "version": "TLSv1.2"}, True),
        ({"version": "TLSv1.2"}, False),
    ],
)
def test_a_session_is_kept_that_can_be_resumed_and_was_not(how, kept):
    made = Reused(**how)
    ResumingConnection.remember(made, 1.0)
    assert (made.sessions.known("h") is made.session) is kept
