"""shadow.reading.media_hashes: pictures, recordings and files are replaced by their hashes; everything else stays."""

import base64
import json
import random
import re
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.exchange import ChunkTiming, ChunkTimings
from shadow.privacy.redact import Redactor
from shadow.reading.media_hashes import SHORTEST, hashed, hashed_text, may_hold
from tests.exchanges import asked, exchange
from tests.shadow.privacy.test_redact import SECRETS

PNG = b"\x89PNG\r\n\x1a\n" + random.Random(1).randbytes(3_000)
WAV = b"RIFF\x00\x10\x00\x00WAVEfmt " + random.Random(2).randbytes(3_000)
PDF = b"%PDF-1.7\n" + random.Random(3).randbytes(3_000)
NOISE = random.Random(4).randbytes(3_000)
"""Bytes of no known kind, as PCM and ciphertexts are."""


def b64(data):
    return base64.b64encode(data).decode()


def summary(data, kind):
    return f"sha256:{sha256(data).hexdigest()} ({len(data):,} bytes, {kind})"


def bare(value):
    return json.loads(hashed((), json.dumps(value).encode()).body)


def user(part):
    return {"model": "m", "messages": [{"role": "user", "content": [{"type": "text", "text": "What is this?"}, part]}]}


PARTS = {
    "chat image": ({"type": "image_url", "image_url": {"url": "data:image/png;base64,{}", "detail": "low"}}, PNG, "image/png"),
    "declared type wins": ({"type": "image_url", "image_url": {"url": "data:image/webp;base64,{}"}}, PNG, "image/webp"),
    "type with parameters": ({"image_url": {"url": "data:audio/wav;codecs=1;base64,{}"}}, WAV, "audio/wav"),
    "anthropic": ({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "{}"}}, PNG, "image/png"),
    "anthropic, data first": ({"type": "document", "source": {"data": "{}", "media_type": "x/y"}}, PDF, "application/pdf"),
    "responses image": ({"type": "input_image", "image_url": "data:image/png;base64,{}"}, PNG, "image/png"),
    "responses file": (
        {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,{}"},
        PDF,
        "application/pdf",
    ),
    "file without a type": ({"type": "file", "file": {"file_data": "{}"}}, PDF, "application/pdf"),
    "audio": ({"type": "input_audio", "input_audio": {"data": "{}", "format": "wav"}}, WAV, "audio/wav"),
    "gemini": ({"inline_data": {"mime_type": "image/png", "data": "{}"}}, PNG, "image/png"),
    "mcp": ({"type": "image", "data": "{}", "mimeType": "image/png"}, PNG, "image/png"),
    "bare list": ({"images": ["{}"]}, PNG, "image/png"),
    "within a text": ({"type": "text", "text": "see ![a](data:image/png;base64,{}) here"}, PNG, "image/png"),
    "image of an answer": ({"type": "image_generation_call", "id": "i", "result": "{}"}, PNG, "image/png"),
    "b64_json": ({"b64_json": "{}"}, PNG, "image/png"),
}


@pytest.mark.parametrize(("part", "data", "kind"), PARTS.values(), ids=list(PARTS))
def test_media_of_each_api_give_way_to_digest_size_and_type(part, data, kind):
    text = json.dumps(user(part))
    sent = text.replace("{}", b64(data))
    wanted = text.replace(f"data:{kind};base64,{{}}", "{}").replace("data:audio/wav;codecs=1;base64,{}", "{}")
    assert hashed((), sent.encode()).body.decode() == wanted.replace("{}", summary(data, kind))


@pytest.mark.parametrize(
    "part",
    [
        {"input_audio": {"data": b64(NOISE), "format": "pcm16"}},
        {"audio": {"id": "a", "data": b64(NOISE), "transcript": "hello"}},
        {"type": "response.audio.delta", "delta": b64(NOISE)},
        {"type": "image_generation_call", "result": b64(NOISE)},
        {"document": {"data": b64(NOISE)}},
        {"data": b64(NOISE), "format": "pcm16"},
        {"type": "input_file", "file_data": b64(NOISE)},
    ],
)
def test_media_of_no_known_beginning_are_known_by_what_stands_beside_them(part):
    got = json.dumps(bare(user(part)))
    assert f"sha256:{sha256(NOISE).hexdigest()} (3,000 bytes)" in got
    assert b64(NOISE)[:64] not in got


@pytest.mark.parametrize(
    "value",
    [
        {"type": "redacted_thinking", "data": b64(NOISE)},
        {"type": "reasoning.encrypted", "data": b64(NOISE), "format": "anthropic-claude-v1"},
        {"type": "reasoning", "encrypted_content": b64(NOISE)},
        {"type": "thinking", "thinking": "x", "signature": b64(NOISE)},
        {"object": "embedding", "index": 0, "embedding": b64(NOISE)},
        {"role": "user", "content": "a" * 5_000},
        {"arguments": json.dumps({"data": "n" * 5_000})},
        {"url": "https://example.com/" + "a/" * 2_000},
        {"text": "it ends in ;base64," + "A" * 4_000},
        {"type": "response.output_text.delta", "delta": b64(NOISE)},
        {"type": "response.audio.delta", "item_id": b64(NOISE)},
        {"type": "function_call_output", "result": b64(NOISE)},
        {"type": "image_generation_call", "id": b64(NOISE)},
        {"state": {"data": b64(NOISE)}},
        {"data": b64(NOISE)},
    ],
)
def test_a_long_value_that_is_no_media_is_not_hashed(value):
    sent = json.dumps(value).encode()
    assert hashed((), sent) == (sent, ())


@pytest.mark.parametrize(("letters", "replaced"), [(512 - 4, False), (512, True)])
def test_media_of_five_hundred_and_twelve_letters_are_replaced_and_shorter_ones_are_not(letters, replaced):
    assert SHORTEST == 512
    url = "data:image/png;base64," + "A" * letters
    assert (bare({"url": url})["url"] != url) is replaced


@pytest.mark.parametrize(
    "write",
    [
        lambda text: text.replace("/", "\\/"),
        lambda text: text.replace("+", "\\u002B").replace("=", "\\u003d"),
        lambda text: "\\n".join(text[at : at + 76] for at in range(0, len(text), 76)),
        lambda text: text.replace("+", "-").replace("/", "_").rstrip("="),
    ],
    ids=["slashes", "escapes", "lines", "url alphabet"],
)
def test_the_hash_is_of_the_bytes_however_they_are_written(write):
    data = PNG[:2_999]
    for sent in ('{"url":"data:image/png;base64,%s"}', '{"source":{"media_type":"image/png","data":"%s"}}'):
        got = hashed((), (sent % write(b64(data))).encode()).body.decode()
        assert summary(data, "image/png") in got
        assert json.loads(got)


def test_media_in_json_that_is_a_text_of_json_are_found():
    sent = json.dumps({"role": "tool", "content": json.dumps({"type": "image", "data": b64(PNG), "mimeType": "image/png"})})
    got = json.loads(hashed((), sent.encode()).body)
    assert json.loads(got["content"]) == {"type": "image", "data": summary(PNG, "image/png"), "mimeType": "image/png"}


def test_of_media_that_the_end_of_a_body_cuts_off_nothing_is_left():
    sent = json.dumps({"url": "data:image/png;base64," + b64(PNG)}).encode()[:-500]
    got = hashed((), sent).body
    assert got.startswith(b'{"url": "sha256:')
    assert len(got) < 150


def test_a_binary_body_is_one_hash():
    got = hashed((("Content-Type", "audio/mpeg"),), NOISE)
    assert got.body.decode() == summary(NOISE, "audio/mpeg")


def test_the_files_of_a_form_are_replaced_and_its_fields_stay():
    form = (
        b'--b1\r\nContent-Disposition: form-data; name="model"\r\n\r\nwhisper-1\r\n'
        b'--b1\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\nContent-Type: audio/wav\r\n\r\n'
        b"%b\r\n--b1--\r\n"
    )
    got = hashed((("content-type", "multipart/form-data; boundary=b1"),), form % WAV).body
    assert got == form % summary(WAV, "audio/wav").encode()


def test_an_argument_of_a_call_is_a_text_in_which_media_are_replaced():
    assert hashed_text(json.dumps({"image": b64(PNG)})) == json.dumps({"image": summary(PNG, "image/png")})
    assert hashed_text("a" * 5_000) == "a" * 5_000


@given(st.lists(st.sampled_from([PNG, WAV, PDF, b"x"]), max_size=4), st.text(max_size=40), st.randoms())
def test_the_rest_of_a_body_stays_the_result_is_the_same_again_and_ends_move_along(media, text, draw):
    parts = [{"type": "image_url", "image_url": {"url": "data:image/png;base64," + b64(data)}} for data in media]
    sent = json.dumps({"messages": [{"content": [{"type": "text", "text": text}, *parts]}], "n": 1}).encode()
    ends = [*sorted(draw.randrange(len(sent) + 1) for _ in range(5)), len(sent)]
    got = hashed((), sent, ends)
    assert hashed((), got.body) == (got.body, ())
    assert list(got.ends) == sorted(got.ends)
    assert got.ends[-1] == len(got.body)
    content = json.loads(got.body)["messages"][0]["content"]
    assert content[0]["text"] == text
    for data, part in zip(media, content[1:], strict=True):
        url = part["image_url"]["url"]
        assert url == (summary(data, "image/png") if len(data) > 400 else "data:image/png;base64," + b64(data))
    spans = [found.span() for found in re.finditer(rb"data:image/png;base64,[^\"]{512,}", sent)]
    for before, after in zip(ends, got.ends, strict=True):
        if any(start < before < end for start, end in spans):
            assert got.body[:after].endswith(b" bytes, image/png)")
        else:
            assert got.body[:after] == hashed((), sent[:before]).body


@given(st.binary(max_size=2_000))
def test_any_bytes_are_taken_and_what_cannot_hold_media_is_itself(data):
    got = hashed((), data).body
    if not may_hold(data):
        assert got is data
    assert hashed((), got).body == got


def test_an_exchange_is_stored_without_its_pictures_and_without_its_credentials():
    secret = SECRETS["openai"]
    body = json.dumps({"messages": [{"content": [{"text": f"key {secret}"}, {"url": "data:image/png;base64," + b64(PNG)}]}]})
    answer = json.dumps({"b64_json": b64(PNG)}).encode()
    live = exchange(answer, marks=ChunkTimings([1.0, 2.0], [10, len(answer)]))
    live = live._replace(request=live.request._replace(body=body.encode(), size=len(body)))
    got = Redactor().exchange(live)
    wanted = body.replace(secret, "*" * len(secret)).replace("data:image/png;base64," + b64(PNG), summary(PNG, "image/png"))
    assert got.request.body.decode() == wanted
    assert (got.request.truncated, got.response.truncated) == (False, False)
    assert json.loads(got.response.body) == {"b64_json": summary(PNG, "image/png")}
    assert list(got.response.marks) == [ChunkTiming(1.0, 10), ChunkTiming(2.0, len(got.response.body))]


def test_the_picture_of_a_cut_request_goes_and_its_true_size_stays():
    whole = json.dumps({"url": "data:image/png;base64," + b64(PNG)}).encode()
    live = exchange(b"{}", request=asked())
    got = Redactor().exchange(live._replace(request=live.request._replace(body=whole[:3_000], size=len(whole)))).request
    assert (got.size, got.truncated) == (len(whole), True)
    assert len(got.body) < 150


@pytest.mark.parametrize("begin", range(17))
def test_a_run_of_base64_may_be_media_from_its_shortest_on_wherever_it_begins(begin):
    before, behind = b'{"data":' + b" " * begin + b'"', b'"' + b" " * 40 + b"}"
    assert may_hold(before + b"Q" * SHORTEST + behind)
    assert not may_hold(before + b"Q" * (SHORTEST - 1) + behind)


@pytest.mark.parametrize(
    ("beginning", "kind"),
    [
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\0\0\0\nWEBP", "image/webp"),
        (b"II*\0", "image/tiff"),
        (b"\0\0\0\nftypavif", "image/avif"),
        (b"\0\0\0\nftypheic", "image/heic"),
        (b"ID3\x03", "audio/mpeg"),
        (b"OggS\0", "audio/ogg"),
        (b"fLaC\0", "audio/flac"),
        (b"\x1aE\xdf\xa3", "video/webm"),
        (b"\0\0\0\nftypisom", "video/mp4"),
        (b"PK\x03\x04", "application/zip"),
    ],
)
def test_file_is_known_by_how_it_begins(beginning, kind):
    data = beginning + NOISE
    assert bare({"note": b64(data)}) == {"note": summary(data, kind)}


@pytest.mark.parametrize(
    ("before", "replaced"),
    [
        ('{"file_data": "', True),
        ('{"b64_json": "', True),
        ('{"partial_image_b64":"', True),
        ('{"data": "', False),
        ('{"x": "', False),
    ],
)
def test_bytes_of_no_known_kind_are_media_by_the_name_of_their_member(before, replaced):
    body = f'{before}{b64(NOISE)}"}}'.encode()
    assert (b"sha256:" in hashed((), body).body) is replaced


@pytest.mark.parametrize(
    ("value", "replaced"),
    [
        ({"input_audio": {"data": b64(NOISE)}}, True),
        ({"video": {"data": b64(NOISE)}}, True),
        ({"other": {"data": b64(NOISE)}}, False),
        ({"data": b64(NOISE), "mime_type": "x/y"}, True),
        ({"mimeType": "x/y", "data": b64(NOISE)}, True),
        ({"data": b64(NOISE), "thinking": "", "format": "x"}, False),
        ({"result": b64(NOISE), "type": "image_generation_call"}, True),
        ({"delta": b64(NOISE), "type": "response.audio.delta"}, True),
        ({"result": b64(NOISE), "type": "response.audio.delta"}, False),
        ({"delta": b64(NOISE), "type": "image_generation_call"}, False),
        ({"data": b64(NOISE), "a": {"format": "x"}}, True),
    ],
)
def test_object_marks_its_data_as_media_by_a_type_or_by_its_own_name(value, replaced):
    assert ("sha256:" in json.dumps(bare(value))) is replaced


@pytest.mark.parametrize(("between", "replaced"), [(200, True), (320, False)])
def test_type_of_media_is_looked_for_close_to_them(between, replaced):
    body = json.dumps({"mime_type": "x/y", "n": "y z " * (between // 4), "data": b64(NOISE)}).encode()
    assert (b"sha256:" in hashed((), body).body) is replaced


@pytest.mark.parametrize(
    ("content_type", "replaced"),
    [
        ("audio/mpeg", True),
        ("application/pdf", True),
        ("APPLICATION/OCTET-STREAM", True),
        ("text/plain", False),
        ("application/x", False),
    ],
)
def test_body_of_a_binary_type_is_one_hash_and_another_is_looked_through(content_type, replaced):
    got = hashed((("content-type", content_type),), NOISE)
    assert (got.body != NOISE) is replaced
    assert not replaced or got.body.decode() == summary(NOISE, content_type.lower())
    assert hashed((), PNG).body.decode() == summary(PNG, "image/png")


@pytest.mark.parametrize(("size", "replaced"), [(511, False), (512, True)])
def test_file_of_a_form_is_replaced_from_512_bytes_on(size, replaced):
    form = b'--b\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n%b\r\n--b--\r\n'
    got = hashed((("content-type", "Multipart/Form-Data; boundary=b"),), form % (b"\0" * size)).body
    assert (got != form % (b"\0" * size)) is replaced


def test_each_file_of_a_form_is_replaced_and_one_that_is_cut_too():
    head = b'--b\r\nContent-Disposition: form-data; name="f"; filename="a"\r\nContent-Type: audio/wav\r\n\r\n'
    fields = (("content-type", "multipart/form-data; boundary=b"),)
    hash_of = summary(WAV, "audio/wav").encode()
    two = hashed(fields, head + WAV + b"\r\n" + head + WAV + b"\r\n--b--\r\n").body
    assert two == head + hash_of + b"\r\n" + head + hash_of + b"\r\n--b--\r\n"
    cut = hashed(fields, head + WAV).body
    assert cut == head + hash_of
    assert hashed(fields, b"b\r\n" + head + WAV).body == b"b\r\n" + head + WAV


@pytest.mark.parametrize("text", ["data:;base64,", "data:image/png;name=a;base64,", "DATA:image/png;base64,"])
def test_address_of_data_is_replaced_with_its_type_where_it_states_one(text):
    got = bare({"url": text + b64(NOISE)})["url"]
    assert got.startswith(f"sha256:{sha256(NOISE).hexdigest()} (3,000 bytes")
    assert ("image/png" in got) is ("image" in text)


def test_what_is_no_base64_is_hashed_as_it_stands():
    odd = "A" * 4_001
    got = bare({"url": "data:image/png;base64," + odd})["url"]
    assert got == f"sha256:{sha256(base64.b64decode(odd[:4_000])).hexdigest()} (3,000 bytes, image/png)"
    padded = bare({"url": "data:image/png;base64," + b64(NOISE[:2_999])})["url"]
    assert padded == summary(NOISE[:2_999], "image/png")


def test_ends_before_within_and_behind_media_move_with_them():
    body = b'{"url": "data:image/png;base64,' + b64(PNG).encode() + b'", "n": 1}'
    begin, end = body.index(b"data:"), body.index(b'", "n"')
    got = hashed((), body, [0, begin, begin + 1, end - 1, end, len(body)])
    behind = got.body.index(b'", "n"')
    assert list(got.ends) == [0, begin, behind, behind, behind, len(got.body)]


@pytest.mark.parametrize(("size", "held"), [(511, False), (512, True)])
def test_body_that_is_no_text_may_hold_media_from_512_bytes_on(size, held):
    assert may_hold(b"\0" * size) is held
    assert not may_hold(b"{" + b" " * size)
    assert hashed_text("A" * size) == "A" * size
