"""The addresses of pages."""

from functools import partial

import pytest

from shadow.report.evident_signals import stored_evidence
from shadow.settings.config_errors import ConfigError
from shadow.settings.top_level_config import AdminConfig
from shadow.terminal.opened_page import page_address, start_browser
from tests.records import NOW, add_pair

ADMIN = AdminConfig(listen="127.0.0.1:8081")


def address(store, target, admin=ADMIN):
    return page_address(store, admin, target, partial(stored_evidence, store, NOW + 60))


@pytest.fixture
def pair(store):
    name = add_pair(store, "garbler", "Hello", "Hello")
    assert store.flush(20)
    return name


def test_overview_pairs_and_providers_have_their_addresses(store, pair):
    assert address(store, "") == "http://127.0.0.1:8081/"
    assert address(store, pair[-8:]) == f"http://127.0.0.1:8081/pairs/{pair}"
    assert address(store, "latest") == f"http://127.0.0.1:8081/pairs/{pair}"
    assert address(store, "garbler") == "http://127.0.0.1:8081/providers/garbler"


@pytest.mark.parametrize(
    ("listen", "tls", "base"),
    [
        ("0.0.0.0:1", "", "http://127.0.0.1:1/"),
        ("[::]:1", "", "http://[::1]:1/"),
        ("[::1]:1", "c.pem", "https://[::1]:1/"),
    ],
)
def test_port_on_every_address_is_named_by_loopback(store, listen, tls, base):
    assert address(store, "", ADMIN.model_copy(update={"listen": listen, "tls_cert": tls})) == base


def test_unknown_target_is_refused_with_the_known_ones(store, pair):
    with pytest.raises(ConfigError, match=r"no pair or provider is called 'garblr'; did you mean 'garbler'\?"):
        address(store, "garblr")


def test_machine_without_a_browser_is_a_sentence():
    with pytest.raises(ConfigError, match="there is no browser here"):
        start_browser("http://127.0.0.1:1/", {})


@pytest.mark.parametrize("name", ["BROWSER", "DISPLAY", "WAYLAND_DISPLAY"])
def test_page_is_shown_where_a_variable_names_a_browser_or_a_desktop(monkeypatch, name):
    shown = []
    monkeypatch.setattr("webbrowser.open", lambda address: bool(shown.append(address)) or True)
    start_browser("http://127.0.0.1:1/", {name: "x"})
    assert shown == ["http://127.0.0.1:1/"]
    with pytest.raises(ConfigError, match="there is no browser here"):
        start_browser("http://127.0.0.1:1/", {})
    monkeypatch.setattr("webbrowser.open", lambda _: False)
    with pytest.raises(ConfigError, match="there is no browser here"):
        start_browser("http://127.0.0.1:1/", {name: "x"})
