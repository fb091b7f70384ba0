"""What the providers were asked for each sampled request, by its words, beside the pairs that are stored of it."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from typing import NamedTuple

import psycopg

from shadow.demo.pretended_server import PretendedServer, ResponsePace
from storage.body_compression import decompress
from tests.running import Served

CONFIG = """
[proxy]
listen = "127.0.0.1:0"
[proxy.providers.live]
base_url = "{live}"
[proxy.providers.official]
base_url = "{official}"
[proxy.providers.other]
base_url = "{other}"
[[proxy.routes]]
name = "agents"
provider = "live"
reference = "official"
candidates = ["other"]
[shadow]
sample_rate = 1.0
control_fraction = 0.3
concurrency = 8
queue = 100000
wait = 3600
{more}
[admin]
listen = "127.0.0.1:0"
"""
"""Each request is shadowed to a reference and a candidate; `more` are further settings of `[shadow]`."""
SLOW = ResponsePace(first_token=0.1)
"""Of every provider, so that shadows are under way at each moment, and the traffic is no load test."""
UNDER_WAY, WAITING = "sameweights_shadow_in_flight_requests", "sameweights_shadow_waiting_requests"

LIVE = "SELECT request_body FROM exchanges e JOIN payloads y ON y.exchange_id = e.id WHERE role = 'primary'"
PAIRS = """
SELECT y.request_body, s.role, p.control_id <> '' FROM pairs p
JOIN exchanges s ON s.id = p.subject_id JOIN payloads y ON y.exchange_id = s.id
"""
SQLITE_LIVE = "SELECT id FROM exchanges WHERE role = 'primary'"
SQLITE_PAIRS = "SELECT s.id, s.role, p.control_id <> '' FROM pairs p JOIN exchanges s ON s.id = p.subject_id"
ONCE = "SELECT count(*), count(DISTINCT subject_id) FROM pairs"


class Account(NamedTuple):
    """Requests by their words: live ones stored, pairs of the live answer and of candidates, and pairs with a second answer."""

    live: Counter[str]
    paired: Counter[str]
    copied: Counter[str]
    second: Counter[str]

    @property
    def unpaired(self) -> set[str]:
        """Those without a pair of the live answer."""
        return set(self.live) - set(self.paired)

    @property
    def uncopied(self) -> set[str]:
        """Those without a pair of the candidate's answer."""
        return set(self.live) - set(self.copied)


def words(body: bytes) -> str:
    """The last message of a chat."""
    return str(json.loads(body)["messages"][-1]["content"])


def requested(server: PretendedServer) -> Counter[str]:
    """How often a server was asked for each."""
    return Counter(words(each.body) for each in server.requests if each.method == "POST")


def account(url: str) -> Account:
    """What a PostgreSQL database holds."""
    with closing(psycopg.connect(url, autocommit=True)) as conn:
        live = [words(decompress(body) or b"") for (body,) in conn.execute(LIVE)]
        pairs = [(words(decompress(body) or b""), *more) for body, *more in conn.execute(PAIRS)]
        [(count, subjects)] = conn.execute(ONCE).fetchall()
    assert count == subjects, "no answer is in two pairs"
    return _account(live, pairs)


def sqlite_account(served: Served) -> Account:
    """What the database of a running `serve` holds."""
    with closing(sqlite3.connect(f"file:{served.database}?mode=ro", uri=True)) as conn, closing(served.reader) as reader:
        live = [words(reader.exchange(name).request_body) for (name,) in conn.execute(SQLITE_LIVE)]
        pairs = [(words(reader.exchange(name).request_body), *more) for name, *more in conn.execute(SQLITE_PAIRS)]
        [(count, subjects)] = conn.execute(ONCE).fetchall()
    assert count == subjects, "no answer is in two pairs"
    return _account(live, pairs)


def asked_as_stored(found: Account, official: PretendedServer, other: PretendedServer) -> None:
    """Each answer of a stored pair was requested once, and what has no pair was requested once at most."""
    first, copies = requested(official), requested(other)
    assert set(first) | set(copies) <= set(found.live), "nothing is shadowed before it is stored"
    for text in found.live:
        compared = bool(found.paired[text] or found.copied[text])
        whole = found.paired[text] and found.copied[text]
        second = bool(found.second[text])
        assert compared + second <= first[text] <= (compared + second if whole else 2), text
        assert found.copied[text] <= copies[text] <= 1, text


def _account(live: Iterable[str], pairs: Iterable[tuple[str, str, bool]]) -> Account:
    pairs = list(pairs)
    return Account(
        live=Counter(live),
        paired=Counter(text for text, role, _ in pairs if role == "primary"),
        copied=Counter(text for text, role, _ in pairs if role == "candidate"),
        second=Counter(text for text, _, second in pairs if second),
    )
