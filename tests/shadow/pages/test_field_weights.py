"""The weights of the words of an Accept header, by RFC 9110."""

import pytest

from shadow.pages.field_weights import field_weights


@pytest.mark.parametrize(
    ("field", "weights"),
    [
        ("text/html, */*;q=0.8", {"text/html": 1.0, "*/*": 0.8}),
        ("Text/HTML ; level=1 ; Q=0.5", {"text/html": 0.5}),
        ("gzip;q=0", {"gzip": 0.0}),
        ("gzip;q=1.000", {"gzip": 1.0}),
    ],
)
def test_weight_is_q_and_one_without_it(field, weights):
    assert field_weights(field) == weights


@pytest.mark.parametrize("q", ["", "high", "nan", "inf", "-1", "1.5"])
def test_weight_that_is_no_number_from_zero_to_one_is_one(q):
    assert field_weights(f"gzip;q={q}") == {"gzip": 1.0}
