"""One replay from its order to its verdicts: what forbids it is in one error, and the plan knows what is stored."""

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest

from proxy.provider_config import Provider, ProxyConfig
from shadow.demo.planted_faults import PlantedFaults
from shadow.demo.pretended_server import PretendedServer
from shadow.settings.config_errors import ConfigError
from shadow.settings.top_level_config import Config, TenantConfig
from shadow.studies.replay import replay_study
from shadow.studies.replay.replay_order import ReplayOrder, replay_settings
from shadow.studies.replay.replay_run import EndedBy
from shadow.studies.replay.replay_study import ReplayStudy, plan_json
from shadow.studies.rows.row import BrokenRow
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


class LastLine:
    """Notes what a progress line would show at the end of the block, a minute after its start."""

    shown: ClassVar[list[str]] = []

    def __init__(self, text, *, quiet):
        self._text = text

    async def __aenter__(self):
        """Nothing is written meanwhile."""

    async def __aexit__(self, *_):
        self.shown.append(self._text(60.0))


@pytest.fixture
def lines(monkeypatch) -> list[str]:
    monkeypatch.setattr(replay_study, "ProgressLine", LastLine)
    monkeypatch.setattr(LastLine, "shown", [])
    return LastLine.shown


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


def test_a_limit_that_cannot_be_kept_forbids_a_study(tmp_path):
    study = ReplayStudy(order(tmp_path, ADDRESSES, rows(1), limits=BudgetLimits(money=1.0)), {})
    with pytest.raises(ConfigError, match="--budget money: no price is configured for official, near"):
        study.check()


def test_a_provider_that_has_a_model_for_every_request_needs_none_in_the_rows(tmp_path):
    unnamed = [rows(1)[0], *(replace(row, request=_without_model(row)) for row in rows(2))]
    asked = order(tmp_path, ADDRESSES, unnamed)
    providers = asked.config.proxy.providers
    named = {**providers, "near": providers["near"].model_copy(update={"models": {"*": "small"}})}
    config = asked.config.model_copy(update={"proxy": asked.config.proxy.model_copy(update={"providers": named})})
    with pytest.raises(ConfigError) as raised:
        ReplayStudy(replace(asked, config=config), {}).check()
    (error,) = raised.value.errors
    assert error == (
        "rows.jsonl:1: names no model, and official has none for every request; "
        'name one with --set model=NAME, or set models = { "*" = "NAME" } of official'
    )


def test_a_plan_is_stored_with_five_broken_lines_and_the_number_of_all(tmp_path):
    broken = [BrokenRow(place=f"f:{number}", sentence="is not JSON") for number in range(7)]
    asked = order(tmp_path, ADDRESSES, rows(3), broken=broken, passes=2)
    stored = json.loads(plan_json(asked, ReplayStudy(asked, {}).plan))
    assert stored["skipped"] == [f"f:{number}: is not JSON" for number in range(5)]
    assert [stored[name] for name in ("skipped_rows", "rows", "passes", "blocks")] == [7, 3, 2, 6]
    assert "ended_by" not in stored


@pytest.mark.slow
async def test_progress_counts_what_is_sent_and_found_and_estimates_what_is_left(tmp_path, lines):
    async with PretendedServer(seed=1, pace=QUICK) as official, PretendedServer(seed=2, pace=QUICK) as near:
        asked = order(tmp_path, {"near": near.base_url, "official": official.base_url}, rows(2))
        cut = await ReplayStudy(replace(asked, limits=BudgetLimits(requests=2)), {}).run()
        first = cut.stored.row
        await ReplayStudy(asked, {}).run()
        again = await ReplayStudy(asked, {}).run()
    spent = json.loads(again.stored.row.plan)["spent"]
    assert (spent["requests"], again.outcome.ended_by) == (6, EndedBy.COMPLETE)
    assert lines == [
        f"2/6 answers, 0 in flight, {json.loads(first.plan)['spent']['tokens']:,} tokens, at most 2 min left",
        f"6/6 answers, 0 in flight, {spent['tokens']:,} tokens, at most 0 s left",
        f"6/6 answers, 0 in flight, {spent['tokens']:,} tokens, at most unknown left",
    ]


@pytest.mark.slow
async def test_progress_shows_money_where_prices_are_known(tmp_path, lines):
    async with PretendedServer(seed=1, pace=QUICK) as official, PretendedServer(seed=2, pace=QUICK) as near:
        asked = order(tmp_path, {"near": near.base_url, "official": official.base_url}, rows(1))
        priced = {name: each.model_copy(update={"price_input": 1_000.0}) for name, each in asked.config.proxy.providers.items()}
        config = asked.config.model_copy(update={"proxy": asked.config.proxy.model_copy(update={"providers": priced})})
        result = await ReplayStudy(replace(asked, config=config), {}).run()
    money = json.loads(result.stored.row.plan)["spent"]["money"]
    assert money > 0
    assert lines == [f"3/3 answers, 0 in flight, {money:.4f} spent, at most 0 s left"]


@pytest.mark.slow
async def test_progress_names_the_candidates_that_are_decided(tmp_path, lines):
    broken = PlantedFaults(drop_tool_calls=1.0)
    async with PretendedServer(seed=1, pace=QUICK) as official, PretendedServer(seed=3, pace=QUICK, faults=broken) as near:
        asked = order(tmp_path, {"near": near.base_url, "official": official.base_url}, rows(60))
        result = await ReplayStudy(asked, {}).run()
    assert lines[0].endswith(" left, decided: near")
    assert (result.stored.row.outcome, result.exit_code) == ("near FAIL", 3)
