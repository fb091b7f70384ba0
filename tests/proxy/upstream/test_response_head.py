"""proxy.upstream.response_head: one reading of a head, or none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.upstream import response_head
from proxy.upstream.response_head import BodyFraming, chunked_end, delivered_end, framed, read_head
from tests.wires import chunks


def head(*lines, status=b"HTTP/1.1 200 OK"):
    return b"\r\n".join((status, *lines, b"", b""))


@pytest.mark.parametrize(
    ("raw", "framing", "length", "keep"),
    [
        (head(b"Content-Length: 5"), BodyFraming.LENGTH, 5, True),
        (head(b"Content-Length:5", b"Connection: Close"), BodyFraming.LENGTH, 5, False),
        (head(b"transfer-ENCODING: Chunked"), BodyFraming.CHUNKED, 0, True),
        (head(), BodyFraming.CLOSE, 0, False),
        (head(status=b"HTTP/1.1 204 No Content"), BodyFraming.NONE, 0, True),
        (head(b"Content-Length: 5", status=b"HTTP/1.1 304 X"), BodyFraming.NONE, 0, True),
        (head(b"Content-Length: 5", status=b"HTTP/1.0 200 OK"), BodyFraming.LENGTH, 5, False),
        (head(b"Content-Length: 5", b"Connection: keep-alive", status=b"HTTP/1.0 200 OK"), BodyFraming.LENGTH, 5, True),
        (head(status=b"HTTP/1.1 100 Continue"), BodyFraming.NONE, 0, True),
    ],
)
def test_the_end_of_a_body_is_recognised_by_its_head(raw, framing, length, keep):
    read = read_head(raw, "POST")
    assert (read.framing, read.length, read.keep) == (framing, length, keep)


def test_an_answer_to_head_has_no_body():
    assert read_head(head(b"Content-Length: 5"), "HEAD").framing is BodyFraming.NONE


def test_lines_are_kept_as_sent():
    read = read_head(head(b"A:1", b"b:   2 ", status=b"HTTP/1.1 200 \xe9 x"), "GET")
    assert (read.reason, read.pairs) == ("é x", [(b"A", b"1"), (b"b", b"   2 ")])
    assert read.rewritten(chunked=False, connection="") == read.raw
    assert read_head(head(status=b"HTTP/1.1 299"), "GET").reason == ""


LINES = st.sampled_from(
    [
        *(b"A: 1", b"a:2", b"B: 1", b"X-Mine: 1", b"Content-Length: 5", b"content-length:7", b"Keep-Alive: timeout=5", b"TE: x"),
        *(
            b"Connection: x-mine, close",
            b"connection: content-length",
            b"Transfer-Encoding: chunked",
            b"Server:  z ",
            b"Upgrade: a",
        ),
    ]
)
STATUS = st.sampled_from([b"HTTP/1.1 200 OK", b"HTTP/1.0 200", b"HTTP/1.1 103 Early", b"HTTP/1.1 404 A:1"])
HOP = {b"connection", b"keep-alive", b"te", b"upgrade"}


@given(st.lists(LINES, max_size=8), STATUS, st.booleans(), st.sampled_from(["", "close"]))
def test_the_client_gets_each_line_that_is_not_of_this_hop_as_it_was_sent(lines, status, chunked, connection):
    try:
        read = read_head(head(*lines, status=status), "HEAD")
    except ValueError:
        return
    pairs = [line.split(b":", 1) for line in lines]
    named = {word.strip() for name, value in pairs if name.lower() == b"connection" for word in value.split(b",")}
    stays = HOP | (named - {b"content-length"}) | (set() if chunked else {b"transfer-encoding"})
    left = [line for line, (name, _) in zip(lines, pairs, strict=True) if name.lower() not in stays]
    lengths = [at for at, line in enumerate(left) if line.lower().startswith(b"content-length:")]
    left = [line for at, line in enumerate(left) if at not in lengths[:-1]]
    more = [b"Connection: close"] if connection else []
    assert read.rewritten(chunked=chunked, connection=connection) == head(*left, *more, status=b"HTTP/1.1" + status[8:])


def test_a_head_of_thousands_of_fields_of_this_hop_is_rewritten_in_one_pass():
    mixed = [b"te:", b"t:e:", b"Keep-Alive: x"] * 666
    read = read_head(head(*mixed, b"A: 1"), "GET")
    searched = []

    class Searched(bytes):
        __slots__ = ()

        def index(self, line, start):
            at = super().index(line, start)
            searched.append(at + len(line) - start)
            return at

    rewritten = read._replace(raw=Searched(read.raw)).rewritten(chunked=False, connection="")
    assert rewritten == head(*[b"t:e:"] * 666, b"A: 1")
    assert len(searched) == 1_332
    assert sum(searched) < 2 * len(read.raw)


def test_a_providers_patience_is_learnt():
    assert read_head(head(b"Keep-Alive: max=5, timeout=7"), "GET").hop.keep_seconds == 7.0
    assert read_head(head(b"Keep-Alive: x"), "GET").hop.keep_seconds == 0.0


@pytest.mark.parametrize("value", [b"", b" ", b"-1", b"+1", b"1, 1", b"0x5", b"5 5", b"9" * 19, b"1\x0b", b"\xb2"])
def test_a_length_is_one_number(value):
    with pytest.raises(ValueError, match="its"):
        read_head(head(b"Content-Length: " + value), "GET")


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ((b"Content-Length: 3", b"Transfer-Encoding: chunked"), "both a Content-Length and a Transfer-Encoding"),
        ((b"Transfer-Encoding: gzip, chunked",), "not just chunked"),
        ((b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"), "not just chunked"),
    ],
)
def test_a_head_with_two_ends_of_its_body_is_refused(fields, reason):
    """RFC 9112, section 6.3: a sender that gives both may smuggle a second response."""
    with pytest.raises(ValueError, match=reason):
        read_head(head(*fields), "GET")


@given(st.binary(max_size=60))
def test_any_head_is_read_or_refused(raw):
    for whole in (raw + b"\r\n\r\n", b"HTTP/1.1 200 " + raw + b"\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + raw + b"\r\n\r\n"):
        try:
            read = read_head(whole, "GET")
        except ValueError:
            continue
        assert b"\r\n".join((b"", *(name + b":" + value for name, value in read.pairs), b"", b"")) in read.raw


@given(st.lists(st.binary(min_size=1, max_size=8), max_size=4), st.binary(max_size=9), st.data())
def test_the_end_of_chunks_is_found_wherever_they_are_cut(pieces, excess, data):
    whole = chunks(*pieces) + b"0\r\n\r\n"
    cut = data.draw(st.integers(0, len(whole) - 1))
    held, at = [], 0
    for piece in pieces:
        start = at + len(b"%x\r\n" % len(piece))
        if start + len(piece) > cut:
            held.append(piece[max(0, cut - start) :])
        at = start + len(piece) + 2
    before = whole[max(0, cut - 64) : cut]
    end = chunked_end(before, whole[cut:] + excess, held, alone=False)
    # A piece may look like framing: then the end may be found too early, never too late.
    assert end is None or end <= len(whole) - cut
    if all(piece.isalpha() for piece in pieces):
        assert end == len(whole) - cut
    assert chunked_end(before, whole[cut:], held, alone=True) == len(whole) - cut


LOOKALIKES = [b"\r\n0\r\na", b"0\r\n0\r\n", b"\r\n0\r\n\r\n", b"\r\n0\n", b"0", b"\r\n", b"\r\n0;", b"0" * 9]


class Searched:
    """A compiled pattern that counts the bytes it is asked to look through."""

    def __init__(self, pattern):
        self.pattern = pattern
        self.size = 0

    def search(self, text, start, end):
        self.size += end - start
        return self.pattern.search(text, start, end)


@given(st.lists(st.sampled_from(LOOKALIKES), min_size=1, max_size=4).map(b"".join), st.integers(1, 2_000), st.binary(max_size=3))
def test_a_body_full_of_last_chunks_is_looked_through_once(unit, count, last):
    body = unit * count + last
    before, end = b"%x\r\n%b" % (len(body), body), b"\r\n0\r\nX: y\r\n\r\n"
    with pytest.MonkeyPatch.context() as patch:
        searched = Searched(response_head._LAST_CHUNK)
        patch.setattr(response_head, "_LAST_CHUNK", searched)
        assert chunked_end(before, end, [], alone=True) == len(end)
    assert searched.size <= len(before) + len(end)


def test_the_end_of_delivered_bytes_is_never_beyond_what_was_delivered():
    assert delivered_end(b"1\r\n1\r\n1\r\n1\r\nZZ", [b"1", b"1"]) <= 9
    assert delivered_end(b"5\r\nhello\r\nZZ\r\n", [b"hello"]) == 8
    assert delivered_end(b"anything", []) == 0


@pytest.mark.parametrize(
    ("piece", "chunked", "last", "sent"),
    [
        (b"ab", False, True, b"ab"),
        (b"", False, True, b""),
        (b"ab", True, False, b"2\r\nab\r\n"),
        (b"ab", True, True, b"2\r\nab\r\n0\r\n\r\n"),
        (b"", True, True, b"0\r\n\r\n"),
        (b"", True, False, b""),
    ],
)
def test_a_piece_is_framed_as_its_body_is(piece, chunked, last, sent):
    assert framed(piece, chunked=chunked, last=last) == sent


@pytest.mark.parametrize(("count", "few"), [(2_000, True), (2_001, False)])
def test_an_answer_has_two_thousand_header_fields_at_most(count, few):
    raw = b"HTTP/1.1 200 OK\r\n" + b"a:\r\n" * count + b"\r\n"
    if few:
        assert len(read_head(raw, "GET").pairs) == count
    else:
        with pytest.raises(ValueError, match="more than 2000 header fields"):
            read_head(raw, "GET")
