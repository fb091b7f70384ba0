"""The README of a dossier."""

import pytest

from shadow.dossier.dossier_text import dossier_text
from shadow.report.build_report import build_verdicts
from shadow.report.provider_report import of_provider
from tests.records import NOW

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("with_text", "held"), [(True, "It holds recorded prompts and answers"), (False, "It holds no text of a request or answer")]
)
def test_it_states_verdict_method_and_what_it_holds(recorded, with_text, held):
    report = of_provider(build_verdicts(recorded, 0.0, NOW + 60), "garbler")
    text = dossier_text("garbler", report, version="1.2", telling=10, requests=7, with_text=with_text)
    assert text.startswith("# Dossier about garbler\n")
    for part in (
        "sends different tool arguments 34 points",
        "t(0.975, G - 1)",
        "sameweights report --from .",
        held,
        "7 requests",
    ):
        assert part in text
