"""What of `[[tenants]]` cannot be used is refused at the start, in a sentence without a key."""

import pytest

from shadow.settings.config_errors import ConfigError
from shadow.settings.load_config import advice, load

CONFIG = """
[proxy]
provider = "a"
[proxy.providers.a]
base_url = "http://127.0.0.1:8000/v1"
[storage]
keep_days = 30
"""
ENVIRON = {"A": "a" * 16, "B": "b" * 16, "SAME": "a" * 16, "SHORT": "s" * 15, "ODD": "ä" * 16}
OURS = {**ENVIRON, "SAMEWEIGHTS_KEY": "k" * 16}


@pytest.fixture
def file(tmp_path):
    def written(*tenants):
        path = tmp_path / "s.toml"
        path.write_text(CONFIG + "".join(f"[[tenants]]\n{lines}\n" for lines in tenants))
        return path

    return written


def faults(path, *, serving=True):
    try:
        load(path, {}, ENVIRON, serving=serving)
    except ConfigError as error:
        return [fault.partition("s.toml:")[2] or fault for fault in error.errors]
    return []


@pytest.mark.parametrize(
    "tenants",
    [
        ('name = "a"\nkey_env = "A"', 'name = "b"\nkey_env = "B"\nroutes = ["a", "default"]\nsample_rate = 1'),
        ('name = "a"\nkey_env = "A"\nbodies = "hash"\nredact = ["x+"]\nkeep_days = 30',),
        (f'name = "{"n" * 64}"\nkey_env = "A"',),
    ],
)
def test_tenants_that_can_be_used_are_no_error(file, tenants):
    assert faults(file(*tenants)) == []
    assert not [line for line in advice(load(file(*tenants), {}, ENVIRON)) if line.startswith("tenants")]


def test_a_variable_may_be_called_as_a_setting_is(file):
    load(file('name = "a"\nkey_env = "SAMEWEIGHTS_KEY"'), {}, OURS)


@pytest.mark.parametrize(
    ("tenants", "sentence"),
    [
        (['key_env = "A"'], "tenants[0].name: is missing, and must be given"),
        (['name = "A b"\nkey_env = "A"'], "tenants[0].name: 'A b' is no name of a tenant"),
        ([f'name = "{"n" * 65}"\nkey_env = "A"'], "is no name of a tenant"),
        (['name = "a"\nkey_env = "A"', 'name = "a"\nkey_env = "B"'], "tenants[1].name: 'a' is the name of two tenants"),
        (['name = "a"\nkey_env = "A"', 'name = "b"\nkey_env = "SAME"'], "tenants[1].key_env: two tenants have the same key"),
        (['name = "a"\nkey_env = "NONE"'], "the environment variable 'NONE' is not set; set it to the key"),
        (['name = "a"\nkey_env = "SHORT"'], "the key in 'SHORT' must have 16 printable ASCII characters"),
        (['name = "a"\nkey_env = "ODD"'], "the key in 'ODD' must have 16 printable ASCII characters"),
        (['name = "a"\nkey_env = "my-secret key"'], "must be the name of an environment variable, never the key itself"),
        (['name = "a"\nkey_env = "A"\nroutes = ["al"]'], "no route is named 'al'"),
        (['name = "a"\nkey_env = "A"\nsample_rate = 1.1'], "tenants[0].sample_rate: must be at most 1"),
        (['name = "a"\nkey_env = "A"\nkeep_days = 0'], "tenants[0].keep_days: must be more than 0"),
        (['name = "a"\nkey_env = "A"\nbodies = "half"'], "tenants[0].bodies: no such choice: 'half'"),
        (['name = "a"\nkey_env = "A"\nkey = "x"'], "tenants[0].key: no such key"),
    ],
)
def test_a_tenant_that_cannot_be_used_is_refused_with_a_sentence_that_holds_no_key(file, tenants, sentence):
    found = faults(file(*tenants))
    assert any(sentence in fault for fault in found), found
    assert not any(key in fault for fault in found for key in ENVIRON.values())


def test_commands_that_read_records_need_no_key(file):
    assert faults(file('name = "a"\nkey_env = "NONE"'), serving=False) == []


def test_a_longer_retention_than_that_of_all_is_a_warning(file):
    config = load(file('name = "a"\nkey_env = "A"\nkeep_days = 31'), {}, ENVIRON)
    assert [line for line in advice(config) if line.startswith("tenants: 'a' keeps records for 31 days")]
