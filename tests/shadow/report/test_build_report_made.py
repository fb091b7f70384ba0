"""Reports of records that are made by hand: sums of traffic, causes, moments in JSON."""

import json
from dataclasses import replace

import pytest

from shadow.report.build_report import as_json, as_text, verdicts_of
from shadow.report.figures import IncomparableReason, TrafficFigures
from shadow.report.period_records import PeriodRecords
from storage.rows import PairGroup, SignalCount, TrafficCount
from tests.shadow.report.made_report import GARBLER, SINCE, UNTIL, report, whole

NOTHING = PeriodRecords(
    since=SINCE, until=UNTIL, counts=(), traffic=(), drift=(), identities=(), sums=(), reasons=(), endings=(), compared=(),
    ended=(), unread=(),
)  # fmt: skip


def row(provider, model="m", role="primary", **more):
    counts = {"requests": 9, "asked": 9, "failures": 1, "errors": 2, "prompt_tokens": 30, "completion_tokens": 40}
    return TrafficCount(provider=provider, model=model, role=role, **{**counts, **more})


def test_traffic_is_summed_over_models_by_provider_and_role():
    rows = (row("q"), row("p"), row("p", "n", requests=5, failures=0), row("p", role="candidate"))
    found = verdicts_of(replace(NOTHING, traffic=rows)).traffic
    whole_of_p = TrafficFigures(
        provider="p", role="primary", requests=14, failures=1, errors=4, prompt_tokens=60, completion_tokens=80
    )
    assert [(line.provider, line.role, line.requests) for line in found] == [
        ("p", "candidate", 9),
        ("p", "primary", 14),
        ("q", "primary", 9),
    ]
    assert found[1] == whole_of_p


def count(state, number, signal="text", comparison="cross", model="m"):
    group = PairGroup(route="default", model=model, provider="p", reference="r")
    return SignalCount(group=group, comparison=comparison, signal=signal, state=state, control_reason="", count=number)


def test_card_has_the_counts_and_causes_of_its_provider_model_and_reference_alone():
    records = replace(
        NOTHING,
        traffic=(row("p"), row("p", "n", requests=7, asked=7)),
        counts=(count("match", 3), count("differ", 1), count("match", 5, model="n")),
        reasons=(("p", "m", "r", "why", 2), ("p", "m", "r", "why", 3), ("p", "n", "r", "other", 1), ("q", "m", "r", "no", 9)),
    )
    cards = {card.model: card for card in verdicts_of(records).cards}
    assert (cards["m"].provider, cards["m"].reference, cards["m"].requests, cards["n"].requests) == ("p", "r", 9, 7)
    assert cards["m"].reasons == (IncomparableReason(reason="why", pairs=5),)
    assert cards["n"].reasons == (IncomparableReason(reason="other", pairs=1),)


def test_period_without_a_record_has_no_card_and_its_ends():
    found = verdicts_of(NOTHING)
    assert (found.cards, found.traffic, found.since, found.until) == ((), (), SINCE, UNTIL)


def test_json_has_each_moment_beside_its_seconds_and_the_share_of_each_check():
    found = json.loads(as_json(whole()))
    assert (found["schema"].partition("/")[0], found["drift"], found["measured"]) == ("sameweights.report", True, True)
    assert (found["since"], found["since_time"]) == (SINCE, "2023-11-14T22:13:20.000+00:00")
    assert (found["until"], found["until_time"]) == (UNTIL, "2023-11-15T22:13:20.000+00:00")
    first, *_, last = found["cards"]
    assert (first["verdict"]["since"], first["verdict"]["since_time"]) == (SINCE + 3_600, "2023-11-14T23:13:20.000+00:00")
    assert (last["verdict"]["since"], last["verdict"]["since_time"]) == (None, None)
    shares = {line["signal"]: (line["rate"], line["reference_rate"]) for line in first["checks"]}
    assert shares == {"usage": (0.42, 0.0), "lost_space": (0.42, 0.0), "stop": (0.0, 0.0), "seed": (0.5, 0.0)}
    assert as_json(whole()).startswith('{\n  "schema"')


def test_number_that_json_does_not_have_is_refused():
    with pytest.raises(ValueError, match="not JSON compliant"):
        as_json(report(replace(GARBLER, log_e=float("nan"))))


def test_text_has_a_hundred_columns_all_tables_and_no_colour_unless_otherwise_wanted():
    text = as_text(whole())
    assert max(map(len, text.split("\n"))) <= 100
    assert "\nsignals  " in text
    assert "\x1b" not in text
    assert "\nsignals  " not in as_text(whole(), brief=True)
    assert "\x1b" in as_text(whole(), color=True)
    assert text != as_text(whole(), width=99)
