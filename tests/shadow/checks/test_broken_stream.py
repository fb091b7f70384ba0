import pytest

from proxy.exchange import FailureKind
from shadow.checks.broken_stream import broken_stream
from shadow.findings.finding import FindingState
from shadow.reading.completion import UnreadReason
from tests.shadow.compare.made import answer, ask, failed, parts, unread


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (answer("hello"), FindingState.MATCH),
        (answer("hello", stream=False), FindingState.NOT_MEASURED),
        (answer("hel", failure=FailureKind.RESET), FindingState.DIFFER),
        (answer("hel", failure=FailureKind.CLIENT_GONE), FindingState.NOT_MEASURED),
        (unread(UnreadReason.BROKEN), FindingState.DIFFER),
        (unread(UnreadReason.NO_DONE), FindingState.DIFFER),
        (unread(UnreadReason.TRUNCATED), FindingState.NOT_MEASURED),
        (failed(500), FindingState.NOT_MEASURED),
        (failed(in_stream=True), FindingState.DIFFER),
        (unread(UnreadReason.NO_RESPONSE, status=None), FindingState.NOT_MEASURED),
    ],
)
def test_stream_that_its_provider_broke_differs(response, expected):
    assert broken_stream(ask(), response).state is expected


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (answer("hello"), ("match", 1.0, "whole", "", "")),
        (answer("hel", failure=FailureKind.RESET), ("differ", 0.0, "reset: as it is", "", "reset: as it is")),
        (answer("hello", stream=False), ("not_measured", None, "", "", "not a stream")),
        (failed(500), ("not_measured", None, "", "", "no answer with a status of success began")),
        (
            answer("hel", failure=FailureKind.CLIENT_GONE),
            ("not_measured", None, "", "", "the stream was not recorded whole: client_gone: as it is"),
        ),
    ],
)
def test_stream_is_stated_by_what_became_of_it(response, expected):
    assert parts(broken_stream(ask(), response)) == ("broken_stream", *expected)


@pytest.mark.parametrize(("status", "measured"), [(199, False), (200, True), (299, True), (300, False)])
def test_stream_of_a_status_from_200_to_299_is_measured(status, measured):
    found = broken_stream(ask(), unread(UnreadReason.NO_DONE, status=status))
    assert (found.state is not FindingState.NOT_MEASURED) == measured


def test_stream_without_a_readable_answer_is_known_by_its_label():
    assert broken_stream(ask(), unread(UnreadReason.NO_DONE, stream=False)).reason == "not a stream"
    assert broken_stream(ask(), unread(UnreadReason.NO_DONE)).state is FindingState.DIFFER
