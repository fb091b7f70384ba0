"""The part of a report that is about one provider."""

from dataclasses import replace

import pytest

from shadow.report.build_report import build
from shadow.report.figures import ReferenceLine
from shadow.report.provider_report import of_provider
from shadow.settings.config_errors import ConfigError
from tests.records import NOW
from tests.shadow.pricing.test_period_money import summed
from tests.shadow.report.made_report import GARBLER, traffic
from tests.shadow.report.made_report import report as made
from tests.shadow.report.test_drift_table import ALARM
from tests.shadow.report.test_figures import router
from tests.shadow.report.test_identity_tables import COUNTS, GREEDY, IDENTITY, LOUD, TEMPLATE
from tests.shadow.report.test_latency_tables import PACE
from tests.shadow.report.test_latency_tables import line as latency
from tests.shadow.report.test_money_table import line as money
from tests.shadow.report.test_stream_faults import line as stream


@pytest.fixture
def report(filled):
    return filled.report


@pytest.mark.slow
def test_only_the_provider_and_its_reference_are_left(report):
    found = of_provider(report, "garbler")
    assert [card.provider for card in found.cards] == ["garbler"]
    assert {line.provider for line in found.latency} == {row.provider for row in found.traffic} == {"garbler", "official"}


def test_unknown_provider_is_refused_with_the_known_ones(report):
    with pytest.raises(ConfigError, match=r"did you mean 'garbler'.*known: faithful, garbler"):
        of_provider(report, "garblr")


def test_period_without_a_request_is_stated(store):
    with pytest.raises(ConfigError, match="--since all looks at all records"):
        of_provider(build(store, 0.0, NOW), "p")


SIDES = ("p", "r", "q")
TABLES = {
    "latency": latency("provider", "seconds", None),
    "traffic": traffic("x", "primary", 1),
    "identities": IDENTITY,
    "money": money("live", summed(1, fresh=1)),
    "templates": TEMPLATE,
    "segments": LOUD,
    "token_counts": COUNTS,
    "greedy": GREEDY,
    "drifting": ALARM,
    "paces": PACE,
    "streaming": stream(),
    "routers": router(False),
}
OF_BOTH = {"latency", "traffic", "identities", "money"}


@pytest.mark.parametrize("name", TABLES)
def test_each_table_has_the_lines_of_the_provider_and_times_traffic_identities_and_money_those_of_its_reference_too(name):
    lines = tuple(replace(TABLES[name], provider=side) for side in SIDES)
    card = replace(GARBLER, provider="p", reference="r")
    found = of_provider(made(card, replace(card, provider="q"), **{name: lines}), "p")
    assert [line.provider for line in getattr(found, name)] == ["p", *(["r"] if name in OF_BOTH else [])]
    assert found.cards == (card,)


def test_findings_about_other_references_are_left_out():
    lines = tuple(ReferenceLine(reference=name, model="m", state="failing", sentence="") for name in ("r", "s"))
    found = of_provider(made(replace(GARBLER, provider="p", reference="r"), references=lines), "p")
    assert [line.reference for line in found.references] == ["r"]
