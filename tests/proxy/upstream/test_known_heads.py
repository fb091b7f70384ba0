"""proxy.upstream.known_heads: what a pattern matches, the strict reader reads to the same end, and llhttp after it."""

import re

import pytest
from httptools import HttpResponseParser
from hypothesis import given
from hypothesis import strategies as st

from proxy.upstream.header_layout import HeaderLayout
from proxy.upstream.known_heads import LARGEST, MOST, MOST_FIELDS, MOST_OF_ONE, HeadPattern, KnownHeads, PatternBudget
from proxy.upstream.response_head import BodyFraming, ResponseHead, read_head

JSON = (b"Content-Type", b"application/json")
KEPT = (b"Connection", b"keep-alive")
DATE = (b"Date", b"Sun, 29 Nov 2026 10:00:00 GMT")


def head(*pairs, line=b"HTTP/1.1 200 OK", length=b"5"):
    fields = [*pairs, *([(b"Content-Length", length)] if length else [])]
    return line + b"\r\n" + b"".join(b"%b: %b\r\n" % pair for pair in fields) + b"\r\n"


def learnt(*heads, sights=3, budget=None):
    known = KnownHeads(budget or PatternBudget())
    for raw in heads:
        for _ in range(sights):
            known.learn(read_head(raw, "POST"))
    return known


def facts_of(made):
    """All the facts of a head."""
    return (
        *(made.raw, made.status, made.reason, made.framing, made.length, made.hop, made.keep, made.interim, made.chunked),
        made.recorded(),
        *[made.rewritten(chunked=chunked, connection=say) for chunked in (False, True) for say in ("", "close")],
    )


NAMES = st.sampled_from(
    [
        *(b"Date", b"Server", b"x-request-id", b"X-Other", b"Set-Cookie", b"Connection", b"Keep-Alive", b"Content-Type"),
        *(b"Trailer", b"Content-Encoding", b"Transfer-Encoding", b"openai-version", b"Upgrade", b"Proxy-Connection", b"date"),
    ]
)
VALUES = st.sampled_from(
    [
        *(b"", b" ", b"keep-alive", b"close", b"x-other", b"date, Keep-Alive", b"timeout=5", b"chunked", b"gzip", b"upgrade"),
        *(b"text/event-stream", b"application/json; charset=utf-8", b"a \t ", b" lead", b'h3=":443"', b"\xe9\xa0", b"\xa0x\x85"),
        b"(.*)\\",
    ]
)
ANY_VALUE = st.binary(max_size=12).filter(lambda value: not re.search(rb"[\x00-\x08\x0a-\x1f\x7f]", value))
PAIRS = st.lists(st.tuples(NAMES, VALUES | ANY_VALUE), max_size=6)
LINES = st.sampled_from([b"HTTP/1.1 200 OK", b"HTTP/1.1 200", b"HTTP/1.1 404 Not (found)", b"HTTP/1.0 200 OK", b"HTTP/1.1 204 "])
LENGTHS = st.sampled_from([b"", b"0", b"5", b"00012", b"9" * 18, b"1" * 19, b"5 ", b"5,5", b"+5"])


def strictly(raw):
    try:
        return read_head(raw, "POST")
    except ValueError:
        return None


@given(PAIRS, PAIRS, LINES, st.tuples(LENGTHS, LENGTHS), st.booleans())
def test_a_pattern_reads_what_the_strict_reader_reads_and_llhttp_takes_it(pairs, others, line, lengths, same_names):
    """Of any two heads: what was learnt of the first is either not said of the second, or is what a reader says of it."""
    if same_names:
        others = [(name, value) for (name, _), (_, value) in zip(pairs, [*others, *pairs[len(others) :]], strict=False)]
    first, second = head(*pairs, line=line, length=lengths[0]), head(*others, line=line, length=lengths[1])
    read = strictly(first)
    if read is None:
        return
    known = learnt(first)
    for raw in (first, second):
        found = known.read(raw)
        if found is not None:
            assert facts_of(found) == facts_of(strictly(raw))
            HttpResponseParser(object()).feed_data(raw)


@given(st.binary(max_size=40), st.integers(0, 60), st.integers(0, 4))
def test_bytes_anywhere_in_a_known_head_are_read_as_the_reader_reads_them_or_not_at_all(data, at, dropped):
    raw = head(DATE, JSON, KEPT, (b"x-request-id", b"1"))
    changed = raw[:at] + data + raw[at + dropped :]
    found = learnt(raw).read(changed)
    assert found is None or facts_of(found) == facts_of(read_head(changed, "POST"))


@pytest.mark.parametrize(
    ("pairs", "length", "framing"),
    [
        ((JSON, DATE), b"5", BodyFraming.LENGTH),
        ((DATE, KEPT, (b"Keep-Alive", b"timeout=5")), b"70000", BodyFraming.LENGTH),
        ((JSON, (b"Transfer-Encoding", b"chunked"), KEPT), b"", BodyFraming.CHUNKED),
        (((b"Content-Encoding", b"gzip"), (b"Content-Type", b"text/event-stream"), KEPT, KEPT), b"5", BodyFraming.LENGTH),
    ],
)
def test_a_shape_is_known_at_its_third_sight(pairs, length, framing):
    raw = head(*pairs, length=length)
    assert learnt(raw, sights=2).read(raw) is None
    found = learnt(raw, sights=3).read(raw)
    assert (found.framing, facts_of(found)) == (framing, facts_of(read_head(raw, "POST")))


@pytest.mark.parametrize(
    "raw",
    [
        head(JSON, (b"Connection", b"close")),
        head(JSON, (b"Connection", b"x-a"), (b"X-A", b"1")),
        head(JSON, (b"Upgrade", b"h2c")),
        head(JSON, line=b"HTTP/1.0 200 OK"),
        head(JSON, line=b"HTTP/1.1 204 No Content"),
        head(JSON, length=b""),
        head(JSON, (b"Content-Length", b"5")),
        head(JSON).replace(b": ", b":"),
        head(JSON, line=b"HTTP/1.1 101 Switching Protocols"),
    ],
)
def test_fields_that_no_pattern_covers_are_read_each_time(raw):
    assert learnt(raw).read(raw) is None


@pytest.mark.parametrize(
    ("fields", "size", "known"), [(64, 1_000, True), (65, 1_000, False), (9, 4_096, True), (9, 4_097, False)]
)
def test_a_pattern_is_made_of_no_head_beyond_64_fields_or_4_kib(fields, size, known):
    pairs = [(b"X-%d" % place, b"y") for place in range(fields - 1)]
    raw = head(*pairs[:-1], (pairs[-1][0], b"y" * (size - len(head(*pairs)) + 1)))
    assert (len(raw), raw.count(b"\r\n")) == (size, fields + 2)
    assert (learnt(raw).read(raw) is not None) == known
    assert (LARGEST, MOST_FIELDS) == (4_096, 64)


def test_a_provider_has_8_patterns_and_a_process_64():
    budget = PatternBudget()
    heads = [head((b"X-%d" % place, b"y")) for place in range(10)]
    provider = learnt(*heads, budget=budget)
    assert [provider.read(raw) is not None for raw in heads] == [True] * 8 + [False] * 2
    others = [learnt(*heads, budget=budget) for _ in range(8)]
    assert [sum(each.read(raw) is not None for raw in heads) for each in others] == [8] * 7 + [0]
    assert (MOST_OF_ONE, MOST, budget.left) == (8, 64, 0)


def test_a_provider_that_changes_the_shape_of_each_answer_is_not_remembered_for_ever():
    known = learnt(*[head((b"X-%d" % place, b"y")) for place in range(1_000)], sights=1)
    assert repr(known) in {f"<KnownHeads patterns=0 seen={count}>" for count in range(65)}


def test_the_pattern_used_last_is_tried_first():
    one, other = head((b"X-One", b"y")), head((b"X-Other", b"y"))
    known = learnt(one, other)
    for raw in (one, one, other, one):
        assert known.read(raw).raw is raw
        assert known._patterns[0].match(raw.decode("latin-1"))


def test_nothing_is_copied_where_nothing_is_dropped():
    raw = head(JSON, DATE)
    found = learnt(raw).read(raw)
    assert found.rewritten(chunked=False, connection="") is raw


def test_what_a_reader_needs_of_a_head_is_what_its_layout_has():
    layout = HeaderLayout((b"Date", b"Content-Length", b"Connection"))
    assert (layout.telling, layout.lengths, layout.remembered) == ((2,), (1,), ((0, "Date"), (1, "Content-Length")))
    assert isinstance(read_head(head(JSON), "POST"), ResponseHead)


def test_a_known_head_and_its_pattern_show_what_they_are_of():
    raw = head(JSON, DATE)
    known = learnt(raw)
    assert repr(known.read(raw)) == f"<KnownHead 200 content-length bytes={len(raw)}>"
    assert repr(HeadPattern(read_head(raw, "POST"))) == "<HeadPattern 200 content-length recorded=3>"
    assert repr(known) == "<KnownHeads patterns=1 seen=0>"


@pytest.mark.parametrize(("shapes", "known"), [(62, True), (63, True), (64, False)])
def test_sixty_four_shapes_are_counted_before_all_counts_are_dropped(shapes, known):
    """The 65th shape that is not known yet begins the counts again."""
    raw = head(JSON)
    others = [head((b"X-%d" % place, b"y")) for place in range(shapes)]
    made = learnt(raw, raw, *others, sights=1)
    made.learn(read_head(raw, "POST"))
    assert (made.read(raw) is not None) is known


def test_a_head_that_is_known_is_rewritten_as_a_read_one_is_and_never_switches():
    raw = head((b"Keep-Alive", b"x"), (b"Connection", b"keep-alive"), DATE)
    found = learnt(raw).read(raw)
    assert found.rewritten(chunked=False, connection="close") == head(DATE)[:-2].replace(b"\r\n\r\n", b"\r\n") + (
        b"Connection: close\r\n\r\n"
    )
    with pytest.raises(NotImplementedError):
        found.switched()
