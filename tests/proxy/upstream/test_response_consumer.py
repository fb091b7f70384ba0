"""proxy.upstream.response_consumer: both kinds of heads tell a consumer the same things."""

from proxy.upstream.known_heads import KnownHead
from proxy.upstream.response_consumer import AnyHead, HeadRewrite, unwritten
from proxy.upstream.response_head import ResponseHead


def test_both_kinds_of_heads_have_all_that_a_consumer_may_need():
    needed = {name for name in vars(AnyHead) if not name.startswith("_")}
    for kind in (ResponseHead, KnownHead):
        assert needed <= set(dir(kind))


def test_rewrite_keeps_the_framing_unless_another_is_set():
    assert HeadRewrite(b"x") == HeadRewrite(head=b"x", plain=False)


def test_what_takes_the_place_of_a_consumer_takes_any_bytes():
    assert unwritten(b"x") is None
