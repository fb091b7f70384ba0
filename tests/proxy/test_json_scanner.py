"""proxy.json_scanner: where the members of any object stand, in steps that are bounded whatever it holds."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy import json_scanner as module
from proxy.json_scanner import Span, value_end, walking, whole
from proxy.routing.request_fitting import RequestFitting, fit_in_steps

STEP = 32 * 1024
PATTERNS = ("RUN", "TEXT", "_MEMBER", "_KEY", "_SCALAR")


class Counted:
    """A compiled pattern that counts what it is asked for in a step, and how far it may look."""

    count = most = furthest = 0

    def __init__(self, pattern):
        self.pattern = pattern

    def match(self, body, at, end=1 << 62):
        Counted.count += 1
        Counted.furthest = max(Counted.furthest, min(end, len(body)) - at)
        return self.pattern.match(body, at, end)


def assert_bounded(begin, size):
    """No step of the work that `begin` begins on `size` bytes looks further than 32 KiB at once, or over a thousand times."""
    with pytest.MonkeyPatch.context() as patch:
        for name in PATTERNS:
            patch.setattr(module, name, Counted(getattr(module, name)))
        Counted.furthest = Counted.count = total = 0
        steps = begin()
        try:
            while True:
                next(steps)
                assert Counted.count <= 1_000
                total += Counted.count
                Counted.count = 0
        except (StopIteration, ValueError):
            total += Counted.count
    assert Counted.count <= 1_000
    assert Counted.furthest <= STEP
    assert total <= size + 1_000


MARKS = [
    b"{",
    b"}",
    b"[",
    b"]",
    b'"',
    b",",
    b":",
    b"\\",
    b"0",
    b" ",
    b'"a":0,',
    b'"":[{}],',
    b"[[[[]]]],",
    b'{"role":"assistant"},',
]
BEGINS = st.sampled_from([b"", b"{", b'{"a":', b'{"input":[', b'{"a":"', b'{"reasoning":"'])
FITTING = RequestFitting(drop=("a",), rename={"b": "c"}, add={"n": 1}, strip_thinking=True)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(
    unit=st.lists(st.sampled_from(MARKS), min_size=1).map(b"".join), begin=BEGINS, end=st.sampled_from([b"", b"}", b'"}', b"]}"])
)
def test_whatever_an_object_holds_each_step_is_bounded(unit, begin, end):
    body = begin + unit * (262_144 // len(unit)) + end
    assert_bounded(lambda: walking(body, []), len(body))
    assert_bounded(lambda: fit_in_steps(body, FITTING), 20 * len(body))


@pytest.mark.parametrize("size", [STEP - 9, STEP - 2, STEP - 1, STEP, STEP + 1, 3 * STEP])
@pytest.mark.parametrize("fill", ["a", "\\", '"', "é"])
def test_a_text_across_steps_is_one_value(size, fill):
    text = json.dumps((fill * size)[:size], ensure_ascii=False).encode()
    for value in (text, b"[" + text + b"]", b'[{"":[{"":[' + text + b"]}]}]"):
        body = b'{"t":' + value + b',"m":1}'
        found = []
        assert whole(walking(body, found)) == (True, len(body))
        assert found == [Span(1, 4, 5, 5 + len(value)), Span(6 + len(value), 9 + len(value), 10 + len(value), 11 + len(value))]
        assert whole(value_end(body, 5))[0] == 5 + len(value)


@pytest.mark.parametrize("cut", range(1, 20))
def test_of_a_beginning_the_members_that_are_whole_are_found(cut):
    body = b'{"a":"x","b":12,"c":[1]'
    found = []
    assert whole(walking(body[:cut], found))[0] is False
    ends = [8, 16, 24]
    assert len(found) == sum(cut >= end for end in ends)
