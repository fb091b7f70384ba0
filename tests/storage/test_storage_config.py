"""The store's section refuses what cannot be meant."""

import pytest
from pydantic import ValidationError

from storage.storage_config import StorageConfig, is_server


@pytest.mark.parametrize(
    "wrong",
    [
        {"keep_days": 0},
        {"keep_rate": -0.001},
        {"keep_rate": 1.001},
        {"max_bytes": -1},
        {"bodies": "some"},
        {"batch_rows": 0},
        {"batch_rows": 20_001},
        {"batch_seconds": 0},
        {"batch_seconds": 60.001},
        {"queue": 0},
        {"urll": "x"},
    ],
)
def test_a_setting_of_the_store_outside_its_bounds_is_refused(wrong):
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        StorageConfig(**wrong)


@pytest.mark.parametrize(
    "right",
    [
        {"keep_days": 0.001},
        {"keep_rate": 0},
        {"keep_rate": 1},
        {"max_bytes": 0},
        {"batch_rows": 1},
        {"batch_rows": 20_000},
        {"batch_seconds": 0.001},
        {"batch_seconds": 60},
        {"queue": 1},
    ],
)
def test_a_setting_of_the_store_at_its_bound_is_accepted(right):
    assert StorageConfig(**right).model_dump(include=set(right)) == right


def test_records_are_kept_for_thirty_days_and_in_any_size_unless_set():
    assert (StorageConfig().keep_days, StorageConfig().keep_rate, StorageConfig().max_bytes) == (30, 1, 0)


def test_the_store_has_a_default_address():
    assert StorageConfig().url == "sqlite:///sameweights.db"


def test_the_defaults_of_the_store_are_within_their_own_bounds():
    """pydantic does not check defaults."""
    assert StorageConfig.model_validate(StorageConfig().model_dump()) == StorageConfig()


def test_batches_and_the_queue_have_their_documented_sizes_unless_set():
    made = StorageConfig()
    assert (made.batch_rows, made.batch_seconds, made.queue) == (2_000, 0.5, 10_000)


def test_configuration_is_not_changed_after_it_was_read():
    with pytest.raises(ValidationError, match="frozen"):
        StorageConfig().keep_days = 1.0


def test_store_in_another_file_reads_no_variable():
    made = StorageConfig(url="postgresql://there/db", url_env="STORE", read_url_env="STANDBY", keep_days=7).in_file("/a/b.db")
    assert (made.url, made.url_env, made.read_url_env, made.keep_days) == ("sqlite:////a/b.db", "", "", 7.0)


@pytest.mark.parametrize(
    ("url", "server"),
    [("postgresql://a/b", True), ("postgres://a/b", True), ("sqlite:///a", False), ("postgresql.db", False)],
)
def test_url_of_a_server_begins_with_its_scheme(url, server):
    assert is_server(url) == server
