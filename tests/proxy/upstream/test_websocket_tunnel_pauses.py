"""proxy.upstream.websocket_tunnel: what is sent on, counted and waited for, by a link and a client that note it."""

import asyncio
from types import SimpleNamespace

import pytest

from proxy.upstream.websocket_tunnel import WebSocketTunnel
from tests.running import until


class Full:
    """A link that takes no more until it is drained, and the client's transport: what is done to them, in order."""

    def __init__(self) -> None:
        self.done: list[object] = []
        self.full = True
        self.empty = asyncio.Event()

    def __repr__(self) -> str:
        return "<Full>"

    def send(self, data, *, last):
        assert last  # because nothing more is needed for it to be whole
        self.done.append(data)

    async def drained(self):
        await self.empty.wait()

    def end_sending(self):
        self.done.append("end")

    def is_closing(self):
        return "closed" in self.done

    def pause_reading(self):
        self.done.append("pause")

    def resume_reading(self):
        self.done.append("resume")


@pytest.fixture
async def both():
    return Full()


@pytest.fixture
async def tunnel(both):
    sizes = []
    made = WebSocketTunnel(both, both, SimpleNamespace(pass_up=sizes.append))
    yield made
    made.close()
    assert sizes == [len(data) for data in both.done if isinstance(data, bytes)]


async def test_a_client_is_paused_once_while_its_provider_takes_no_more(both, tunnel):
    tunnel.take(b"1")
    tunnel.take(b"23")
    assert (both.done, repr(tunnel)) == ([b"1", "pause", b"23"], "<WebSocketTunnel over <Full> waiting=True>")
    both.full = False
    both.empty.set()
    await until(lambda: "resume" in both.done)
    tunnel.take(b"4")
    assert (both.done[3:], repr(tunnel)) == (["resume", b"4"], "<WebSocketTunnel over <Full> waiting=False>")


async def test_a_client_is_paused_again_when_its_provider_takes_no_more_again(both, tunnel):
    tunnel.take(b"1")
    both.empty.set()
    await until(lambda: "resume" in both.done)
    tunnel.take(b"2")
    assert both.done == [b"1", "pause", "resume", b"2", "pause"]


async def test_a_client_that_is_gone_is_neither_paused_nor_resumed(both, tunnel):
    tunnel.take(b"1")
    both.done.append("closed")
    both.empty.set()
    await until(lambda: "waiting=False" in repr(tunnel))
    tunnel.take(b"2")
    assert both.done == [b"1", "pause", "closed", b"2"]


async def test_a_tunnel_that_is_closed_waits_for_nothing_and_its_client_is_read_again(both, tunnel):
    tunnel.close()
    tunnel.take(b"1")
    (waiting,) = asyncio.all_tasks() - {asyncio.current_task()}
    tunnel.close()
    await asyncio.gather(waiting, return_exceptions=True)
    assert (waiting.cancelled(), both.done) == (True, [b"1", "pause", "resume"])


async def test_the_end_of_a_client_ends_the_sending_to_its_provider(both, tunnel):
    tunnel.end()
    assert both.done == ["end"]
