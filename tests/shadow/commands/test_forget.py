"""`sameweights forget` says what went, by itself where nobody writes."""

import pytest

from shadow.commands.forget import chosen, forgotten
from shadow.settings.config_errors import ConfigError
from storage.opening import open_store
from storage.storage_config import StorageConfig
from storage.store import StoreError
from tests.conformance import exchange_record


@pytest.fixture
def config(tmp_path):
    return StorageConfig(url=f"sqlite:///{tmp_path}/rows.db")


def test_forget_deletes_records_itself_where_no_serve_runs(config):
    store = open_store(config)
    store.add_exchange(exchange_record("a")).result(5)
    store.close()
    said = forgotten(config, chosen("", "", "now", 1e12))
    assert said == "1 exchange deleted, with the pairs they belonged to; no byte of them is left in the database"


def test_a_database_that_is_not_there_is_not_made(config, tmp_path):
    with pytest.raises(StoreError, match="does not exist"):
        forgotten(config, chosen("x", "", "", 1e12))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("before", "said"), [("", "say what"), ("yesterweek", "no such time"), ("all", "say what")])
def test_forget_without_a_selection_is_an_error(before, said):
    with pytest.raises(ConfigError) as error:
        chosen("", "", before, 1e9)
    assert said in "".join(error.value.faults)
