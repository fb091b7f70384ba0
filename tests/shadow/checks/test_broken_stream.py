import pytest

from proxy.exchange import FailureKind
from shadow.checks.broken_stream import broken_stream
from shadow.findings.finding import FindingState
from shadow.reading.completion import UnreadReason
from tests.shadow.compare.made import answer, ask, failed, unread


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
