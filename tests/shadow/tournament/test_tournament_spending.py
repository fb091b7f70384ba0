from dataclasses import replace

import pytest

from proxy.provider_config import Provider
from shadow.commands.begin_tournament import begin
from shadow.pricing.price_list import PriceList
from shadow.settings.top_level_config import Config
from shadow.tournament.tournament_record import TournamentRecord
from shadow.tournament.tournament_route import configured_terms
from shadow.tournament.tournament_spending import held_at_first, held_routes, tournament_spent, without_candidates
from tests.records import NOW
from tests.shadow.tournament.arm_rows import RECORD, row
from tests.shadow.tournament.stored_arms import CONFIG, store_arms

TOKENS = (1_000, 0, 0, 0, 0, 0, 0)
PRICED = {"base_url": "https://x.example.com/v1", "price_input": 1.0, "price_output": 1.0}


def prices(**each):
    named = {name.replace("_", "-"): price for name, price in each.items()}
    return PriceList({name: Provider(base_url="https://x.example.com", price_input=price) for name, price in named.items()})


def test_candidates_cost_their_own_tokens_and_the_reference_is_shared():
    first, other = row(1, tokens=TOKENS, control=True), row(1, "host-b", tokens=TOKENS)
    rows = [first, other, row(2, tokens=TOKENS), row(3, "unnamed", tokens=TOKENS)]
    found = tournament_spent(rows, RECORD, prices(host_a=1.0, host_b=2.0, maker=10.0))
    assert found == pytest.approx(0.001 + 0.002 + 0.001 + 3 * 0.010)


def test_nothing_is_known_without_prices():
    assert tournament_spent([row(1, tokens=TOKENS)], RECORD, prices(other=1.0)) is None
    assert tournament_spent([], RECORD, prices(host_a=1.0)) is None


@pytest.mark.parametrize(("money", "spent"), [(0.0, set()), (1e-9, {"agents"}), (1e9, set())])
def test_a_route_is_spent_when_its_tournament_has_cost_its_money(store, money, spent):
    priced = dict.fromkeys(CONFIG.proxy.providers, PRICED)
    plain = CONFIG.model_dump()
    config = Config.model_validate({**plain, "proxy": {**plain["proxy"], "providers": priced}})
    names = ("host-b", "host-c")
    record = TournamentRecord(
        id="t", route="agents", reference="official", candidates=names, begun=NOW - 10, terms=configured_terms(config.tournament)
    )
    begin(store, replace(record, money=money))
    store_arms(store, NOW, n=3)
    assert held_routes(store, config) == spent


@pytest.mark.parametrize(("copies", "before"), [("always", set()), ("started", {"agents"})])
def test_candidates_wait_for_their_tournament_where_that_is_configured(store, copies, before):
    config = Config.model_validate({**CONFIG.model_dump(), "tournament": {"copies": copies}})
    assert held_at_first(config) == held_routes(store, config) == before
    begin(
        store,
        TournamentRecord(
            id="t",
            route="agents",
            reference="official",
            candidates=("host-b", "host-c"),
            begun=NOW - 10,
            terms=configured_terms(config.tournament),
        ),
    )
    assert held_routes(store, config) == set()


def test_routes_whose_money_is_spent_have_no_candidates():
    assert without_candidates(CONFIG, frozenset()) is CONFIG
    assert [route.candidates for route in without_candidates(CONFIG, frozenset({"agents"})).proxy.routes] == [()]
    assert without_candidates(CONFIG, frozenset({"chat"})).proxy.routes == CONFIG.proxy.routes
