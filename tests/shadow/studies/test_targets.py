"""Targets: every fault of the names at once, with what was meant, and keys that are missing by their variables."""

import pytest

from proxy.provider_config import Provider, ProxyConfig
from shadow.settings.config_errors import ConfigError
from shadow.settings.top_level_config import Config
from shadow.studies.targets import missing_keys, own_noise, targets_of


def config(*names: str, reference: str = "", **more: Provider) -> Config:
    providers = {name: Provider(base_url=f"http://{name}.example/v1") for name in names}
    return Config(proxy=ProxyConfig(reference=reference, providers={**providers, **more}))


def test_named_providers_are_compared_in_the_order_given_and_once_each():
    targets = targets_of(config("a", "b", "official"), ["b", "a", "b"], "official")
    assert (targets.candidates, targets.reference) == (("b", "a"), "official")
    assert targets.names == ("official", "b", "a")


def test_without_names_all_are_compared_with_the_reference_of_the_configuration():
    targets = targets_of(config("a", "b", "official", reference="official"), [], "")
    assert (targets.candidates, targets.reference) == (("a", "b"), "official")


@pytest.mark.parametrize(("models", "alike"), [({}, ["twin"]), ({"*": "small"}, [])])
def test_provider_with_the_address_and_models_of_the_reference_measures_its_own_noise(models, alike):
    twin = Provider(base_url="http://official.example/v1", models=models)
    known = config("a", "official", twin=twin)
    assert own_noise(known, targets_of(known, ["a", "twin"], "official")) == [
        f"{name} and official are one server: this measures its own noise" for name in alike
    ]


def test_every_unknown_name_is_in_one_error_with_what_was_meant():
    with pytest.raises(ConfigError) as raised:
        targets_of(config("nim", "openrouter"), ["nimm", "x"], "openruter")
    assert raised.value.errors == (
        "--provider 'nimm': no such provider in the configuration; did you mean nim?",
        "--provider 'x': no such provider in the configuration; known: nim, openrouter",
        "--reference 'openruter': no such provider in the configuration; did you mean openrouter?",
    )


@pytest.mark.parametrize(
    ("names", "reference", "sentence"),
    [
        (["a"], "", "no reference is named"),
        (["a"], "a", "is the reference too"),
        ([], "a", "no provider is named"),
    ],
)
def test_a_study_without_two_providers_is_refused(names, reference, sentence):
    with pytest.raises(ConfigError, match=sentence):
        targets_of(config("a"), names, reference)


def test_variables_that_are_not_set_are_named_with_their_provider():
    known = config(
        a=Provider(base_url="http://a/v1", api_key_env="A_KEY", extra_headers_env={"X-Team": "A_TEAM"}),
        b=Provider(base_url="http://b/v1", api_key_env="B_KEY"),
    )
    assert missing_keys(known, ["a", "b"], {"B_KEY": "k", "A_KEY": ""}) == [
        "proxy.providers.a: the environment variable A_KEY is not set; its requests need it",
        "proxy.providers.a: the environment variable A_TEAM is not set; its requests need it",
    ]
