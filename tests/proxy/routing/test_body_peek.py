"""proxy.routing.body_peek: total over any bytes, right over JSON, quiet about the rest."""

import json
from types import SimpleNamespace

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.json_scanner import whole
from proxy.record.capture import LOOSE
from proxy.routing import body_peek as module
from proxy.routing.body_peek import (
    MOST_UNSEEN,
    PeekedBody,
    labelled,
    marks,
    peek,
    peeking,
    query_model,
    renamed,
    renaming,
    settling,
)
from tests.exchanges import exchange
from tests.proxy.test_json_scanner import assert_bounded

VALUES = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
KEYS = st.sampled_from(["messages", "tools", "x", 'a"b', "é"])


@given(st.binary(max_size=200))
def test_any_bytes_are_peeked_at_without_a_fault(body):
    assert isinstance(peek(body), PeekedBody)


@given(
    before=st.dictionaries(KEYS, VALUES, max_size=3),
    model=st.text(min_size=1, max_size=40),
    stream=st.booleans(),
    last=st.booleans(),
)
def test_the_model_and_the_stream_flag_are_found_wherever_they_stand(before, model, stream, last):
    asked = {**before, "model": model, "stream": stream} if last else {"stream": stream, "model": model, **before}
    for ascii_only in (True, False):
        body = json.dumps(asked, ensure_ascii=ascii_only).encode(errors="replace")
        seen = peek(body)
        assert (seen.model, seen.stream) == (model.encode(errors="replace").decode(), stream)
        assert peek(renamed(body, "other")) == PeekedBody(model="other", stream=stream)


@given(body=st.dictionaries(KEYS, VALUES, max_size=3), cut=st.integers(0, 200))
def test_a_prefix_states_what_it_holds_and_no_more(body, cut):
    made = json.dumps({"model": "m", **body, "stream": True}).encode()
    seen = peek(made[:cut])
    assert seen.model in {"", "m"}
    assert (seen.model == "m") == (cut >= len(b'{"model": "m"'))


@given(before=VALUES, model=st.text(min_size=1, max_size=20), new=st.text(max_size=20))
def test_renaming_changes_that_one_value(before, model, new):
    body = json.dumps({"messages": before, "model": model, "n": 1}, indent=2).encode()
    changed = renamed(body, new)
    assert json.loads(changed) == {"messages": before, "model": new, "n": 1}
    assert len(changed) - len(body) == len(json.dumps(new)) - len(json.dumps(model))


NO_MODELS = (
    *(b"", b" ", b"{", b"[]", b"null", b'"model"', b'{"model"', b'{"model":', b'{"model":"a', b'{"model":7}', b'{"model":null}'),
    *(b'{"model":["a"]}', b'{"a":{"model":"x"}}', b'[{"model":"x"}]', b'{"model" "x"}'),
    *(b'{model:"x"}', b"{" * 100_000, b'{"a":' + b"[" * 100_000, b'{"a":"' + b"\\" * 99_999, b'{"model":"' + b"x" * 2000 + b'"}'),
)


@pytest.mark.parametrize("body", NO_MODELS)
def test_what_is_not_a_model_is_no_model_and_keeps_its_name(body):
    assert peek(body) == PeekedBody()
    assert renamed(body, "n") == body


@given(models=st.lists(st.text(min_size=1, max_size=5), min_size=2, max_size=3), cut=st.booleans())
def test_of_a_repeated_key_the_last_counts_walked_or_parsed(models, cut):
    body = b"{" + b",".join(b'"model":' + json.dumps(model, ensure_ascii=True).encode() for model in models)
    body += b"," if cut else b"}"
    assert peek(body).model == models[-1].encode(errors="replace").decode()


def test_escapes_and_bad_bytes_give_a_text_that_can_be_written():
    assert peek(rb'{"mod\u0065l":"\u0061\n"}').model == "a\n"
    assert peek(rb'{"model":"\ud800x"}').model == "?x"
    assert peek(b'{"model":"\xff"}').model == "\ufffd"


def test_a_megabyte_before_the_model_is_read_past():
    body = json.dumps(
        {"messages": [{"role": "user", "content": 'say "hi" \n' * 50}] * 1500, "model": "m", "stream": True}
    ).encode()
    assert len(body) > 900_000
    assert peek(body) == peek(body + b"\xff") == PeekedBody(model="m", stream=True)
    assert renamed(body, "n") == body[: body.rindex(b'"m"')] + b'"n"' + body[body.rindex(b'"m"') + 3 :]


def test_a_body_made_of_brackets_is_given_up_in_time():
    assert peek(b'{"a":' + b"[]," * 400_000).model == ""


@pytest.mark.parametrize(("depth", "known"), [(1_003, True), (1_004, False)])
def test_a_prefix_is_walked_through_for_two_thousand_brackets_beside_the_first_and_three_levels(depth, known):
    body = b'{"a":' + b"[" * depth + b"]" * depth + b',"model":"m",'
    assert (peek(body).model == "m") == known


MARKS = [b"{", b"}", b"[", b"]", b'"', b",", b":", b"\\", b"0", b" ", b'"a":0,', b'"":[{}],', b"[],", b"1,", b"12345,"]
UNITS = st.lists(st.sampled_from(MARKS), min_size=1)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(unit=UNITS.map(b"".join), begin=st.sampled_from([b"", b"{", b'{"a":', b'{"a":[', b'{"a":"']), end=st.binary(max_size=3))
def test_whatever_a_body_holds_each_step_of_reading_it_is_bounded(unit, begin, end):
    """Of 1 MiB, the most that is peeked at: orjson reads it only with 40,000 marks or fewer, and the rest is `walking`'s."""
    body = begin + unit * (1_048_576 // len(unit)) + end
    read = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "orjson", SimpleNamespace(loads=read.append, JSONDecodeError=orjson.JSONDecodeError))
        peek(body)
    assert all(marks(each) <= 40_000 for each in read)
    assert_bounded(lambda: peeking(body), len(body))
    assert_bounded(lambda: renaming(body, "n"), len(body))


@pytest.mark.parametrize(("count", "at_once"), [(40_000, True), (40_001, False)])
def test_a_large_body_is_read_at_once_with_forty_thousand_marks(count, at_once):
    body = b'{"x":"' + b"a" * 65_536 + b"," * (count - 6) + b'"}'
    assert marks(body) == count
    assert (not list(peeking(body))) == at_once


def test_a_list_of_tokens_before_the_model_hides_it_not():
    for element in (b"1,", b"12345,", b"0.5,", b"true,", b'"",', b"[],", b"{},", b'{"a":[1]},'):
        body = b'{"input":[' + element * (1_000_000 // len(element)) + b'0],"model":"m","stream":true}'
        assert peek(body) == PeekedBody(model="m", stream=True)
        assert renamed(body, "n").endswith(b'"model":"n","stream":true}')


@pytest.mark.parametrize(("members", "known"), [(499, True), (500, False)])
def test_a_prefix_is_walked_through_for_five_hundred_members(members, known):
    body = b"{" + b"".join(b'"a%d":0,' % number for number in range(members)) + b'"model":"m",'
    assert (peek(body).model == "m") == known


def test_of_a_large_body_of_very_many_members_the_beginning_is_looked_at():
    many = b",".join(b'"a%d":0' % number for number in range(125_000))
    assert peek(b'{"model":"m",' + many + b"}").model == "m"
    assert peek(b"{" + many + b',"model":"m"}').model == ""


@pytest.mark.parametrize(
    ("beginning", "known"),
    [
        (b"", False),
        (b" \r\n", False),
        (b"{", False),
        (b'{"messages":["a', False),
        (b'{"model":"m', False),
        (b'{"model":"m"', True),
        (b' {"messages":[{"model":"n"}],"model":"m",', True),
        (b"--boundary", True),
        (b"\xff", True),
        (b"[", True),
    ],
)
def test_partial_body_decides_the_route_once_it_has_a_model_or_is_no_object(beginning, known):
    assert whole(settling(beginning)) == known


def test_a_byte_order_mark_before_the_body_hides_neither_model_nor_stream():
    body = b'\xef\xbb\xbf {"model":"m","stream":true}'
    assert peek(body) == PeekedBody(model="m", stream=True)
    assert whole(settling(body[:17]))
    assert renamed(body, "other") == b'\xef\xbb\xbf {"model":"other","stream":true}'


ASKED = b'{"model":"small","stream":true}'


def unlabelled(body, **more):
    made = exchange(request=body, **more)
    return made._replace(labels=made.labels._replace(model="", stream=False))


def test_an_exchange_whose_body_was_not_looked_at_is_labelled_by_what_its_record_holds():
    labels = labelled(unlabelled(ASKED)).labels
    assert (labels.model, labels.stream) == ("small", True)


def test_an_exchange_that_has_its_labels_keeps_them():
    made = exchange(request=ASKED)
    assert labelled(made) is made


@pytest.mark.parametrize(("size", "known"), [(16_384, True), (16_385, False)])
def test_a_body_that_is_looked_at_on_its_way_in_any_case_is_not_looked_at_again(size, known):
    assert MOST_UNSEEN == LOOSE == 16_384  # of a body that is no larger the record has all, whatever room there is
    body = ASKED + b" " * (size - len(ASKED))
    assert (labelled(unlabelled(body)).labels.model == "small") is known


def test_of_a_body_in_a_coding_or_one_that_was_cut_nothing_is_known():
    made = unlabelled(ASKED)
    coded = made._replace(request=made.request._replace(headers=(("Content-Encoding", "br"),)))
    cut = made._replace(request=made.request._replace(size=len(ASKED) + 1))
    assert [labelled(each) is each for each in (coded, cut)] == [True, True]


@given(st.binary(max_size=200))
def test_any_body_is_labelled_as_it_would_have_been_on_its_way(body):
    seen, labels = peek(body), labelled(unlabelled(body)).labels
    assert (labels.model, labels.stream) == (seen.model, seen.stream)


@pytest.mark.parametrize(("size", "known"), [(510, True), (511, False)])
def test_a_model_has_510_characters_in_its_quotes_at_most_whichever_way_it_is_read(size, known):
    body, model = b'{"model":"' + b"m" * size + b'"', "m" * size if known else ""
    assert (peek(body + b"}").model, peek(body + b",").model) == (model, model)
    assert (renamed(body + b"}", "n") == b'{"model":"n"}') is known


@pytest.mark.parametrize(("size", "known"), [(512, True), (513, False)])
def test_a_model_in_a_query_has_512_characters_at_most(size, known):
    assert query_model(f"/v1/x?a=b&model={'m' * size}#c") == ("m" * size if known else "")


@pytest.mark.parametrize(("size", "at_once"), [(65_536, True), (65_537, False)])
def test_a_body_of_64_kib_is_read_at_once_whatever_stands_in_it(size, at_once):
    body = b'{"model":"m","x":"'.ljust(size - 2, b",") + b'"}'
    assert (len(body), not list(peeking(body)), peek(body).model) == (size, at_once, "m")
