"""hashed(): a body as it is stored, with a hash in the place of each picture, recording and file in it; pure.

Media stand in JSON as base64, alone or in a `data:` URL (RFC 2397), in the parts of a form (RFC 7578), or are the whole body.
Each is replaced by `sha256:` with the digest of its bytes, their number and their type; all other bytes stay. What is compared
and what is sent to a reference is not changed. Equal bodies become equal bytes, and a hash is not media, so hashing twice changes
nothing.
"""

from __future__ import annotations

import binascii
import re
import string
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import NamedTuple

from proxy.exchange import Headers

SHORTEST = 512
"""Characters of base64, or bytes of a part or body, from which on they are replaced; a shorter icon stays as it is."""
_LETTERS = (string.ascii_letters + string.digits + "+/=_-\\").encode()
"""What base64 is made of (RFC 4648, both alphabets), and the backslash that JSON may write in it."""
_SHAPE = bytes(97 if value in _LETTERS else 32 for value in range(256))
_LONG = b"a" * SHORTEST
_SAMPLED = 8
_LONG_SAMPLED = b"a" * (SHORTEST // _SAMPLED)
"""What every eighth byte of a body shows of such a run, wherever it begins."""
_STANDARD = bytes.maketrans(b"-_", b"+/")
_QUOTE, _BACKSLASH = b'"\\'
_RUN = re.compile(rb'(?:"|;base64,)([A-Za-z0-9+/=_\\-]{%d,}+)' % SHORTEST)
_DATA_URL = re.compile(rb"data:([^\"',;\s]{0,100})(?:;[^\"',\s]{0,100})?\Z", re.IGNORECASE)
_ESCAPED = re.compile(rb"\\+u00(2[bBfFdD]|3[dD]|5[fF])")
_BACKSLASHES = re.compile(rb"\\+[nr]?")
_AROUND = 300
"""Bytes before and behind a value in which its object states what it is."""
_NAME = re.compile(rb'"([A-Za-z0-9_]{1,40})\\*"\s*:\s*\Z')
_ALWAYS = frozenset({b"file_data", b"b64_json", b"partial_image_b64", b"image_b64"})
"""Members that hold media in every API that has them."""
_TYPED = re.compile(rb'"(?:media_type|mime_type|mimeType|format)\\*"\s*:')
_HOLDERS = frozenset(
    {b"input_audio", b"audio", b"inline_data", b"inlineData", b"source", b"image", b"video", b"document", b"file"}
)
"""Members whose object holds media as its `data`."""
_SEALED = re.compile(rb"thinking|reasoning|encrypted")
"""Members of an object that is a ciphertext, which is not media and which a client must send back unchanged."""
_TYPE = re.compile(r"[A-Za-z0-9.+-]{1,60}/[A-Za-z0-9.+-]{1,60}")
_MAGIC = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "image/webp"),
    (re.compile(rb"II\*\0|MM\0\*"), "image/tiff"),
    (re.compile(rb"....ftypavif", re.DOTALL), "image/avif"),
    (re.compile(rb"....ftyphei[cx]", re.DOTALL), "image/heic"),
    (re.compile(rb"RIFF....WAVE", re.DOTALL), "audio/wav"),
    (re.compile(rb"ID3[\x02-\x04]"), "audio/mpeg"),
    (re.compile(rb"OggS\0"), "audio/ogg"),
    (re.compile(rb"fLaC\0"), "audio/flac"),
    (re.compile(rb"\x1aE\xdf\xa3"), "video/webm"),
    (re.compile(rb"....ftyp", re.DOTALL), "video/mp4"),
    (re.compile(rb"%PDF-"), "application/pdf"),
    (re.compile(rb"PK\x03\x04"), "application/zip"),
)
"""How files begin, and their types."""
_TEXT = frozenset(b'{[ \t\r\n"\xefde:i')
"""First bytes of JSON, with a byte order mark or without, and of event streams: `data`, `event`, `id`, a comment."""
_BINARY = re.compile(r"(?:image|audio|video|font)/|application/(?:pdf|zip|gzip|octet-stream|msword|vnd\.)", re.IGNORECASE)
_PART = re.compile(rb"filename\*?=[^\r\n]{0,400}\r\n(?:[^\r\n]{1,400}\r\n){0,8}\r\n")
_PART_TYPE = re.compile(rb"\r\ncontent-type:\s*([^\s;]{1,120})", re.IGNORECASE)


class Hashed(NamedTuple):
    """A body with hashes for its media; `ends[i]` is the place of the i-th given end in it."""

    body: bytes
    ends: Sequence[int]


class _Found(NamedTuple):
    """The range `start` to `end` of a body, and its replacement."""

    start: int
    end: int
    instead: bytes


def may_hold(body: bytes) -> bool:
    """Whether there may be media in it: it is neither JSON nor an event stream, or has a run of characters of base64."""
    if len(body) < SHORTEST:
        return False
    return body[0] not in _TEXT or _has_run(body)


def _has_run(body: bytes) -> bool:
    """Whether so many letters follow each other; in nearly every body some of each eighth byte shows that they do not."""
    return _LONG_SAMPLED in body[::_SAMPLED].translate(_SHAPE) and _LONG in body.translate(_SHAPE)


def hashed(headers: Headers, body: bytes, ends: Sequence[int] = ()) -> Hashed:
    """The body, without content codings, with a hash for each of its media; unchanged if it has none.

    If the body is cut within media, the hash covers the part that is present.
    """
    found = list(_found(headers, body)) if may_hold(body) else []
    if not found:
        return Hashed(body, ends)
    return Hashed(_joined(body, found), _moved(found, ends))


def hashed_text(text: str) -> str:
    """The same for a text that is JSON, or holds some."""
    if len(text) < SHORTEST:
        return text
    raw = text.encode("utf-8", "surrogatepass")
    found = list(_in_text(raw)) if _has_run(raw) else []
    return _joined(raw, found).decode("utf-8", "surrogatepass") if found else text


def _joined(body: bytes, found: Sequence[_Found]) -> bytes:
    pieces, done = [], 0
    for start, end, instead in found:
        pieces += [body[done:start], instead]
        done = end
    return b"".join((*pieces, body[done:]))


def _moved(found: Sequence[_Found], ends: Sequence[int]) -> list[int]:
    """The ends in the new body; one within replaced media moves behind its replacement."""
    starts = [each.start for each in found]
    behind, shifts, shift = [0], [0], 0
    for start, end, instead in found:
        shift += len(instead) - (end - start)
        behind.append(end)
        shifts.append(shift)
    places = [bisect_right(starts, end - 1) for end in ends]
    return [max(end, behind[place]) + shifts[place] for end, place in zip(ends, places, strict=True)]


def _found(headers: Headers, body: bytes) -> Iterator[_Found]:
    if body[0] in _TEXT:
        return _in_text(body)
    kind = next((value for name, value in headers if name.lower() == "content-type"), "")
    if "multipart/" in kind.lower():
        return _in_parts(body)
    whole = _BINARY.match(kind) or _type_of(body)
    return iter([_Found(0, len(body), _replacement(body, kind))] if whole else _in_text(body))


def _in_text(body: bytes) -> Iterator[_Found]:
    """The media in a text as base64."""
    for run in _RUN.finditer(body):
        start, end = run.span(1)
        while body[end - 1] == _BACKSLASH:  # of the quotation mark behind it, in JSON that stands in a text
            end -= 1
        alone = body[run.start()] == _QUOTE
        url = None if alone else _DATA_URL.search(body, max(0, run.start() - _AROUND), run.start())
        if url:
            yield _Found(url.start(), end, _replacement(_plain(body[start:end]), url[1].replace(b"\\", b"").decode("latin-1")))
        elif alone and (end == len(body) or body[end] in b'"\\'):
            bytes_ = _plain(body[start:end])
            if _type_of(bytes_) or _is_marked_as_media(body, run.start(), end):
                yield _Found(start, end, _replacement(bytes_, ""))


def _is_marked_as_media(body: bytes, start: int, end: int) -> bool:
    """Whether the object around a value marks it as media: by the value's name, its type beside it, or its own name."""
    before = body[max(0, start - _AROUND) : start].rstrip(b"\\")
    named = _NAME.search(before)
    name = named[1] if named else b""
    if name in _ALWAYS:
        return True
    outer, _, inner = before.rpartition(b"{")
    around = inner + body[end : end + _AROUND].partition(b"}")[0]
    if _SEALED.search(around):
        return False
    if name == b"data":
        holder = _NAME.search(outer)
        return bool(_TYPED.search(around)) or (holder is not None and holder[1] in _HOLDERS)
    return (name == b"result" and b"image_generation_call" in around) or (name == b"delta" and b"audio.delta" in around)


def _in_parts(body: bytes) -> Iterator[_Found]:
    """The files of a form."""
    boundary = body[: body.find(b"\r\n")]
    at = 0
    while boundary.startswith(b"--") and (part := _PART.search(body, at)):
        at = body.find(b"\r\n" + boundary, part.end())
        at = len(body) if at < 0 else at
        if at - part.end() >= SHORTEST:
            kind = _PART_TYPE.search(part[0])
            yield _Found(part.end(), at, _replacement(body[part.end() : at], kind[1].decode("latin-1") if kind else ""))


def _plain(run: bytes) -> bytes:
    """The bytes that base64 encodes; without its last character where that alone encodes none."""
    text = run
    if b"\\" in run:
        text = _ESCAPED.sub(lambda found: bytes.fromhex(found[1].decode()), run)
        text = _BACKSLASHES.sub(b"", text)
    text = text.translate(_STANDARD, b"=")
    text = text[: len(text) - (len(text) % 4 == 1)] + b"=" * (-len(text) % 4)
    return binascii.a2b_base64(text)


def _type_of(media: bytes) -> str:
    """The type that the first bytes of a file identify; "" for an unknown one."""
    return next((kind for magic, kind in _MAGIC if magic.match(media)), "")


def _replacement(media: bytes, kind: str) -> bytes:
    """The replacement of media, in characters that JSON writes as they are."""
    stated = _TYPE.match(kind)
    kind = stated[0].lower() if stated else _type_of(media)
    return f"sha256:{sha256(media).hexdigest()} ({len(media):,} bytes{', ' if kind else ''}{kind})".encode()
