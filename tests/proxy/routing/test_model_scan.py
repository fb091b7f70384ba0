"""proxy.routing.model_scan: however a body is cut its model is found where `peek` finds it, and each byte is read once."""

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.json_scanner import whole
from proxy.routing.body_peek import PeekedBody, peek
from proxy.routing.model_scan import ModelScan

TEXTS = st.text(max_size=8) | st.sampled_from(["model", '"', "\\", '\\"model":', "{", "]", "a" * 600])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=12,
)
NAMES = st.sampled_from(["messages", "model", "stream", "mo\\u0064el"]) | TEXTS


def scanned(body, places=()):
    scan = ModelScan()
    edges = [0, *sorted({place % (len(body) + 1) for place in places}), len(body)]
    for start, end in pairwise(edges):
        whole(scan.feed(body[start:end]))
    return scan


@pytest.mark.slow
@settings(max_examples=300)
@given(st.dictionaries(NAMES, VALUES, max_size=6), st.lists(st.integers(0, 500), max_size=8), st.sampled_from([None, 1]))
def test_any_object_is_read_as_a_whole_one_is_however_it_is_cut(asked, places, indent):
    body = json.dumps(asked, indent=indent).encode()
    scan, seen = scanned(body, places), peek(body)
    assert (scan.settled, scan.model) == (True, seen.model)
    if seen.model:
        assert json.loads(body[slice(*scan.span)]) == asked["model"]
    else:
        assert scan.stream == seen.stream


@given(st.binary(max_size=80), st.lists(st.integers(0, 90), max_size=6))
def test_no_bytes_make_it_raise(noise, places):
    for start in (b"", b"{", b'{"model":', b'{"model":"m\\', b"\xef\xbb\xbf{"):
        scanned(start + noise, places)


@pytest.mark.parametrize("before", [b"[" * 200, b'"' + b"x" * 3_000_000 + b'"', b'{"a":[{"b":{"c":{"d":[1,{"e":"}]"}]}}}]}'])
@pytest.mark.parametrize("size", [1, 4_096, 262_144])
def test_a_model_behind_deep_and_long_values_is_found(before, size):
    if size == 1 and len(before) > 1_000:
        before = before[:1_000] + b'"'
    body = b'{"messages":' + before + b"]" * before.count(b"[", 0, 200) * (before[:2] == b"[[") + b',"stream":true,"model":"m"'
    scan = scanned(body, range(0, len(body), size))
    assert (scan.model, scan.stream, body[slice(*scan.span)]) == ("m", True, b'"m"')


def test_a_step_is_two_hundred_marks_or_32_kib():
    for piece, steps in ((b"{" + b"," * 20_000, 100), (b'{"a":"' + b"x" * 3_200_000, 97)):
        assert abs(sum(1 for _ in ModelScan().feed(piece)) - steps) <= 2


@pytest.mark.parametrize(
    ("body", "model", "stream"),
    [
        (b'{"model":"m","stream":true}', "m", False),
        (b'{"stream":true,"model":"m"}', "m", True),
        (b' { "a" : [ { "model" : "n" } ] , "stream" : true , "model" : "m" } ', "m", True),
        (b'{"a":"\\"model\\":","model":"m\\\\"}', "m\\", False),
        (b'{"mo\\u0064el":"\\u006d"}', "m", False),
        (b'{"model":7,"stream":false}', "", False),
        (b'{"model":"","stream":true}', "", True),
        (b'{"stream":"true"}', "", False),
        (b'{"a":{"stream":true},"b":{"c":1}}', "", False),
        (b'{"stream":[true],"a":[[true]]}', "", False),
        (b'\xef\xbb\xbf , :{"stream":true,"model":"m"}', "m", True),
        (b"{}", "", False),
    ],
)
def test_a_body_is_read_the_same_wherever_it_is_cut(body, model, stream):
    for place in range(len(body) + 1):
        scan = scanned(body, [place])
        assert (scan.settled, scan.model, scan.stream) == (True, model, stream)
        assert not model or json.loads(body[slice(*scan.span)]) == model
        assert scan.seen == PeekedBody(model=model, stream=stream)


@pytest.mark.parametrize(("length", "known"), [(510, True), (511, False)])
def test_a_model_has_512_bytes_of_json_at_the_most(length, known):
    assert (scanned(b'{"model":"%b"}' % (b"m" * length)).model != "") is known


def test_a_scan_shows_what_it_has_found():
    scan = ModelScan()
    whole(scan.feed(b'{"stream":true,"mod'))
    assert repr(scan) == "<ModelScan read=19 settled=False model='' stream=True>"
    whole(scan.feed(b'el":"m"'))
    assert repr(scan) == "<ModelScan read=26 settled=True model='m' stream=True>"


@pytest.mark.parametrize(("marks", "steps"), [(199, 0), (200, 1), (399, 1), (400, 2)])
def test_a_step_ends_with_every_two_hundredth_mark(marks, steps):
    assert sum(1 for _ in ModelScan().feed(b"{" + b"," * (marks - 1))) == steps


@pytest.mark.slow
@pytest.mark.parametrize(("marks", "settled"), [(99_999, False), (100_000, True)])
def test_a_scan_is_over_with_its_hundred_thousandth_mark(marks, settled):
    assert scanned(b"{" + b"," * (marks - 1)).settled is settled


@pytest.mark.slow
def test_a_scan_gives_up_at_a_hundred_thousand_marks():
    """A brace is one, and each member has three: the quote that begins its name, a colon and a comma."""
    scan = scanned(b"{" + b'"a":0,' * 33_332 + b'"a":')
    assert (scan.settled, scan.model) == (False, "")
    whole(scan.feed(b"0,"))
    assert (scan.settled, scan.model) == (True, "")
    assert scanned(b"{" + b'"a":0,' * 33_331 + b'"model":"m"').model == "m"


def test_a_value_behind_more_spaces_than_a_step_has_is_read_whole():
    assert scanned(b'{"stream":' + b" " * 32_768 + b"true}").stream


def test_commas_within_a_value_are_no_marks():
    assert scanned(b'{"a":[' + b"0," * 100_000 + b'0],"model":"m"}').model == "m"
