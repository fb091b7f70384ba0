"""The value that leaves the data plane is frozen, comparable, and honest about what was cut."""

from array import array

import pytest

from proxy.exchange import ChunkTiming, ChunkTimings, Failure, FailureKind, Labels
from tests.exchanges import exchange, said


def test_a_body_that_is_whole_is_not_truncated():
    whole = exchange(said(), request=b"{}")
    assert not whole.request.truncated
    assert not whole.response.truncated


def test_a_body_larger_than_what_was_kept_is_truncated():
    whole = exchange(said(), request=b"{}")
    assert whole.request._replace(size=3).truncated
    assert whole.response._replace(size=10_000_000).truncated


def test_an_exchange_cannot_be_changed_after_it_was_made():
    with pytest.raises(AttributeError):
        exchange().model = "another"


def test_exchanges_with_equal_fields_are_equal_and_others_are_not():
    assert exchange(said()) == exchange(said())
    failure = Failure(kind=FailureKind.RESET, detail="", after_head=True)
    assert exchange(said()) != exchange(said(), failure=failure)


def test_marks_are_a_sequence_of_times_and_ends():
    marks = ChunkTimings([0.5, 1.5, 2.5], [3, 6, 2**40])
    assert list(marks) == [marks[0], marks[1], marks[-1]] == [ChunkTiming(0.5, 3), ChunkTiming(1.5, 6), ChunkTiming(2.5, 2**40)]
    assert (len(marks), bool(ChunkTimings())) == (3, False)
    assert marks[1:] == ChunkTimings([1.5, 2.5], [6, 2**40])
    assert hash(marks) == hash(ChunkTimings([0.5, 1.5, 2.5], [3, 6, 2**40]))
    assert marks != ChunkTimings([0.5, 1.5, 2.6], [3, 6, 2**40])
    assert marks != list(marks)
    assert ChunkTimings(array("f", [0.5]), array("I", [3])).ends.typecode == "Q"


def test_a_time_for_each_piece_and_a_piece_for_each_time():
    with pytest.raises(ValueError, match="1 times for 2 pieces"):
        ChunkTimings([0.5], [3, 6])


def test_the_texts_of_labels_are_what_a_client_names_and_are_replaced_in_their_order():
    labels = Labels(route="r", provider="p", model="m", tag="t", conversation="c", tenant="x")
    assert labels.texts == ("m", "t", "c")
    assert labels.with_texts("M", "T", "C") == labels._replace(model="M", tag="T", conversation="C")
    assert Labels().texts == ("", "", "")


def test_labels_that_nobody_set_are_of_no_stream_and_of_no_client_that_opted_out():
    assert (Labels().stream, Labels().opted_out) == (False, False)


def test_an_exchange_that_was_made_here_is_of_the_first_process_and_was_held():
    made = exchange(said())
    assert (made.worker, made.unheld) == (0, False)
