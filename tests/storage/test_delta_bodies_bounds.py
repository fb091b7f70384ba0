"""Which bodies are kept against the one before, at each bound and beside it, and how much of them is remembered."""

import random

import pytest

from storage.body_compression import BodyCompressor, decompress
from storage.delta_bodies import DeltaBodies

MIB = 1024 * 1024


def noise(count: int, seed: int = 1) -> bytes:
    """Bytes that do not compress."""
    return random.Random(seed).randbytes(count)


def bases(keep: DeltaBodies, *bodies: bytes, conversation: str = "talk") -> list[str]:
    """The base of each body of one conversation, whose exchanges are named by their place."""
    return [keep.encode(f"{place}", conversation, body).base for place, body in enumerate(bodies)]


def test_a_chain_has_twenty_four_bases_and_the_next_body_is_whole():
    body = noise(600)
    found = bases(DeltaBodies(BodyCompressor()), *[body] * 28)
    assert found == ["", *[f"{place}" for place in range(24)], "", "25", "26"]


@pytest.mark.parametrize(("size", "base"), [(511, ""), (512, "0")])
def test_bodies_of_512_bytes_are_kept_against_each_other_and_shorter_ones_are_whole(size, base):
    assert bases(DeltaBodies(BodyCompressor()), noise(size), noise(size)) == ["", base]


@pytest.mark.parametrize(("size", "base"), [(8 * MIB, "0"), (8 * MIB + 1, "")])
def test_bodies_of_a_quarter_of_the_32_mebibytes_remembered_are_kept_against_each_other_and_larger_ones_are_whole(size, base):
    assert bases(DeltaBodies(BodyCompressor()), bytes(size), bytes(size)) == ["", base]


def test_body_that_is_not_remembered_leaves_the_one_before_as_base():
    keep = DeltaBodies(BodyCompressor(), most_bytes=4_000)
    assert bases(keep, noise(1_000), noise(1_001), noise(1_000)) == ["", "", "0"]
    assert repr(keep) == "<DeltaBodies 1 conversations, 1500 bytes>"


@pytest.mark.parametrize("body", [b"", None])
def test_absent_body_stays_as_it_is(body):
    kept = DeltaBodies(BodyCompressor()).encode("one", "talk", body)
    assert (kept.compressed, kept.base, kept.raw) == (body, "", b"")


def test_body_of_no_conversation_is_whole():
    assert bases(DeltaBodies(BodyCompressor()), noise(600), noise(600), conversation="") == ["", ""]


@pytest.mark.parametrize(("most", "left"), [(4_800, 4), (4_799, 3)])
def test_remembered_bytes_are_those_of_the_bodies_and_500_for_each(most, left):
    keep = DeltaBodies(BodyCompressor(), most_bytes=most)
    for talk in range(6):
        keep.encode("one", f"talk {talk}", noise(700))
    assert repr(keep) == f"<DeltaBodies {left} conversations, {left * 1_200} bytes>"


def test_conversation_goes_on_with_the_bytes_of_its_latest_body_alone():
    keep = DeltaBodies(BodyCompressor())
    bases(keep, noise(600), noise(600) + noise(100, 2))
    assert repr(keep) == "<DeltaBodies 1 conversations, 1200 bytes>"


@pytest.mark.parametrize(("new", "base"), [(800, "0"), (940, "0"), (1_060, ""), (1_500, "")])
def test_body_is_kept_against_the_one_before_where_that_takes_half_the_bytes_at_most(new, base):
    known = noise(1_000)
    body = known + noise(new, 2)
    keep = DeltaBodies(BodyCompressor())
    first, second = keep.encode("0", "talk", known), keep.encode("1", "talk", body)
    assert (first.base, second.base) == ("", base)
    assert second.raw == (body if base else b"")
    assert decompress(second.compressed, known if base else None) == body


@pytest.mark.parametrize(("new", "base"), [(1_050, "0"), (1_200, "")])
def test_body_that_takes_an_eighth_of_its_bytes_is_kept_against_the_one_before_though_it_takes_few_alone(new, base):
    assert bases(DeltaBodies(BodyCompressor()), noise(600), noise(new, 2) + bytes(9_000 - new)) == ["", base]


@pytest.mark.parametrize(("last", "left"), [(8 * MIB - 500, 4), (8 * MIB - 499, 3)])
def test_thirty_two_mebibytes_are_remembered_and_of_more_the_oldest_body_is_forgotten(last, left):
    keep = DeltaBodies(BodyCompressor())
    for talk, size in enumerate((*[8 * MIB - 500] * 3, last)):
        keep.encode("one", f"talk {talk}", bytes(size))
    assert repr(keep).startswith(f"<DeltaBodies {left} conversations, ")
