"""With one worker the audit process handles exchanges by itself, and says when it cannot ask."""

import pytest

from proxy.provider_config import Provider, ProxyConfig, Route
from shadow.pipeline.candidate_copies import CandidateCopies
from shadow.pipeline.fetcher_client import FetcherLostError
from shadow.pipeline.local_audit import LocalAudit
from shadow.settings.top_level_config import Config, ShadowConfig, TournamentConfig


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


async def test_references_are_probed_five_seconds_after_the_start_and_none_that_was_reached_until_then(monkeypatch):
    waits = []

    async def sleep(seconds):
        waits.append(seconds)
        worker.references_heard.add("far")

    monkeypatch.setattr("shadow.pipeline.local_audit.asyncio.sleep", sleep)
    providers = {name: Provider(base_url="http://127.0.0.1:9/v1") for name in ("near", "far")}
    config = Config(proxy=ProxyConfig(providers=providers, provider="near", reference="far"))
    worker, references = Handled(), References()
    worker.references_heard = set()
    await LocalAudit(config, worker=worker, references=references, fetcher=Fetcher(), source=Waiting()).probe()
    assert (waits, references.listed) == ([5.0], [])


class References:
    """A client of references that notes which ones had to list their models."""

    def __init__(self) -> None:
        self.listed = []

    async def list_models(self, name):
        self.listed.append(name)


class Reloaded:
    """What is reloaded with a configuration: notes the routes that have candidates in it."""

    def __init__(self) -> None:
        self.routes = []
        self.copies = []

    def renew(self, copies) -> None:
        self.copies.append(copies)

    def reload(self, config) -> None:
        self.routes.append([route.name for route in config.proxy.routes if route.candidates])


def started(*routes):
    providers = {name: Provider(base_url="http://127.0.0.1:9/v1") for name in ("near", "far", "other")}
    made = [Route(name=name, model=name, provider="near", reference="far", candidates=("other",)) for name in routes]
    return Config(proxy=ProxyConfig(providers=providers, routes=tuple(made)), tournament=TournamentConfig(copies="started"))


def test_a_route_that_a_reload_brings_has_no_candidates_before_its_tournament():
    worker, references = Reloaded(), Reloaded()
    audit = LocalAudit(started("agents"), worker=worker, references=references, fetcher=Fetcher(), source=Waiting())
    audit.hold(CandidateCopies(begun=frozenset({"agents"})))
    audit.reload(started("agents", "chat"))
    audit.hold(CandidateCopies(begun=frozenset({"agents", "chat"})))
    assert worker.routes == references.routes == [["agents"], ["agents"], ["agents", "chat"]]


def test_what_is_left_of_a_tournament_is_passed_on_without_a_reload():
    worker, references = Reloaded(), Reloaded()
    audit = LocalAudit(started("agents"), worker=worker, references=references, fetcher=Fetcher(), source=Waiting())
    looks = [
        CandidateCopies(begun=frozenset({"agents"}), left=frozenset({("agents", left)}), reading=reading)
        for reading, left in ((1, 2.0), (2, 1.0))
    ]
    for copies in looks:
        audit.hold(copies)
    assert (worker.copies, len(worker.routes)) == (looks, 1)


class Busy(Handled):
    """A worker with shadows; it takes exchanges from its source once."""

    shadowing, waiting = 2, 5

    async def run(self, source) -> None:
        self.exchanges.append(source.take_now())


class Kept(References):
    """References that note whether their fetcher is kept, and are closed."""

    kept = closed = False

    async def keep(self) -> None:
        self.kept = True

    async def close(self) -> None:
        self.closed = True


def configured(reference="far", **shadow):
    providers = {name: Provider(base_url="http://127.0.0.1:9/v1") for name in ("near", "far")}
    return Config(proxy=ProxyConfig(providers=providers, provider="near", reference=reference), shadow=ShadowConfig(**shadow))


@pytest.mark.parametrize(
    ("config", "kept"), [(configured(), True), (configured(reference=""), False), (configured(enabled=False), False)]
)
async def test_fetcher_is_kept_where_there_is_a_reference_that_may_be_asked(config, kept):
    worker, references = Busy(), Kept()
    audit = LocalAudit(config, worker=worker, references=references, fetcher=Fetcher(), source=Waiting())
    await audit.start("nowhere")
    for work in audit.work():
        await work
    await audit.close()
    assert (references.kept, references.closed, worker.exchanges) == (kept, True, [1])
    assert (audit.shadowing, audit.waiting) == (2, 5)


def test_missing_fetcher_is_named_until_it_runs():
    fetcher = Fetcher()
    audit = LocalAudit(configured(), worker=Busy(), references=None, fetcher=fetcher, source=Waiting())
    assert audit.why_not() == "the fetcher is not running; traffic is forwarded and recorded, nothing is compared"
    fetcher.pid = 7
    assert audit.why_not() == ""


async def test_what_a_probe_finds_is_logged_until_the_fetcher_is_lost(monkeypatch, logged):
    calls = logged("shadow.pipeline.local_audit")

    async def probe(*_):
        yield "far refused"
        raise FetcherLostError

    monkeypatch.setattr("shadow.pipeline.local_audit.probe", probe)
    monkeypatch.setattr("shadow.pipeline.local_audit.PROBE_SECONDS", 0.0)
    worker = Busy()
    worker.references_heard = frozenset()
    await LocalAudit(configured(), worker=worker, references=None, fetcher=Fetcher(), source=Waiting()).probe()
    assert [call.kwargs for call in calls] == [{"event": "reference_probe_failed", "detail": "far refused"}]
