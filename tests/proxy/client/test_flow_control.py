"""proxy.client.flow_control: bytes that nobody wants go nowhere."""

from proxy.client.flow_control import Dropped


async def test_what_is_dropped_is_not_kept_and_its_end_is_told_once():
    dropped = Dropped()
    dropped.take(b"x" * 1000)
    assert not dropped.ended.done()
    for _ in range(2):
        dropped.end()
    assert dropped.ended.done()
    assert list(vars(dropped)) == ["ended"]
