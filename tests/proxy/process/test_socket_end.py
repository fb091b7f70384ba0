"""proxy.process.socket_end: our side can end alone, and a reset follows what was written before it."""

import asyncio
import socket

import pytest

from proxy.process import socket_end


async def _pair():
    listening = socket.create_server(("127.0.0.1", 0))
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_connection(asyncio.Protocol, *listening.getsockname())
    far, _ = listening.accept()
    listening.close()
    far.setblocking(False)
    return transport, far


async def _read_on(loop, far):
    while await loop.sock_recv(far, 9):
        pass


async def test_our_side_ends_behind_what_was_written_and_the_other_may_go_on():
    transport, far = await _pair()
    transport.write(b"last")
    assert socket_end.sending(transport)
    loop = asyncio.get_running_loop()
    assert (await loop.sock_recv(far, 9), await loop.sock_recv(far, 9)) == (b"last", b"")
    assert not transport.is_closing()
    transport.abort()
    far.close()


async def test_a_connection_that_is_no_more_or_closing_has_no_side_to_end():
    transport, far = await _pair()
    transport.close()
    assert not socket_end.sending(transport)
    assert not socket_end.sending(None)
    far.close()


async def test_a_reset_comes_behind_what_was_written():
    transport, far = await _pair()
    transport.write(b"last")
    socket_end.reset(transport)
    loop = asyncio.get_running_loop()
    with pytest.raises(ConnectionResetError):
        await _read_on(loop, far)
    far.close()


async def test_what_was_written_has_arrived_once_the_other_end_has_taken_it():
    transport, far = await _pair()
    assert socket_end.arrived(transport)
    transport.write(b"x" * 20_000_000)
    assert not socket_end.arrived(transport)
    transport.abort()
    far.close()


async def test_the_end_of_a_connection_that_is_closing_is_not_replaced_by_a_reset():
    transport, far = await _pair()
    transport.write(b"last")
    transport.close()
    socket_end.reset(transport)
    loop = asyncio.get_running_loop()
    assert (await loop.sock_recv(far, 9), await loop.sock_recv(far, 9)) == (b"last", b"")
    far.close()
