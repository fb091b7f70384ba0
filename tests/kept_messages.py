"""The exchanges of the files in `tests/shadow/broker/messages/`, as the version of the format in a file's name packed them."""

from proxy.exchange import ChunkTimings, Exchange, Failure, FailureKind
from tests.exchanges import asked, exchange, said

WHOLE = exchange(
    said("Grüße, 世界"),
    request=asked("Sag hallo", temperature=0.5),
    id="0" * 31 + "1",
    marks=ChunkTimings([0.25, 1.5], [10, 200]),
    conversation="talk-1",
    tag="night",
)
BROKEN = exchange(
    id="0" * 31 + "2",
    request=asked(),
    answered=False,
    failure=Failure(kind=FailureKind.RESET, detail="the connection was reset", after_head=False),
)
KEPT: dict[str, tuple[Exchange, ...]] = {"1": (WHOLE, BROKEN)}
"""By version of the format; a file is never written again once a release has published it."""
