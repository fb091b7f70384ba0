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
        ({"broker": {"replicas": 2}}, "broker.replicas: no such choice: 2  (known: 1, 3, 5)"),
        ({"broker": {"replicas": "3"}}, "broker.replicas: no such choice: '3'  (known: 1, 3, 5)"),
        ({"proxy": {"providers": {"a": {}}}}, "proxy.providers.a.base_url: is missing, and must be given"),
        ({"shadow": {"sample_rate": {}}}, "shadow.sample_rate: must be a number, but is a table"),
        ({"shadow": {"seed": 42}}, "shadow.seed: must be text in quotes, but is 42"),
        ({"shadow": {"tags": [""]}}, "shadow.tags[0]: must have at least 1 character, but is ''"),
        ({"shadow": {"tags": ["a " * 33]}}, f"shadow.tags[0]: must have at most 64 characters, but is '{'a ' * 33}'"),
        ({"shadow": {"enabled": "maybe"}}, "shadow.enabled: must be true or false, but is 'maybe'"),
        ({"shadow": {"tags": ["a b"]}}, "shadow.tags[0]: must have the form ^[!-~]+$, but is 'a b'"),
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


@pytest.mark.parametrize(("length", "kept"), [(80, "no " * 26 + "no"), (81, "no " * 25 + "no...")])
def test_text_is_shown_up_to_eighty_characters(length, kept):
    assert shown(("no " * 27)[:length]) == kept


def test_longest_key_that_a_variable_or_flag_has_set_is_named_in_place_of_the_file():
    origin = ConfigSource(
        file="s.toml", lines={("a",): 3}, overrides={("a", "b"): "B", ("a", "b", 0): "FIRST", (): "never", ("x", "y"): "XY"}
    )
    faults = [
        ConfigErrorItem(path=path, sentence="is wrong") for path in [("a", "b", 0, "c"), ("a", "b", 1), ("a",), ("x", "y", 0)]
    ]
    assert sentences(faults, origin) == [
        "s.toml:3: a: is wrong",
        "B: a.b[1]: is wrong",
        "FIRST: a.b[0].c: is wrong",
        "XY: x.y[0]: is wrong",
    ]


@pytest.mark.parametrize(
    ("file", "lines", "path", "sentence"),
    [
        ("s.toml", {("a",): 3}, ("a",), "s.toml:3: a: is wrong"),
        ("s.toml", {}, ("a",), "s.toml: a: is wrong"),
        ("", {("a",): 3}, ("a",), "a: is wrong"),
        ("s.toml", {}, (), "s.toml: is wrong"),
    ],
)
def test_place_is_as_much_as_is_known_of_file_line_and_key(file, lines, path, sentence):
    assert sentences([ConfigErrorItem(path=path, sentence="is wrong")], ConfigSource(file=file, lines=lines)) == [sentence]


@pytest.mark.parametrize(
    ("tables", "advised"),
    [
        ({"proxy": {"providers": {"a": {"base_url": "https://x", "api_key": "k"}}}}, True),
        ({"proxy": {"providers": {"a": {"base_url": "https://x", "api_kee": "k"}}}}, False),
        ({"shadow": {"token": "k"}}, False),
    ],
)
def test_key_in_the_file_is_answered_by_its_variable_only_where_there_is_one(tables, advised):
    [sentence] = found(tables)
    assert ("keys are never written into the file" in sentence) is advised


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (False, "false"),
        (1, "1"),
        (0.5, "0.5"),
        ("a", "'a'"),
        ({}, "a table"),
        ([], "a list"),
        (None, "another kind of value"),
    ],
)
def test_value_is_quoted_as_it_is_written_in_the_file(value, text):
    assert quoted(value) == text


def test_error_of_another_kind_keeps_its_own_words():
    error = {"type": "odd", "loc": ("a",), "msg": "Input should be odd", "input": 4}
    assert explain([error], Config) == [ConfigErrorItem(path=("a",), sentence="input should be odd, but is 4")]


@pytest.mark.parametrize("path", [("proxy", "listen"), ("proxy", "no_such"), ("shadow", "sample_rate", "deeper")])
def test_value_and_what_is_not_there_have_no_keys(path):
    assert known_keys(Config, path) == ()
