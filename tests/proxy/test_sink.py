"""The sink of a proxy without an audit takes everything and keeps nothing."""

from proxy.sink import Discard
from tests.exchanges import exchange


def test_everything_is_taken():
    assert Discard().offer(exchange())
