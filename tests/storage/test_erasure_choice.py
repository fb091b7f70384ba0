"""A choice of what to delete names something, so that never all of it is meant by nothing."""

import pytest

from storage.erasure_choice import ErasureChoice


def test_a_choice_of_nothing_is_refused():
    with pytest.raises(ValueError, match="name a conversation, a tag or a time"):
        ErasureChoice()


@pytest.mark.parametrize("given", [{"conversation": "c"}, {"tag": "t"}, {"before": 1.0}])
def test_one_of_them_is_enough(given):
    assert ErasureChoice(**given)
