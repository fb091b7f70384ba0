"""What of `[broker]` or of the role cannot be used is refused at the start, in a sentence that says what to write instead."""

import pytest
import trustme

from shadow.settings import broker_checks
from shadow.settings.broker_checks import role_error
from shadow.settings.config_errors import ConfigError
from shadow.settings.load_config import advice, load
from shadow.settings.top_level_config import AdminConfig, BrokerConfig, Config, ShadowConfig
from storage.storage_config import StorageConfig

CONFIG = """
[proxy]
provider = "a"
[proxy.providers.a]
base_url = "http://127.0.0.1:8000/v1"
[broker]
"""
SERVER = StorageConfig(url="postgresql://sw@127.0.0.1/sameweights")
WITH = BrokerConfig(url="nats://127.0.0.1:4222")


@pytest.fixture
def file(tmp_path):
    def written(*lines):
        path = tmp_path / "s.toml"
        path.write_text(CONFIG + "\n".join(lines))
        return path

    return written


def errors(path, environ=None):
    try:
        load(path, {}, environ or {})
    except ConfigError as error:
        return [one.partition("s.toml:")[2] or one for one in error.errors]
    return []


@pytest.mark.parametrize(
    "url", ["", "nats://127.0.0.1:4222", "tls://nats.example", "nats://a:4222, nats://b:4222", "nats://[::1]:4222"]
)
def test_url_that_can_be_used_is_no_error(file, url):
    assert errors(file(f'url = "{url}"')) == []


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("127.0.0.1:4222", "is no nats:// or tls:// address; write it like nats://nats.example.com:4222"),
        ("http://127.0.0.1:4222", "is no nats:// or tls:// address"),
        ("nats://", "is no nats:// or tls:// address"),
        ("TLS://a:4222", "is no nats:// or tls:// address"),
        ("nats://a:0", "is no nats:// or tls:// address"),
        ("nats://a:99999", "holds an address that is none"),
        ("nats://a,b:4222", "holds an address that is no nats:// or tls:// address"),
        ("nats://a,", "holds an address that is no nats:// or tls:// address"),
        ("nats://me:word@a", "carries a user name or a password; put them into the variable of broker.credentials_env"),
        ("nats://a/path", "carries a path"),
        ("nats://a,tls://b", "mixes nats:// and tls://"),
    ],
)
def test_url_that_cannot_be_used_is_quoted_with_what_to_write(file, url, words):
    [sentence] = errors(file(f'url = "{url}"'))
    assert words in sentence
    assert "word@" not in sentence


def test_missing_package_is_named(file, monkeypatch):
    monkeypatch.setattr(broker_checks, "find_spec", lambda _name: None)
    [sentence] = errors(file('url = "nats://127.0.0.1:4222"'))
    assert "pip install 'sameweights[fleet]'" in sentence


def test_authorities_that_cannot_be_read_or_are_none_are_named(file, tmp_path):
    other = tmp_path / "other.pem"
    other.write_text("no certificate")
    for path, words in ((tmp_path / "absent.pem", "cannot be read: no such file"), (other, "holds no certificate in PEM form")):
        [sentence] = errors(file('url = "tls://127.0.0.1:4222"', f'tls_ca = "{path}"'))
        assert words in sentence


def test_variable_of_credentials_must_be_a_name_and_be_set(file):
    [sentence] = errors(file('url = "nats://127.0.0.1:4222"', 'credentials_env = "me:word"'))
    assert "must be the name of an environment variable" in sentence
    [sentence] = errors(file('url = "nats://127.0.0.1:4222"', 'credentials_env = "NATS_USER"'))
    assert "the environment variable 'NATS_USER' is not set" in sentence
    assert errors(file('url = "nats://127.0.0.1:4222"', 'credentials_env = "NATS_USER"'), {"NATS_USER": "me:word"}) == []


@pytest.mark.parametrize(("value", "valid"), [(1024 * 1024, True), (1024 * 1024 - 1, False)])
@pytest.mark.parametrize("key", ["limit", "max_bytes"])
def test_sizes_have_a_mebibyte_at_least(file, key, value, valid):
    assert (errors(file(f"{key} = {value}")) == []) == valid


@pytest.mark.parametrize(
    ("config", "role", "words"),
    [
        (Config(), "all", ""),
        (Config(broker=WITH), "proxy", ""),
        (Config(broker=WITH, storage=SERVER), "audit", ""),
        (Config(broker=WITH, storage=StorageConfig(url_env="STORE")), "audit", ""),
        (Config(broker=WITH), "audit", "name a PostgreSQL database, postgresql://USER@HOST/DATABASE"),
        (Config(broker=WITH), "all", "start it with --role proxy or with --role audit"),
        (Config(), "proxy", "none is configured: set broker.url"),
        (Config(), "audit", "none is configured: set broker.url"),
        (Config(), "proxies", "no such role: 'proxies'; did you mean 'proxy'?"),
        (Config(broker=WITH, shadow=ShadowConfig(audit_workers=2)), "audit", "leave audit_workers out"),
        (Config(broker=WITH, shadow=ShadowConfig(audit_workers=2)), "proxy", ""),
        (Config(broker=WITH, admin=AdminConfig(metrics="token")), "proxy", "name a variable in admin.token_env"),
        (Config(broker=WITH, admin=AdminConfig(metrics="token", token_env="T")), "proxy", ""),
    ],
)
def test_role_fits_the_configuration_or_is_refused_in_a_sentence(config, role, words):
    why = role_error(config, role)
    assert (words in why) if words else why == ""


@pytest.mark.parametrize(("value", "refused"), [("sqlite:///a.db", True), ("/srv/a.db", True), ("postgresql://db/a", False)])
def test_auditing_hosts_share_a_store_also_by_a_variable(value, refused):
    config = Config(broker=WITH, storage=StorageConfig(url_env="STORE"))
    assert role_error(config, "audit", {"STORE": value}).startswith("storage.url_env: hosts that audit") == refused


def test_servers_elsewhere_without_tls_are_advised_against(file):
    plain = load(file('url = "nats://nats.example:4222"'), {}, {})
    assert [word for word in advice(plain) if word.startswith("broker.url")]
    for url in ("tls://nats.example:4222", "nats://127.0.0.1:4222"):
        assert not [word for word in advice(load(file(f'url = "{url}"'), {}, {})) if word.startswith("broker.url")]


def test_authority_that_can_be_read_is_no_error(file, tmp_path):
    trustme.CA().cert_pem.write_to_path(tmp_path / "ca.pem")
    assert errors(file('url = "tls://127.0.0.1:4222"', f'tls_ca = "{tmp_path}/ca.pem"')) == []
