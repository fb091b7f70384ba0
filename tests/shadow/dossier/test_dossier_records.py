"""What a dossier holds of a period."""

from dataclasses import fields, replace

import pytest

from shadow.dossier.dossier_records import dossier_records, whole_period
from shadow.report.build_report import verdicts_of
from shadow.report.drift_lines import DriftLine
from shadow.report.period_records import PeriodRecords, read_records
from shadow.report.provider_report import of_provider
from tests.records import NOW, add_live

pytestmark = pytest.mark.slow
PERIOD = (0.0, NOW + 60)
LINE = DriftLine(
    route="r", model="m", provider="garbler", reference="official", state="drift", why="", name="arguments", pairs=1,
    strongest="", evidence=None, since=None, earliest=None, latest=None, size=None, low=None, high=None, signals=(),
    requests=(), pair_ids=(), reference_suspected=False, left_out={}, sentence="faithful is still the same", by="faithful",
)  # fmt: skip


def made(store, provider, **more):
    whole = replace(read_records(store, *PERIOD), **more)
    return whole, dossier_records(provider, whole, store.judgements.counted_pairs(provider, *PERIOD))


@pytest.mark.parametrize("provider", ["garbler", "faithful", "squeezer", "newcomer"])
def test_figures_of_one_provider_are_those_of_the_whole_report(recorded, provider):
    whole, records = made(recorded, provider)
    own = of_provider(verdicts_of(whole_period(records)), provider)
    assert own.cards == of_provider(verdicts_of(whole), provider).cards


def test_other_providers_have_no_name_in_it(recorded):
    _, records = made(recorded, "garbler", drift=(LINE, replace(LINE, provider="faithful")))
    text = repr(records)
    assert "garbler" in text
    for name in ("faithful", "squeezer", "newcomer", "loner"):
        assert name not in text
    assert [line.sentence for line in records.period.drift] == ["another provider is still the same"]


def test_provider_without_a_request_in_the_period_has_no_name_in_a_drift_state(recorded):
    alarm = replace(LINE, sentence="retired differs too", by="retired", facts=("retired changed its fingerprint",))
    _, records = made(recorded, "garbler", drift=(alarm, replace(LINE, provider="retired")))
    assert "retired" not in repr(records)
    assert records.period.drift[0].by == "another provider"


def test_reference_that_was_compared_itself_has_no_name_of_its_own_reference(recorded):
    add_live(recorded, "official", route="to-gold", reference="gold")
    assert recorded.flush(20)
    _, records = made(recorded, "garbler")
    assert "official" in repr(records)
    assert "gold" not in repr(records)


def test_member_that_the_dossier_does_not_restrict_to_its_provider_is_noticed():
    """A member that is added to the records of a period holds all providers until the dossier restricts it."""
    assert {member.name for member in fields(PeriodRecords)} == {
        *("since", "until", "counts", "traffic", "drift", "identities", "sums", "reasons", "endings", "compared", "ended"),
        *("unread", "routers", "rows"),
    }


def test_conversations_are_numbers(recorded):
    _, records = made(recorded, "garbler")
    assert "talk-" not in repr(records)
    assert len({pair.cluster for pair in records.pairs}) == 80
