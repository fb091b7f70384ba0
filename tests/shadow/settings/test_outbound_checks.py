"""shadow.settings.outbound_checks: what cannot be used on the way out is refused at the start, by its setting or variable."""

from urllib.parse import urlsplit

import pytest
import trustme

from shadow.settings.config_errors import ConfigError
from shadow.settings.load_config import advice, load
from shadow.settings.outbound_checks import proxy_address, proxy_of

PROVIDERS = """
[proxy]
provider = "far"
{proxy}
[proxy.providers.far]
base_url = "https://api.example.com/v1"
{far}
[proxy.providers.near]
base_url = "http://127.0.0.1:8000/v1"
"""


@pytest.fixture
def file(tmp_path):
    def written(*, proxy="", far="", rest=""):
        path = tmp_path / "s.toml"
        path.write_text(PROVIDERS.format(proxy=proxy, far=far) + rest)
        return path

    return written


def faults(path, environ=None, *, serving=True):
    try:
        load(path, {}, environ or {}, serving=serving)
    except ConfigError as error:
        return [fault.partition("s.toml:")[2] or fault for fault in error.errors]
    return []


@pytest.mark.parametrize("address", ["http://proxy.example:3128", "proxy.example", "none"])
def test_a_proxy_that_can_be_used_is_no_fault(file, address):
    assert faults(file(proxy=f'outbound_proxy = "{address}"', far=f'outbound_proxy = "{address}"')) == []


def test_each_setting_that_cannot_be_used_is_a_fault_with_its_line(file, tmp_path):
    (tmp_path / "empty.pem").write_text("nothing")
    path = file(
        proxy=f'outbound_proxy = "socks5://a"\nca_file = "{tmp_path}/absent.pem"',
        far=f'outbound_proxy = "http://me:secret@a"\nca_file = "{tmp_path}/empty.pem"',
    )
    found = faults(path)
    assert [fault.partition(": ")[0] for fault in found] == ["4", "5", "8", "9"]
    assert "proxy.outbound_proxy: 'socks5://a' is a proxy of the kind 'socks5'" in found[0]
    assert found[1].endswith(".pem' cannot be read: no such file or directory")
    assert "proxy.providers.far.outbound_proxy: 'http://***@a' carries a user name or a password" in found[2]
    assert found[3].endswith(".pem' holds no certificate in PEM form")
    assert faults(path, serving=False) == [], "a report needs no way out"


ENVIRONMENTS = {
    "a SOCKS proxy": ({"HTTPS_PROXY": "socks5://me:secret@a"}, "HTTPS_PROXY: 'socks5://***@a' is a proxy of the kind 'socks5'"),
    "no address": ({"all_proxy": "http://a:x"}, "all_proxy: 'http://a:x' is not the address of a proxy"),
    "an absent file": ({"SSL_CERT_FILE": "/absent/ca.pem"}, "SSL_CERT_FILE: '/absent/ca.pem' cannot be read"),
    "a file without certificates": ({"SSL_CERT_FILE": __file__}, "holds no certificate in PEM form"),
    "absent folders": ({"SSL_CERT_DIR": "/absent:/missing"}, "SSL_CERT_DIR: '/absent:/missing' is not a folder"),
}


@pytest.mark.parametrize(("environ", "words"), ENVIRONMENTS.values(), ids=ENVIRONMENTS)
def test_a_variable_that_cannot_be_used_is_refused_by_its_name(file, environ, words):
    [fault] = faults(file(), environ)
    assert words in fault
    assert "secret" not in fault


def test_a_variable_that_no_server_needs_is_no_fault(file):
    assert faults(file(), {"HTTP_PROXY": "socks5://a"}) == [], "the one http server is on this machine"
    assert faults(file(), {"HTTPS_PROXY": "socks5://a", "NO_PROXY": "example.com"}) == []
    assert faults(file(far='outbound_proxy = "none"'), {"HTTPS_PROXY": "socks5://a"}) == []
    assert faults(file(), {"SSL_CERT_DIR": "/absent:/"}) == []


def test_a_file_of_certificates_is_no_fault(file, tmp_path):
    trustme.CA().cert_pem.write_to_path(tmp_path / "ca.pem")
    assert faults(file(proxy=f'ca_file = "{tmp_path}/ca.pem"'), {"SSL_CERT_FILE": f"{tmp_path}/ca.pem"}) == []


def test_a_proxy_of_the_environment_is_named_and_so_is_what_it_is_not_used_for(file):
    environ = {"HTTPS_PROXY": "http://me:secret@proxy.example:1", "HTTP_PROXY": "http://proxy.example:2"}
    words = advice(load(file(), {}, environ), environ)
    assert "HTTPS_PROXY: 'far' reached by the proxy 'http://***@proxy.example:1'" in words
    assert "HTTPS_PROXY: not used for 'near' on this machine; a provider's outbound_proxy can change that" in words
    assert not [word for word in advice(load(file(), {}, {}), {}) if "PROXY" in word]


@pytest.mark.parametrize(
    ("environ", "setting", "used"),
    [
        ({}, "", ""),
        ({"HTTPS_PROXY": "proxy.example:1"}, "", "http://proxy.example:1"),
        ({"HTTPS_PROXY": "http://a"}, 'outbound_proxy = "http://b:2"', "http://b:2"),
        ({"HTTPS_PROXY": "http://a"}, 'outbound_proxy = "none"', ""),
        ({"HTTPS_PROXY": "http://a", "NO_PROXY": "hooks.example.com"}, "", ""),
    ],
)
def test_the_webhook_takes_the_common_way(file, environ, setting, used):
    path = file(proxy=setting, rest='[drift]\nwebhook = "https://hooks.example.com/x"\n')
    config = load(path, {}, environ)
    assert proxy_address(config, config.drift.webhook, environ) == used


def test_the_webhook_and_the_collector_take_the_way_of_the_environment(file):
    environ = {"HTTPS_PROXY": "http://proxy.example:1"}
    rest = '[drift]\nwebhook = "https://hooks.example.com/x"\n[otel]\nendpoint = "https://otel.example.com/v1"\n'
    words = advice(load(file(rest=rest), {}, environ), environ)
    assert "HTTPS_PROXY: 'far', 'webhook', 'otel' reached by the proxy 'http://proxy.example:1'" in words


@pytest.mark.parametrize(("address", "proxied"), [("http://a:80", True), ("http://a:x", False), ("http://a:99999", False)])
def test_server_whose_address_is_none_has_no_proxy(address, proxied):
    assert bool(proxy_of(urlsplit(address), "http://b:2", {}).address) is proxied
