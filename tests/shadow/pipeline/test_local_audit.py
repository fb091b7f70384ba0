"""With one worker the audit process handles exchanges by itself, and says when it cannot ask."""

import pytest

from proxy.provider_config import Provider, ProxyConfig
from shadow.pipeline.local_audit import LocalAudit
from shadow.settings.top_level_config import Config


class Handled:
    """A worker that notes what it was given."""

    def __init__(self) -> None:
        self.exchanges, self.drained = [], 0.0

    def handle(self, exchange) -> None:
        self.exchanges.append(exchange)

    async def drain(self, *, patience: float) -> None:
        self.drained = patience


class Waiting:
    """A receiver with three exchanges."""

    def __init__(self) -> None:
        self._left = [1, 2, 3]

    def take_now(self):
        return self._left.pop(0) if self._left else None


class Fetcher:
    pid = 0


@pytest.mark.parametrize(("reference", "why"), [("far", "the fetcher is not running"), ("", "")])
async def test_what_waits_is_handled_before_the_shadows_end(reference, why):
    providers = {name: Provider(base_url="http://127.0.0.1:9/v1") for name in ("near", "far")}
    config = Config(proxy=ProxyConfig(providers=providers, provider="near", reference=reference))
    worker = Handled()
    audit = LocalAudit(config, worker=worker, references=None, fetcher=Fetcher(), source=Waiting())
    assert audit.why_not().startswith(why)
    await audit.drain(patience=3.0)
    assert (worker.exchanges, worker.drained) == ([1, 2, 3], 3.0)
