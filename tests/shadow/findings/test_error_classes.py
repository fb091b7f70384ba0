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


STATUSES = {
    "rate_limit": (429,),
    "auth": (401, 402, 403, 407),
    "server": (408, 425, 500, 501, 529, 598, 599),
    "bad_parameter": (400, 404, 405, 409, 413, 415, 422),
    "unknown": (0, 200, 399, 406, 410, 411, 412, 414, 416, 417, 418, 421, 423, 424, 426, 428, 430, 431, 451, 499, 600),
}


@pytest.mark.parametrize(("kind", "status"), [(kind, status) for kind, statuses in STATUSES.items() for status in statuses])
def test_an_error_without_words_is_of_the_class_of_its_status(kind, status):
    assert classify_error(ProviderError(status=status, type="", code="", message="", in_stream=False)).value == kind


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("invalid_request_error", "bad_parameter"),
        ("authentication_error", "auth"),
        ("billing_error", "auth"),
        ("permission_error", "auth"),
        ("not_found_error", "bad_parameter"),
        ("request_too_large", "bad_parameter"),
        ("rate_limit_error", "rate_limit"),
        ("api_error", "server"),
        ("timeout_error", "server"),
        ("overloaded_error", "server"),
    ],
)
def test_each_type_of_an_error_in_a_stream_has_a_class(kind, expected):
    assert classify_error(ProviderError(status=200, type=kind, code="", message="", in_stream=True)).value == expected


@pytest.mark.parametrize(
    ("code", "expected"), [("400", "bad_parameter"), ("529", "server"), ("399", "unknown"), ("600", "unknown")]
)
def test_an_error_in_a_stream_may_carry_its_status_as_its_code(code, expected):
    assert classify_error(ProviderError(status=200, type="", code=code, message="", in_stream=True)).value == expected


@pytest.mark.parametrize(("status", "expected"), [(399, "server"), (400, "bad_parameter"), (401, "auth")])
def test_a_status_of_an_error_stands_before_its_code(status, expected):
    assert classify_error(ProviderError(status=status, type="", code="500", message="", in_stream=False)).value == expected
