"""Measures the CPU of looks at a tournament: the first, those that follow ten seconds later, and one after new pairs.

    .venv/bin/python bench/tournament_looks.py [--pairs 13000]

The store is SQLite: a live provider and five candidates on each request, one request a minute, one to ten to a conversation, with
the seven signals that every answer has, 22 tags and prices. All pairs are judged. The bar is 100 ms of CPU for a later look.
"""

import argparse
import gc
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from prometheus_client import CollectorRegistry

from shadow.commands.begin_tournament import begin
from shadow.judging.judge import Judge
from shadow.pages.page_set import PageSet
from shadow.settings.top_level_config import Config
from shadow.tournament.tournament_record import TournamentRecord
from shadow.tournament.tournament_route import configured_terms
from storage.opening import open_reader, open_store
from storage.rows import ExchangeRecord, PairRecord, PayoffRow
from storage.storage_config import StorageConfig
from storage.store import Store
from tests.conformance import exchange_record, pair_row

CANDIDATES = tuple(f"host-{letter}" for letter in "abcde")
BEGUN = 1_790_000_000.0
EVERY = 60.0
"""Seconds between two requests."""
LONGEST = 10
"""Requests of the longest conversation."""
TAGS = 22
LATER_LOOKS = 5
NEW = 10
"""Requests that came between two looks, where pairs did."""
SIGNALS = ("answer_kind", "arguments", "calls_tool", "error", "finish_reason", "refusal", "text")
PAYOFFS = [0] * 18 + [1, -1]


def configured(url: str) -> Config:
    price = [{"input": 0.4, "output": 1.2}]
    names = ("near", "official", *CANDIDATES)
    providers = {name: {"base_url": f"https://{name}.example.com/v1", "prices": price} for name in names}
    route = {"name": "agents", "provider": "near", "reference": "official", "candidates": CANDIDATES}
    proxy = {"providers": providers, "routes": [route]}
    return Config.model_validate({"proxy": proxy, "storage": {"url": url, "queue": 1_000_000}})


def talk_of(place: int) -> tuple[int, int]:
    """The conversation of a request and its place in it: one request, then two, up to ten, and again."""
    rounds, left = divmod(place, LONGEST * (LONGEST + 1) // 2)
    length = 1
    while left >= length:
        left -= length
        length += 1
    return rounds * LONGEST + length - 1, left


def answered(draw: random.Random, place: int, provider: str) -> Iterator[ExchangeRecord | PairRecord]:
    """The answer of one provider to one request, and its pair."""
    started = BEGUN + EVERY * place
    name, reference = (f"{int(started * 1_000):012x}{kind:020x}" for kind in ((*CANDIDATES, "near").index(provider), 99))
    bare = {"marks": b"", "request_body": None, "response_body": None, "calls": 0, "checks": 0, "route": "agents"}
    talk, turn = talk_of(place)
    labels = {"started": started, "conversation": f"talk-{talk}"}
    role = "primary" if provider == "near" else "candidate"
    shape = '{"segments": {"tools": "%s", "turn": "%s", "prompt": "short", "tag": "%s"}}'
    live = exchange_record(name, provider=provider, role=role, **labels, **bare)
    if provider == "near":
        yield live
    row = pair_row(
        name,
        route="agents",
        provider=provider,
        reference_id=reference,
        request_fingerprint=f"request {place}",
        shape=shape % (("no", "yes")[place % 2], ("first", "later")[turn > 0], f"t{talk % TAGS}"),
        **labels,
    )
    shadow = exchange_record(reference, provider="official", role="shadow", reference="", **labels, **bare)
    scores = tuple(PayoffRow(pair_id=name, signal=signal, payoff=draw.choice(PAYOFFS)) for signal in SIGNALS)
    own = (shadow,) if provider == "near" else (live, shadow)
    yield PairRecord(pair=replace(row), exchanges=own, findings=(), payoffs=scores, kind="tools")


def fill(store: Store, first: int, requests: int) -> float:
    """Write the pairs of so many requests, and judge them; when the last one started."""
    draw = random.Random(first)
    for place in range(first, first + requests):
        for provider in ("near", *CANDIDATES):
            for record in answered(draw, place, provider):
                add = store.add_pair if isinstance(record, PairRecord) else store.add_exchange
                add(record)
    assert store.flush(600)
    assert store.failed == 0
    judge = Judge.configured(Config(), store.judgements, holder="bench", publish=lambda *_: None)
    last = BEGUN + EVERY * (first + requests)
    while judge.step(last + EVERY):
        pass
    judge.close()
    return last


def look(pages: PageSet) -> float:
    """Milliseconds of CPU of one look at the page."""
    begun = time.process_time()
    pages.choose.page({"route": "agents"})
    return (time.process_time() - begun) * 1e3


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--pairs", type=int, default=13_000)
    requests = options.parse_args().pairs // (len(CANDIDATES) + 1)
    with tempfile.TemporaryDirectory() as folder:
        config = configured(f"sqlite:///{folder}/looks.db")
        with closing(open_store(config.storage)) as store:
            terms = configured_terms(config.tournament)
            record = TournamentRecord(
                id="t", route="agents", reference="official", candidates=CANDIDATES, begun=BEGUN, terms=terms
            )
            begin(store, record)
            moment = [fill(store, 0, requests)]
            gc.freeze()
            gc.set_threshold(5_000, 20, 50)  # as the audit process does
            with closing(open_reader(StorageConfig(url=config.storage.url))) as reader:
                pages = PageSet(reader, config, CollectorRegistry(), now=lambda: moment[0])
                print(f"{requests * (len(CANDIDATES) + 1):,} pairs; CPU ms of each look:\n  the first: {look(pages):,.0f}")
                for name, new in (("later, nothing new", 0), (f"later, {NEW} new requests", NEW)):
                    spent = []
                    for _ in range(LATER_LOOKS):
                        if new:
                            moment[0] = fill(store, requests, new)
                            requests += new
                        moment[0] += 11
                        spent.append(look(pages))
                    print(f"  {name}: {', '.join(f'{one:,.0f}' for one in spent)}")


if __name__ == "__main__":
    main()
