"""Valid but odd messages at random, a fixed number from a fixed seed: what passes is the same directly and through the proxy."""

import random
from dataclasses import dataclass

import pytest

from tests.wires import client, plane, scripted

pytestmark = [pytest.mark.journey, pytest.mark.promise("transparency.differential")]

CASES, SEED = 240, 14
HOP = {b"connection", b"keep-alive", b"proxy-connection", b"te", b"upgrade", b"trailer", b"expect", b"transfer-encoding"}
SPACE = (b"", b" ", b"  ", b"\t", b" \t ")
NAMES = (b"X-a", b"x-A", b"Set-Cookie", b"!#$%&'*+.^_`|~", b"X-Empty", b"Vary", b"Via", b"Date", b"x-sameweight", b"Trailer")
VALUES = (b"", b"1", b'"a, b"', b"\xc3\xa9 \xff", b"a:b::", b"x" * 5_000, b"gzip;q=0, *", b"a\tb", b"{}", b"chunked", b"close")
PADDED, EXTENDED = (b"", b" ", b"\t", b"   "), (b" ;a", b"; a = b", b';a="b; c" ')
REASONS = (b"", b" ", b" OK", b" Quite \xe9", b" a  b", b" \tx", b" 200")
STATUSES = (200, 200, 200, 201, 203, 204, 206, 299, 304, 307, 400, 404, 418, 429, 500, 503, 599)
METHODS = (b"GET", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"HEAD", b"PROPFIND", b"QUERY", b"REPORT")
TARGETS = (b"/v1/x", b"/v1", b"/v1?", b"/v1//a/../b", b"/v1/%2F%zz?a=b&&=%20", b"/v1/{x}|'\"<>", b"/", b"/v1/a;b=c,d@e:f!")


@dataclass
class Case:
    """One exchange: the request without its Host line's port, the answer, and whether the provider closes behind it."""

    method: bytes
    request: bytes
    answer: bytes
    closes: bool


def made(dice: random.Random) -> Case:
    method = dice.choice(METHODS)
    body = dice.randbytes(dice.choice((0, 1, 10, 3_000))) if method not in {b"GET", b"HEAD", b"OPTIONS"} else b""
    host = dice.choice((b"Host", b"hOST")) + b":" + dice.choice(SPACE) + b"localhost"
    lines = [method + b" " + dice.choice(TARGETS) + b" HTTP/1.1", host, *fields(dice)]
    if body and dice.random() < 0.5:
        lines.append(b"Transfer-Encoding: " + dice.choice((b"chunked", b"Chunked", b"CHUNKED ")))
        body = in_chunks(dice, body, strict=True)
    elif body or dice.random() < 0.2:
        lines.append(dice.choice((b"Content-Length: ", b"content-length:")) + dice.choice((b"", b"00")) + b"%d" % len(body))
    return Case(method, b"\r\n".join((*lines, b"", body)), *answered(dice, method))


def answered(dice: random.Random, method: bytes) -> tuple[bytes, bool]:
    status, body = dice.choice(STATUSES), dice.randbytes(dice.choice((0, 1, 10, 3_000, 80_000)))
    lines = [b"HTTP/1.1 %d" % status + dice.choice(REASONS), *fields(dice)]
    framing = dice.choice(("length", "two lengths", "chunked", "close"))
    bodiless = method == b"HEAD" or status in {204, 304}
    if framing == "chunked" and status != 204:
        lines.append(b"Transfer-Encoding: " + dice.choice((b"chunked", b"Chunked", b"chunked ")))
        body = in_chunks(dice, body, strict=False)
    elif framing != "close" and status != 204:
        lines += [b"Content-Length:" + dice.choice(SPACE) + b"%d" % len(body)] * (2 if framing == "two lengths" else 1)
    interim = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * (dice.random() < 0.1)
    head = interim + b"\r\n".join((*lines, b"", b""))
    return head + (b"" if bodiless else body), framing == "close" and not bodiless


def fields(dice: random.Random) -> list[bytes]:
    parts = (NAMES, (b":",), SPACE, VALUES, SPACE)
    return [b"".join(dice.choice(part) for part in parts) for _ in range(dice.randrange(5))]


def in_chunks(dice: random.Random, body: bytes, *, strict: bool) -> bytes:
    """`body` in chunks of any size, all with extensions or none; `strict` has no white space there, as requests may have none."""
    plain, extended = ((b"",), (b";a", b';a="b; c"')) if strict else (PADDED, EXTENDED)
    made, extensions = b"", dice.choice((plain, extended))
    while body:
        size = dice.randrange(1, len(body) + 1)
        made += b"%b%x%b\r\n%b\r\n" % (b"0" * dice.randrange(3), size, dice.choice(extensions), body[:size])
        body = body[size:]
    return made + b"0" + dice.choice(extensions) + b"\r\n" + dice.choice((b"", b"X-Sum: 1\r\n")) + b"\r\n"


def read(message: bytes) -> tuple[bytes, list[bytes], bytes]:
    """First line, end-to-end fields with one length, and what follows; interim heads stand before the first line."""
    head, _, body = message.partition(b"\r\n\r\n")
    if head.startswith(b"HTTP/1.1 1"):
        line, lines, body = read(body)
        return head + line, lines, body
    line, *lines = head.split(b"\r\n")
    kept = [each for each in lines if each.partition(b":")[0].lower() not in HOP]
    lengths = [each for each in kept if each.lower().startswith(b"content-length")]
    return line, [each for each in kept if each not in lengths] + lengths[-1:], body


def tidy(message: bytes) -> tuple[bytes, list[bytes], bytes]:
    """The same for a request, whose values go out without the space around them, its body in chunks of another size."""
    line, lines, body = read(message)
    pairs = [each.partition(b":") for each in lines]
    named = [(name.lower(), value.strip(b" \t")) for name, _, value in pairs]
    named = [(name, value.lstrip(b"0") if name == b"content-length" else value) for name, value in named if name != b"host"]
    return line, [b": ".join(pair) for pair in named], joined(message, body)


def joined(message: bytes, body: bytes) -> bytes:
    if b"\r\ntransfer-encoding:" not in message.partition(b"\r\n\r\n")[0].lower():
        return body
    whole = b""
    while (size := int(body.partition(b"\r\n")[0].partition(b";")[0], 16)) > 0:
        rest = body.partition(b"\r\n")[2]
        whole, body = whole + rest[:size], rest[size + 2 :]
    return whole


async def test_odd_but_valid_messages_are_the_same_directly_and_through_the_proxy():
    dice, asked = random.Random(SEED), []
    cases = [made(dice) for _ in range(CASES)]
    playing: list[Case] = []

    async def script(wire):
        while True:
            head = await wire.head()
            asked.append(head + await body_of(wire, head))
            await wire.send(playing[0].answer)
            if playing[0].closes:
                return

    async with scripted(script) as provider, plane(provider.url) as running:
        for number, case in enumerate(cases):
            playing[:] = [case]
            asked.clear()
            direct = await exchanged(provider.port, case)
            through = await exchanged(running.port, case)
            assert read(through) == read(direct), (number, case)
            one, other = map(tidy, asked)
            assert other == one, (number, case)
            assert (await running.kept.next()).failure is None, (number, case)


async def body_of(wire, head: bytes) -> bytes:
    fields = dict(line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:-2])
    if b"transfer-encoding" not in fields:
        return await wire.reader.readexactly(int(fields.get(b"content-length", b"0")))
    body = b""
    while True:
        line = await wire.reader.readuntil(b"\r\n")
        size = int(line.partition(b";")[0], 16)
        body += line
        if not size:
            break
        body += await wire.reader.readexactly(size + 2)
    while line != b"\r\n":
        line = await wire.reader.readuntil(b"\r\n")
        body += line
    return body


async def exchanged(port: int, case: Case) -> bytes:
    """All that a client gets for the request; where the provider closes, until then."""
    async with client(port) as asked:
        await asked.send(case.request)
        if case.closes:
            return await asked.rest()
        head = b""
        while not head or (head.startswith(b"HTTP/1.1 1") and head.count(b"HTTP/1.1 ") < 2):
            head += await asked.until(b"\r\n\r\n")
        sent = case.answer.rpartition(b"HTTP/1.1 ")[2] if case.answer.startswith(b"HTTP/1.1 1") else case.answer
        return head + await asked.exactly(len(sent.partition(b"\r\n\r\n")[2]))
