"""The README of a dossier."""

import re

import pytest

from shadow.dossier.dossier_text import dossier_text
from tests.shadow.report.made_report import GARBLER, report


def made(**more):
    return dossier_text("garbler", report(GARBLER), version="1.2", **more)


@pytest.mark.parametrize(
    ("with_text", "held"), [(True, "It holds recorded prompts and answers"), (False, "it holds no text of a request or answer")]
)
def test_it_states_verdict_method_and_what_it_holds(with_text, held):
    text = made(telling=10, requests=7, with_text=with_text)
    assert text.startswith("# Dossier about garbler\n")
    for part in (
        "sends different tool arguments 34 points",
        "t(0.975, G - 1)",
        "sameweights report --from .",
        held,
        "7 requests",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("telling", "requests", "with_text", "held"),
    [
        (10, 0, False, ("the 10 pairs that show the most: the signals that differ, without text", "empty: a request is text")),
        (1, 1, True, ("the 1 pair that shows the most: with request and answers", "1 request of this dossier as chat bodies")),
        (0, 0, True, ("empty: no pair is evidence", "empty: no chat request was kept as it was sent")),
    ],
)
def test_it_states_what_each_file_holds_and_offers_only_requests_that_are_there(telling, requests, with_text, held):
    text = made(telling=telling, requests=requests, with_text=with_text)
    evidence, replayable = held
    assert f"| `evidence.jsonl` | {evidence}" in text
    assert f"| `requests.jsonl` | {replayable}" in text
    assert ("sameweights replay" in text) == (requests > 0)


def test_parts_stand_apart_under_their_headings_and_the_method_names_its_numbers():
    text = made(telling=10, requests=7, with_text=True)
    parts = text.split("\n\n")
    assert parts[0] == "# Dossier about garbler"
    assert re.fullmatch(r"Made by sameweights 1\.2 from recorded traffic up to \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\.", parts[1])
    method, check = parts.index("## Method"), parts.index("## Check it")
    assert check == method + 4
    assert (
        "is at most 0.05, at least 10 pairs have an odd side, and the excess is beyond the tolerance of 3 points."
        in parts[method + 2]
    )
    assert parts[check + 1].splitlines()[2] == (
        "sameweights replay requests.jsonl --plan   # 7 requests, to any provider and reference of your own"
    )
    assert parts[check + 2].startswith("| file | holds |")
    assert parts[check + 3] == "It holds recorded prompts and answers: read it before it is sent on.\n"
