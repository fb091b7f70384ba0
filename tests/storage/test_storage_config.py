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
        {"batch_seconds": 0},
        {"queue": 0},
        {"urll": "x"},
    ],
)
def test_what_cannot_be_meant_is_refused(wrong):
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        StorageConfig(**wrong)


def test_nothing_needs_to_be_said():
    assert StorageConfig().url == "sqlite:///sameweights.db"


def test_the_defaults_are_within_their_own_bounds():
    """pydantic does not check defaults."""
    assert StorageConfig.model_validate(StorageConfig().model_dump()) == StorageConfig()
