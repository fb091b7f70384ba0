"""The judge's state is exported: counted payoffs, states, evidence, how large and since when."""

import random
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from prometheus_client import CollectorRegistry

from proxy.provider_config import Provider, ProxyConfig, Route
from shadow.drift.alarm_budget import AlertBudget
from shadow.drift.count_detector import CountSide, TokenCounts
from shadow.drift.drift_status import REFERENCE_MOVED, statuses
from shadow.drift.excess_estimates import GroupKey
from shadow.drift.exclusions import Exclusion
from shadow.drift.group_state import GroupState, Judgement
from shadow.drift.state_transitions import DriftState
from shadow.metrics.definitions import MetricDefinitions
from shadow.metrics.drift_metrics import BLAMES, DriftMetrics
from shadow.metrics.label_names import LabelNames
from shadow.settings.top_level_config import Config
from tests.shadow.drift.leaning import Drive, payoffs

CONFIG = Config(
    proxy=ProxyConfig(
        providers={name: Provider(base_url="http://127.0.0.1:1/v1") for name in ("candidate", "official")},
        routes=(Route(name="chat", model="small", provider="candidate", reference="official"),),
    )
)
KEY = GroupKey("chat", "small", "candidate", "official")
WHOLE_ALONE = ("pairs_total", "odd_total", "excluded_total", "log_evidence")
"""Series that a server behind a router has none of."""
GROUP = {"route": "chat", "model": "small", "provider": "candidate", "reference": "official"}
PAGE = (Path(__file__).resolve().parents[3] / "docs" / "reference" / "metrics.md").read_text(encoding="utf-8")


class Shown:
    def __init__(self):
        self.registry = CollectorRegistry()
        self.indicators = DriftMetrics(MetricDefinitions(self.registry), LabelNames(CONFIG))

    def value(self, name, **labels):
        upstream = {} if name in WHOLE_ALONE else {"upstream": ""}
        return self.registry.get_sample_value(f"sameweights_drift_{name}", {**GROUP, **upstream, **labels})


@pytest.fixture
def shown():
    return Shown()


def test_the_series_of_both_sides_of_a_payoff_exist_from_the_first_pair(shown):
    shown.indicators.counted(KEY, [("answer_kind", 0)])
    assert shown.value("pairs_total", signal="answer_kind") == 1
    assert [shown.value("odd_total", signal="answer_kind", side=side) for side in ("provider", "reference")] == [0, 0]
    shown.indicators.counted(KEY, [("answer_kind", -1)])
    assert [shown.value("odd_total", signal="answer_kind", side=side) for side in ("provider", "reference")] == [0, 1]


def test_what_was_left_out_is_counted_by_reason(shown):
    shown.indicators.left_out(KEY, ["repeated", "greedy_text"])
    assert shown.value("excluded_total", reason="repeated") == 1
    assert shown.value("excluded_total", reason="greedy_text") == 1


@pytest.mark.slow
def test_an_alarm_is_shown_with_its_size_and_start_and_goes_when_it_ends(shown):
    case, draw = GroupState(AlertBudget()), random.Random(4)
    drive = Drive(case.alarm, ("arguments",))
    drive.feed(payoffs(draw, 400) + payoffs(draw, 150, excess=0.5))
    shown.indicators.show(statuses({KEY: case}))
    assert {state: shown.value("state", state=state.value) for state in DriftState} == {
        state: float(state is DriftState.DRIFT) for state in DriftState
    }
    test = {"signal": "arguments", "direction": "further"}
    assert shown.value("log_evidence", **test) >= 0
    assert shown.value("log_evidence", signal="arguments", direction="closer") < 0
    assert 0.3 < shown.value("excess_ratio", **test) < 0.8
    assert abs(shown.value("start_timestamp_seconds", **test) - 400) < 60
    drive.feed(payoffs(draw, 1_500))
    shown.indicators.show(statuses({KEY: case}))
    assert shown.value("state", state="recovered") == 1
    assert (shown.value("excess_ratio", **test), shown.value("start_timestamp_seconds", **test)) == (0, None)


@pytest.mark.parametrize("value", [*DriftState, *(reason for reason in Exclusion if reason)])
def test_every_label_of_drift_is_documented(value):
    assert f"`{value.value}`" in PAGE


def test_the_results_of_the_judge_are_counted_and_the_states_after_them_shown(shown):
    judged = SimpleNamespace(group=KEY)
    status = statuses({KEY: GroupState(AlertBudget(threshold=1e6))})
    shown.indicators.ruled([(judged, Judgement(counted=(("text", 1),), excluded=("cut",), change=None))], status)
    assert (shown.value("pairs_total", signal="text"), shown.value("odd_total", signal="text", side="provider")) == (1, 1)
    assert shown.value("excluded_total", reason="cut") == 1
    assert shown.value("state", state=status[0].state) == 1


def test_an_alarm_is_blamed_on_one_side_or_waits_until_that_is_known(shown):
    case, draw = GroupState(AlertBudget()), random.Random(4)
    drive = Drive(case.alarm, ("arguments",))
    drive.feed(payoffs(draw, 400) + payoffs(draw, 150, excess=0.5))
    [status] = statuses({KEY: case})
    for waits, blame, expected in ((True, "", "waits"), (False, "provider", "provider"), (False, "reference", "reference")):
        shown.indicators.show([replace(status, waits=waits, blame=blame)])
        assert {name: shown.value("blame", blame=name) for name in BLAMES} == {name: float(name == expected) for name in BLAMES}


def test_server_behind_a_router_has_a_state_and_an_alarm_of_its_own_and_no_series_of_evidence(shown):
    case, draw = GroupState(AlertBudget()), random.Random(4)
    Drive(case.alarm, ("arguments",)).feed(payoffs(draw, 400) + payoffs(draw, 150, excess=0.5))
    shown.indicators.show(statuses({KEY: GroupState(AlertBudget()), KEY._replace(upstream="deepx"): case}))
    values = {
        (name, each["upstream"]): shown.registry.get_sample_value(f"sameweights_drift_{name}", {**GROUP, **each})
        for name, labels in (("state", {"state": "drift"}), ("excess_ratio", {"signal": "arguments", "direction": "further"}))
        for each in ({"upstream": "", **labels}, {"upstream": "deepx", **labels})
    }
    assert (values["state", ""], values["state", "deepx"]) == (0, 1)
    assert (values["excess_ratio", ""], 0.3 < values["excess_ratio", "deepx"] < 0.8) == (None, True)
    assert shown.value("log_evidence", signal="arguments", direction="further") is None


def counted(case, provider, pairs, *, reference=1_000):
    for at in range(pairs):
        case.token_counts.add([TokenCounts(side=CountSide.PROMPT, provider=provider, reference=reference)], at + 1.0)


@pytest.mark.parametrize(("provider", "more"), [(1_000, 0), (1_030, 1)])
def test_token_counts_are_shown_with_their_ratio_and_whether_they_are_more(shown, provider, more):
    case = GroupState(AlertBudget())
    counted(case, provider, 60)
    shown.indicators.show(statuses({KEY: case}))
    values = [
        shown.registry.get_sample_value(f"sameweights_token_count_{name}", {**GROUP, "side": "prompt"})
        for name in ("more", "ratio")
    ]
    assert values == [more, provider / 1_000]


def test_ratio_of_token_counts_has_five_decimals(shown):
    case = GroupState(AlertBudget())
    counted(case, 667, 60, reference=1_001)
    shown.indicators.show(statuses({KEY: case}))
    assert shown.registry.get_sample_value("sameweights_token_count_ratio", {**GROUP, "side": "prompt"}) == 0.66633


@pytest.mark.parametrize(("pairs", "shows"), [(19, False), (20, True)])
def test_token_counts_of_fewer_than_twenty_pairs_have_no_series(shown, pairs, shows):
    case = GroupState(AlertBudget())
    counted(case, 1_000, pairs)
    shown.indicators.show(statuses({KEY: case}))
    for side, expected in (("prompt", shows), ("completion", False)):
        labels = {**GROUP, "side": side}
        assert (shown.registry.get_sample_value("sameweights_token_count_more", labels) is not None) == expected


LISTED = {
    *("drift_state", "drift_blame", "drift_log_evidence", "drift_excess_ratio", "drift_start_timestamp_seconds"),
    *("reference_state", "token_count_more", "token_count_ratio"),
}


def listed(shown):
    """Each series of the judge's state, as its name and its labels."""
    samples = [sample for metric in shown.registry.collect() for sample in metric.samples]
    names = {f"sameweights_{name}" for name in LISTED}
    return {(sample.name, frozenset(sample.labels.items())) for sample in samples if sample.name in names}


def alarming():
    case, draw = GroupState(AlertBudget()), random.Random(4)
    Drive(case.alarm, ("arguments",)).feed(payoffs(draw, 400) + payoffs(draw, 150, excess=0.5))
    counted(case, 1_030, 60)
    return case


def test_group_that_is_missing_has_no_series_of_its_state_and_the_others_keep_theirs(shown):
    case, other = alarming(), KEY._replace(provider="official", reference="candidate")
    shown.indicators.show(statuses({other: case}))
    alone = listed(shown)
    assert {name.removeprefix("sameweights_") for name, _ in alone} == LISTED
    shown.indicators.show(statuses({KEY: case, KEY._replace(upstream="deepx"): case, other: case}))
    assert listed(shown) > alone
    shown.indicators.show(statuses({other: case}))
    assert listed(shown) == alone
    shown.indicators.show([])
    assert listed(shown) == set()
    shown.indicators.show(statuses({KEY: case}))
    assert shown.value("state", state="drift") == 1


def test_excess_of_an_ended_alarm_stays_0_and_goes_with_its_group(shown):
    [status] = statuses({KEY: alarming()})
    shown.indicators.show([status])
    test = {"signal": "arguments", "direction": "further"}
    for _ in range(2):
        shown.indicators.show([replace(status, state="ok", past=())])
        assert (shown.value("excess_ratio", **test), shown.value("start_timestamp_seconds", **test)) == (0, None)
    shown.indicators.show([])
    assert shown.value("excess_ratio", **test) is None


@pytest.mark.parametrize(
    ("more", "state"), [({}, "ok"), ({"failing": True}, "failing"), ({"name": REFERENCE_MOVED}, "moved")], ids=str
)
def test_reference_is_in_one_state(shown, more, state):
    [status] = statuses({KEY: GroupState(AlertBudget())})
    shown.indicators.show([replace(status, **more)])
    labels = {"model": "small", "reference": "official"}
    values = {
        known: shown.registry.get_sample_value("sameweights_reference_state", {**labels, "state": known})
        for known in ("ok", "failing", "moved")
    }
    assert values == {known: float(known == state) for known in values}


def test_evidence_has_three_decimals(shown):
    [status] = statuses({KEY: GroupState(AlertBudget())})
    shown.indicators.show([replace(status, evidence=(("arguments", "further", 1.23456),))])
    assert shown.value("log_evidence", signal="arguments", direction="further") == 1.235
