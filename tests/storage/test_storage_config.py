"""The store's section refuses what cannot be meant."""

import pytest
from pydantic import ValidationError

from storage.storage_config import StorageConfig


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
