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


def walked(steps):
    """How many steps were taken, and what they led to."""
    taken = 0
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return taken, end.value
        taken += 1


@pytest.mark.parametrize(
    ("body", "start", "members", "ended", "ends"),
    [
        (b"{}", 0, 9, (True, 2), []),
        (b" { } x", 0, 9, (True, 4), []),
        (b' {"a" : 1 }', 0, 9, (True, 11), [9]),
        (b'xx{"a":1}', 2, 9, (True, 9), [8]),
        (b'{"a":[1],"b":2}', 0, 9, (True, 15), [8, 14]),
        (b'{"a":1,"b":[2],"c":3}', 0, 1, (False, 6), [6]),
        (b'{"a":1,"b":[2],"c":3}', 0, 2, (False, 14), [6, 14]),
        (b'{"a":1,"b":[2],"c":3}', 0, 3, (True, 21), [6, 14, 20]),
        (b'{"a":12', 0, 9, (False, 7), []),
        (b"", 0, 9, (False, 0), []),
        (b" x", 0, 9, (False, 1), []),
    ],
)
def test_members_are_found_up_to_the_end_of_their_object_or_their_number(body, start, members, ended, ends):
    found = []
    assert whole(walking(body, found, start=start, members=members)) == ended
    assert [member.end for member in found] == ends


@pytest.mark.parametrize(("count", "steps"), [(199, 0), (200, 1), (399, 1), (400, 2)])
@pytest.mark.parametrize("value", [b"1", b"[]", b'"x"'])
def test_a_step_ends_with_every_two_hundredth_member(count, steps, value):
    body = b"{" + b",".join([b'"a":' + value] * count) + b"}"
    assert walked(walking(body, [])) == (steps, (True, len(body)))


@pytest.mark.parametrize(("size", "steps"), [(32_768, 1), (32_769, 2), (65_536, 2), (65_537, 3)])
def test_a_text_is_read_in_steps_of_32_kib(size, steps):
    taken, (end, _) = walked(value_end(b'"' + b"a" * size + b'"', 0))
    assert (taken, end) == (steps, size + 2)


@pytest.mark.parametrize(("size", "steps"), [(32_767, 0), (32_768, 0), (32_769, 1), (65_536, 1), (65_537, 2)])
def test_a_nested_value_is_read_in_steps_of_32_kib(size, steps):
    taken, (end, _) = walked(value_end(b"[" + b"1" * size + b"]", 0))
    assert (taken, end) == (steps, size + 2)


@pytest.mark.parametrize(("depth", "steps"), [(200, 0), (201, 1), (400, 1), (401, 2)])
def test_a_nested_value_is_read_in_steps_of_two_hundred_brackets(depth, steps):
    assert walked(value_end(b"[" * depth, 0, 2_000))[0] == steps


def test_brackets_behind_a_long_blank_are_read_without_a_step_for_each():
    assert walked(value_end(b"[" + b" " * 40_000 + b"[" * 100, 0, 1_999))[0] == 1


@pytest.mark.parametrize(("brackets", "found"), [(2, (-1, 0)), (3, (10, 0)), (4, (10, 1))])
def test_of_brackets_below_three_levels_no_more_are_read_than_are_allowed(brackets, found):
    assert whole(value_end(b"[[[[[]]]]]", 0, brackets)) == found


@pytest.mark.parametrize(
    ("value", "end"),
    [
        (b"tru,", 3),
        (b"12 ", 2),
        (b"", -1),
        (b"}", -1),
        (b'"a', -1),
        (b'"a\\"', -1),
        (b'"a" ', 3),
        (b'[{"]":1}] ', 9),
        (b'["a', -1),
    ],
)
def test_a_value_ends_where_it_is_whole_and_nowhere_else(value, end):
    assert whole(value_end(value, 0))[0] == end
