"""One event as a JSON object, and what is no object."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.reading.completion import Unread, UnreadReason
from shadow.reading.stream_event import event_object


def test_an_object_is_given_as_it_is():
    notes = {}
    assert event_object(b'{"a": [1]}', notes) == {"a": [1]}
    assert notes == {}


@pytest.mark.parametrize("data", [b"", b"  "])
def test_an_event_without_data_is_noted_and_nothing(data):
    notes = {}
    assert event_object(data, notes) is None
    assert list(notes) == ["an event carried no data"]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"nonsense", UnreadReason.NOT_JSON),
        (b"[1]", UnreadReason.WRONG_SHAPE),
        (b"null", UnreadReason.WRONG_SHAPE),
        (b"[" * 2_000, UnreadReason.TOO_DEEP),
    ],
)
def test_an_event_that_is_no_json_object_is_unread_with_its_reason(data, why):
    found = event_object(data, {})
    assert isinstance(found, Unread)
    assert found.why is why
    assert found.detail.startswith("an event is ")


def test_broken_characters_are_read_over_and_noted():
    notes = {}
    assert event_object(b'{"a": "\xff"}', notes) == {"a": "\ufffd"}
    assert list(notes) == ["the body holds bytes that are not UTF-8"]


@given(st.binary(max_size=60))
def test_no_bytes_make_it_raise(data):
    assert isinstance(event_object(data, {}), (dict, Unread, type(None)))
