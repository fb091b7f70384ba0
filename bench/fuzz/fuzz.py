"""Coverage-guided fuzzing of everything that strangers' bytes go through; a crash is an exception that no reader may raise.

    .venv/bin/pip install atheris                        # not among the dependencies: it is built for some platforms only
    .venv/bin/python bench/fuzz/fuzz.py answer           # one target, a minute
    .venv/bin/python bench/fuzz/fuzz.py all --seconds 3600
    .venv/bin/python bench/fuzz/fuzz.py all --seed 1     # as CI does: as many inputs as stand below, nearly the same each time

Without atheris the corpus is run through once, and mutated at random for the time given. New inputs that reach new code go
to a folder of their own; a crash is written as `crash-*` where it was started, and belongs into the corpus with its mend.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext, suppress
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent))

try:
    import atheris
except ImportError:
    atheris = None

with atheris.instrument_imports(include=["proxy", "shadow"]) if atheris else nullcontext():
    from proxy import packing
    from proxy.client.body_framing import BrokenBodyError, ChunkedBody, LengthBody
    from proxy.client.head_buffer import HeadBuffer
    from proxy.client.head_memo import HeadMemo
    from proxy.errors import RequestError
    from proxy.exchange import Exchange, Role
    from proxy.record import credential_removal
    from proxy.record.capture import Capture
    from proxy.record.recorded_head import RecordedHead
    from proxy.routing import body_peek, header_rules
    from proxy.upstream import response_head
    from proxy.upstream.response_consumer import HeadRewrite
    from proxy.upstream.response_reader import ResponseReader
    from shadow.checks.registry import check
    from shadow.compare.comparators import compare
    from shadow.findings.pair import Pair, PairKind
    from shadow.privacy.pseudonymise import Pseudonymiser
    from shadow.privacy.redact import Redactor
    from shadow.reading.apis import PATHS
    from shadow.reading.parsed_exchange import parse_exchange, parse_shadow_exchange
    from tests.exchanges import asked, exchange

REDACTOR = Redactor()
TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]
APIS = tuple(PATHS.values())
LIVE = parse_exchange(exchange(b"{}", request=asked(tools=TOOLS)))


def to(path: str, made: Exchange) -> Exchange:
    """The same exchange, asked of another API."""
    return made._replace(request=made.request._replace(target=f"/v1{path}"))


class DiscardingConsumer:
    """A reader that checks nothing and keeps nothing."""

    def begin(self, _head):
        return HeadRewrite(head=b"")

    def write(self, data: bytes) -> None:
        pass


def answer(data: bytes) -> None:
    """An answer's body: read, checked, compared, pseudonymised, redacted; nothing may raise, and no secret may stay."""
    status, coding, body = (data[:1] or b"\0")[0], (data[1:2] or b"\0")[0], data[2:]
    names = ("", "gzip", "br", "zstd", "deflate")
    fields = (("Content-Type", "text/event-stream"), ("Content-Encoding", names[coding % 5]))
    made = exchange(body, status=200 if status % 4 else 400 + status, headers=fields)
    shadow = parse_shadow_exchange(to(APIS[coding // 5 % len(APIS)], made), LIVE)
    check(LIVE.request, shadow.answer)
    compare(Pair(kind=PairKind.CROSS, request=LIVE.request, subject=shadow.answer, reference=LIVE.answer))
    Pseudonymiser(b"0123456789abcdef", "c").response(shadow, ())
    REDACTOR.exchange(shadow.exchange)


def request(data: bytes) -> None:
    """A request's body: peeked at, renamed, read, pseudonymised; what is renamed has the new name."""
    changed = body_peek.renamed(data, "n")
    assert changed == data or body_peek.peek(changed).model == "n"
    live = parse_exchange(to(APIS[len(data) % len(APIS)], exchange(b"{}", request=data)))
    Pseudonymiser(b"0123456789abcdef", "c").request(live)
    assert len(REDACTOR.body(data)) == len(data)


def heads(data: bytes) -> None:
    """Heads and framing of an answer, whole and byte by byte: both readings come to the same."""
    with suppress(ValueError):
        response_head.read_head(data, "POST")
    fields = header_rules.HeaderFields.of(
        [(name, value) for name, _, value in (line.partition(b":") for line in data.split(b"\r\n"))]
    )
    header_rules.outgoing(fields, authority="h", key="k", length=1)
    header_rules.remembered(fields)
    header_rules.control(fields)
    secrets = credential_removal.forms(credential_removal.of_request(fields, "/v1/x?key=abcdefghij"))
    assert all(secret not in credential_removal.masked(data, [secret]) or b"*" in secret for secret in secrets)
    pieces, read = _fed([data[at : at + 1] for at in range(len(data))])
    whole, _ = _fed([data])
    # bytes behind the end belong to no body, and are looked at only when they come with it
    assert whole == pieces or read < len(data), (whole, pieces, data)


def client(data: bytes) -> None:
    """What a client sends: the same requests, and the same refusal, whole and byte by byte."""
    whole, pieces = _asked([data]), _asked([data[at : at + 1] for at in range(len(data))])
    assert whole == pieces, (whole, pieces, data)


def _asked(pieces: list[bytes]) -> list[object]:
    """The requests of a stream of bytes, each with its body, and why it ends where it is refused."""
    made: list[object] = []
    begun, body, read = HeadBuffer(64 * 1024), None, b""
    for piece in pieces:
        rest = piece
        while rest or (body is not None and body.ended):
            try:
                if body is None:
                    came, rest = begun.take(rest), b""
                    if came is None:
                        break
                    memo = HeadMemo(came[0][: came[1]])
                    if memo.fault:
                        return [*made, memo.fault.status]
                    made.append(memo.head)
                    rest, read = came[0][came[1] :], b""
                    body = ChunkedBody() if memo.head.chunked else LengthBody(memo.length or 0)
                read, rest = read + body.feed(rest), b""
                while body.waits:
                    read += body.feed(b"")
            except (RequestError, BrokenBodyError) as error:
                return [*made, getattr(error, "status", "body")]
            if not body.ended:
                break
            made.append(read)
            body, rest = None, body.rest
    return made


def _fed(pieces: list[bytes]) -> tuple[tuple[object, ...], int]:
    """What an answer came to, fed in `pieces`, and how many of them were read."""
    capture = Capture(identity="i", role=Role.PRIMARY, started=0.0, begun=0.0, limit=10**6, head=RecordedHead("POST", "/", ()))
    made = ResponseReader(method="POST", limit=4_096, capture=capture, reader=DiscardingConsumer())
    read = 0
    for piece in pieces:
        if made.over:
            break
        made.feed(piece, 0.0)
        read += 1
    if not made.over:
        made.eof(reset=False)
    failed = made.failure is not None
    return (made.head is not None, failed, None if failed else capture.size), read


def frames(data: bytes) -> None:
    """What comes by the local socket: understood, or a ValueError; what is understood comes back the same."""
    with suppress(ValueError):
        found = packing.unpack(data)
        assert packing.pack(packing.unpack(packing.pack(found))) == packing.pack(found)
    with suppress(ValueError):
        packing.unpack_stats(data)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "answer": answer,
    "request": request,
    "heads": heads,
    "frames": frames,
    "client": client,
}


RUNS = {"answer": 25_000, "request": 60_000, "heads": 40_000, "frames": 300_000, "client": 20_000}
"""Inputs of a run with a seed: about a quarter of a minute for each target."""


def at_random(target: Callable[[bytes], None], corpus: list[bytes], seconds: float, seed: int) -> int:
    """The corpus, and mutations of it for `seconds`; the number of inputs."""
    for data in corpus:
        target(data)
    chance, runs, until = random.Random(seed), 0, time.monotonic() + seconds
    while time.monotonic() < until:
        data = bytearray(chance.choice(corpus))
        for _ in range(chance.randint(1, 8)):
            at = chance.randrange(len(data) + 1)
            data[at : at + chance.choice([0, 1, 1, 4])] = chance.choice([b"", chance.randbytes(1), chance.choice(corpus)[:40]])
        target(bytes(data))
        runs += 1
    return runs


def one(name: str, seconds: float, seed: int | None) -> None:
    folder = HERE / "corpus" / name
    if atheris is None:
        runs = at_random(TARGETS[name], [path.read_bytes() for path in sorted(folder.iterdir())], seconds, seed or 0)
        print(f"{name}: {runs} inputs, at random, without coverage")
        return
    found = Path(tempfile.mkdtemp(prefix=f"fuzz-{name}-"))
    much = [f"-max_total_time={int(seconds)}"] if seed is None else [f"-runs={RUNS[name]}", f"-seed={seed}"]
    words = [str(found), str(folder), *much, "-timeout=60", "-rss_limit_mb=2048", "-max_len=65536"]
    atheris.Setup([sys.argv[0], *words, "-verbosity=0", "-print_final_stats=1"], TARGETS[name])
    atheris.Fuzz()


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("target", choices=[*TARGETS, "all"])
    words.add_argument("--seconds", type=float, default=60.0, help="in all; shared by the targets")
    words.add_argument("--seed", type=int, help="nearly the same inputs again, and as many; else new ones for the time given")
    given = words.parse_args()
    if given.target != "all":
        one(given.target, given.seconds, given.seed)
        return 0
    return next((code for name in TARGETS if (code := _apart(name, given.seconds / len(TARGETS), given.seed))), 0)


def _apart(name: str, seconds: float, seed: int | None) -> int:
    """One target in a process of its own; its exit code, and a sentence if it is not 0.

    With a seed, hashes and addresses are settled as well (the fuzzer learns from both), where the machine lets us.
    """
    words = [sys.executable, __file__, name, "--seconds", str(seconds)]
    if seed is not None:
        settled = ["setarch", "-R"]
        allowed = shutil.which("setarch") and not subprocess.run([*settled, "true"], check=False, capture_output=True).returncode
        words = [*(settled if allowed else []), *words, "--seed", str(seed)]
    code = subprocess.run(words, check=False, env=os.environ | {"PYTHONHASHSEED": "0"}).returncode
    if code:
        print(f"{name}: ended with {code}; the input stands above, in Base64", flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
