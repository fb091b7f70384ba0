"""One replay from its order to its verdicts: what forbids it is in one error, and the plan knows what is stored."""

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from proxy.provider_config import Provider, ProxyConfig
from shadow.demo.pretended_server import PretendedServer
from shadow.settings.config_errors import ConfigError
from shadow.settings.top_level_config import Config, TenantConfig
from shadow.studies.replay.replay_order import ReplayOrder, replay_settings
from shadow.studies.replay.replay_study import ReplayStudy
from shadow.studies.study_budget import BudgetLimits
from shadow.studies.study_policy import PolicyScore, StudyPolicy
from shadow.studies.targets import Targets
from storage.storage_config import StorageConfig
from tests.shadow.studies.replay_bench import QUICK, rows
from tests.studied import reader

TARGETS = Targets(candidates=("near",), reference="official")


def order(folder: Path, addresses: dict[str, str], made, *, bodies: str = "full", key: str = "", **more) -> ReplayOrder:
    providers = {name: Provider(base_url=url, api_key_env=key) for name, url in addresses.items()}
    config = Config(proxy=ProxyConfig(providers=providers), storage=StorageConfig(bodies=bodies))
    values = {
        "kind": "replay",
        "name": "t",
        "database": folder / "study-t.db",
        "config": config,
        "targets": TARGETS,
        "rows": made,
        "broken": (),
        "policy": StudyPolicy(score=PolicyScore.SIGNALS, allowed_drop=0.2),
        "limits": BudgetLimits(),
        "settings": replay_settings(TARGETS, config, {}, 1),
        "seed": 1,
        "passes": 1,
        "at_once": 4,
        "quiet": True,
    }
    return ReplayOrder(**{**values, **more})


ADDRESSES = {"near": "http://127.0.0.1:1/v1", "official": "http://127.0.0.1:1/v1"}


def test_everything_that_forbids_a_study_is_in_one_error(tmp_path):
    made = rows(1)
    unnamed = [replace(row, request=_without_model(row)) for row in made]
    study = ReplayStudy(order(tmp_path, ADDRESSES, unnamed, bodies="none", key="A_KEY"), {})
    with pytest.raises(ConfigError) as raised:
        study.check()
    assert [error.split(":")[0] for error in raised.value.errors] == [
        "proxy.providers.official",
        "proxy.providers.near",
        "rows.jsonl",
        "rows.jsonl",
        "storage.bodies",
    ]
    assert "A_KEY is not set" in raised.value.errors[0]
    assert "rows.jsonl:1: names no model, and official has none for every request" in raised.value.errors[2]
    assert not (tmp_path / "study-t.db").exists()


@pytest.mark.parametrize(("bodies", "refused"), [("full", False), ("hash", True), ("none", True)])
def test_a_study_is_refused_where_no_bodies_are_kept_that_a_later_run_can_compare(tmp_path, bodies, refused):
    study = ReplayStudy(order(tmp_path, ADDRESSES, rows(1), bodies=bodies), {})
    if refused:
        with pytest.raises(ConfigError, match=f"'{bodies}' keeps none that can be: set SAMEWEIGHTS_STORAGE__BODIES=full"):
            study.check()
    else:
        study.check()


@pytest.mark.slow
async def test_a_study_runs_and_its_plan_counts_what_is_stored_until_it_begins_again(tmp_path):
    async with PretendedServer(seed=1, pace=QUICK) as official, PretendedServer(seed=2, pace=QUICK) as near:
        addresses = {"near": near.base_url, "official": official.base_url}
        made = rows(8)
        study = ReplayStudy(order(tmp_path, addresses, made), {})
        assert (study.cost.ceiling.requests, study.cost.stored) == (24, 0)
        result = await study.run()
        assert result.exit_code == 4
        again = ReplayStudy(order(tmp_path, addresses, made), {})
        assert (again.cost.ceiling.requests, again.cost.stored) == (0, 24)
        fresh = ReplayStudy(order(tmp_path, addresses, made, fresh=True), {})
        assert fresh.cost.stored == 0
        await fresh.run()
        assert len(official.requests) == 32
    assert len(list(tmp_path.glob("study-t.*.db"))) == 1


@pytest.mark.slow
async def test_patterns_of_a_tenant_are_replaced_in_answers_to_its_requests(tmp_path):
    async with PretendedServer(seed=1, pace=QUICK) as official, PretendedServer(seed=2, pace=QUICK) as near:
        asked = order(tmp_path, {"near": near.base_url, "official": official.base_url}, rows(2))
        tenants = (TenantConfig(name="clinic", key_env="K", redact=("chatcmpl",)),)
        mine = replace(asked.rows[0], request=replace(asked.rows[0].request, tenant="clinic"))
        config = asked.config.model_copy(update={"tenants": tenants})
        made = replace(asked, config=config, rows=[mine, asked.rows[1]])
        await ReplayStudy(made, {}).run()
    with closing(reader(made.database)) as study:
        found = [study.exchange(each.exchange_id) for each in study.studies.requests(made.id)]
    assert {(row.tenant, b"chatcmpl" in row.response_body) for row in found} == {("clinic", False), ("", True)}


def _without_model(row):
    body = json.loads(row.request.body)
    del body["model"]
    return replace(row.request, body=json.dumps(body).encode())


@pytest.mark.slow
async def test_a_study_of_another_name_is_refused_by_its_database_and_the_first_goes_on(tmp_path):
    async with PretendedServer(seed=1, pace=QUICK) as official, PretendedServer(seed=2, pace=QUICK) as near:
        addresses = {"near": near.base_url, "official": official.base_url}
        await ReplayStudy(order(tmp_path, addresses, rows(2)), {}).run()
        other = ReplayStudy(order(tmp_path, addresses, rows(2), name="other"), {})
        with pytest.raises(ConfigError, match=r"holds another study \(name: was 't', is 'other'\)"):
            await other.run()
        await ReplayStudy(order(tmp_path, addresses, rows(3)), {}).run()
        assert len(near.requests) == 3


@pytest.mark.slow
async def test_a_run_that_a_limit_ends_early_is_judged_by_every_answer_that_is_stored(tmp_path):
    async with PretendedServer(seed=1, pace=QUICK) as official, PretendedServer(seed=2, pace=QUICK) as near:
        addresses = {"near": near.base_url, "official": official.base_url}
        policy = StudyPolicy(score=PolicyScore.SIGNALS)
        first = await ReplayStudy(order(tmp_path, addresses, rows(12), policy=policy), {}).run()
        sent = len(near.requests) + len(official.requests)
        limits = BudgetLimits(requests=sent)
        again = await ReplayStudy(order(tmp_path, addresses, rows(40), policy=policy, limits=limits), {}).run()
        assert len(near.requests) + len(official.requests) == sent
    assert (first.verdicts.verdicts[0].pairs, again.outcome.ended_by.value) == (12, "budget")
    assert again.verdicts.verdicts[0].pairs == 12
    assert again.exit_code == first.exit_code == 0
