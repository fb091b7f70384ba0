"""A message comes out of its frame as it went in."""

from proxy.packing import FrameReader
from shadow.pipeline.audit_messages import RESULT, Done, Recorded, WorkerState, packed, unpacked
from storage.opening import record_preparer
from tests.conformance import exchange_record


def test_messages_with_a_prepared_record_come_out_as_they_went_in():
    record = record_preparer().prepare(exchange_record("one"))
    sent = [Recorded(3, record), Done(3), WorkerState(1, 2, fetcher=True)]
    [(kind, payload)] = FrameReader(1_000_000).feed(packed(RESULT, sent))
    assert (kind, unpacked(payload)) == (RESULT, sent)
