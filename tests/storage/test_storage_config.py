"""The store's section refuses what cannot be meant."""

import pytest
from pydantic import ValidationError

from storage.storage_config import StorageConfig


@pytest.mark.parametrize(
    "wrong",
    [
        {"keep_days": 0},
        {"max_bytes": -1},
        {"bodies": "some"},
        {"batch_rows": 0},
        {"batch_rows": 20_001},
        {"batch_seconds": 0},
        {"queue": 0},
        {"urll": "x"},
    ],
)
def test_a_setting_of_the_store_outside_its_bounds_is_refused(wrong):
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        StorageConfig(**wrong)


def test_the_store_has_a_default_address():
    assert StorageConfig().url == "sqlite:///sameweights.db"


def test_the_defaults_of_the_store_are_within_their_own_bounds():
    """pydantic does not check defaults."""
    assert StorageConfig.model_validate(StorageConfig().model_dump()) == StorageConfig()
