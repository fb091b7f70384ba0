from dataclasses import replace
from functools import partial

import pytest

from proxy.provider_config import Provider
from shadow.commands.begin_tournament import begin
from shadow.pipeline.candidate_copies import CandidateCopies
from shadow.pricing.price_list import PriceList
from shadow.settings.top_level_config import Config
from shadow.tournament.candidate_costs import answer_cost
from shadow.tournament.tournament_record import TournamentRecord, tournaments
from shadow.tournament.tournament_route import configured_terms
from shadow.tournament.tournament_spending import TournamentSpending, TournamentSpent, spent_notes, tournament_spent
from tests.records import NOW
from tests.shadow.tournament.arm_rows import RECORD, row
from tests.shadow.tournament.stored_arms import CONFIG, store_arms

TOKENS = (1_000, 0, 0, 0, 0, 0, 0)
PRICED = {"base_url": "https://x.example.com/v1", "price_input": 1.0, "price_output": 1.0}


def prices(**each):
    named = {name.replace("_", "-"): price for name, price in each.items()}
    providers = {name: Provider(base_url="https://x.example.com", price_input=price) for name, price in named.items()}
    return partial(answer_cost, prices=PriceList(providers))


def test_candidates_cost_their_own_tokens_and_the_reference_is_shared():
    first, other = row(1, tokens=TOKENS, control=True), row(1, "host-b", tokens=TOKENS)
    rows = [first, other, row(2, tokens=TOKENS), row(3, "unnamed", tokens=TOKENS)]
    found = tournament_spent(rows, RECORD, prices(host_a=1.0, host_b=2.0, maker=10.0))
    assert found.money == pytest.approx(0.001 + 0.002 + 0.001 + 3 * 0.010)


def test_nothing_is_known_without_prices():
    assert tournament_spent([row(1, tokens=TOKENS)], RECORD, prices(other=1.0)).money is None
    assert tournament_spent([], RECORD, prices(host_a=1.0)).money is None


def test_answered_calls_without_a_price_are_counted_and_refused_ones_cost_nothing():
    broken = row(2, tokens=None, failure="reset")
    rows = [row(1, tokens=TOKENS), broken, row(3, status=429), row(4, status=None, failure="connect"), row(5, status=399)]
    found = tournament_spent(rows, RECORD, prices(host_a=1.0, maker=10.0))
    assert (found.money, found.unpriced) == (pytest.approx(0.001 + 5 * 0.010), 2)
    without = tournament_spent(rows, RECORD, prices(host_a=1.0))
    assert (without.money, without.unpriced) == (pytest.approx(0.001), 2 + 5)


@pytest.mark.parametrize(
    ("spent", "limit", "words"),
    [
        ((None, 7), 0.0, []),
        ((2.0, 0), 0.0, ["Spent so far: 2.00."]),
        ((2.0, 0), 60.0, ["Spent so far: 2.00 of 60.00."]),
        ((2.0, 1), 0.0, ["Spent so far: 2.00.", "1 answered call is not in it: no token counts, or no price for some of them."]),
    ],
)
def test_what_was_spent_is_a_sentence_and_what_has_no_price_another(spent, limit, words):
    assert list(spent_notes(TournamentSpent(money=spent[0], unpriced=spent[1]), limit)) == words


def test_money_that_is_spent_is_named_at_its_limit_and_not_below():
    (words, more) = spent_notes(TournamentSpent(money=2.0, unpriced=1_200), 2.0)
    assert words.startswith("The money of this tournament is spent (2.00 of 2.00)")
    assert more.startswith("1,200 answered calls are not in it")
    assert next(spent_notes(TournamentSpent(money=1.9, unpriced=0), 2.0)) == "Spent so far: 1.90 of 2.00."


def priced_config():
    plain = CONFIG.model_dump()
    return Config.model_validate(
        {**plain, "proxy": {**plain["proxy"], "providers": dict.fromkeys(plain["proxy"]["providers"], PRICED)}}
    )


def begun(store, **more):
    record = TournamentRecord(
        id="t",
        route="agents",
        reference="official",
        candidates=("host-b", "host-c"),
        begun=NOW - 10,
        terms=configured_terms(CONFIG.tournament),
    )
    begin(store, replace(record, **more))


def looked(store, config=None, spending=None):
    """The routes that are spent, and what is left of the others."""
    found = (spending or TournamentSpending()).copies(store, config or priced_config(), 0.0)
    assert found.begun == {"agents"}
    return found.spent, dict(found.left)


@pytest.mark.parametrize("money", [0.0, 1e-9])
def test_a_route_is_spent_when_its_tournament_has_cost_its_money(store, money):
    begun(store, money=money)
    store_arms(store, NOW, n=3)
    assert looked(store) == ({"agents"} if money else set(), {})


def test_what_is_left_is_the_limit_without_what_stored_pairs_have_cost(store):
    begun(store, money=1.0)
    assert looked(store) == (set(), {"agents": 1.0})
    store_arms(store, NOW, n=3)
    [left] = looked(store)[1].values()
    assert left < 1.0
    store.studies.end("t", NOW, "")
    begun(store, money=1.0 - left, id="next")
    assert looked(store) == ({"agents"}, {})


@pytest.mark.parametrize(
    ("url", "workers", "processes"),
    [("sqlite:///x.db", 1, 1), ("sqlite:///x.db", 4, 4), ("postgresql://host/db", 1, 8), ("postgresql://host/db", 2, 16)],
)
def test_each_process_that_may_spend_has_its_part_of_what_is_left(store, url, workers, processes):
    begun(store, money=16.0)
    config = priced_config()
    shared = config.model_copy(
        update={
            "storage": config.storage.model_copy(update={"url": url}),
            "shadow": config.shadow.model_copy(update={"audit_workers": workers}),
        }
    )
    assert looked(store, shared) == (set(), {"agents": 16.0 / processes})


class Counting:
    """A reader that counts how often pairs are read."""

    def __init__(self, store):
        self.studies, self.judgements, self.read = store.studies, self, 0
        self._store = store

    def arm_pairs(self, *which):
        self.read += 1
        return self._store.judgements.arm_pairs(*which)


def test_pairs_are_read_every_thirty_seconds_and_a_tournament_that_begins_is_found_at_each_look(store):
    spending, reader, config = TournamentSpending(), Counting(store), priced_config()
    assert spending.copies(reader, config, 100.0) == CandidateCopies()
    begun(store, money=1e-9)
    store_arms(store, NOW, n=3)
    both = CandidateCopies(frozenset({"agents"}), frozenset({"agents"}), reading=1)
    assert [(spending.copies(reader, config, now), reader.read) for now in (105.0, 110.0, 134.9)] == [(both, 1)] * 3
    assert (spending.copies(reader, config, 135.0), reader.read) == (both._replace(reading=2), 2)
    begin(store, replace(tournaments(store.studies.studies(), "agents")[0], id="next", money=1e9))
    whole = CandidateCopies(frozenset({"agents"}), left=frozenset({("agents", 1e9)}), reading=2)
    assert (spending.copies(reader, config, 140.0), reader.read) == (whole, 2), "it has spent nothing before it is read"


def test_pairs_are_never_read_for_a_tournament_without_a_limit(store):
    begun(store)
    spending, reader = TournamentSpending(), Counting(store)
    assert spending.copies(reader, priced_config(), 100.0) == CandidateCopies(frozenset({"agents"}))
    assert reader.read == 0


@pytest.mark.parametrize(("status", "unpriced"), [(200, 1), (399, 1), (400, 0), (None, 0)])
def test_a_call_without_a_price_is_counted_where_it_was_answered(status, unpriced):
    rows = [row(1, tokens=TOKENS), row(2, status=status, tokens=None)]
    assert tournament_spent(rows, RECORD, prices(host_a=1.0, maker=1.0)).unpriced == unpriced


def test_pairs_of_the_live_provider_cost_the_tournament_nothing():
    rows = [row(1, tokens=TOKENS), row(2, role="primary", tokens=TOKENS)]
    assert tournament_spent(rows, RECORD, prices(host_a=1.0, maker=10.0)).money == pytest.approx(0.001 + 0.010)


def test_tokens_of_the_reference_alone_are_a_cost():
    found = tournament_spent([row(1, tokens=TOKENS), row(1, "host-b", tokens=None)], RECORD, prices(maker=10.0))
    assert (found.money, found.unpriced) == (pytest.approx(0.010), 2)


@pytest.mark.parametrize(("env", "processes"), [("", 1), ("DB_URL", 8)])
def test_a_store_that_a_variable_names_may_be_shared(sqlite_store, env, processes):
    begun(sqlite_store, money=16.0)
    config = priced_config()
    shared = config.model_copy(update={"storage": config.storage.model_copy(update={"url_env": env})})
    assert looked(sqlite_store, shared) == (set(), {"agents": 16.0 / processes})
