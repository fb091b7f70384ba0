"""An answer as it arrived, chunk by chunk, and where it is cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.exchange import ChunkTimings, Response
from shadow.presentation.raw_answer import raw_answer


def response(body: bytes, *marks: tuple[float, int]) -> Response:
    times = ChunkTimings([seconds for seconds, _ in marks], [end for _, end in marks])
    return Response(
        status=200, reason="OK", headers=(("x-served-by", "near"),), body=body, size=len(body), marks=times, head_seconds=0.1
    )


def test_chunks_are_cut_where_they_arrived():
    found = raw_answer(response(b"data: a\n\ndata: b\n\n", (0.2, 9), (0.4, 18)))
    assert [(chunk.seconds, chunk.size) for chunk in found.chunks] == [(0.2, 9), (0.4, 9)]
    assert [chunk.text for chunk in found.chunks] == ["data: a\n\n", "data: b\n\n"]
    assert (found.headers, found.cut) == ((("x-served-by", "near"),), "")


def test_answer_without_marks_is_one_chunk():
    (chunk,) = raw_answer(response(b"whole")).chunks
    assert (chunk.size, chunk.text) == (5, "whole")


def test_line_of_2000_characters_is_whole_and_a_longer_one_is_cut_with_a_sentence():
    whole = raw_answer(response(b"x" * 2_000, (0.1, 2_000)))
    assert (len(whole.chunks[0].text), whole.cut) == (2_000, "")
    cut = raw_answer(response(b"x" * 2_001, (0.1, 2_001)))
    assert cut.chunks[0].text == "x" * 2_000 + " …"
    assert cut.cut == "at most 2,000 characters of a chunk and 100,000 of an answer are shown"


def test_more_than_a_thousand_chunks_are_counted():
    marks = [(n / 1_000, n + 1) for n in range(1_001)]
    assert raw_answer(response(b"x" * 1_000, *marks[:1_000])).cut == ""
    found = raw_answer(response(b"x" * 1_001, *marks))
    assert (len(found.chunks), found.cut) == (1_000, "the first 1,000 of 1,001 chunks are shown")


@given(st.binary(max_size=200), st.lists(st.integers(0, 400), max_size=12))
def test_chunks_add_up_to_the_bytes_that_were_kept(body, ends):
    marks = [(0.1 * place, end) for place, end in enumerate(sorted(ends))]
    found = raw_answer(response(body, *marks))
    assert sum(chunk.size for chunk in found.chunks) == (min(marks[-1][1], len(body)) if marks else len(body))


def test_answer_of_five_million_bytes_is_cut_at_100_000_characters():
    marks = [(n / 100, (n + 1) * 10_000) for n in range(500)]
    found = raw_answer(response(b"x" * 5_000_000, *marks))
    assert sum(len(chunk.text) for chunk in found.chunks) <= 100_100


def test_an_answer_of_several_long_chunks_is_cut_at_100_000_characters_in_all():
    """Fifty chunks of 2,000 characters fill it."""
    marks = [(n / 100, (n + 1) * 2_000) for n in range(52)]
    whole = raw_answer(response(b"x" * 100_000, *marks[:50]))
    assert ([len(chunk.text) for chunk in whole.chunks], whole.cut) == ([2_000] * 50, "")
    found = raw_answer(response(b"x" * 104_000, *marks))
    assert [chunk.text for chunk in found.chunks[50:]] == ["", ""]
    assert [chunk.size for chunk in found.chunks] == [2_000] * 52
    assert found.cut == "at most 2,000 characters of a chunk and 100,000 of an answer are shown"


def test_the_chunk_that_fills_an_answer_is_cut_at_what_is_left():
    marks = [(n / 100, (n + 1) * 1_999) for n in range(51)]
    found = raw_answer(response(b"x" * 51 * 1_999, *marks))
    assert found.chunks[50].text == "x" * 50 + " …"
    assert found.chunks[49].text == "x" * 1_999


def test_both_cuts_are_stated_together():
    marks = [(n / 1_000, (n + 1) * 101) for n in range(1_001)]
    assert raw_answer(response(b"x" * 101_101, *marks)).cut == (
        "the first 1,000 of 1,001 chunks are shown; at most 2,000 characters of a chunk and 100,000 of an answer are shown"
    )


def test_an_empty_chunk_is_no_cut():
    assert raw_answer(response(b"ab", (0.1, 2), (0.2, 2))).cut == ""


def test_an_answer_without_marks_arrived_at_the_start():
    (chunk,) = raw_answer(response(b"whole")).chunks
    assert chunk.seconds == 0.0


@pytest.mark.parametrize("value", ["near", b"near", "h\u00e9"])
def test_header_fields_of_bytes_are_shown_as_text(value):
    made = response(b"")._replace(headers=((b"x-served-by", value),))
    assert raw_answer(made).headers == (("x-served-by", value if isinstance(value, str) else "near"),)
