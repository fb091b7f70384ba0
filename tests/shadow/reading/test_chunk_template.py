import json

import orjson
from hypothesis import given
from hypothesis import strategies as st

from shadow.reading.chunk_template import LARGEST, strings, template_of
from shadow.reading.growing_string import growing_string
from shadow.reading.sse import SseEvent, read_stream
from tests.shadow.reading.hostile import WORDS

TEXT = st.text(max_size=6) | WORDS | st.sampled_from(['"', "\\", "\u2028", "\x7f", '{"a": "b"}'])


def chunk(delta: dict, **more) -> dict:
    choice = {"index": 0, "delta": delta, "finish_reason": None}
    return {"object": "chat.completion.chunk", "choices": [choice], **more}


def template(chunk, data=None):
    growing = growing_string(chunk)
    assert growing is not None
    return template_of(data or json.dumps(chunk).encode(), chunk, growing.holder, growing.key)


def test_text_reasoning_and_arguments_have_templates():
    for delta in ({"content": "a"}, {"reasoning": "a"}, {"tool_calls": [{"index": 0, "function": {"arguments": "a"}}]}):
        made = template(chunk(delta))
        assert made is not None
        assert made.before.of(1) + b"a" + made.after.of(1) == json.dumps(chunk(delta)).encode()


@given(st.lists(st.tuples(st.text(max_size=6), st.text("aB1", max_size=6)), min_size=1, max_size=8))
def test_template_fits_every_event_of_a_padded_stream(texts):
    chunks = [chunk({"content": text}, obfuscation=hiding) for text, hiding in (("first", "x"), *texts)]
    made = template(chunks[0])
    assert made is not None
    body = b"".join(b"data: %b\n\n" % json.dumps(each).encode() for each in chunks) + b"data: [DONE]\n\n"
    walk = read_stream(body).walk()
    walk.next()
    read, _ = walk.run(made.before, made.after, made.read)
    assert read == [text for text, _ in texts]
    assert walk.next() == SseEvent(b"[DONE]", "", len(body))


@given(st.lists(TEXT, max_size=5), st.booleans())
def test_strings_are_those_that_json_reads(texts, plain):
    written = [json.dumps(text, ensure_ascii=not plain) for text in texts]
    read = strings([text[1:-1].encode("utf-8", "surrogatepass") for text in written])
    assert read == texts[: len(read)]


def test_strings_end_before_the_first_literal_that_is_not_json():
    assert strings([b"a", b"b\\n", "é".encode(), b'c"', b"d"]) == ["a", "b\n", "é"]
    assert strings([b"a", b"\xff", b"b"]) == ["a"]
    assert strings([b"a", b"b\x00c"]) == ["a"]
    assert strings([]) == []


def test_event_without_a_text_has_no_template():
    assert template_of(b'{"delta": ""}', {"delta": ""}, {"delta": ""}, "delta") is None
    assert template_of(b'{"delta": 1}', {"delta": 1}, {"delta": 1}, "delta") is None


def test_event_of_65536_bytes_has_a_template_and_a_larger_one_has_none():
    size = 65_536 - len(json.dumps(chunk({"content": ""})))
    assert template(chunk({"content": "a" * size})) is not None
    assert template(chunk({"content": "a" * (size + 1)})) is None
    assert LARGEST == 65_536


def test_event_with_a_key_twice_has_no_template():
    data = json.dumps(chunk({"content": "a"})).replace('"content": "a"', '"content": "a", "content": "b"').encode()
    assert template(orjson.loads(data), data) is None
