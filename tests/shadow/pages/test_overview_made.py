"""Rows of the overview over figures that are made by hand: moments, bars and addresses; and the pages of many rows."""

from dataclasses import replace

import pytest

from shadow.pages.overview import OverviewPage, overview_rows
from shadow.pages.page_environment import environment
from shadow.pages.period_figures import PeriodFigures
from shadow.report.latency_lines import PaceLine
from shadow.settings.config_errors import ConfigError
from shadow.settings.top_level_config import Config
from storage.page_rows import CoursePoint
from storage.rows import PairGroup
from tests.reading import Reading
from tests.shadow.dossier.test_dossier_records import LINE
from tests.shadow.report.made_report import FAITHFUL, GARBLER, SINCE, UNTIL

ALARM = replace(LINE, provider="faithful", reference="official", model="m", since=500.0)
EMPTY = PeriodFigures(
    since=SINCE, built=UNTIL, cards=(), drift=(), references=(), paces=(), token_counts=(), traffic=(), token_sums=(),
    rows=None, courses={},
)  # fmt: skip


def rows(*cards, **figures):
    return overview_rows(replace(EMPTY, cards=cards, **figures), cards, "7d")


def point(provider, place, differs):
    return CoursePoint(
        group=PairGroup(route="default", model="m", provider=provider, reference="official"), signal="text",
        began=1_000.0 + 10 * place, seconds=10.0, differs=differs, compared=20, own_differs=0, own_compared=0,
    )  # fmt: skip


def test_row_leads_to_its_provider_its_pairs_and_its_evidence_where_there_is_any():
    garbler, faithful = rows(GARBLER, FAITHFUL)
    assert garbler.address == "/providers/garbler?model=m&since=7d"
    assert garbler.pairs_address == "/pairs?provider=garbler&model=m&since=7d&show=all"
    assert (garbler.evidence_address, faithful.evidence_address) == ("/pairs?provider=garbler&model=m&since=7d", "")


@pytest.mark.parametrize(
    ("drift", "since", "alarm"),
    [
        ((), None, False),
        ((ALARM,), 500.0, True),
        ((ALARM, replace(ALARM, route="other", since=400.0)), 400.0, True),
        ((replace(ALARM, since=None),), None, False),
        ((replace(ALARM, model="n"),), None, False),
    ],
)
def test_a_verdict_without_a_date_has_that_of_the_first_alarm_of_its_provider_model_and_reference(drift, since, alarm):
    [row] = rows(FAITHFUL, drift=drift)
    assert (row.since, row.alarm) == (since, alarm)


def test_a_verdict_with_a_date_keeps_it_beside_an_alarm():
    [row] = rows(GARBLER, drift=(replace(ALARM, provider="garbler"),))
    assert (row.since, row.alarm) == (SINCE + 3_600, False)


def test_bars_of_all_rows_share_the_highest_share_as_their_top():
    courses = {
        ("garbler", "m", "official"): [point("garbler", 0, 20), point("garbler", 1, 10)],
        ("faithful", "m", "official"): [point("faithful", 0, 5)],
    }
    garbler, faithful = rows(GARBLER, FAITHFUL, courses=courses)
    assert (garbler.bars, faithful.bars) == (((14, 24), (15, 12)), ((15, 6),))
    assert rows(replace(GARBLER, model="n"), courses=courses)[0].bars == ()


def pace(since, provider="garbler", model="m"):
    return PaceLine(
        provider=provider, model=model, measure="token", tempo="slower", limit=0.1, blocks=9, evidence=1.0, since=since, share=0.4
    )


@pytest.mark.parametrize(
    ("paces", "slower"),
    [
        ((), None),
        ((pace(None), pace(7.0), pace(8.0)), 7.0),
        ((pace(7.0, provider="faithful"),), None),
        ((pace(7.0, model="n"),), None),
    ],
)
def test_row_is_slower_since_the_first_of_its_own_paces_that_is(paces, slower):
    [row] = rows(GARBLER, paces=paces)
    assert row.slower == slower


@pytest.fixture
def page(sqlite_store):
    """`page(51, {"after": "50"})`: the overview of so many models of one provider."""
    made = OverviewPage(sqlite_store, environment(), None, Config(), now=lambda: UNTIL)

    def shown(models, query):
        cards = tuple(replace(FAITHFUL, model=f"m{number:03}") for number in range(models))
        return Reading(made.page(query, replace(EMPTY, cards=cards)))

    return shown


@pytest.mark.parametrize(
    ("models", "query", "shown", "ways"),
    [
        (50, {}, range(50), set()),
        (51, {}, range(50), {"/?since=24h&after=50"}),
        (101, {"after": "50", "since": "7d"}, range(50, 100), {"/?since=7d", "/?since=7d&after=100"}),
        (51, {"after": "50"}, range(50, 51), {"/?since=24h"}),
    ],
)
def test_fifty_rows_are_shown_with_ways_to_the_others(page, models, query, shown, ways):
    found = page(models, query)
    names = {word for word in found.text.split() if word.startswith(("m0", "m1"))}
    assert names == {f"m{number:03}" for number in shown}
    assert ways <= found.addresses
    assert ("/?since=24h&after=50" in found.addresses) is ("/?since=24h&after=50" in ways)


@pytest.mark.parametrize("after", ["-1", "x", "1" * 10])
def test_place_that_is_no_number_of_up_to_nine_digits_is_refused(page, after):
    with pytest.raises(ConfigError, match="after: no such number of rows"):
        page(1, {"after": after})
