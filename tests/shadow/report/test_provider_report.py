"""The part of a report that is about one provider."""

import pytest

from shadow.report.build_report import build
from shadow.report.provider_report import of_provider
from shadow.settings.config_errors import ConfigError
from tests.records import NOW


@pytest.fixture
def report(filled):
    return filled.report


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
