"""A message comes out of its frame as it went in."""

import os
import socket

import pytest

from proxy.packing import FrameError, FrameReader
from shadow.pipeline.audit_messages import RESULT, Done, Recorded, WorkerState, is_own, packed, unpacked
from storage.opening import record_preparer
from tests.conformance import exchange_record


def test_messages_with_a_prepared_record_come_out_as_they_went_in():
    record = record_preparer().prepare(exchange_record("one"))
    sent = [Recorded(3, record), Done(3), WorkerState(1, 2, fetcher=True)]
    [(kind, payload)] = FrameReader(1_000_000).feed(packed(RESULT, sent))
    assert (kind, unpacked(payload)) == (RESULT, sent)


class Connection:
    """A transport over one end of a pair, both of which are this process's."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end

    def get_extra_info(self, name: str) -> socket.socket | None:
        return self._end if name == "socket" else None


@pytest.fixture
def connection():
    one, other = socket.socketpair(socket.AF_UNIX)
    with one, other:
        yield Connection(one)


@pytest.mark.skipif(not hasattr(socket, "SO_PEERCRED"), reason="the system does not show whose the other end is")
def test_process_of_this_user_is_own_and_one_of_another_is_not(connection, monkeypatch):
    assert is_own(connection) is True
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert is_own(connection) is False


def test_process_is_own_where_the_system_does_not_show_whose_it_is(connection, monkeypatch):
    monkeypatch.delattr(socket, "SO_PEERCRED", raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert is_own(connection) is True


@pytest.mark.parametrize("payload", [b"", b"no message", b"cno.such.module\nname\n."])
def test_what_is_no_message_says_why(payload):
    with pytest.raises(FrameError, match=r"^no message: \w+Error: "):
        unpacked(payload)
