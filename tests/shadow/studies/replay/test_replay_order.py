"""The settings by which a replay is known again, and the route under which it is stored."""

import re
from dataclasses import replace
from pathlib import Path

from proxy.provider_config import Provider, ProxyConfig
from shadow.settings.top_level_config import Config
from shadow.studies.replay.replay_order import ReplayOrder, replay_settings
from shadow.studies.study_budget import BudgetLimits
from shadow.studies.study_policy import StudyPolicy
from shadow.studies.targets import Targets
from tests.shadow.studies.replay.test_replay_plan import rows

CONFIG = Config(
    proxy=ProxyConfig(providers={"near": Provider(base_url="http://n/v1/"), "official": Provider(base_url="http://o/v1")})
)
TARGETS = Targets(candidates=("near",), reference="official")


def test_a_replay_is_known_by_its_providers_changes_and_seed():
    assert replay_settings(TARGETS, CONFIG, {"temperature": 0}, 3) == {
        "providers": ["near http://n/v1"],
        "reference": "official http://o/v1",
        "changes": {"temperature": 0},
        "seed": 3,
    }


def order() -> ReplayOrder:
    return ReplayOrder(
        kind="replay",
        name="samples",
        database=Path("d.db"),
        config=CONFIG,
        targets=TARGETS,
        rows=rows("x", "y", "z"),
        broken=(),
        policy=StudyPolicy(),
        limits=BudgetLimits(),
        settings={},
        seed=1,
        passes=1,
        at_once=2,
    )


def test_an_order_has_the_route_of_its_study_and_counts_its_shapes():
    assert (order().route, dict(order().shapes)) == ("study:samples", {"chat": 3})


def test_an_order_begins_nothing_anew_and_shows_its_progress_unless_told_otherwise():
    assert (order().fresh, order().quiet) == (False, False)


def test_an_order_is_the_same_study_by_its_kind_name_and_settings():
    assert re.fullmatch("[0-9a-f]{16}", order().id)
    assert replace(order(), passes=2, seed=2).id == order().id
    others = {replace(order(), **more).id for more in ({"kind": "try"}, {"name": "n"}, {"settings": {"seed": 2}})}
    assert len({order().id, *others}) == 4


def test_the_labels_of_an_order_are_those_of_the_rows_that_have_one():
    one, two, three = order().rows
    labelled = [replace(one, should_call=True), two, replace(three, should_call=False)]
    assert replace(order(), rows=labelled).labels == {one.id: True, three.id: False}
