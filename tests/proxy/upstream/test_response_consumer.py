"""proxy.upstream.response_consumer: both kinds of heads tell a consumer the same things."""

import pytest

from proxy.upstream.known_heads import KnownHead
from proxy.upstream.response_consumer import AnyHead, HeadRewrite, send_parts, unwritten
from proxy.upstream.response_head import ResponseHead


def test_both_kinds_of_heads_have_all_that_a_consumer_may_need():
    needed = {name for name in vars(AnyHead) if not name.startswith("_")}
    for kind in (ResponseHead, KnownHead):
        assert needed <= set(dir(kind))


def test_rewrite_keeps_the_framing_unless_another_is_set():
    assert HeadRewrite(b"x") == HeadRewrite(head=b"x", plain=False)


def test_what_takes_the_place_of_a_consumer_takes_any_bytes():
    assert unwritten(b"x") is None


@pytest.mark.parametrize(("size", "writes"), [(16_384, 1), (16_385, 2)])
def test_parts_of_more_than_16_kib_are_not_copied(size, writes):
    written = []
    parts = [b"head", b"x" * (size - 4)]
    send_parts(written.append, parts)
    assert (len(written), b"".join(written)) == (writes, b"".join(parts))
    assert (written[-1] is parts[-1]) == (size > 16_384)
