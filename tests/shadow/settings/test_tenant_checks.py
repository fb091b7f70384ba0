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
ENVIRON = {"A": "a" * 16, "B": "b" * 16, "SAME": "a" * 16, "SHORT": "s" * 15, "ODD": "ä" * 16, "FILE": "a" * 16 + "\n"}
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
        (['name = "A b"\nkey_env = "A"'], "tenants[0].name: 'A b' is not a valid tenant name"),
        ([f'name = "{"n" * 65}"\nkey_env = "A"'], "is not a valid tenant name"),
        (['name = "a"\nkey_env = "A"', 'name = "a"\nkey_env = "B"'], "tenants[1].name: 'a' is the name of two tenants"),
        (['name = "a"\nkey_env = "A"', 'name = "b"\nkey_env = "SAME"'], "tenants[1].key_env: two tenants have the same key"),
        (['name = "a"\nkey_env = "A"', 'name = "b"\nkey_env = "FILE"'], "tenants[1].key_env: two tenants have the same key"),
        (['name = "a"\nkey_env = "FILE"', 'name = "b"\nkey_env = "A"'], "tenants[0].key_env: two tenants have the same key"),
        (['name = "a"\nkey_env = "NONE"'], "the environment variable 'NONE' is not set; set it to the key"),
        (['name = "a"\nkey_env = "SHORT"'], "the key in 'SHORT' must have 16 printable ASCII characters"),
        (['name = "a"\nkey_env = "ODD"'], "the key in 'ODD' must have 16 printable ASCII characters"),
        (['name = "a"\nkey_env = "my-secret key"'], "must be the name of an environment variable, never the key itself"),
        (['name = "a"\nkey_env = "A"\nroutes = ["al"]'], "no route is named 'al'"),
        (['name = "a"\nkey_env = "A"\nsample_rate = 1.1'], "tenants[0].sample_rate: must be at most 1"),
        (['name = "a"\nkey_env = "A"\nkeep_days = 0'], "tenants[0].keep_days: must be more than 0"),
        (['name = "a"\nkey_env = "A"\nbodies = "half"'], "tenants[0].bodies: no such choice: 'half'"),
        (['name = "a"\nkey_env = "A"\nbudget = { requests = -1 }'], "tenants[0].budget.requests: must be at least 0, but is -1"),
        (
            ['name = "a"\nkey_env = "A"\nbudget = { tokens = 1.5 }'],
            "tenants[0].budget.tokens: must be a whole number, but is 1.5",
        ),
        (['name = "a"\nkey_env = "A"\nbudget = { money = "5" }'], "tenants[0].budget.money: must be a number, but is '5'"),
        (['name = "a"\nkey_env = "A"\nbudget = { money = nan }'], "tenants[0].budget.money: must be"),
        (['name = "a"\nkey_env = "A"\nbudget = { minutes = 5 }'], "tenants[0].budget.minutes: no such key"),
        (['name = "a"\nkey_env = "A"\nbudget = 5'], "tenants[0].budget: must be a table, but is 5"),
        (['name = "a"\nkey_env = "A"\nkey = "x"'], "tenants[0].key: no such key"),
    ],
)
def test_a_tenant_that_cannot_be_used_is_refused_with_a_sentence_that_holds_no_key(file, tenants, sentence):
    found = faults(file(*tenants))
    assert any(sentence in fault for fault in found), found
    assert not any(key in fault for fault in found for key in map(str.strip, ENVIRON.values()))


def test_commands_that_read_records_need_no_key(file):
    assert faults(file('name = "a"\nkey_env = "NONE"'), serving=False) == []


def test_a_longer_retention_than_that_of_all_is_a_warning(file):
    config = load(file('name = "a"\nkey_env = "A"\nkeep_days = 31'), {}, ENVIRON)
    assert [line for line in advice(config) if line.startswith("tenants: 'a' keeps records for 31 days")]


TOKENS = [
    ('name = "board"\ntoken_env = "NONE"', "the environment variable 'NONE' is not set; set it to the token"),
    ('name = "board"\ntoken_env = "SHORT"', "the token in 'SHORT' must have 16 printable ASCII characters at least"),
    ('name = "board"\ntoken_env = "ODD"', "the token in 'ODD' must have 16 printable ASCII characters at least"),
    ('name = "x"\ntoken_env = "A"\n[[admin.tokens]]\nname = "y"\ntoken_env = "FILE"', "two tokens are the same"),
    ('name = "board"\ntoken_env = "a secret"', "must be the name of an environment variable, never the token itself"),
    ('name = "board"\ntoken_env = "B"\nmay = "all"', "admin.tokens[0].may: no such choice: 'all'"),
    ('name = "board"\ntoken_env = "B"\nmay = "words"\ntenants = ["alpa"]', "no tenant is named 'alpa'; did you mean 'alpha'?"),
    ('name = "board"\ntoken_env = "B"\ntenants = ["alpha"]', 'tenants belong to may = "words"'),
    ('name = "x"\ntoken_env = "B"\n[[admin.tokens]]\nname = "x"\ntoken_env = "A"', "'x' is the name of two tokens"),
    ('name = "x"\ntoken_env = "A"\n[[admin.tokens]]\nname = "y"\ntoken_env = "SAME"', "two tokens are the same"),
]


@pytest.mark.parametrize(("token", "sentence"), TOKENS)
def test_an_admin_token_that_cannot_be_used_is_refused_with_a_sentence(file, token, sentence):
    found = faults(file('name = "alpha"\nkey_env = "A"\n[[admin.tokens]]\n' + token))
    assert any(sentence in fault for fault in found), found


def test_admin_tokens_that_can_be_used_are_no_error(file):
    token = '[[admin.tokens]]\nname = "team"\ntoken_env = "B"\nmay = "words"\ntenants = ["alpha"]'
    assert faults(file('name = "alpha"\nkey_env = "A"\n' + token)) == []
