"""load(): file, environment, flags; and every fault at once."""

import json
from pathlib import Path

import pytest

from proxy.provider_config import ProxyConfig
from shadow.settings.config_errors import ConfigError
from shadow.settings.config_template import STARTER
from shadow.settings.load_config import advice, load, masked
from shadow.settings.top_level_config import AdminConfig, DriftConfig, ShadowConfig

FILE = """\
[proxy]
provider = "a"
reference = "b"
[proxy.providers.a]
base_url = "https://a.example/v1"
[proxy.providers.b]
base_url = "https://b.example/v1"
api_key_env = "B_KEY"
[shadow]
sample_rate = 0.1
"""
REMEDY = "set it to the key, or leave api_key_env out"
KNOWN = "SAMEWEIGHTS_SECTION__KEY for each key of sameweights.toml, see `sameweights config schema`"
ENV = {"B_KEY": "the-key-itself"}


@pytest.fixture
def file(tmp_path: Path):
    def write(text: str | bytes) -> Path:
        path = tmp_path / "s.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def faults(path: Path | None, flags: dict | None = None, environ: dict | None = None) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(path, flags or {}, environ or {})
    return [fault.replace(f"{path}", "s.toml") for fault in caught.value.errors]


@pytest.mark.parametrize("section", [ProxyConfig, ShadowConfig, DriftConfig, AdminConfig])
def test_the_defaults_of_a_section_are_within_its_own_bounds(section):
    """pydantic does not check defaults."""
    assert section.model_validate(section().model_dump()) == section()


def test_flags_stand_over_the_environment_and_that_over_the_file(file):
    path = file(FILE)
    assert load(path, {}, ENV).shadow.sample_rate == 0.1
    over = {**ENV, "SAMEWEIGHTS_SHADOW__SAMPLE_RATE": "0.2"}
    assert load(path, {}, over).shadow.sample_rate == 0.2
    assert load(path, {"sample_rate": 0.3}, over).shadow.sample_rate == 0.3


def test_a_configuration_of_flags_alone_is_complete():
    config = load(None, {"upstream": "http://127.0.0.1:1/v1", "reference": "http://127.0.0.1:2/v1", "reference_model": "m"}, {})
    assert (config.proxy.provider, config.proxy.reference) == ("upstream", "reference")
    assert config.proxy.providers["reference"].models == {"*": "m"}


def test_all_faults_of_a_file_are_reported_at_once_each_with_its_line(file):
    text = FILE.replace("sample_rate = 0.1", "sample_rate = 3").replace('provider = "a"', 'provider = "aa"\nworker = 2')
    assert faults(file(text), {"workers": 0}, {"SAMEWEIGHTS_NONSENSE": "1"}) == [
        "s.toml:2: proxy.provider: no such provider: 'aa'; did you mean 'a'?  (known: a, b)",
        f"s.toml:3: proxy.worker: no such key; did you mean 'workers'?  (known: {', '.join(ProxyConfig.model_fields)})",
        f"s.toml:9: proxy.providers.b.api_key_env: the environment variable 'B_KEY' is not set; {REMEDY}",
        "s.toml:11: shadow.sample_rate: must be at most 1.0, but is 3",
        "--workers: proxy.workers: must be at least 1, but is 0",
        f"SAMEWEIGHTS_NONSENSE: no such variable  (known: {KNOWN})",
    ]


def test_a_value_of_the_environment_is_refused_by_the_variables_name(file):
    assert faults(file(FILE), {}, {**ENV, "SAMEWEIGHTS_SHADOW__INBOX": "many"}) == [
        "SAMEWEIGHTS_SHADOW__INBOX: shadow.inbox: must be a whole number, but is 'many'"
    ]


def test_true_is_no_number_and_a_number_no_text(file):
    assert len(faults(file(FILE.replace("0.1", "true").replace('"a"', "1")), {}, ENV)) == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a = \n", "s.toml:1: not TOML: "),
        ("a = 1\n[x\n", "s.toml:2: not TOML: "),
        ("a = 1\na = 2\n", "s.toml:2: not TOML: cannot overwrite a value, in 'a = 2'"),
        ("a = '''\n\nb", "s.toml:3: not TOML: "),
        (b"a = '\xff'", "s.toml: is not UTF-8 text (byte 5)"),
        ("a = " + "[" * 3_000, "s.toml: not TOML: nested too deep"),
    ],
)
def test_what_is_not_toml_is_reported_with_its_line(file, text, words):
    [sentence] = faults(file(text))
    assert sentence.startswith(words)


def test_a_missing_file_and_a_folder_are_reported_in_one_sentence(tmp_path):
    assert "no such file; write one with `sameweights config init`" in faults(tmp_path / "none.toml")[0]
    assert "cannot be read" in faults(tmp_path)[0]


def test_a_key_variable_may_begin_as_our_variables_do(file):
    path = file(FILE.replace("B_KEY", "SAMEWEIGHTS_B_KEY"))
    assert load(path, {}, {"SAMEWEIGHTS_B_KEY": "x"}).proxy.providers["b"].api_key_env == "SAMEWEIGHTS_B_KEY"


def test_the_variable_of_a_webhooks_secret_may_begin_so_too(file):
    path = file(f'{FILE}\n[drift]\nwebhook_secret_env = "SAMEWEIGHTS_HOOK"\n')
    assert load(path, {}, {**ENV, "SAMEWEIGHTS_HOOK": "x"}).drift.webhook_secret_env == "SAMEWEIGHTS_HOOK"


def test_a_pattern_that_the_engine_does_not_take_is_quoted_with_what_to_write(file):
    [said] = faults(file(f"{FILE}\n[storage]\nredact = ['ok', '(?<=pin )[0-9]+']\n"), environ=ENV)
    assert "storage.redact[1]: '(?<=pin )[0-9]+' is not a regular expression of RE2" in said
    assert said.endswith("look-around is not supported; write the part to remove as a group (?P<secret>...)")


def test_no_key_is_ever_shown(file):
    config = load(file(FILE), {}, ENV)
    assert "the-key-itself" not in json.dumps(masked(config)) + repr(config)


def test_the_starter_file_is_right_but_for_its_key(file):
    path = file(STARTER)
    line = STARTER[: STARTER.index("REFERENCE_KEY")].count("\n") + 1
    words = f"the environment variable 'REFERENCE_KEY' is not set; {REMEDY}"
    assert faults(path) == [f"s.toml:{line}: proxy.providers.reference.api_key_env: {words}"]
    assert advice(load(path, {}, {"REFERENCE_KEY": "x"})) == []


def test_a_reference_without_a_key_is_worth_a_word_and_so_is_an_open_admin_port():
    words = advice(load(None, {"upstream": "http://u/v1", "reference": "http://r/v1", "admin": "0.0.0.0:1"}, {}))
    assert any("the client's own key is never sent to a reference" in word for word in words)
    assert any("open to the network" in word for word in words)
    assert any("there is no reference" in word for word in advice(load(None, {"upstream": "http://u/v1"}, {})))


def test_a_route_with_a_reference_of_its_own_is_advised_about_that_reference(file):
    text = (
        FILE
        + """
[proxy.providers.other]
base_url = "http://o/v1"
[[proxy.routes]]
name = "own"
model = "x*"
provider = "PROVIDER"
reference = "other"
"""
    )
    provider = next(iter(load(file(FILE), {}, ENV).proxy.providers))
    words = advice(load(file(text.replace("PROVIDER", provider)), {}, ENV))
    assert any(word.startswith("proxy.providers.other: no api_key_env, so the reference gets no key") for word in words)


def test_a_provider_that_is_its_own_reference_is_noted_as_a_measure_of_its_noise():
    words = advice(load(None, {"upstream": "http://u/v1", "reference": "http://u/v1"}, {}))
    assert any("one server" in word for word in words)


def test_a_greedy_audit_without_the_providers_own_key_is_worth_a_word():
    config = load(None, {"upstream": "http://u/v1", "reference": "http://r/v1"}, {})
    greedy = config.model_copy(update={"shadow": config.shadow.model_copy(update={"greedy": 0.1})})
    assert sum("shadow.greedy calls this provider without a key" in word for word in advice(greedy)) == 1
    assert not any("greedy" in word for word in advice(config))


def test_a_configured_seed_is_not_shown_and_comes_with_a_warning(file):
    config = load(None, {"upstream": "http://u/v1", "reference": "http://r/v1"}, {"SAMEWEIGHTS_SHADOW__SEED": "marmalade"})
    assert [word for word in advice(config) if word.startswith("shadow.seed: ") and "do not publish it" in word]
    assert "marmalade" not in json.dumps(masked(config))
    unseeded = load(None, {"upstream": "http://u/v1", "reference": "http://r/v1"}, {})
    assert not any("shadow.seed" in word for word in advice(unseeded))
    assert masked(unseeded)["shadow"]["seed"] == ""


@pytest.mark.parametrize("name", ["audit_held", "handover"])
@pytest.mark.parametrize(("room", "warned"), [(33_554_431, 1), (33_554_432, 0)])
def test_room_for_less_than_one_body_is_worth_a_word(file, name, room, warned):
    words = advice(load(file(f"{FILE}[proxy.limits]\n{name} = {room}\n"), {}, ENV))
    assert sum(word.startswith(f"proxy.limits.{name}: {room:,} bytes are less than audit_body") for word in words) == warned
    assert sum(word.startswith(f"proxy.limits.{name}: ") for word in words) == warned


def test_address_without_a_version_is_doubted_with_its_key():
    words = advice(load(None, {"upstream": "http://u", "reference": "http://r/v1"}, {}))
    doubted = [word for word in words if word.startswith("proxy.providers.upstream.base_url: 'http://u' has no /v1: ")]
    assert len(doubted) == 1
    assert not [word for word in words if word.startswith("proxy.providers.reference.base_url")]
