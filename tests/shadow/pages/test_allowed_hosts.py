import pytest

from shadow.pages.allowed_hosts import AllowedHosts, is_same_origin


@pytest.mark.parametrize("header", ["localhost", "LOCALHOST:80", "127.0.0.1:8081", "[::1]:1", "audit.example:8081", "10.0.0.1"])
def test_loopback_the_listening_host_and_configured_names_are_accepted(header):
    assert AllowedHosts("10.0.0.1:8081", ["Audit.example"]).host(header)


@pytest.mark.parametrize("header", ["", ":80", "10.0.0.2", "evil.example", "127.0.0.1.evil.example", "[fd00::1]:1"])
def test_another_host_is_refused(header):
    assert not AllowedHosts("10.0.0.1:8081", ["audit.example"]).host(header)


@pytest.mark.parametrize("listen", ["0.0.0.0:1", "[::]:1", ":1"])
def test_a_port_on_every_address_accepts_addresses_and_no_unknown_names(listen):
    hosts = AllowedHosts(listen, ())
    assert [hosts.host(header) for header in ("10.1.2.3:8082", "[fd00::1]:8082", "audit.example:8082")] == [True, True, False]


@pytest.mark.parametrize(
    ("origin", "same"),
    [("http://a:1", True), ("https://a:1", True), ("http://a", False), ("null", False), ("http://a:1.evil", False)],
)
def test_an_origin_is_of_the_same_site_by_host_and_port(origin, same):
    assert is_same_origin(origin, "a:1") == same
