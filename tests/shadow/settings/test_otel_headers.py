"""Header fields in the form of OTEL_EXPORTER_OTLP_HEADERS."""

import pytest

from shadow.settings.otel_headers import parse_headers


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("", {}),
        ("api_key=abc", {"api_key": "abc"}),
        (" Authorization=Bearer%20a%3Db , x-scope = 1,", {"Authorization": "Bearer a=b", "x-scope": "1"}),
        ("a=b=c", {"a": "b=c"}),
    ],
)
def test_fields_are_read_and_their_values_decoded(text, fields):
    assert parse_headers(text) == fields


@pytest.mark.parametrize("text", ["secret", "a b=secret", "=secret", "x:secret=1"])
def test_text_of_another_form_is_refused_without_being_quoted(text):
    with pytest.raises(ValueError, match="is not of the form name=value,name=value") as refused:
        parse_headers(text)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("value", ["a%0d%0aX-More: 1", "%00", "%E2%82%AC"])
def test_value_that_no_field_may_hold_is_refused(value):
    with pytest.raises(ValueError, match="has a value with a character"):
        parse_headers(f"x={value}")
