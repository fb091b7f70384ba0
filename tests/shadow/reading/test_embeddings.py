"""Embeddings in the normal form: the same float32 whichever way they were sent."""

from __future__ import annotations

import base64
import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.reading.completion import Completion, Unread, UnreadReason
from shadow.reading.embeddings import as_chat, fold_events, read_whole
from shadow.reading.parsed_request import parse_request
from shadow.reading.response_notes import VECTOR_INDICES
from shadow.reading.sse import read_stream
from tests.shadow.reading.hostile import HOSTILE
from tests.shadow.reading.test_parsed_response import written

FLOATS = st.lists(st.floats(-1_000, 1_000, width=32), min_size=1, max_size=8)


def body(*embeddings: object, **more) -> bytes:
    data = [{"object": "embedding", "index": index, "embedding": embedding} for index, embedding in enumerate(embeddings)]
    return json.dumps({"object": "list", "data": data, "model": "m", **more}).encode()


@given(FLOATS)
def test_numbers_and_base64_are_one_vector(numbers):
    packed = struct.pack(f"<{len(numbers)}f", *numbers)
    as_text = base64.b64encode(packed).decode()
    one, other = (read_whole(body(vector), 200).completion for vector in (numbers, as_text))
    assert isinstance(one, Completion)
    assert one.vectors == other.vectors
    assert one.vectors[0].packed == packed


@pytest.mark.parametrize("numbers", [[127, -128, 3, 0, -5, 90, 17, -44], [1, 2, 3]])
def test_bytes_in_base64_that_make_no_plausible_floats_are_integers(numbers):
    as_text = base64.b64encode(struct.pack(f"{len(numbers)}b", *numbers)).decode()
    said = read_whole(body(as_text, as_text), 200).completion
    assert isinstance(said, Completion)
    assert [struct.unpack(f"<{len(numbers)}f", vector.packed) for vector in said.vectors] == [tuple(map(float, numbers))] * 2


@pytest.mark.slow
@given(HOSTILE, st.lists(HOSTILE | st.dictionaries(st.sampled_from(["index", "embedding"]), HOSTILE), max_size=3))
def test_no_json_makes_it_raise(value, data):
    for made in (value, {"data": data}, {"data": [{"embedding": value}]}, {"data": value, "usage": value}):
        said = read_whole(json.dumps(made).encode("utf-8", "surrogatepass"), 200).completion
        assert isinstance(said, Unread) or json.dumps(written(said))


@given(st.binary(max_size=200))
def test_no_bytes_make_it_raise(data):
    assert isinstance(read_whole(data, 200).completion, (Completion, Unread))
    assert isinstance(fold_events(read_stream(b"data: " + data + b"\n\n"), 200).completion, Unread)


@pytest.mark.parametrize("embedding", [[], "", None, {}, ["a"], [[0.5]], "A", "AAA=", "!!!!", [10**400], True, [None]])
def test_an_embedding_that_is_no_vector_is_unread_with_its_place(embedding):
    said = read_whole(body([0.5], embedding), 200).completion
    assert isinstance(said, Unread)
    assert (said.why, said.detail) == (UnreadReason.WRONG_SHAPE, "embedding 1 is neither a list of numbers nor float32 in base64")


def test_a_number_beyond_float32_makes_no_trouble():
    assert isinstance(read_whole(body([1e300]), 200).completion, Completion)


def test_an_empty_or_failed_embedding_answer_is_unread_with_its_reason():
    assert read_whole(b'{"data": []}', 200).completion.why is UnreadReason.EMPTY
    assert read_whole(b'{"choices": []}', 200).completion.why is UnreadReason.WRONG_SHAPE
    reading = read_whole(b'{"error": {"message": "no such model"}}', 200)
    assert (reading.completion.why, reading.error.message) == (UnreadReason.ERROR, "no such model")
    reading = fold_events(read_stream(b'data: {"error": {"message": "no"}}\n\n'), 200)
    assert (reading.completion.why, reading.error.in_stream) == (UnreadReason.ERROR, True)
    assert fold_events(read_stream(b"data: {}\n\n"), 200).completion.why is UnreadReason.WRONG_SHAPE


def test_vectors_stand_by_their_index():
    data = [{"index": 1, "embedding": [1]}, {"index": 0, "embedding": [0]}]
    said = read_whole(json.dumps({"data": data}).encode(), 200).completion
    assert [vector.index for vector in said.vectors] == [0, 1]
    assert said.notes == ()
    assert VECTOR_INDICES in read_whole(json.dumps({"data": data[:1]}).encode(), 200).completion.notes


def test_each_text_of_the_input_is_a_message():
    assert [message["content"] for message in as_chat({"input": ["a", "b"]})["messages"]] == ["a", "b"]
    assert as_chat({"input": "a", "model": "m"})["messages"] == [{"role": "user", "content": "a"}]
    assert as_chat({"input": [1, 2, 3]})["messages"] == []
    assert as_chat({}).why is UnreadReason.WRONG_SHAPE
    asked = parse_request("/v1/embeddings", (), b'{"model": "m", "input": [1, 2]}', False)
    assert (asked.api, asked.model, asked.messages, asked.unread) == ("embeddings", "m", (), None)
