from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.findings.error_classes import ErrorClass, classify_error
from shadow.reading.completion import ProviderError
from shadow.reading.provider_error import error_of_body

LABELLED = [
    line.split("\t") for line in (Path(__file__).parents[2] / "labelled" / "errors.tsv").read_text(encoding="utf-8").splitlines()
]


def test_the_labelled_set_holds_every_class():
    counts = Counter(label for label, _, _ in LABELLED)
    assert set(counts) == {kind.value for kind in ErrorClass}
    assert sum(counts.values()) >= 60


@pytest.mark.parametrize(("label", "status", "body"), LABELLED)
def test_each_body_is_of_its_class(label, status, body):
    assert classify_error(error_of_body(int(status), body.encode())) == label


def test_too_many_tokens_is_a_length_until_a_rate_is_spoken_of():
    assert classify_error(error_of_body(400, b'{"message": "too many tokens in the prompt"}')) is ErrorClass.CONTEXT_OVERFLOW
    assert classify_error(error_of_body(400, b'{"message": "too many tokens per minute"}')) is ErrorClass.RATE_LIMIT


@given(st.integers(0, 999), st.text(), st.text(), st.text())
def test_any_error_has_a_class(status, kind, code, message):
    made = ProviderError(status=status, type=kind, code=code, message=message, in_stream=False)
    assert classify_error(made) in ErrorClass


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("overloaded_error", ErrorClass.SERVER),
        ("api_error", ErrorClass.SERVER),
        ("timeout_error", ErrorClass.SERVER),
        ("invalid_request_error", ErrorClass.BAD_PARAMETER),
        ("permission_error", ErrorClass.AUTH),
        ("rate_limit_error", ErrorClass.RATE_LIMIT),
        ("a_kind_of_its_own", ErrorClass.UNKNOWN),
    ],
)
def test_in_a_stream_the_type_stands_for_the_status(kind, expected):
    assert classify_error(ProviderError(status=200, type=kind, code="", message="Oh", in_stream=True)) is expected
    failed = ProviderError(status=500, type="invalid_request_error", code="", message="Oh", in_stream=False)
    assert classify_error(failed) is ErrorClass.SERVER
