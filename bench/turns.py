"""Measures the longest event loop iteration that one request or answer can cause, by its content, in milliseconds of CPU.

    .venv/bin/python bench/turns.py [WORD ...] [--most 5]

Inputs as large as the limits let them be, and as dear as is known for each reader; exit 1 where a turn takes over `--most`. What
is done in steps, or put off, is one turn a step. Tests count the work of each step; this measures its time on one machine.
"""

import argparse
import gc
import gzip
import json
import sys
import time
from collections.abc import Callable, Generator, Iterator
from hashlib import sha256

import brotli

from proxy.client.body_framing import ChunkedBody
from proxy.client.head_buffer import HeadBuffer
from proxy.client.head_memo import HeadMemo
from proxy.content_coding import beginning, zstd
from proxy.errors import RequestError
from proxy.exchange import Role
from proxy.packing import pack
from proxy.record import credential_removal as credentials
from proxy.record.capture import Capture
from proxy.record.last_event import last_event_came
from proxy.record.recorded_head import RecordedHead
from proxy.record.searched_secrets import SearchedSecrets
from proxy.routing.body_peek import peeking, renaming
from proxy.routing.request_fitting import RequestFitting, fit_in_steps
from proxy.secret_names import is_secret
from proxy.upstream.response_consumer import HeadRewrite
from proxy.upstream.response_head import ResponseHead
from proxy.upstream.response_reader import ResponseReader

READ, PEEKED, HEAD = 256 * 1024, 1024 * 1024, 60 * 1024
"""Bytes of one read of an event loop, of a body that is peeked at, and of a head."""
Turns = Generator[object, None, object]
Case = tuple[str, Callable[[], Turns]]
CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
FITTING = RequestFitting(drop=("seed",), rename={"max_tokens": "max_completion_tokens"}, add={"n": 1}, strip_thinking=True)


class Nowhere:
    """A reader of an answer that is no client."""

    def begin(self, head: ResponseHead) -> HeadRewrite:
        return HeadRewrite(head.raw)

    def write(self, data: bytes) -> None:
        del data


def capture() -> Capture:
    return Capture(identity="", role=Role.PRIMARY, started=0.0, begun=0.0, limit=2 * PEEKED, head=RecordedHead("POST", "/v1", ()))


def fill(unit: bytes, size: int) -> bytes:
    return unit * (size // len(unit))


def answered(*reads: bytes) -> Turns:
    """What comes in these reads, a turn each, and what is put off."""
    answer = ResponseReader(method="POST", limit=64 * 1024, capture=capture(), reader=Nowhere())
    for data in reads:
        answer.feed(data, 0.0)
        yield
        while answer.rest:
            answer.read_on()
            yield
    return answer.over


def asked(target: str, fields: list[tuple[bytes, bytes]]) -> Turns:
    """A request head: read, sent on, and looked through for credentials when its exchange is over."""
    is_secret.__globals__["_is_secret"].cache_clear()
    lines = b"".join(b"%b: %b\r\n" % pair for pair in [(b"Host", b"p"), *fields])
    try:
        memo = HeadMemo(f"POST {target} HTTP/1.1\r\n".encode() + lines + b"\r\n")
    except RequestError:
        return None
    yield
    is_secret.__globals__["_is_secret"].cache_clear()
    return memo.secrets(())


def uploaded(read: bytes) -> Turns:
    """A read of a request in chunks, as the connection of a client reads it, in portions."""
    body = ChunkedBody()
    body.feed(read)
    while body.waits:
        yield
        body.feed(b"")
    return None


def uploads() -> Iterator[Case]:
    kinds = {"a byte": b"1\r\nb\r\n", "a byte with extensions": b"1;a\r\nb\r\n", "16 bytes": b"10\r\n%b\r\n" % (b"x" * 16)}
    yield from ((f"upload: chunks of {name}", lambda unit=unit: uploaded(fill(unit, READ))) for name, unit in kinds.items())


def empty_lines(read: bytes) -> Turns:
    """A read of empty lines before a head, which are ignored up to the limit of a head."""
    HeadBuffer(2 * READ).take(read)
    yield


def once(work: Callable[[], object]) -> Turns:
    yield from ()
    return work()


def remembered(pieces: list[bytes]) -> Turns:
    """An exchange of these pieces: packed at its end, and looked through for a key or, where that is too much, cleared of it."""
    kept = capture()
    kept.secrets = SearchedSecrets(credentials.forms([b"a-secret-that-is-nowhere"]))
    kept.head(200, "OK", (), 0.0)
    for place, piece in enumerate(pieces):
        kept.add(piece, 0.0)
        if place % 1_000 == 0:
            yield
    packed = kept.packed(1.0)
    if packed:
        return b"".join(packed.parts)
    yield
    exchange = yield from credentials.clearing(kept.end(1.0), kept.secrets.forms)
    yield
    return pack(exchange)


def answers() -> Iterator[Case]:
    lookalike = fill(b"\r\n0\r\na", READ) + b"\nz"
    reads = {
        "chunks of a byte": (CHUNKED + fill(b"1\r\nb\r\n", READ),),
        "chunks of a byte with extensions": (CHUNKED + fill(b"1;a\r\nb\r\n", READ),),
        "spaced extensions": (CHUNKED + fill(b"1 ; a\r\nb\r\n", READ),),
        "a body of last chunks, trailers": (CHUNKED + b"%x\r\n" % len(lookalike) + lookalike, b"\r\n0\r\nX: y\r\n\r\n"),
        "interim heads": (fill(b"HTTP/1.1 100 \r\n\r\n", HEAD),),
        "a head of 2,000 fields": (b"HTTP/1.1 200 OK\r\n" + b"".join(b"openai-%x:\r\n" % at for at in range(2_000)) + b"\r\n",),
        "a head of too many fields": (b"HTTP/1.1 200 OK\r\n" + fill(b"a:\r\n", HEAD) + b"\r\n",),
    }
    yield from ((f"answer: {name}", lambda data=data: answered(*data)) for name, data in reads.items())


def heads() -> Iterator[Case]:
    counted = range(20_000)
    yield "request: empty lines", lambda: empty_lines(fill(b"\r\n", READ))
    targets = {
        "query members": "&".join(f"{at:x}=" for at in counted),
        "bare members": fill(b"a&", HEAD).decode(),
        "100 long names": "&".join("aB" * 122 + f"CacheKey{at:x}=" for at in range(99)),
        "a query in a value": "a=" + "".join(f"{at:x}%3db%26" for at in counted),
        "percent signs": "key=" + "%25" * 20_000,
        "2,000 of them": "key=" + "%25" * 2_000,
    }
    for name, query in targets.items():
        yield f"request: {name}", lambda query=query: asked(f"/v1?{query[:HEAD]}", [])
    fields = {
        "2,000 fields": [(b"openai-%x" % at, b"v") for at in range(2_000)],
        "100 long names": [(b"openai-%x" % at + b"-aB" * 78 + b"-cache-key", b"v") for at in range(100)],
        "500 words of a credential": [(b"authorization", b"a=b " * 500)],
        "words of a credential": [(b"authorization", fill(b"a=b ", HEAD))],
        "subprotocols": [(b"sec-websocket-protocol", b",".join(b"%x.key" % at for at in range(6_000)))],
        "connection options": [(b"connection", fill(b"a,", HEAD))],
    }
    yield from ((f"request: {name}", lambda pairs=pairs: asked("/v1", pairs)) for name, pairs in fields.items())


def bodies() -> Iterator[Case]:
    thinking = {
        "role": "assistant",
        "content": [{"type": "thinking", "thinking": "x" * 100}, {"type": "text", "text": "y" * 100}],
    }
    held = {
        "numbers": b'{"input":[' + fill(b"1,", PEEKED) + b'1],"model":"m"}',
        "tokens": b'{"input":[' + fill(b"12345,", PEEKED) + b'1],"model":"m"}',
        "lists": b'{"x":[' + fill(b"[],", PEEKED) + b'1],"model":"m"}',
        "objects": b'{"x":[' + fill(b'{"":1},', PEEKED) + b'1],"model":"m"}',
        "texts": b'{"x":[' + fill(b'"",', PEEKED) + b'1],"model":"m"}',
        "quotes": b'{"x":"' + fill(b'\\"', PEEKED) + b'","model":"m"}',
        "one text": b'{"x":"' + fill(b"a", PEEKED) + b'","model":"m"}',
        "brackets": b'{"x":' + fill(b"[", PEEKED // 2) + fill(b"]", PEEKED // 2) + b',"model":"m"}',
        "members": b"{" + b",".join(b'"%x":1' % at for at in range(80_000)) + b"}",
        "10,000 members": b"{" + b",".join(b'"%x":1' % at for at in range(10_000)) + b"}",
        "thinking": json.dumps({"model": "m", "messages": [thinking] * 3_800}).encode(),
    }
    for name, body in held.items():
        yield f"body, peeked at: {name}", lambda body=body: peeking(body)
        yield f"body, renamed: {name}", lambda body=body: renaming(body, "n")
        yield f"body, fitted: {name}", lambda body=body: fit_in_steps(body, FITTING)


def packed() -> Iterator[Case]:
    """The first MiB of packed bodies: text that hardly packs, and nothing but one letter (brotli unpacks a whole window)."""
    dense = " ".join(sha256(b"%d" % at).hexdigest()[: at % 7 + 1] for at in range(500_000)).encode()
    for coding, compress in {"br": brotli.compress, "gzip": gzip.compress, "zstd": zstd.compress}.items():
        for name, text in {"dense text": dense, "one letter": bytes(100 * PEEKED)}.items():
            body = compress(text)[:PEEKED]
            yield f"body, unpacked: {name} in {coding}", lambda body=body, coding=coding: once(lambda: beginning([coding], body))
            twice = compress(body)
            yield f"body, unpacked: {name} in {coding} twice", lambda b=twice, c=coding: once(lambda: beginning([c, c], b))


def records() -> Iterator[Case]:
    endings = {
        "lines": fill(b"a\n", PEEKED),
        "comments": fill(b"x", PEEKED) + b"\n\n" + b":a\n\n" * 99,
        "blank": fill(b"\n", PEEKED),
    }
    for name, body in endings.items():
        yield f"record, its last event: {name}", lambda body=body: once(lambda: last_event_came(body))
    yield "record of one piece", lambda: remembered([bytes(2 * PEEKED)])
    yield "record of 100,000 pieces", lambda: remembered([b"data: x\n\n"] * 100_000)
    yield "record of 300,000 pieces", lambda: remembered([b"x"] * 300_000)


def longest(turns: Turns) -> tuple[int, float, float]:
    """How many turns, the longest, and all of them, in milliseconds of CPU."""
    took = []
    over = False
    while not over:
        begun = time.thread_time()
        try:
            next(turns)
        except (StopIteration, ValueError):
            over = True
        took.append(1e3 * (time.thread_time() - begun))
    return len(took), max(took), sum(took)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("words", nargs="*")
    options.add_argument("--most", type=float, default=5.0)
    chosen = options.parse_args()
    gc.disable()
    missed = 0
    print("| what comes | turns | longest, ms | all, ms |\n|---|---:|---:|---:|")
    for name, begin in (*answers(), *uploads(), *heads(), *bodies(), *packed(), *records()):
        if all(word in name for word in chosen.words):
            turns, most, together = min((longest(begin()) for _ in range(3)), key=lambda row: row[1])
            missed += most > chosen.most
            print(f"| {name} | {turns} | {most:.2f} | {together:.2f} |")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
