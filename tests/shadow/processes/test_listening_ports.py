"""Ports are bound once, named when they are taken, and opened only where no other process listens."""

import socket
import sys
from pathlib import Path

import pytest

from shadow.processes.listening_ports import PortTakenError, bind, listen


def test_a_taken_port_is_named_with_its_key_and_what_to_do(taken):
    with pytest.raises(PortTakenError) as wrong:
        bind("proxy.listen", taken)
    reason = "Address already in use; choose another port, or stop what uses this one"
    assert str(wrong.value) == f"proxy.listen: cannot listen on '{taken}': {reason}"


def test_an_address_that_is_not_ours_is_a_fault_too():
    with pytest.raises(PortTakenError, match=r"192\.0\.2\.1"):
        bind("admin.listen", "192.0.2.1:8080")


def test_each_of_several_sockets_is_its_own_on_one_port():
    bound = bind("proxy.listen", "127.0.0.1:0", 3)
    assert len({opened.getsockname() for opened in bound}) == 1
    assert len({opened.fileno() for opened in bound}) == 3
    for opened in bound:
        opened.close()


def test_an_address_in_brackets_is_of_ipv6():
    try:
        [opened] = bind("admin.listen", "[::1]:0")
    except PortTakenError:
        pytest.skip("this machine has no IPv6")
    assert opened.getsockname()[0] == "::1"
    opened.close()


def test_a_second_instance_cannot_share_the_port_of_one_with_several_workers():
    first = bind("proxy.listen", "127.0.0.1:0", 2)
    address = "{}:{}".format(*first[0].getsockname())
    second = bind("proxy.listen", address, 2)  # nothing listens yet
    listen("proxy.listen", address, first)
    try:
        with pytest.raises(PortTakenError, match=r"proxy\.listen"):
            bind("proxy.listen", address, 2)
        with pytest.raises(PortTakenError, match=r"proxy\.listen"):
            listen("proxy.listen", address, second)
    finally:
        for opened in (*first, *second):
            opened.close()


@pytest.mark.parametrize(("count", "shared"), [(1, False), (2, True)])
def test_socket_never_blocks_and_shares_its_port_only_where_there_are_several(count, shared):
    bound = bind("proxy.listen", "127.0.0.1:0", count)
    for opened in bound:
        assert not opened.getblocking()
        assert bool(opened.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT)) == shared
        assert opened.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR), "a start soon after a stop finds its port free"
        opened.close()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux shows the length of the queue")
def test_port_queues_1024_connections_that_were_not_accepted_yet_where_the_system_allows_it():
    [opened] = bind("proxy.listen", "127.0.0.1:0")
    listen("proxy.listen", "127.0.0.1:0", [opened])
    most = int.from_bytes(opened.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 32)[28:], sys.byteorder)
    opened.close()
    assert most == min(1_024, int(Path("/proc/sys/net/core/somaxconn").read_text(encoding="ascii")))
