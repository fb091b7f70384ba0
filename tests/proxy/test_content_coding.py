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
