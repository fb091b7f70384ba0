"""A mould makes reading quicker and changes nothing that is read."""

import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.reading import assemble
from shadow.reading.assemble import fold
from shadow.reading.mould import LARGEST, mould, saying, strings
from shadow.reading.sse import Event, read_stream
from tests.shadow.reading.hostile import CHOICE, CHUNK, WORDS

TEXT = st.text(max_size=6) | WORDS | st.sampled_from(['"', "\\", '","usage":{"x":1},"a":"', "\u2028", "\x7f", '{"a": "b"}'])
ENTRY = st.fixed_dictionaries({"index": st.integers(0, 1), "function": st.fixed_dictionaries({"arguments": TEXT})})
DELTA = (
    st.fixed_dictionaries({"content": TEXT}, optional={"role": st.none() | st.just("assistant")})
    | st.fixed_dictionaries({"reasoning_content": TEXT}, optional={"content": st.none() | st.just("")})
    | st.fixed_dictionaries({"tool_calls": st.lists(ENTRY, min_size=1, max_size=2)})
)
PLAIN = st.builds(
    lambda delta, finish, index: {"index": index, "delta": delta, "finish_reason": finish},
    DELTA,
    st.sampled_from([None, None, None, "stop"]),
    st.sampled_from([0, 0, 0, 1, None]),
)
FRAMED = st.builds(
    lambda choices, more: {"id": "1", "object": "chat.completion.chunk", "model": "m", "choices": choices, **more},
    st.lists(PLAIN, min_size=1, max_size=1) | st.lists(CHOICE, max_size=2),
    st.sampled_from(
        [{}, {}, {}, {"usage": None}, {"usage": {"prompt_tokens": 1}}, {"obfuscation": "aB"}, {"model": "n"}, {"error": None}]
    ),
)
WRITTEN = st.sampled_from([json.dumps, lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":"))])


def without_moulds(stream):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assemble, "mould", lambda event, chunk: None)
        return fold(stream, 200)


@given(st.lists(FRAMED | CHUNK, max_size=8), WRITTEN, st.booleans())
def test_every_stream_is_read_alike_with_moulds_and_without(chunks, written, again):
    chunks = [*chunks, *chunks] if again else chunks
    body = "".join(f"data: {written(chunk)}\n\n" for chunk in chunks).encode("utf-8", "surrogatepass")
    assert fold(read_stream(body), 200) == without_moulds(read_stream(body))


@given(st.lists(st.binary(max_size=6), max_size=6))
def test_any_bytes_in_the_place_of_the_string_are_read_alike(literals):
    shell = b'data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"%b"},"finish_reason":null}]}\n\n'
    body = b"".join(shell % literal for literal in (b"first", *literals))
    assert fold(read_stream(body), 200) == without_moulds(read_stream(body))


def event(chunk: dict) -> Event:
    return Event(json.dumps(chunk).encode(), "", 0)


def chunk(delta: dict, **more) -> dict:
    choice = {"index": 0, "delta": delta, "finish_reason": None}
    return {"object": "chat.completion.chunk", "choices": [choice], **more}


def test_words_calls_and_thoughts_have_moulds():
    for delta in ({"content": "a"}, {"reasoning": "a"}, {"tool_calls": [{"index": 0, "function": {"arguments": "a"}}]}):
        made = mould(event(chunk(delta)), chunk(delta))
        assert made is not None
        assert made.around.before + b"a" + made.around.after == event(chunk(delta)).data


@given(st.lists(st.tuples(st.binary(max_size=6), st.binary(max_size=6)), max_size=6))
def test_any_bytes_in_the_places_of_the_string_and_of_the_obfuscation_are_read_alike(literals):
    shell = (
        b'data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"%b"},"finish_reason":null}]'
        b',"usage":null,"obfuscation":"%b"}\n\n'
    )
    body = b"".join(shell % two for two in ((b"first", b"aB1"), *literals))
    assert fold(read_stream(body), 200) == without_moulds(read_stream(body))


@given(st.lists(st.tuples(st.text(max_size=6), st.text("aB1", max_size=6)), min_size=1, max_size=8))
def test_one_mould_takes_every_event_of_a_stream_with_obfuscation(said):
    chunks = [chunk({"content": text}, obfuscation=hiding) for text, hiding in (("first", "x"), *said)]
    made = mould(event(chunks[0]), chunks[0])
    assert made is not None
    body = b"".join(b"data: %b\n\n" % event(each).data for each in chunks) + b"data: [DONE]\n\n"
    walk = read_stream(body).walk()
    walk.next()
    texts, _ = walk.run(made.around.before, made.around.after, made.around.read)
    assert texts == [text for text, _ in said]
    assert walk.next() == Event(b"[DONE]", "", len(body))


@given(st.lists(TEXT, max_size=5), st.booleans())
def test_strings_are_read_as_json_reads_them_one_or_many(texts, plain):
    written = [json.dumps(text, ensure_ascii=not plain) for text in texts]
    read = strings([text[1:-1].encode("utf-8", "surrogatepass") for text in written])
    assert read == texts[: len(read)]


@given(st.lists(st.sampled_from(["", "a", "b"]), max_size=6))
def test_strings_that_say_nothing_are_left_out_with_their_ends(texts):
    told, ends = saying(texts, list(range(len(texts))))
    assert list(zip(told, ends, strict=True)) == [(text, end) for end, text in enumerate(texts) if text]


def test_strings_are_read_up_to_the_first_that_is_none():
    assert strings([b"a", b"b\\n", "é".encode(), b'c"', b"d"]) == ["a", "b\n", "é"]
    assert strings([b"a", b"\xff", b"b"]) == ["a"]
    assert strings([b"a", b"b\x00c"]) == ["a"]
    assert strings([]) == []


@pytest.mark.parametrize(
    "said",
    [
        chunk({"content": ""}),
        chunk({"content": "a", "role": "assistant"}),
        chunk({"content": "a", "tool_calls": []}),
        chunk({"tool_calls": [{"index": 0, "id": "new", "function": {"arguments": "a"}}]}),
        chunk({"content": "a"}, usage={"prompt_tokens": 1}),
        chunk({"content": "a"}, error={"message": "no"}),
        {"choices": [{"index": 0, "delta": {"content": "a"}}]},
        {**chunk({"content": "a"}), "choices": []},
    ],
)
def test_what_says_more_than_one_string_has_none(said):
    assert mould(event(said), said) is None


def test_an_event_that_is_an_answer_of_its_own_makes_none():
    assert mould(event(chunk({"content": "a" * 60_000})), chunk({"content": "a" * 60_000})) is not None
    assert mould(event(chunk({"content": "a" * LARGEST})), chunk({"content": "a" * LARGEST})) is None


def test_a_key_that_stands_twice_makes_no_mould():
    data = json.dumps(chunk({"content": "a"})).replace('"content": "a"', '"content": "a", "content": "b"').encode()
    assert mould(Event(data, "", 0), orjson.loads(data)) is None
