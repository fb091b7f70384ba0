"""A turn of a conversation is encoded against the one before it, and comes back whole."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from storage import delta_bodies
from storage.body_compression import BodyCompressor, compress_against, decompress
from storage.delta_bodies import DeltaBodies


def turns(count: int) -> list[bytes]:
    """The requests of an agent: each says everything again, and something new."""
    messages = [{"role": "system", "content": "Weigh what you are given. " + "word " * 200}]
    said = []
    for turn in range(count):
        messages.append({"role": "user", "content": f"turn {turn}: " + " ".join(str(turn * n * 7919 % 9973) for n in range(40))})
        said.append(json.dumps({"model": "m", "messages": messages, "stream": True}).encode())
    return said


@given(st.binary(max_size=3_000), st.binary(min_size=delta_bodies.SHORTEST, max_size=3_000))
def test_a_body_kept_against_any_other_comes_back(body, prefix):
    assert decompress(compress_against(body, prefix), prefix) == body


@settings(max_examples=25)
@given(st.lists(st.tuples(st.sampled_from(["", "a", "b"]), st.integers(0, 9), st.integers(0, 4_000)), max_size=60))
def test_bodies_of_any_conversation_in_any_order_are_read_back(said):
    keep, stored = DeltaBodies(BodyCompressor(), most_bytes=20_000), {}
    for number, (conversation, seed, size) in enumerate(said):
        body = b"".join(b"%d," % (seed * n * 7919 % 9973) for n in range(size // 4))
        kept = keep.encode(str(number), conversation, body)
        read = decompress(kept.compressed, stored[kept.base] if kept.base else None)
        assert read == body
        stored[str(number)] = body


def test_memory_is_bounded_by_dropping_the_conversation_unused_longest():
    keep = DeltaBodies(BodyCompressor(), most_bytes=10_000)
    body = turns(1)[0]
    for talk in range(20):
        assert keep.encode(f"{talk}-1", f"talk {talk}", body).base == ""
    assert keep.encode("19-2", "talk 19", body).base == "19-1"
    assert keep.encode("0-2", "talk 0", body).base == ""
    assert len(body) > delta_bodies.SHORTEST
