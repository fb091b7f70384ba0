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


@pytest.mark.parametrize(
    ("index", "kept"), [(3, 3), (-3, -3), (2**31 - 1, 2**31 - 1), (2**31, 0), (-(2**31), 0), (True, 0), (None, 0), ("1", 0)]
)
def test_index_of_a_vector_has_31_bits_at_most_else_its_place(index, kept):
    said = read_whole(json.dumps({"data": [{"index": index, "embedding": [1]}]}).encode(), 200).completion
    assert [vector.index for vector in said.vectors] == [kept]
    assert said.notes == (() if kept == 0 else (VECTOR_INDICES,))


@pytest.mark.parametrize(("mean", "of_bytes"), [(1e6, False), (1_000_000.5, True), (-1e6, False), (-1_000_000.5, True)])
def test_floats_are_plausible_up_to_a_mean_of_a_million(mean, of_bytes):
    packed = struct.pack("<4f", *[mean] * 4)
    said = read_whole(body(base64.b64encode(packed).decode()), 200).completion
    assert len(said.vectors[0].packed) == (64 if of_bytes else 16)


def test_bytes_of_three_are_integers_and_floats_of_another_length_are_no_vector():
    assert len(read_whole(body(base64.b64encode(b"\x01\x02\x03").decode()), 200).completion.vectors[0].packed) == 12
    floats, three = (base64.b64encode(each).decode() for each in (struct.pack("<f", 0.5), b"\x01\x02\x03"))
    said = read_whole(body(floats, three), 200).completion
    assert said.detail == "embedding 1 is neither a list of numbers nor float32 in base64"


def test_head_usage_and_notes_of_embeddings_are_kept():
    more = {"id": "e", "system_fingerprint": "f", "provider": "p", "usage": {"prompt_tokens": 3, "total_tokens": 3}}
    said = read_whole(body([1.0], **more), 200).completion
    assert (said.id, said.model, said.fingerprint, said.provider, said.stream) == ("e", "m", "f", "p", False)
    assert (said.usage.prompt_tokens, said.first.index, said.first.text, said.notes) == (3, 0, None, ())
    odd = read_whole(b'{"data": [{"index": 1, "embedding": [1]}], "model": "\xff"}', 200).completion
    assert (odd.model, odd.notes) == ("\ufffd", ("the body holds bytes that are not UTF-8", VECTOR_INDICES))


@pytest.mark.parametrize(
    ("sent", "detail"),
    [
        (b"nonsense", "not JSON: Expecting value: line 1 column 1 (char 0)"),
        (b"[]", "the body is a JSON list, not an object"),
        (b'{"data": [5]}', "the body has no list of embeddings"),
        (b'{"data": []}', "the list of embeddings is empty"),
        (b'{"error": "no"}', "an error with status 200"),
    ],
)
def test_answer_without_embeddings_states_why(sent, detail):
    reading = read_whole(sent, 200)
    assert (reading.completion.detail, reading.done, reading.content_ends) == (detail, False, [])
    assert reading.error is None or (reading.error.in_stream, reading.error.status) == (False, 200)


def test_embeddings_beside_an_error_are_read():
    assert isinstance(read_whole(body([1.0], error={"message": "late"}), 200).completion, Completion)


def test_stream_of_embeddings_is_searched_for_its_first_error():
    events = b'data: {"a": 1}\n\ndata: [DONE]\n\nevent: error\ndata: {"message": "no"}\n\ndata: {"error": "second"}\n\n'
    reading = fold_events(read_stream(events), 200)
    assert (reading.error.message, reading.error.in_stream, reading.error.status) == ("no", True, 200)
    assert (reading.completion.detail, reading.done) == ("the provider sent an error in the stream", False)
    none = fold_events(read_stream(b'data: {"a": 1}\n\n'), 200)
    assert none.completion.detail == "a stream came, and embeddings are none"
    assert as_chat({"input": None}).detail == "the request has no input"
