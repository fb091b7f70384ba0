"""The sink of a proxy without an audit takes everything and keeps nothing."""

from proxy.sink import Discard
from tests.exchanges import exchange


def test_a_sink_that_discards_accepts_every_exchange():
    assert Discard().offer(exchange())
