"""The sink of a proxy without an audit takes everything and keeps nothing."""

from proxy.sink import NullSink
from tests.exchanges import exchange


def test_a_sink_that_discards_accepts_every_exchange():
    assert NullSink().offer(exchange())
