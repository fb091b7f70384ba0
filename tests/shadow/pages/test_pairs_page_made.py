"""What the list of pairs reads and where it leads, over pairs that are made by hand."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from shadow.pages.page_environment import environment
from shadow.pages.pairs_page import PairsPage
from shadow.settings.config_errors import ConfigError
from shadow.settings.top_level_config import Config
from storage.rows import PairFilter
from tests.exchanges import said
from tests.pairs import keep_pair
from tests.reading import Reading

CONFIG = Config.model_validate(
    {
        "proxy": {
            "providers": {name: {"base_url": "https://example.com/v1"} for name in ("candidate", "official")},
            "routes": [{"name": "agents", "model": "m", "provider": "candidate"}],
        },
        "shadow": {"tags": ["checkout"]},
    }
)


class Pairs:
    """A reader of these pairs, newest first, which notes each filter."""

    def __init__(self, summaries):
        self.summaries, self.wanted = summaries, []

    def pairs(self, wanted):
        self.wanted.append(wanted)
        return self.summaries[: wanted.limit]

    def pair(self, name):
        return next((one.pair for one in self.summaries if one.pair.id.startswith(name)), None)


@pytest.fixture
def listed(sqlite_store):
    """`listed(51, query)`: the page of the first of so many pairs, and the reader."""
    keep_pair(sqlite_store, said("one"), said("two"), said("two"))
    [first] = sqlite_store.pairs(PairFilter(limit=1))

    def made(number, query=None, tenants=(), **evident):
        summaries = [replace(first, pair=replace(first.pair, id=f"{place:032}")) for place in range(number)]
        reader = Pairs(summaries)
        seen = SimpleNamespace(**{"standing": (), "waiting": "", "absence": lambda *_: "", **evident})
        periods = []
        page = PairsPage(reader, environment(), CONFIG, lambda period: periods.append(period) or seen)
        reader.periods = periods
        return Reading(page.page(query or {}, None, tenants)), reader

    return made


@pytest.mark.parametrize(("number", "older"), [(50, False), (51, True)])
def test_fifty_pairs_are_shown_and_the_next_page_begins_after_the_last_of_them(listed, number, older):
    page, _ = listed(number, {"provider": "candidate"})
    rows = {address for address in page.addresses if address.startswith("/pairs/0")}
    assert {address.partition("?")[0] for address in rows} == {f"/pairs/{place:032}" for place in range(50)}
    assert all("provider=candidate" in address for address in rows)
    nexts = [address for address in page.addresses if "before=" in address]
    assert nexts == [f"/pairs?provider=candidate&before={49:032}"] * older


@pytest.mark.parametrize(("query", "standing"), [({}, ("the standing",)), ({"show": "all"}, None), ({"state": "differ"}, None)])
def test_evidence_is_by_the_verdicts_and_all_pairs_are_without(listed, query, standing):
    _, reader = listed(1, query, standing=("the standing",))
    assert (reader.wanted[0].standing, reader.wanted[0].evidence, reader.wanted[0].limit) == (standing, standing is not None, 51)


def test_pairs_of_tenants_alone_are_read(listed):
    assert listed(1, tenants=("alpha",))[1].wanted[0].tenants == ("alpha",)


def test_verdicts_are_those_of_the_period_of_the_list(listed):
    assert listed(1, {"since": "7d"})[1].periods == ["7d"]
    assert listed(1)[1].periods == ["all"]


def test_place_that_is_only_the_beginning_of_an_id_or_of_no_pair_is_refused(listed):
    page, reader = listed(3, {"before": f"{1:032}"})
    assert reader.wanted[0].before_id == f"{1:032}"
    assert "/pairs" in page.addresses
    for before in (f"{1:032}"[:-1], "f" * 32):
        with pytest.raises(ConfigError):
            listed(3, {"before": before})


def test_filters_offer_the_configured_providers_routes_and_tags(listed):
    text = " ".join(listed(1)[0].text.split())
    for name in ("candidate", "official", "agents", "default", "tag=checkout"):
        assert name in text
