"""Variables and flags take precedence over the file, and unknown ones are refused."""

import json

import pytest

from shadow.settings.environment_and_flags import from_environment, from_flags, variables
from shadow.settings.top_level_config import Config


def read(environ: dict[str, str], **more):
    settings, faults = from_environment(Config, environ, **{"named": (), "providers": (), **more})
    return {setting.path: setting.value for setting in settings}, faults


def test_variables_reach_every_kind_of_value():
    values, faults = read(
        {
            "SAMEWEIGHTS_SHADOW__SAMPLE_RATE": "0.2",
            "SAMEWEIGHTS_SHADOW__ENABLED": "no",
            "SAMEWEIGHTS_SHADOW__SEED": "42",
            "SAMEWEIGHTS_ADMIN__MODELS": '["kimi"]',
            "SAMEWEIGHTS_PROXY__PROVIDERS__MOON_SHOT__MODELS": '{"*": "k2"}',
            "HOME": "elsewhere",
        },
        providers=("moon-shot",),
    )
    assert faults == []
    assert values == {
        ("shadow", "sample_rate"): 0.2,
        ("shadow", "enabled"): False,
        ("shadow", "seed"): "42",
        ("admin", "models"): ["kimi"],
        ("proxy", "providers", "moon-shot", "models"): {"*": "k2"},
    }


def default(path) -> object:
    """The default of a key of the sections that every configuration has."""
    found = Config()
    for key in path:
        found = getattr(found, key)
    return found


@pytest.mark.parametrize("name", [name for name in variables(Config) if "<NAME>" not in name])
def test_default_of_each_key_is_taken_from_its_variable_as_it_is(name):
    ((path, _),) = read({name: "x"})[0].items()
    expected = default(path)
    text = expected if isinstance(expected, str) else json.dumps(expected)
    values, faults = read({name: text})
    assert faults == []
    assert values == {path: [*expected] if isinstance(expected, tuple) else expected}
    assert type(values[path]) is type(expected) or isinstance(expected, tuple)


@pytest.mark.parametrize("meant", [True, False])
@pytest.mark.parametrize("spelling", [str, str.upper, str.title])
def test_true_and_false_have_four_words_each(meant, spelling):
    for word in ("true", "1", "yes", "on") if meant else ("false", "0", "no", "off"):
        values, faults = read({"SAMEWEIGHTS_SHADOW__ENABLED": spelling(word)})
        assert (values, faults) == ({("shadow", "enabled"): meant}, []), word


@pytest.mark.parametrize(
    ("name", "guess"),
    [
        ("SAMEWEIGHTS_SHADOW_SAMPLE_RATE", "SAMEWEIGHTS_SHADOW__SAMPLE_RATE"),
        ("SAMEWEIGHTS_SHADOW__SAMPL_RATE", "SAMEWEIGHTS_SHADOW__SAMPLE_RATE"),
        ("sameweights_shadow__sample_rate", "SAMEWEIGHTS_SHADOW__SAMPLE_RATE"),
        ("SAMEWEIGHTS_PROXY__PROVIDERS__A__BASEURL", "SAMEWEIGHTS_PROXY__PROVIDERS__<NAME>__BASE_URL"),
        ("SAMEWEIGHTS_SHADOW", ""),
        ("SAMEWEIGHTS_", ""),
        ("SAMEWEIGHTS_PROXY__ROUTES__0__NAME", ""),
        ("SAMEWEIGHTS_PROXY__PROVIDERS__A__MODELS__X", ""),
    ],
)
def test_a_mistyped_variable_is_refused_by_name_without_its_value(name, guess):
    values, [fault] = read({name: "sekret"})
    assert values == {}
    assert fault.startswith(f"{name}: no such variable")
    assert guess in fault
    assert "sekret" not in fault


def test_a_variable_that_holds_a_key_may_be_called_as_one_likes():
    assert read({"SAMEWEIGHTS_MY_KEY": "x"}, named={"SAMEWEIGHTS_MY_KEY"}) == ({}, [])


def test_every_variable_that_is_listed_is_understood():
    for name in variables(Config):
        values, faults = read({name.replace("<NAME>", "A"): "1"})
        assert len(values) == 1, name
        assert faults == []


def test_flags_make_the_two_providers():
    settings, faults = from_flags(
        {"upstream": "http://u", "reference": "http://r", "reference_model": "m", "db": "a.db", "workers": None}
    )
    assert faults == []
    assert {setting.path: setting.value for setting in settings} == {
        ("proxy", "providers", "upstream", "base_url"): "http://u",
        ("proxy", "providers", "reference", "base_url"): "http://r",
        ("proxy", "providers", "reference", "models", "*"): "m",
        ("storage", "url"): "sqlite:///a.db",
        ("storage", "url_env"): "",
        ("storage", "read_url_env"): "",
        ("proxy", "provider"): "upstream",
        ("proxy", "reference"): "reference",
    }


def test_a_flag_that_means_nothing_alone_states_what_it_needs():
    settings, faults = from_flags({"reference_model": "m", "upstream_key_env": "K"})
    assert settings == []
    assert faults == [
        "--upstream-key-env: means nothing without --upstream URL",
        "--reference-model: means nothing without --reference URL",
    ]


def test_short_names_of_file_and_database_are_known():
    environ = {"SAMEWEIGHTS_CONFIG": "a.toml", "SAMEWEIGHTS_DB": "a.db"}
    settings, errors = from_environment(Config, environ, named=(), providers=())
    assert [(one.path, one.value, one.origin) for one in settings] == [
        (("storage", key), value, "SAMEWEIGHTS_DB") for key, value in (("url", "a.db"), ("url_env", ""), ("read_url_env", ""))
    ]
    assert errors == []


@pytest.mark.parametrize(
    ("given", "url"), [("a.db", "sqlite:///a.db"), ("postgresql://h/d", "postgresql://h/d"), ("sqlite:///b.db", "sqlite:///b.db")]
)
def test_database_of_a_flag_is_a_file_or_the_address_that_was_given(given, url):
    settings, _ = from_flags({"db": given})
    assert next((one.path, one.value, one.origin) for one in settings) == (("storage", "url"), url, "--db")


def test_variable_that_names_no_provider_is_refused():
    assert read({"SAMEWEIGHTS_PROXY__PROVIDERS____BASE_URL": "x"})[0] == {}
