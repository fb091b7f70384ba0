"""The parts of the requests that the page of a provider shows."""

from dataclasses import replace

import pytest

from shadow.pages.segment_rows import segment_rows
from shadow.report.figures import SegmentLine
from tests.shadow.report.made_report import GARBLER

LINE = SegmentLine(
    provider="garbler", model="pretend-small", reference="official", signal="arguments", segment="tools", value="yes",
    differs=20, pairs=40, conversations=20, elsewhere=0.1, noise_differs=0, noise_pairs=40, beyond_noise=True,
)  # fmt: skip


@pytest.fixture
def card():
    return replace(GARBLER, model="pretend-small")


def test_part_in_which_a_signal_of_the_verdict_stands_out_is_shown_with_its_pairs(card):
    (row,) = segment_rows(card, [LINE], "24h")
    assert row.line is LINE
    assert row.address.endswith("signal=arguments&state=differ&segment=tools%3Dyes&since=24h")


@pytest.mark.parametrize(
    "changed",
    [
        {"signal": "role"},
        {"provider": "faithful"},
        {"beyond_noise": False},
        {"elsewhere": 0.26},
        {"elsewhere": None},
        {"pairs": 19, "differs": 15},
    ],
)
def test_part_that_may_be_noise_or_is_of_another_is_not_shown(card, changed):
    assert segment_rows(card, [replace(LINE, **changed)], "24h") == ()


def test_eight_parts_are_shown_and_the_largest_share_first(card):
    lines = [replace(LINE, value=f"v{number}", differs=30 - number) for number in range(9)]
    found = segment_rows(card, reversed(lines), "24h")
    assert [row.line.value for row in found] == [f"v{number}" for number in range(8)]
