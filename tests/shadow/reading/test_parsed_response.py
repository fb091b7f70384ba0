"""Every golden body reads as its normal form, however it was cut into chunks and whichever way it was compressed."""

from __future__ import annotations

import gzip
import json
import random
import zlib
from dataclasses import asdict
from pathlib import Path

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.content_coding import zstd
from proxy.exchange import Exchange
from shadow.reading.completion import Completion, Unread, UnreadReason
from shadow.reading.parsed_response import ParsedResponse, parse_response
from tests.shadow.reading.hostile import HOSTILE
from tests.shadow.reading.made import exchange, members

WIRE = Path(__file__).parents[2] / "wire"
GOLDEN = sorted(path for path in WIRE.iterdir() if path.suffix in {".sse", ".json", ".html"} and ".expected" not in path.name)


def golden_exchange(path: Path, body: bytes, ends: list[int], encoding: str = "") -> Exchange:
    expected = expectation(path)
    return exchange(
        body,
        ends,
        content_type=expected["content_type"],
        encoding=encoding,
        status=expected["status"],
        stream=expected["stream"],
        failure=expected["failure"],
        target=expected.get("target", "/v1/chat/completions"),
    )


def expectation(path: Path) -> dict:
    return json.loads(path.with_name(path.stem + ".expected.json").read_text("utf-8"))


def normal_form(answer: ParsedResponse) -> dict:
    said = {"unread": answer.completion.why.value} if isinstance(answer.completion, Unread) else written(answer.completion)
    return {"said": said, "error": asdict(answer.error) if answer.error else None}


def written(said: Completion) -> dict:
    """As the files have it: vectors, parts that are no text, and what else few answers hold, only where there is some."""
    vectors = [{"index": vector.index, "packed": vector.packed.hex()} for vector in said.vectors]
    made = json.loads(json.dumps(members(said._replace(vectors=())))) | {"vectors": vectors}
    made["choices"] = [_without_empty(choice, RARE_IN_CHOICES) for choice in made["choices"]]
    made["usage"] = made["usage"] and _without_empty(made["usage"], RARE_IN_USAGE)
    return _without_empty(made, RARE)


RARE = {"vectors", "applied", "times"}
RARE_IN_CHOICES = {"other", "native_finish_reason", "citations", "filtered"}
RARE_IN_USAGE = {"cache_write_tokens", "cache_write_1h_tokens", "cost", "reasoning_inside", "invalid"}


def _without_empty(made: dict, rare: set[str]) -> dict:
    return {key: value for key, value in made.items() if key not in rare or value not in (None, "", [], {}, 0)}


def random_ends(size: int, seed: int) -> list[int]:
    draw = random.Random(seed)
    count = draw.randint(0, min(size, 40))
    return sorted({*(draw.randint(1, size) for _ in range(count)), size}) if size else []


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.name)
def test_a_golden_body_reads_as_its_normal_form_under_any_chunking(path):
    expected = expectation(path)
    body = path.read_bytes()
    for seed in range(12):
        answer = parse_response(golden_exchange(path, body, random_ends(len(body), seed)))
        assert {"said": expected["said"], "error": expected["error"]} == normal_form(answer)


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.name)
def test_a_golden_body_reads_the_same_when_it_was_compressed(path, encoding):
    body = path.read_bytes()
    packed = {"gzip": gzip.compress, "deflate": zlib.compress, "br": brotli.compress, "zstd": zstd.compress}[encoding](body)
    expected = expectation(path)
    answer = parse_response(golden_exchange(path, packed, random_ends(len(packed), 7), encoding))
    assert {"said": expected["said"], "error": expected["error"]} == normal_form(answer)


def reason(answer: ParsedResponse) -> UnreadReason | None:
    return answer.completion.why if isinstance(answer.completion, Unread) else None


EVENTS = [
    b'data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}\n\n',
    b'data: {"choices":[{"index":0,"delta":{"content":"one"}}]}\n\n',
    b'data: {"choices":[{"index":0,"delta":{"content":" two"}}]}\n\n',
    b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"completion_tokens":2}}\n\n',
    b"data: [DONE]\n\n",
]
STREAM = b"".join(EVENTS)


def ends_of(events: list[bytes]) -> list[int]:
    return [sum(map(len, events[: position + 1])) for position in range(len(events))]


def test_the_times_of_a_stream_are_those_of_the_chunks_that_carried_something():
    timing = parse_response(exchange(STREAM, ends_of(EVENTS))).timing
    assert (timing.first_chunk, timing.first_token, timing.gaps) == (1.0, 1.125, (0.125,))
    assert timing.rate == pytest.approx(16)


def test_a_compressed_stream_has_the_same_times():
    packer = zlib.compressobj(wbits=31)
    packed = [packer.compress(event) + packer.flush(zlib.Z_SYNC_FLUSH) for event in EVENTS]
    answer = parse_response(exchange(b"".join(packed), ends_of(packed), encoding="gzip"))
    assert answer.timing == parse_response(exchange(STREAM, ends_of(EVENTS))).timing


def test_a_whole_body_has_no_first_token():
    timing = parse_response(exchange(b'{"choices":[{"message":{"content":"a"}}],"usage":{"completion_tokens":1}}', [70])).timing
    assert timing.first_chunk == 1.0
    assert (timing.first_token, timing.gaps, timing.rate) == (None, (), None)


@pytest.mark.parametrize("blanks", [b"", b" " * 63, b" " * 64, b"\r\n" * 5_000])
def test_a_whole_answer_to_a_stream_is_read_and_noted_behind_any_number_of_blanks(blanks):
    """Some servers send blank lines while they work."""
    body = blanks + b'{"choices":[{"message":{"content":"a"}}]}'
    said = parse_response(exchange(body, [len(body)], stream=True)).completion
    assert (said.first.text, said.notes) == ("a", ("a stream was requested, a whole answer came",))


def test_a_provider_that_never_answered_is_no_response():
    answer = parse_response(exchange(None, [], failure="connect"))
    assert reason(answer) is UnreadReason.NO_RESPONSE
    assert answer.completion.detail == "connect: it broke"
    assert (answer.status, answer.error) == (None, None)
    assert reason(parse_response(exchange(None, []))) is UnreadReason.NO_RESPONSE


def test_a_broken_stream_keeps_its_times_and_its_error():
    answer = parse_response(exchange(STREAM[: len(EVENTS[0] + EVENTS[1]) + 9], ends_of(EVENTS)[:2], failure="reset"))
    assert reason(answer) is UnreadReason.BROKEN
    assert answer.timing.first_token == 1.125
    error = b'data: {"error":{"message":"overloaded"}}\n\n'
    answer = parse_response(exchange(EVENTS[1] + error, [], failure="closed"))
    assert reason(answer) is UnreadReason.ERROR
    assert answer.error.message == "overloaded"


def test_a_whole_body_that_broke_is_broken_even_if_its_json_is_whole():
    assert (
        reason(parse_response(exchange(b'{"choices":[{"message":{"content":"a"}}]}', [], failure="closed")))
        is UnreadReason.BROKEN
    )


def test_partly_kept_body_is_truncated_unless_its_end_was_read():
    assert reason(parse_response(exchange(EVENTS[1], [], size=10**6))) is UnreadReason.TRUNCATED
    assert reason(parse_response(exchange(b'{"choi', [], size=10**6))) is UnreadReason.TRUNCATED
    assert isinstance(parse_response(exchange(STREAM, [], size=10**6)).completion, Completion)


def test_a_compressed_body_without_its_end_is_broken():
    packed = gzip.compress(b'{"choices":[{"message":{"content":"a"}}]}')
    assert reason(parse_response(exchange(packed[:-6], [], encoding="gzip"))) is UnreadReason.BROKEN


@pytest.mark.parametrize(("encoding", "why"), [("gzip", UnreadReason.ENCODING), ("dcb", UnreadReason.ENCODING)])
def test_an_encoding_that_does_not_fit_is_stated(encoding, why):
    assert reason(parse_response(exchange(STREAM, [4], encoding=encoding))) is why
    answer = parse_response(exchange(STREAM, [4], encoding=encoding, status=500))
    assert answer.error.status == 500


def test_what_is_not_a_chat_completion_is_not_audited_but_its_error_is_read():
    assert reason(parse_response(exchange(b"{}", [], target="/v1/models"))) is UnreadReason.NOT_AUDITED
    answer = parse_response(exchange(b'{"error":{"message":"no"}}', [], target="/v1/models", status=404))
    assert answer.error.message == "no"


def test_a_stream_of_no_events_is_not_sse():
    assert reason(parse_response(exchange(b": ping\n\n: ping\n\n", []))) is UnreadReason.NOT_SSE
    assert reason(parse_response(exchange(b"hello", []))) is UnreadReason.NOT_SSE
    assert reason(parse_response(exchange(b"hello", [], content_type="text/plain"))) is UnreadReason.NOT_JSON
    assert reason(parse_response(exchange(b" \r\n ", []))) is UnreadReason.EMPTY


@given(
    st.binary(max_size=300),
    st.sampled_from(["", "gzip", "br", "deflate", "zstd", "gzip, br"]),
    st.integers(100, 599),
    st.booleans(),
)
def test_no_body_makes_it_raise(body, encoding, status, stream):
    for content_type in ("text/event-stream", "application/json"):
        parse_response(exchange(body, [7, 5, 900], content_type=content_type, encoding=encoding, status=status, stream=stream))


@pytest.mark.slow
@given(HOSTILE, st.sampled_from([200, 204, 400]))
def test_no_json_makes_it_raise(value, status):
    text = json.dumps(value).encode()
    parse_response(exchange(text, [3], status=status))
    parse_response(exchange(b"data: " + text + b"\n\n", [3], status=status, failure="reset"))


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.name)
def test_a_golden_body_cut_anywhere_is_never_taken_for_whole(path):
    """With the connection broken, what was cut before its end is Unread, or else equal to what the whole body says."""
    body = path.read_bytes()
    expected = expectation(path)
    for cut in random.Random(0).sample(range(len(body)), min(len(body), 25)):
        answer = parse_response(
            exchange(
                body[:cut],
                [],
                status=expected["status"],
                stream=expected["stream"],
                content_type=expected["content_type"],
                failure="reset",
            )
        )
        said = normal_form(answer)["said"]
        assert "unread" in said or said["choices"] == expected["said"]["choices"]


def test_every_golden_body_has_its_expectation_and_every_expectation_its_body():
    assert {path.stem for path in GOLDEN} == {path.name.removesuffix(".expected.json") for path in WIRE.glob("*.expected.json")}
    assert len({path.stem for path in GOLDEN}) == len(GOLDEN) >= 25


ANSWER = b'{"choices":[{"message":{"content":"a"},"finish_reason":"stop"}]}'


@pytest.mark.parametrize(
    ("made", "why", "detail"),
    [
        (exchange(None, []), "no_response", "no response was recorded"),
        (exchange(b"", []), "empty", "the body is empty"),
        (exchange(b"hello", []), "not_sse", "no line of the stream is an event"),
        (exchange(b"", [], status=101), "not_audited", "a WebSocket, whose frames are not read"),
        (exchange(b"no", [], status=503), "error", "status 503"),
        (
            *(exchange(b"{}", [], target="/v1/models"), "not_audited"),
            "only what is posted to an API that is read (chat, completions, responses, messages, embeddings) is",
        ),
        (exchange(ANSWER, [], failure="closed"), "broken", "closed: it broke"),
        (exchange(b"", [], size=1_000)._replace(unheld=True), "not_held", "there was no room to hold its 1000 bytes"),
        (exchange(b"", [], size=1_000), "truncated", "0 of 1000 bytes were kept"),
        (
            exchange(ANSWER, [], size=len(ANSWER) + 1)._replace(unheld=True),
            "truncated",
            f"{len(ANSWER)} of {len(ANSWER) + 1} bytes were kept",
        ),
        (exchange(ANSWER, [], size=len(ANSWER) + 1), "truncated", f"{len(ANSWER)} of {len(ANSWER) + 1} bytes were kept"),
        (exchange(gzip.compress(ANSWER)[:-6], [], encoding="gzip"), "broken", "the compressed body ends before its end"),
    ],
)
def test_response_that_is_no_answer_states_why(made, why, detail):
    answer = parse_response(made)
    assert (answer.completion.why, answer.completion.detail) == (why, detail)


@pytest.mark.parametrize(("status", "read"), [(199, False), (200, True), (299, True), (300, False)])
def test_answer_of_a_status_from_200_to_299_is_read(status, read):
    answer = parse_response(exchange(ANSWER, [], status=status))
    assert isinstance(answer.completion, Completion) is read
    assert (answer.status, answer.error is None) == (status, read)
    packed = parse_response(exchange(b"no gzip", [], status=status, encoding="gzip"))
    assert (packed.completion.why, packed.error is None) == ("encoding", read)


def test_get_is_not_audited_whatever_its_path():
    made = exchange(ANSWER, [])
    answer = parse_response(made._replace(request=made.request._replace(method="GET")))
    assert answer.completion.why == "not_audited"


@pytest.mark.parametrize(
    ("body", "stream", "note"),
    [
        (ANSWER, False, ()),
        (ANSWER, True, ("a stream was requested, a whole answer came",)),
        (STREAM, True, ()),
        (STREAM, False, ("a whole answer was requested, a stream came",)),
    ],
)
def test_answer_of_another_form_than_requested_is_read_and_noted(body, stream, note):
    assert parse_response(exchange(body, [], stream=stream)).completion.notes == note


def test_last_of_several_content_types_names_the_stream_and_its_case_does_not_matter():
    made = exchange(b"hello", [], content_type="application/json")
    for types, why in ((("Text/Event-Stream; charset=utf-8",), "not_sse"), (("text/event-stream", "text/plain"), "not_json")):
        headers = tuple(("CONTENT-TYPE", value) for value in types)
        answer = parse_response(made._replace(response=made.response._replace(headers=headers)))
        assert answer.completion.why == why
    bare = parse_response(made._replace(response=made.response._replace(headers=())))
    assert bare.completion.why == "not_json"


def test_stream_that_reached_its_end_is_whole_however_its_connection_ended():
    assert isinstance(parse_response(exchange(STREAM, [], failure="closed")).completion, Completion)
    failed = parse_response(exchange(b'{"error":{"message":"no"}}', [], failure="closed"))
    assert (failed.completion.why, failed.error.message) == ("error", "no")
