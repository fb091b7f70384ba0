"""What the judge ends by the clock: the wait of a page for its second look, and its own work when the process ends."""

import pytest

from shadow.drift.attribution import opened
from shadow.drift.excess_estimates import GroupKey
from shadow.drift.state_transitions import DriftState
from shadow.judging.judge import Judge
from shadow.settings.top_level_config import Config
from storage.rows import PairGroup
from tests.shadow.judging.test_judge import JudgeRun, drifting, fill

OPENED = 1_000.0
NAMES = ("p", "q")


@pytest.fixture
def waiting(sqlite_store):
    """A judge of two groups with an alarm each, whose looks wait for a third provider; that of q was opened 100 s later."""
    for name in NAMES:
        fill(sqlite_store, [0], prefix=name, group=PairGroup(route="default", model="m", provider=name, reference="r"))
    run = JudgeRun(sqlite_store).all(OPENED)
    for place, name in enumerate(NAMES):
        state = run.judge.groups[GroupKey("default", "m", name, "r")]
        state.alarm.state = DriftState.DRIFT
        times = {"earliest": 0.0, "latest": 0.0, "at": OPENED + 100.0 * place}
        state.look = opened(key=("arguments", 1), size=0.4, floor=0.1, witnesses=[("s",)], **times)
    return run


@pytest.mark.parametrize(
    ("after", "gone"),
    [(3_599.9, []), (3_600.0, ["p"]), (3_699.9, ["p"]), (3_700.0, ["p", "q"])],
)
def test_a_page_goes_out_an_hour_after_its_own_look_was_opened(sqlite_store, waiting, after, gone):
    waiting.all(OPENED + after)
    assert [alarm.group.provider for alarm in waiting.judge.take_alarms()] == gone
    assert sorted(alarm.group.provider for alarm in sqlite_store.judgements.alarms(0, 0)) == gone
    looks = {key.provider: state.look.waits for key, state in waiting.judge.groups.items()}
    assert [name for name in NAMES if not looks[name]] == gone


def test_a_page_that_went_out_does_not_go_out_again(waiting):
    waiting.all(OPENED + 3_700.0)
    assert len(waiting.judge.take_alarms()) == 2
    waiting.all(OPENED + 9_999.0)
    assert waiting.judge.take_alarms() == []


@pytest.mark.slow
def test_time_that_ran_out_leaves_the_pairs_beyond_one_batch_and_the_lease(sqlite_store):
    fill(sqlite_store, [0] * (2 * 500 + 1))
    run = JudgeRun(sqlite_store, "one")
    run.judge.finish(0.0, 0.0)
    assert len(run.judged) == 500
    assert not run.judge.holds_lease(0.0)
    assert len(JudgeRun(sqlite_store, "two").all(1.0).judged) == 501


@pytest.mark.slow
@pytest.mark.parametrize(("address", "sibling"), [("https://a.example/v1", True), ("https://b.example/v1", False)])
def test_configured_judge_knows_by_its_address_which_provider_may_be_the_same_server(sqlite_store, address, sibling):
    addresses = {"p": "https://a.example/v1", "q": address}
    config = Config.model_validate({"proxy": {"providers": {name: {"base_url": url} for name, url in addresses.items()}}})
    other = PairGroup(route="default", model="m", provider="q", reference="r")
    fill(sqlite_store, [0] * 50, prefix="q", group=other)
    fill(sqlite_store, drifting(), at=50.0)
    judge = Judge.configured(config, sqlite_store.judgements, holder="judge", publish=lambda *_: None)
    while judge.step(0.0):
        pass
    assert judge.groups[GroupKey("default", "m", "p", "r")].look.witnesses["q"].sibling is sibling
