"""Faults as sentences: the place, the user's text, what is known, what was meant, and never a secret."""

import pytest
from pydantic import ValidationError

from shadow.settings.config_errors import (
    ConfigError,
    ConfigErrorItem,
    ConfigSource,
    dotted,
    explain,
    kind_at,
    known_keys,
    meant,
    quoted,
    sentences,
    shown,
)
from shadow.settings.top_level_config import Config


def found(tables: dict) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        Config.model_validate(tables)
    return [f"{dotted(fault.path)}: {fault.sentence}" for fault in explain(caught.value.errors(), Config)]


def test_an_unknown_key_is_answered_with_the_known_ones_and_the_nearest():
    route = {"name": "a", "provider": "x", "provder": "x"}
    [sentence] = found({"proxy": {"routes": [route]}})
    assert sentence.startswith("proxy.routes[0].provder: no such key; did you mean 'provider'?  (known: name, model, ")
    assert sentence.endswith("provider, reference, candidates, sample_rate)")


def test_a_key_written_down_is_reported_where_keys_belong_and_not_repeated():
    [sentence] = found({"proxy": {"providers": {"a": {"base_url": "https://x", "api_key": "sk-0123456789abcdef"}}}})
    assert "api_key_env" in sentence
    assert "0123456789" not in sentence


@pytest.mark.parametrize(
    ("tables", "sentence"),
    [
        ({"shadow": {"sample_rate": 1.5}}, "shadow.sample_rate: must be at most 1.0, but is 1.5"),
        ({"shadow": {"sample_rate": -1}}, "shadow.sample_rate: must be at least 0.0, but is -1"),
        ({"shadow": {"timeout": 0}}, "shadow.timeout: must be more than 0.0, but is 0"),
        ({"shadow": {"inbox": "many"}}, "shadow.inbox: must be a whole number, but is 'many'"),
        ({"shadow": {"sample_rate": []}}, "shadow.sample_rate: must be a number, but is a list"),
        ({"proxy": {"routes": {}}}, "proxy.routes: must be a list, but is a table"),
        ({"proxy": 3}, "proxy: must be a table, but is 3"),
        ({"shadow": {"period": "days"}}, "shadow.period: no such choice: 'days'; did you mean 'day'?  (known: hour, day, month)"),
        ({"proxy": {"providers": {"a": {}}}}, "proxy.providers.a.base_url: is missing, and must be given"),
        ({"tournament": {"tolerance": 0}}, "tournament.tolerance: must be more than 0.0, but is 0"),
        ({"tournament": {"signals": []}}, "tournament.signals: must have at least 1 entry, but has 0"),
        ({"shadow": {"tags": ["a"] * 21}}, "shadow.tags: must have at most 20 entries, but has 21"),
        (
            {"proxy": {"providers": {"a": {"base_url": "https://x", "prices": [{"model": "*", "since": "soon"}]}}}},
            "proxy.providers.a.prices[0].since: must be a date such as 2026-11-29, but is 'soon'",
        ),
    ],
)
def test_each_kind_of_fault_has_its_sentence(tables, sentence):
    assert found(tables) == [sentence]


def test_a_list_of_wrong_entries_is_not_called_too_short():
    [sentence] = found({"tournament": {"signals": ["speed"]}})
    assert sentence.startswith("tournament.signals[0]: no such choice: 'speed'")


def test_faults_come_in_the_order_of_the_file_with_file_and_line():
    origin = ConfigSource(file="s.toml", lines={("b",): 2, ("a",): 9}, overrides={("c",): "--flag"})
    faults = [ConfigErrorItem(path=(key,), sentence="is wrong") for key in ("a", "b", "c")]
    assert sentences(faults, origin) == ["s.toml:2: b: is wrong", "s.toml:9: a: is wrong", "--flag: c: is wrong"]


def test_error_message_lists_all_of_them():
    assert str(ConfigError(["one", "two"])) == "one\ntwo"


@pytest.mark.parametrize(
    "text", ["https://user:hunter2hunter@x/v1", "https://x/v1?key=hunter2hunter", "sk-hunter2hunter", "hunter2" * 8]
)
def test_a_value_that_looks_like_a_secret_is_masked(text):
    assert "hunter2" not in shown(text)


def test_a_hostile_text_cannot_drive_the_screen():
    assert "\x1b" not in quoted("\x1b[2J")
    assert len(quoted("long " * 100)) < 90


def test_a_name_is_suggested_only_where_one_is_similar():
    assert meant("zzz", ["alpha", "beta"]) == "  (known: alpha, beta)"
    assert meant("Alpa", ["alpha"]) == "; did you mean 'alpha'?  (known: alpha)"


def test_kinds_are_found_through_tables_lists_and_options():
    assert kind_at(Config, ("proxy", "routes", 0, "sample_rate")) is float
    assert known_keys(Config, ("proxy", "providers", "any")) == (
        "base_url",
        "outbound_proxy",
        "ca_file",
        "api_key_env",
        "api_key_header",
        "models",
        "price_input",
        "price_output",
        "price_cached_input",
        "prices",
        "served",
        "quantization",
        "tier",
        "upstream_from",
        "max_upstreams",
        "drop",
        "rename",
        "extra_body",
        "extra_headers",
        "extra_headers_env",
        "extra_query",
        "strip_thinking",
        "fit_live",
    )
    assert kind_at(Config, ("proxy", "listen", "deeper")) is None
    assert known_keys(Config, ("proxy", "providers")) == ()


def test_names_with_odd_letters_are_quoted_in_a_path():
    assert dotted(("proxy", "models", "*")) == 'proxy.models."*"'
