import json

import orjson
import pytest
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


def made_of(data: bytes):
    chunk = json.loads(data)
    return template_of(data, chunk, chunk, "delta")


def numbered(part):
    return part.before, part.number, part.after


@pytest.mark.parametrize(
    ("data", "before", "between", "padding", "after"),
    [
        (b'{"delta":"ab"}', (b'{"delta":"', None, b""), b"", "", (b'"}', None, b"")),
        (b'{"delta" : "ab"}', (b'{"delta" : "', None, b""), b"", "", (b'"}', None, b"")),
        (b'{"n":9,"delta":"ab"}', (b'{"n":9,"delta":"', None, b""), b"", "", (b'"}', None, b"")),
        (
            *(b'{"sequence_number":9,"delta":"ab"}', (b'{"sequence_number":', 9, b',"delta":"'), b"", ""),
            (b'"}', None, b""),
        ),
        (
            *(b'{"delta":"ab","sequence_number":9}', (b'{"delta":"', None, b""), b"", ""),
            (b'","sequence_number":', 9, b"}"),
        ),
        (b'{"delta":"ab","p":"xy"}', (b'{"delta":"', None, b""), b'","p":"', "p", (b'"}', None, b"")),
        (b'{"delta":"ab","obfuscation":""}', (b'{"delta":"', None, b""), b'","obfuscation":"', "obfuscation", (b'"}', None, b"")),
        (
            *(b'{"delta":"ab","p":"xy","sequence_number":0}', (b'{"delta":"', None, b""), b'","p":"', "p"),
            (b'","sequence_number":', 0, b"}"),
        ),
        (b'{"delta":"ab" }', (b'{"delta":"', None, b""), b'"', "", (b"}", None, b"")),
        (b'{"delta":"ab"   }', (b'{"delta":"', None, b""), b'"', "", (b"}", None, b"")),
        (b'{"delta":"ab","p":"x y"}', (b'{"delta":"', None, b""), b"", "", (b'","p":"x y"}', None, b"")),
        (b'{"p":"xy","delta":"ab"}', (b'{"p":"xy","delta":"', None, b""), b"", "", (b'"}', None, b"")),
        (
            *(b'{"sequence_number":true,"delta":"ab"}', (b'{"sequence_number":true,"delta":"', None, b""), b"", ""),
            (b'"}', None, b""),
        ),
    ],
)
def test_template_is_the_bytes_about_the_string_its_padding_and_its_number(data, before, between, padding, after):
    made = made_of(data)
    assert (numbered(made.before), made.between, made.padding, numbered(made.after)) == (before, between, padding, after)


@pytest.mark.parametrize(
    "data",
    [
        b'{"delta":"ab","a":{"delta":"c"}}',
        b'{"a":{"delta":"ab"}}',
        b'{"a":"\\"delta\\":\\"c\\"","delta":""}',
        b'{"delta":"ab","a":{"p":"q"},"p":"r"}',
        b'{"delta":"ab","b":{"sequence_number":7},"sequence_number":7}',
    ],
)
def test_event_whose_string_padding_or_number_could_be_another_one_has_no_template(data):
    assert made_of(data) is None


def test_event_is_the_same_after_its_template_was_tested():
    chunk = {"delta": "ab", "p": "xy"}
    assert template_of(b'{"delta":"ab","p":"xy"}', chunk, chunk, "delta") is not None
    assert chunk == {"delta": "ab", "p": "xy"}


@pytest.mark.parametrize(
    ("data", "literals", "read"),
    [
        (b'{"delta":"ab","p":"xy"}', [b'a","p":"xy', b'b","p":"', b'c","p":"x y', b'd","p":"z'], ["a", "b"]),
        (b'{"delta":"ab","p":"xy"}', [b'a","p":"xy', b"b", b'c","p":"z'], ["a"]),
        (b'{"delta":"ab","p":"xy"}', [b"a"], []),
        (b'{"delta":"ab" }', [b'a" ', b'b"', b'c"   ', b'd"x'], ["a", "b", "c"]),
        (b'{"delta":"ab"}', [b"a", b"\\u00e9", b'c"'], ["a", "é"]),
        (b'{"delta":"ab","p":"xy"}', [], []),
    ],
)
def test_strings_are_read_up_to_the_first_that_something_else_than_padding_follows(data, literals, read):
    assert made_of(data).read(literals) == read


def test_literal_that_another_would_complete_is_broken():
    assert strings([b"a\\", b"nb"]) == []
    assert strings([b"a", b"b\\"]) == ["a"]
    assert strings([b'a","b']) == []
    assert strings([b"\\ud83d", b"\\ude00"]) == []
