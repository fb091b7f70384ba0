"""proxy.upstream.header_layout: what is remembered of an answer's fields is what each answer says itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.routing import header_rules as rules
from proxy.upstream.header_layout import HeaderLayout, layout_of

NAMES = st.sampled_from(
    [b"Connection", b"keep-alive", b"Transfer-Encoding", b"Content-Length", b"Date", b"X-Request-Id", b"Set-Cookie"]
)
VALUES = st.sampled_from([b" 1", b" close", b" chunked ", b" Date, Keep-Alive", b" timeout=5", b'timeout = "7"', b" \xe9", b""])
FIELDS = st.lists(st.tuples(NAMES, VALUES), max_size=5)


@given(FIELDS, st.data())
def test_an_answer_is_read_the_same_whatever_was_read_before_it(pairs, data):
    before = [(name, data.draw(VALUES)) for name, _ in pairs]
    known = layout_of(before, 100)
    known.hop(before)
    again = layout_of(pairs, 100)
    assert again is known
    fresh = HeaderLayout(tuple(name for name, _ in pairs))
    assert again.hop(pairs) == fresh.hop(pairs)
    assert again.recorded(pairs) == fresh.recorded(pairs) == rules.remembered(rules.HeaderFields.of(pairs))
    assert again.lengths == tuple(place for place, (name, _) in enumerate(pairs) if name == b"Content-Length")


def test_what_connection_names_leaves_with_it_but_for_the_length():
    pairs = [(b"Date", b" x"), (b"Connection", b" Date, Content-Length"), (b"Content-Length", b" 5"), (b"TE", b" x")]
    hop = layout_of(pairs, 100).hop(pairs)
    assert hop.dropped == hop.dropped_chunked == (0, 1, 3)
    assert not hop.close
    assert not hop.keep_alive


def test_chunks_are_a_place_of_their_own():
    pairs = [(b"transfer-ENCODING", b" Chunked "), (b"Connection", b" transfer-encoding")]
    hop = layout_of(pairs, 100).hop(pairs)
    assert (hop.dropped, hop.dropped_chunked, hop.codings) == ((0, 1), (1,), (b"chunked",))


@pytest.mark.parametrize("option", ["close", "keep_alive"])
def test_connection_options_are_read_in_any_case(option):
    pairs = [(b"Connection", b" X, " + option.replace("_", "-").title().encode())]
    hop = layout_of(pairs, 100).hop(pairs)
    assert {name for name in ("close", "keep_alive") if getattr(hop, name)} == {option}


@pytest.mark.parametrize(
    ("value", "seconds"),
    [(b" timeout=5, max=9", 5.0), (b'max=1, timeout="7"', 7.0), (b" Timeout=5", 5.0), (b"x", 0.0), (b"notimeout=5", 0.0)],
)
def test_a_providers_patience_is_read(value, seconds):
    pairs = [(b"Keep-Alive", value)]
    assert layout_of(pairs, 100).hop(pairs).keep_seconds == seconds


def test_a_head_that_is_too_large_is_not_remembered():
    pairs = [(b"X" * 9_000, b"1")]
    assert layout_of(pairs, 9_100) is not layout_of(pairs, 9_100)
    assert layout_of(pairs[:0], 20) is layout_of(pairs[:0], 20)


@pytest.mark.parametrize(("size", "remembered"), [(4_096, True), (4_097, False)])
def test_the_shape_of_a_head_of_4_kib_is_remembered_and_of_a_longer_one_not(size, remembered):
    pairs = [(b"X-Size", b" 1")]
    assert (layout_of(pairs, size) is layout_of(pairs, size)) is remembered


def test_sixty_four_shapes_are_remembered_and_the_one_not_met_for_longest_is_forgotten():
    shapes = [[(b"X-Shape-%d" % number, b" 1")] for number in range(65)]
    first, second = layout_of(shapes[0], 100), layout_of(shapes[1], 100)
    for shape in shapes[2:64]:
        layout_of(shape, 100)
    assert layout_of(shapes[0], 100) is first
    layout_of(shapes[64], 100)
    assert layout_of(shapes[0], 100) is first
    assert layout_of(shapes[1], 100) is not second


@pytest.mark.parametrize(
    ("codings", "readable"),
    [((), True), ((b" identity",), True), ((b"", b" Identity "), True), ((b" gzip",), False), ((b" identity", b" br"), False)],
)
def test_a_body_can_be_read_where_each_of_its_codings_is_none(codings, readable):
    pairs = [(b"Content-Encoding", coding) for coding in codings]
    assert layout_of(pairs, 100).hop(pairs).readable is readable


@pytest.mark.parametrize(
    ("kinds", "events"), [((), False), ((b" text/html", b" Text/Event-Stream; x=y"), True), ((b" a",), False)]
)
def test_a_body_of_events_is_known_by_any_of_its_types(kinds, events):
    pairs = [(b"Content-Type", kind) for kind in kinds]
    assert layout_of(pairs, 100).hop(pairs).events is events


def test_a_layout_shows_its_fields_and_where_the_length_stands():
    assert repr(HeaderLayout((b"Date", b"Content-Length"))) == "<HeaderLayout fields=2 lengths=(1,)>"
