"""proxy.content_coding: the beginning of a packed body in every coding, bounded in what comes out and in members."""

import gzip
import json
import zlib
from hashlib import sha256

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.content_coding import CODINGS, FAULTS, LOOKED_AT, beginning, named, zstd


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


PACKERS = {
    "gzip": ("gzip", gzip.compress),
    "x-gzip": ("x-gzip", gzip.compress),
    "deflate": ("deflate", zlib.compress),
    "raw deflate": ("deflate", raw_deflate),
    "br": ("br", brotli.compress),
    "zstd": ("zstd", zstd.compress),
}
EACH = pytest.mark.parametrize(("name", "pack"), PACKERS.values(), ids=list(PACKERS))
BODY = json.dumps({"model": "m", "messages": [{"role": "user", "content": "words of all kinds " * 2_000}]}).encode()


class Fed(bytes):
    """A body that knows the longest part that was taken of it."""

    longest = 0

    def __getitem__(self, key):
        part = super().__getitem__(key)
        self.longest = max(self.longest, len(part) if isinstance(part, bytes) else 1)
        return part


@EACH
def test_a_whole_body_and_each_beginning_of_one_unpack_as_far_as_they_go(name, pack):
    packed = pack(BODY)
    assert beginning([name], packed) == BODY
    for end in range(0, len(packed), 7):
        assert BODY.startswith(beginning([name], packed[:end]))


DENSE = " ".join(sha256(b"%d" % number).hexdigest()[: number % 7 + 1] for number in range(400_000)).encode()
"""1.9 MB that can hardly be packed."""


@EACH
def test_of_a_large_body_that_is_not_all_there_as_much_is_unpacked_as_of_a_whole_one(name, pack):
    packed = brotli.compress(DENSE, quality=4) if name == "br" else pack(DENSE)
    assert len(packed) > 600_000
    for end in (300_000, 600_000):
        assert beginning([name], packed[:end]) == DENSE[:262_144]
    coding = CODINGS[name](1)
    got = b"".join(coding.feed(packed[at : at + 10_000], 1_000_000) for at in range(0, 600_000, 10_000))
    assert (DENSE.startswith(got), len(got) > 700_000) == (True, True)


@EACH
def test_no_more_of_a_body_is_fed_than_is_looked_at(name, pack):
    """What unpacks to nothing is not looked through to its end."""
    packed = pack(b"")[:-1] + bytes(10_000_000)
    fed = Fed(packed)
    beginning([name], fed)
    assert fed.longest <= 262_144 + 1_024


@pytest.mark.slow
@EACH
def test_of_a_bomb_so_many_bytes_come_out_and_no_more(name, pack):
    assert LOOKED_AT == 262_144
    packed = pack(bytes(50_000_000))
    assert beginning([name], packed) == bytes(262_144)
    assert beginning([name, name], pack(packed)) == bytes(262_144)
    assert len(CODINGS[name](1).feed(packed, 1_000)) < 1_000 + 2**19


@EACH
def test_bytes_that_are_of_no_such_coding_are_none(name, pack):
    assert beginning([name], b'{"model": "m"}' * 3) is None


def test_two_codings_are_looked_through_and_three_or_an_unknown_one_are_not():
    twice = gzip.compress(brotli.compress(BODY))
    assert beginning(["br", "gzip"], twice) == BODY
    assert beginning(["br", "gzip", "gzip"], gzip.compress(twice)) is None
    assert beginning(["compress"], BODY) is None
    assert beginning([], BODY) == BODY


@pytest.mark.parametrize(("bits", "read"), [(10, True), (16, True), (22, True), (23, False), (24, False)])
def test_brotli_is_looked_into_up_to_a_window_of_four_mebibytes(bits, read):
    packed = brotli.compress(BODY, lgwin=bits)
    assert beginning(["br"], packed) == (BODY if read else None)
    assert beginning(["br", "gzip"], gzip.compress(packed)) == (BODY if read else None)
    assert CODINGS["br"](1).feed(packed, len(BODY)) == BODY


@pytest.mark.parametrize(("parts", "read"), [(8, True), (9, False)])
@pytest.mark.parametrize("name", ["gzip", "zstd"])
def test_eight_members_are_looked_into_and_nine_are_not(name, parts, read):
    pack = PACKERS[name][1]
    packed = b"".join(pack(b"x") for _ in range(parts))
    assert beginning([name], packed) == (b"x" * parts if read else None)


@pytest.mark.parametrize(
    ("values", "names"),
    [([], []), (["gzip"], ["gzip"]), (["GZIP , br", "identity"], ["gzip", "br"]), ([" , "], []), (["Identity"], [])],
)
def test_codings_are_named_in_their_order_by_one_field_or_several(values, names):
    assert named(values) == names


@given(st.sampled_from(list(PACKERS.values())), st.binary(max_size=400), st.integers(0, 500))
def test_any_bytes_give_a_beginning_or_none_and_a_coding_raises_its_faults_only(packer, data, most):
    name, pack = packer
    assert beginning([name], pack(data), most) == data[:most]
    for strange in (data, pack(data)[::-1]):
        got = beginning([name], strange, most)
        assert got is None or len(got) <= most
        try:
            CODINGS[name](3).feed(strange, most)
        except FAULTS:
            assert got is None


@EACH
@pytest.mark.parametrize(("room", "out"), [(0, 1), (10, 11), (999, 1_000), (1_000, 1_000)])
def test_of_what_is_larger_than_the_room_one_byte_more_comes_out(name, pack, room, out):
    coding = CODINGS[name](1)
    got = coding.feed(pack(bytes(1_000)), room)
    assert len(got) == (1_000 if name == "br" else out)  # brotli gives what it has unpacked


@EACH
def test_a_body_fed_byte_by_byte_is_done_at_its_last_byte(name, pack):
    packed, coding, got = pack(b"a body of words"), CODINGS[name](1), b""
    for place in range(len(packed)):
        assert not coding.done
        got += coding.feed(packed[place : place + 1], 1_000)
    assert (got, coding.done) == (b"a body of words", True)


@pytest.mark.parametrize("name", ["gzip", "zstd"])
@pytest.mark.parametrize("size", [1, 7, 1_000])
def test_members_one_behind_another_are_read_as_many_as_are_allowed(name, size):
    packed = b"".join(PACKERS[name][1](part) for part in (b"one ", b"two ", b"three"))
    parts = [packed[at : at + size] for at in range(0, len(packed), size)]
    coding = CODINGS[name](3)
    assert b"".join(coding.feed(part, 1_000) for part in parts) == b"one two three"
    coding = CODINGS[name](2)
    with pytest.raises(ValueError, match=r"^more members than are read$"):
        [coding.feed(part, 1_000) for part in parts]


@pytest.mark.parametrize(("name", "pack", "behind"), [("gzip", gzip.compress, b"junk"), ("deflate", zlib.compress, b"\x1fjunk")])
def test_what_follows_the_end_of_a_body_and_is_no_member_is_ignored(name, pack, behind):
    coding = CODINGS[name](1)
    assert (coding.feed(pack(b"words") + behind, 1_000), coding.feed(behind, 1_000)) == (b"words", b"")
    assert beginning([name], pack(b"words") + behind) == b"words"


def test_nothing_is_read_behind_the_end_of_a_body_in_brotli():
    coding = CODINGS["br"](1)
    coding.feed(brotli.compress(b"words"), 1_000)
    assert coding.feed(b"more", 1_000) == b""


def test_a_body_that_goes_wrong_behind_its_beginning_is_one_of_the_faults():
    packed = zlib.compress(BODY)
    coding = CODINGS["deflate"](1)
    assert coding.feed(packed[:-4], 100_000) == BODY
    with pytest.raises(zlib.error):
        coding.feed(b"\0" * 4, 100_000)


def test_of_a_body_262144_bytes_are_looked_at_and_as_many_fed_with_a_kilobyte_more():
    assert beginning(["gzip"], gzip.compress(bytes(300_000))) == bytes(262_144)
    fed = Fed(bytes(10) + bytes(1_000_000))
    beginning(["gzip"], fed)
    assert fed.longest == 263_168


def test_a_body_of_nothing_unpacks_to_nothing():
    assert [beginning([name], b"") for name in CODINGS] == [b""] * 5


def test_a_coding_shows_its_state():
    gzipped, packed, plain = CODINGS["gzip"](2), CODINGS["br"](1), CODINGS["zstd"](3)
    gzipped.feed(gzip.compress(b"a") * 2, 10)
    assert repr(gzipped) == "<_Zlib wbits=31 members_left=1 done=True>"
    assert (repr(packed), repr(plain)) == ("<_Brotli done=False>", "<_Zstd frames_left=3 done=False>")


def zstd_frame(window):
    """A frame of one uncompressed block, with this byte for its window (RFC 8878 3.1.1.1.2)."""
    return b"\x28\xb5\x2f\xfd\x00" + bytes([window]) + b"\x19\x00\x00abc"


def test_zstd_is_unpacked_with_windows_of_8_mib_and_no_larger_ones():
    assert CODINGS["zstd"](1).feed(zstd_frame(13 << 3), 100) == b"abc"
    for larger in (13 << 3 | 1, 14 << 3):
        with pytest.raises(FAULTS):
            CODINGS["zstd"](1).feed(zstd_frame(larger), 100)


def test_brotli_is_fed_16_kib_at_once_and_what_it_has_unpacked_is_taken_to_more_than_the_room():
    fed = Fed(brotli.compress(DENSE[:100_000], quality=1))
    CODINGS["br"](1).feed(fed, 10)
    assert fed.longest == 16_384
    packed = brotli.compress(bytes(1_000_000))
    piece = len(CODINGS["br"](1).feed(packed, 0))
    assert len(CODINGS["br"](1).feed(packed, piece)) > piece


@pytest.mark.parametrize("name", ["gzip", "zstd"])
def test_of_members_together_larger_than_the_room_one_byte_more_comes_out(name):
    packed = PACKERS[name][1](bytes(1_000)) * 2
    assert [len(CODINGS[name](2).feed(packed, room)) for room in (999, 1_000, 1_500)] == [1_000, 1_001, 1_501]


def test_a_body_that_begins_as_deflate_with_its_head_is_not_read_as_one_without_it_later():
    coding = CODINGS["deflate"](1)
    assert (coding.feed(b"\x78", 10), coding.feed(b"\x9c", 10)) == (b"", b"")
    with pytest.raises(zlib.error):
        coding.feed(b"\x07", 10)
