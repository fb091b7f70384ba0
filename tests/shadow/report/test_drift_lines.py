"""The state of drift in a report: read from what the judge kept."""

import json
import random
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from shadow.judging.judge import Judge
from shadow.report.build_report import as_json, as_text, build
from shadow.report.drift_lines import drift_evidence, drift_lines, is_one_sided, of_providers
from shadow.verdict.verdict_value import VerdictWord
from tests.conformance import exchange_record
from tests.payoffs import add
from tests.shadow.drift.leaning import payoffs
from tests.shadow.report.test_drift_table import ALARM, CALM


def judged(store, values, **more):
    for number, value in enumerate(values):
        add(store, f"{number:08}-pair", payoffs=(("arguments", value),), started=1e9 + number, flush=False, **more)
    assert store.flush(30)
    judge = Judge(store.judgements, holder="j", pairs_per_false_alarm=1e7, fleet_wide=False, publish=lambda *_: None)
    judge.finish(0.0, 20.0)


@pytest.fixture
def drifted(store):
    draw = random.Random(6)
    judged(store, payoffs(draw, 400) + payoffs(draw, 150, excess=0.5), kind="1 to 3 tools, first turn, sampled")
    return store


@pytest.mark.slow
def test_an_alarm_is_a_line_with_its_name_its_start_its_size_and_its_pairs(drifted):
    [line] = drift_lines(drifted)
    assert (line.state, line.name, line.provider, line.strongest) == ("drift", "arguments", "p", "arguments")
    assert line.low <= line.size <= line.high
    assert line.earliest <= line.since <= line.latest
    assert line.requests == ("1 to 3 tools, first turn, sampled",)
    assert line.pair_ids
    assert line.evidence >= 0


@pytest.mark.slow
def test_report_has_it_in_text_and_json(drifted):
    report = build(drifted, 0.0, 0.0)
    text = as_text(report)
    assert "drift" in text
    assert "since about 2001-09-09" in " ".join(text.split())
    [line] = json.loads(as_json(report))["drifting"]
    assert line["state"] == "drift"


def test_a_group_without_counted_pairs_is_not_measured_with_its_reason(store):
    for number in range(30):
        add(store, f"{number:08}", payoffs=(), excluded=("seed",), flush=False)
    judged(store, [])
    [line] = drift_lines(store)
    assert (line.state, line.left_out) == ("not_measured", {"seed": 30})
    assert "seed" in line.why
    assert "seed" in as_text(build(store, 0.0, 0.0))


def test_a_store_without_judged_pairs_has_no_drift_line(store):
    assert drift_lines(store) == ()


def test_a_state_that_cannot_be_read_is_left_out(sqlite_store, tmp_path):
    store = sqlite_store
    judged(store, [0])
    with closing(sqlite3.connect(tmp_path / "store.db")) as conn:
        conn.execute("UPDATE cases SET snapshot = 'x'")
        conn.commit()
    assert drift_lines(store) == ()


@pytest.mark.parametrize(("left", "said"), [(0, False), (2, False), (3, True)])
def test_clients_that_leave_too_often_put_a_flag_on_the_group(store, left, said):
    judged(store, [0] * 98)
    for number in range(left):
        live = exchange_record(f"gone{number}", calls=0, checks=0, started=1e9, failure="client_gone")
        row = live.exchange._replace(route="default", provider="p", reference="r", model="m")
        store.add_exchange(live._replace(exchange=row))
    for number in range(98):
        live = exchange_record(f"whole{number}", calls=0, checks=0, started=1e9)
        row = live.exchange._replace(route="default", provider="p", reference="r", model="m")
        store.add_exchange(live._replace(exchange=row))
    assert store.flush(20)
    [line] = drift_lines(store)
    assert line.hung_up == left / (98 + left)
    assert line.one_sided is said
    assert ("clients left before the end" in as_text(build(store, 0.0, 0.0))) is said


def test_a_handful_of_requests_is_no_share():
    assert not is_one_sided(5, 49)
    assert is_one_sided(5, 50)
    assert not is_one_sided(1, 50)


@pytest.mark.slow
@pytest.mark.parametrize(("side", "drifted"), [(1, True), (-1, False)])
def test_the_state_of_drift_is_drift_whatever_the_period_and_too_faithful_is_none(store, side, drifted):
    draw = random.Random(6)
    judged(store, [side * value for value in payoffs(draw, 400) + payoffs(draw, 300, excess=0.5)])
    report = build(store, 1.0, 2.0)
    assert [card.verdict.word for card in report.cards] == [VerdictWord.DIFFERS if drifted else VerdictWord.SUSPECT]
    assert report.drifting[0].state == "drift"
    assert report.drifted is drifted


def test_what_a_cache_silenced_counts_for_no_scorecard_either(store):
    for number in range(150):
        add(store, f"{number:08}", payoffs=(("arguments", 1), ("error", 0)), excluded=("cached",) * (number < 9), flush=False)
    judged(store, [])
    scores = {line.signal: line.pairs for card in build(store, 0.0, 0.0).cards for line in card.signals}
    assert scores == {"arguments": 3, "error": 150}


@pytest.mark.parametrize(
    ("left", "requests", "one_sided"), [(1, 50, False), (2, 50, True), (2, 100, False), (3, 100, True), (49, 49, False)]
)
def test_pairs_are_one_sided_beyond_two_percent_of_fifty_requests(left, requests, one_sided):
    assert is_one_sided(left, requests) is one_sided


def test_servers_behind_a_router_are_no_providers():
    assert of_providers([CALM, replace(CALM, upstream="far"), ALARM]) == (CALM, ALARM)


def test_a_line_is_evidence_with_its_size_and_moments():
    line = replace(ALARM, signals=("arguments", "text"), since=5.0, earliest=4.0, latest=6.0)
    found = drift_evidence(line)
    assert (found.route, found.state.value, found.name) == ("default", "drift", "arguments")
    assert (found.size, found.low, found.high) == (0.12, 0.05, 0.2)
    assert (found.since, found.earliest, found.latest) == (5.0, 4.0, 6.0)
    assert drift_evidence(replace(CALM, state="not_measured", why="few", blame_why="other")).why == "few"
    assert drift_evidence(replace(ALARM, blame_why="other")).why == "other"
