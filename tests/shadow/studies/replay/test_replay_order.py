"""The settings by which a replay is known again, and the route under which it is stored."""

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


def test_an_order_has_the_route_of_its_study_and_counts_its_shapes():
    order = ReplayOrder(
        kind="replay",
        name="samples",
        database=Path("d.db"),
        config=CONFIG,
        targets=TARGETS,
        rows=rows("x", "y"),
        broken=(),
        policy=StudyPolicy(),
        limits=BudgetLimits(),
        settings={},
        seed=1,
        passes=1,
        at_once=2,
    )
    assert (order.route, dict(order.shapes)) == ("study:samples", {"chat": 2})
