"""proxy.client.read_pauses: reading stops with the first reason and goes on with the end of the last."""

from proxy.client.read_pauses import PauseReason, ReadPauses


class Transport:
    def __init__(self):
        self.done = []
        self.closing = False

    def pause_reading(self):
        self.done.append("pause")

    def resume_reading(self):
        self.done.append("resume")

    def is_closing(self):
        return self.closing


def test_reading_pauses_once_and_goes_on_when_no_reason_is_left():
    transport = Transport()
    pauses = ReadPauses(transport)
    pauses.add(PauseReason.BODY)
    pauses.add(PauseReason.AHEAD)
    pauses.remove(PauseReason.BODY)
    assert (transport.done, bool(pauses), PauseReason.AHEAD in pauses) == (["pause"], True, True)
    pauses.remove(PauseReason.AHEAD)
    pauses.remove(PauseReason.AHEAD)
    assert (transport.done, bool(pauses)) == (["pause", "resume"], False)


def test_all_reasons_end_together():
    transport = Transport()
    pauses = ReadPauses(transport)
    pauses.clear()
    pauses.add(PauseReason.BODY)
    pauses.add(PauseReason.PORTION)
    pauses.clear()
    assert transport.done == ["pause", "resume"]


def test_a_transport_that_is_closing_is_neither_paused_nor_resumed():
    transport = Transport()
    pauses = ReadPauses(transport)
    transport.closing = True
    pauses.add(PauseReason.BODY)
    pauses.remove(PauseReason.BODY)
    assert transport.done == []


def test_the_reasons_are_shown_by_their_names():
    pauses = ReadPauses(Transport())
    pauses.add(PauseReason.PORTION)
    pauses.add(PauseReason.AHEAD)
    assert repr(pauses) == "<ReadPauses ['AHEAD', 'PORTION']>"
