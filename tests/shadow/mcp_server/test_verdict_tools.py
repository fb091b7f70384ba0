import json
from dataclasses import replace

import pytest

from storage.judgement_rows import AlarmRow, JudgementBatch
from storage.rows import PairGroup
from tests.agents import Agent
from tests.counted import count, shape, sizes
from tests.payoffs import GROUP
from tests.records import NOW, add_live, add_pair, calling
from tests.shadow.judging.test_judge import JudgeRun, drifting, fill


@pytest.mark.slow
async def test_verdicts_of_a_period_are_those_of_the_report(store):
    for _ in range(40):
        add_pair(store, "garbler", calling("Oslo"), calling("Quito"), calling("Quito"))
        add_pair(store, "same", calling("Quito"), calling("Quito"), calling("Quito"))
    assert store.flush(20)
    found = await Agent(store).result("provider_summary", since="all")
    verdicts = {each["provider"]: each for each in found["providers"]}
    assert verdicts["garbler"]["verdict"] == "differs"
    assert verdicts["same"]["verdict"] in {"no_difference_seen", "undecided"}
    assert verdicts["garbler"]["pairs"] == 40
    assert "tool arguments" in verdicts["garbler"]["sentence"]
    alone = await Agent(store).result("provider_summary", since="all", provider="same")
    assert [each["provider"] for each in alone["providers"]] == ["same"]


@pytest.mark.slow
async def test_two_periods_are_apart_only_where_their_intervals_do_not_overlap(store):
    for number in range(60):
        add_pair(store, "p", calling("Quito"), calling("Quito"), calling("Quito"), started=NOW + number)
        add_pair(store, "p", calling("Oslo"), calling("Quito"), calling("Quito"), started=NOW + 1_000 + number)
    assert store.flush(20)
    periods = {
        "before_since": "2023-11-14T22:13:20",
        "before_until": "2023-11-14T22:25:00",
        "after_since": "2023-11-14T22:25:00",
        "after_until": "2023-11-14T23:00:00",
    }
    signals = {
        each["signal"]: each for each in (await Agent(store).result("compare_windows", provider="p", **periods))["signals"]
    }
    assert signals["arguments"]["apart"]
    assert (signals["arguments"]["before"], signals["arguments"]["after"]) == (0.0, 1.0)
    assert not signals["tools"]["apart"]


@pytest.mark.slow
async def test_the_drift_state_of_each_route_is_its_own(store):
    other = replace(GROUP, route="quiet")
    fill(store, drifting())
    fill(store, [0] * 60, prefix="quiet", at=1_000.0, group=other)
    JudgeRun(store).all()
    found = await Agent(store).result("explain_alert", provider=GROUP.provider)
    assert {each["route"]: each["state"] for each in found["states"]} == {GROUP.route: "drift", "quiet": "ok"}
    [change] = [each for each in found["changes"] if each["new"] == "drift"]
    assert change["route"] == GROUP.route
    assert change["tests"][0]["signal"]


async def test_an_alarm_of_pace_is_stated_with_its_date(store):
    details = {"latency": "first_token", "since": NOW, "share": 0.42}
    group = PairGroup(route="", model="m", provider="slow", reference="")
    alarm = AlarmRow(
        at=NOW, pair_id="p", group=group, old="steady", new="slower", name="first_token", details=json.dumps(details)
    )
    assert store.judgements.claim("me", NOW, 60.0)
    assert store.judgements.record("me", JudgementBatch(alarms=[alarm]))
    [change] = (await Agent(store).result("explain_alert", provider="slow"))["changes"]
    assert change["since"] == "2023-11-14T22:13:20.000+00:00"
    assert "42% of its answers take longer" in change["sentence"]


async def test_an_unknown_model_of_a_known_provider_is_named_with_the_known_ones(store):
    fill(store, [0] * 5)
    JudgeRun(store).all()
    sentence = await Agent(store).refusal("explain_alert", provider=GROUP.provider, model="nope")
    assert "no such model: 'nope'" in sentence
    assert GROUP.model in sentence


@pytest.mark.parametrize(
    ("asked", "named"), [({"provider": "new"}, "provider 'new'"), ({"provider": GROUP.provider, "model": "n"}, "model 'n'")]
)
async def test_recorded_name_without_a_drift_state_is_not_stated_as_unknown(store, asked, named):
    fill(store, [0] * 5)
    JudgeRun(store).all()
    add_live(store, "new", "Hello", model="n")
    assert store.flush(20)
    sentence = await Agent(store).refusal("explain_alert", **asked)
    assert f"no drift state of the {named} yet: no pair was judged; provider_summary has its verdict" in sentence


async def test_token_counts_stand_beside_the_verdict(store):
    count(store, [shape(size, round(1.02 * size)) for size in sizes(60)])
    [found] = (await Agent(store).result("provider_summary", since="all", provider="p"))["providers"]
    prompts, completions = found["token_counts"]
    assert (prompts["side"], prompts["state"], prompts["share"]) == ("prompt", "more", pytest.approx(0.02, abs=0.001))
    assert prompts["sentence"].startswith("prompts: 2.0% more tokens than the reference counts")
    assert (completions["side"], completions["state"], completions["share"]) == ("completion", "not_yet_known", None)
