"""proxy.upstream.response_head: what each status and field make of an answer's end, and the bytes that the client gets."""

import pytest

from proxy.upstream.response_head import BodyFraming, chunked_end, delivered_end, read_head


def head(*lines, status=b"HTTP/1.1 200 OK"):
    return b"\r\n".join((status, *lines, b"", b""))


@pytest.mark.parametrize(
    ("status", "framing", "interim", "keep"),
    [
        (100, BodyFraming.NONE, True, True),
        (101, BodyFraming.TUNNEL, False, True),
        (102, BodyFraming.NONE, True, True),
        (199, BodyFraming.NONE, True, True),
        (200, BodyFraming.CLOSE, False, False),
        (203, BodyFraming.CLOSE, False, False),
        (204, BodyFraming.NONE, False, True),
        (205, BodyFraming.CLOSE, False, False),
        (303, BodyFraming.CLOSE, False, False),
        (304, BodyFraming.NONE, False, True),
        (305, BodyFraming.CLOSE, False, False),
        (999, BodyFraming.CLOSE, False, False),
    ],
)
def test_a_status_alone_says_how_the_end_of_an_answer_is_found(status, framing, interim, keep):
    read = read_head(head(status=b"HTTP/1.1 %d X" % status), "GET")
    assert (read.status, read.framing, read.interim, read.keep, read.length) == (status, framing, interim, keep, 0)


@pytest.mark.parametrize(
    ("method", "status", "lines", "framing", "length", "keep", "chunked"),
    [
        ("GET", b"HTTP/1.1 204 X", (b"Transfer-Encoding: chunked",), BodyFraming.NONE, 0, False, False),
        ("HEAD", b"HTTP/1.1 200 X", (b"Transfer-Encoding: chunked",), BodyFraming.NONE, 0, True, True),
        ("HEAD", b"HTTP/1.1 200 X", (b"Content-Length: 9",), BodyFraming.NONE, 0, True, False),
        ("HEAD", b"HTTP/1.1 200 X", (), BodyFraming.NONE, 0, True, False),
        ("GET", b"HTTP/1.1 200 X", (b"Transfer-Encoding: chunked", b"Connection: close"), BodyFraming.CHUNKED, 0, False, True),
        ("GET", b"HTTP/1.0 200 X", (b"Connection: close, keep-alive", b"Content-Length: 9"), BodyFraming.LENGTH, 9, False, False),
        ("GET", b"HTTP/1.0 200 X", (b"Connection: keep-alive",), BodyFraming.CLOSE, 0, False, False),
        ("GET", b"HTTP/1.1 200 X", (b"Content-Length: 007 ",), BodyFraming.LENGTH, 7, True, False),
        ("GET", b"HTTP/1.1 200 X", (b"Content-Length: 5", b"content-length:\t5 "), BodyFraming.LENGTH, 5, True, False),
        ("GET", b"HTTP/1.1 200 X", (b"Content-Length: " + b"9" * 18,), BodyFraming.LENGTH, 10**18 - 1, True, False),
    ],
)
def test_a_field_says_it_unless_the_method_or_the_status_does(method, status, lines, framing, length, keep, chunked):  # noqa: PLR0917 - a row of the table
    read = read_head(head(*lines, status=status), method)
    assert (read.framing, read.length, read.keep, read.chunked) == (framing, length, keep, chunked)


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (head(b"Content-Length: 5", b"Content-Length: 6"), "its Content-Length is not one number"),
        (head(b"Content-Length: 5", b"Content-Length: 5", b"Content-Length: 6"), "its Content-Length is not one number"),
        (head(b"Content-Length: " + b"1" * 19), "its Content-Length is not one number"),
        (head(b"Content-Length: 5", b"Transfer-Encoding: chunked"), "it has both a Content-Length and a Transfer-Encoding"),
        (head(b"Transfer-Encoding: chunked", status=b"HTTP/1.0 200 X"), "its Transfer-Encoding is not just chunked"),
        (head(b"Transfer-Encoding: identity"), "its Transfer-Encoding is not just chunked"),
        (head(b"A b: c"), "one of its header fields is not valid"),
        (head(status=b"HTTP/1.1 099 X"), "its status line is not one of HTTP/1"),
        (head(status=b"HTTP/2 200"), "its status line is not one of HTTP/1"),
    ],
)
def test_a_head_that_could_be_read_in_two_ways_is_refused_with_its_reason(raw, why):
    with pytest.raises(ValueError, match=f"^{why}$"):
        read_head(raw, "GET")


TWICE = head(b"A: 1", b"Content-Length: 5", b"B: 2", b"content-length: 5", b"Transfer-Encoding-X: y")


@pytest.mark.parametrize(
    ("raw", "chunked", "connection", "sent"),
    [
        (head(b"A: 1", status=b"HTTP/1.0 200"), False, "", head(b"A: 1", status=b"HTTP/1.1 200")),
        (head(b"A: 1", b"Keep-Alive: x"), False, "close", head(b"A: 1", b"Connection: close")),
        (TWICE, False, "", head(b"A: 1", b"B: 2", b"content-length: 5", b"Transfer-Encoding-X: y")),
        (head(b"Transfer-Encoding: chunked", b"A: 1"), True, "", head(b"Transfer-Encoding: chunked", b"A: 1")),
        (head(b"Transfer-Encoding: chunked", b"A: 1"), False, "", head(b"A: 1")),
        (
            head(b"Keep-Alive: x", b"Content-Length: 5", b"TE: y", b"Content-Length: 5", b"Upgrade: z"),
            *(False, "", head(b"Content-Length: 5")),
        ),
    ],
)
def test_the_client_gets_the_lines_that_are_for_it(raw, chunked, connection, sent):
    assert read_head(raw, "GET").rewritten(chunked=chunked, connection=connection) == sent


def test_a_parser_gets_a_head_with_its_length_said_once_and_any_other_as_it_came():
    once = head(b"A: 1", b"B: 2", b"content-length: 5", b"Transfer-Encoding-X: y")
    assert read_head(TWICE, "GET").single(TWICE) == once
    assert read_head(once, "GET").single(once) is once


def test_the_head_of_a_switch_to_websocket_names_it_whatever_the_provider_called_it():
    raw = head(b"Upgrade: WebSocket", b"A: 1", b"connection: upgrade", status=b"HTTP/1.1 101 Switching Protocols")
    assert read_head(raw, "GET").switched() == head(
        b"A: 1", b"Connection: Upgrade", b"Upgrade: websocket", status=b"HTTP/1.1 101 Switching Protocols"
    )


@pytest.mark.parametrize(
    ("data", "pieces", "end"),
    [
        (b"5\r\nhello\r\n", [b"hello"], 8),
        (b"2\r\nab\r\n2\r\nab\r\n", [b"ab", b"ab"], 12),
        (b"2\r\nab\r\n", [b"ab", b"cd"], 5),
        (b"cd", [b"ab"], 0),
    ],
)
def test_what_was_delivered_ends_behind_the_last_piece_that_is_there(data, pieces, end):
    assert delivered_end(data, pieces) == end


@pytest.mark.parametrize(
    ("before", "data", "pieces", "alone", "end"),
    [
        (b"", b"2\r\nab\r\n0\r\n\r\n", [b"ab"], True, 12),
        (b"", b"2\r\nab\r\n0\r\n\r\nHTTP", [b"ab"], False, 12),
        (b"", b"2\r\nab\r\n0\r\nX: y\r\n\r\n", [b"ab"], True, 18),
        (b"", b"0\r\n\r\n", [], True, 5),
        (b"", b"0 ;a\r\n\r\n", [], True, 8),
        (b"2\r\nab\r\n0\r\n", b"\r\n", [], True, 2),
        (b"2\r\nab\r\n0\r\n\r", b"\n", [], True, 1),
        (b"2\r\nab\r\n0\r\nX: y", b"\r\n\r\nHTTP", [], False, 4),
        (b"2\r\nab", b"\r\n0\r\n\r\n", [], True, 7),
        (b"", b"2\r\nab\r\n", [b"ab"], True, None),
        (b"", b"2\r\nab\r\n1\r\n\r\n", [b"ab"], True, None),
        (b"", b"\r\n0\r\n\r\n0\r\n\r\n", [], False, 7),
        (b"", b"\r\n0\r\n\r\n0\r\n\r\n", [], True, 12),
        (b"\r\n0\r\n\r\n", b"\r\n0\r\n\r\n", [], False, 7),
    ],
)
def test_a_chunked_body_ends_behind_the_empty_line_that_has_a_last_chunk_before_it(before, data, pieces, alone, end):
    assert chunked_end(before, data, pieces, alone=alone) == end


def test_an_answer_of_no_content_that_states_chunks_is_the_answer_itself_and_the_last_of_its_connection():
    read = read_head(head(b"Transfer-Encoding: chunked", status=b"HTTP/1.1 204 No Content"), "POST")
    assert (read.status, read.reason, read.framing, read.keep) == (204, "No Content", BodyFraming.NONE, False)
    assert read.interim is False
