"""Variables that hold a key may be called as one likes, wherever they are named, and no secret is in what is shown."""

import json

import pytest

from shadow.settings.config_errors import ConfigError
from shadow.settings.load_config import advice, load, masked

KEY = "SAMEWEIGHTS_A_KEY"
FLAGS = {"upstream": "http://u/v1", "reference": "http://r/v1"}


@pytest.mark.parametrize(
    ("text", "flags", "environ"),
    [
        (f'[[tenants]]\nname = "alpha"\nkey_env = "{KEY}"', {}, {}),
        (f'[[admin.tokens]]\nname = "board"\ntoken_env = "{KEY}"', {}, {}),
        (f'[admin]\ntoken_env = "{KEY}"', {}, {}),
        (f'[proxy.providers.other]\nbase_url = "http://o/v1"\napi_key_env = "{KEY}"', {}, {}),
        ("", {"upstream_key_env": KEY}, {}),
        ("", {}, {"SAMEWEIGHTS_ADMIN__TOKEN_ENV": KEY}),
    ],
    ids=["tenant", "further token", "token", "provider", "flag", "variable"],
)
def test_variable_of_a_key_may_begin_as_ours_do_wherever_it_is_named(tmp_path, text, flags, environ):
    path = tmp_path / "s.toml"
    path.write_text(text)
    load(path, FLAGS | flags, environ | {KEY: "k" * 16})
    with pytest.raises(ConfigError, match="SAMEWEIGHTS_ANOTHER: no such variable"):
        load(path, FLAGS | flags, environ | {KEY: "k" * 16, "SAMEWEIGHTS_ANOTHER": "x"})


@pytest.mark.parametrize(
    "text", ["tenants = 3", "admin = 3", "proxy = 3", "[admin]\ntokens = 3", "[proxy]\nproviders = 3", "tenants = [3]"]
)
def test_value_in_place_of_a_table_is_one_error_of_its_type(tmp_path, text):
    path = tmp_path / "s.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match="must be"):
        load(path, {}, {})


def test_passwords_in_addresses_and_the_seed_are_masked_and_the_rest_is_shown():
    environ = {"SAMEWEIGHTS_SHADOW__SEED": "marmalade", "SAMEWEIGHTS_STORAGE__URL": "postgresql://me:pw123@db/x"}
    shown = masked(load(None, FLAGS, environ))
    assert shown["shadow"]["seed"] == "***"
    assert shown["storage"]["url"] == "postgresql://***@db/x"
    assert shown["proxy"]["providers"]["upstream"]["base_url"] == "http://u/v1"
    assert shown["admin"]["listen"] == "127.0.0.1:8081"
    assert not {"pw123", "marmalade"} & {*json.dumps(shown).replace(":", " ").replace("@", " ").replace('"', " ").split()}


@pytest.mark.parametrize(
    ("listen", "words"),
    [
        ("0.0.0.0:1", "admin.listen: '0.0.0.0:1' is open to the network, without TLS: its pages show recorded prompts"),
        ("127.0.0.1:1", ""),
        ("[::1]:1", ""),
    ],
)
def test_admin_port_beyond_this_machine_is_worth_a_word(listen, words):
    found = [word for word in advice(load(None, FLAGS | {"admin": listen}, {})) if word.startswith("admin.listen")]
    assert len(found) == bool(words)
    assert all(word.startswith(words) for word in found)


def test_reference_and_provider_without_a_key_are_each_named():
    greedy = load(None, FLAGS, {"SAMEWEIGHTS_SHADOW__GREEDY": "0.1"})
    named = [word.split(":")[0] for word in advice(greedy) if "no api_key_env" in word]
    assert named == ["proxy.providers.reference", "proxy.providers.upstream"]
    alone = load(None, {"upstream": "http://u/v1"}, {"SAMEWEIGHTS_SHADOW__GREEDY": "0.1"})
    assert not [word for word in advice(alone) if "no api_key_env" in word]


def test_key_that_is_not_set_is_an_error_to_serve_and_none_to_read_records():
    named = FLAGS | {"upstream_key_env": "NOT_SET"}
    with pytest.raises(ConfigError, match="'NOT_SET' is not set"):
        load(None, named, {})
    assert load(None, named, {}, serving=False).proxy.providers["upstream"].api_key_env == "NOT_SET"
