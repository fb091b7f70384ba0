"""Ports are bound once, named when they are taken, and opened only where no other process listens."""

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
