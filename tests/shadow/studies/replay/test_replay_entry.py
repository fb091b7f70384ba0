"""Flags become an order: rows sampled and changed, the policy, the limits, the command; `try` names its models."""

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from shadow.settings.config_errors import ConfigError
from shadow.settings.load_config import load
from shadow.studies.replay.print_outputs import OutputFlags
from shadow.studies.replay.replay_entry import ReplayFlags, StudyFlags, TryFlags, execute, order_of_replay, order_of_try
from shadow.studies.replay.served_models import UNKNOWN
from shadow.studies.study_budget import BudgetLimits
from shadow.studies.study_policy import PolicyScore
from storage.opening import open_store
from tests.conformance import PATIENCE, exchange_record, offered
from tests.exchanges import asked
from tests.shadow.studies.replay_bench import rows
from tests.studied import write_config

COMMON = StudyFlags(seed=3, at_once=4, allowed_drop=0.1, budget=["tokens=1M"], db=None, fresh=False, quiet=True)


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["sameweights", "replay", "my rows.jsonl", "--quiet"])
    write_config(tmp_path, {"official": "http://o/v1", "near": "http://n/v1"}, "official")
    (tmp_path / "my rows.jsonl").write_bytes(b"".join(row.request.body + b"\n" for row in rows(9)))
    return tmp_path


def test_a_replay_is_ordered_as_its_flags_say(folder):
    flags = ReplayFlags(
        files=[folder / "my rows.jsonl"],
        config=None,
        providers=(),
        reference="",
        sample=4,
        runs=2,
        members=["temperature=0.5"],
        max_tokens=0,
        name="",
    )
    order = order_of_replay(flags, COMMON)
    assert (order.name, order.database, order.passes) == ("my-rows", folder / "study-my-rows.db", 2)
    assert (order.targets.candidates, order.targets.reference) == (("near",), "official")
    assert [json.loads(row.request.body)["temperature"] for row in order.rows] == [0.5] * 4
    assert (order.policy.score, order.policy.allowed_drop) == (PolicyScore.SIGNALS, 0.1)
    assert order.limits == BudgetLimits(tokens=1_000_000)
    assert order.command == "sameweights replay 'my rows.jsonl' --quiet"
    assert order.settings["changes"] == {"temperature": 0.5}


def test_a_replay_has_the_rule_of_its_policy_file(folder):
    path = folder / "policy.toml"
    path.write_text("allowed_drop = 0.3\nfewest_runs = 20\n")
    flags = ReplayFlags(
        files=[folder / "my rows.jsonl"],
        config=None,
        providers=(),
        reference="",
        sample=4,
        runs=1,
        members=(),
        max_tokens=0,
        name="",
        policy=path,
    )
    by_file = order_of_replay(flags, replace(COMMON, allowed_drop=None)).policy
    assert (by_file.allowed_drop, by_file.fewest_runs) == (0.3, 20)
    assert order_of_replay(flags, COMMON).policy.allowed_drop == 0.1


@pytest.mark.parametrize(("model", "known"), [("m", ["m", "m"]), ("", [UNKNOWN, UNKNOWN])])
def test_a_try_has_two_providers_and_its_requests_at_temperature_0_unless_set(folder, model, known):
    flags = TryFlags(
        upstream="http://a/v1",
        reference="http://b/v1",
        model=model,
        reference_model="",
        upstream_key_env="A_KEY",
        reference_key_env="B_KEY",
        count=7,
        members=["top_p=0.5"],
    )
    order = order_of_try(flags, COMMON, listing=False)
    assert (order.kind, len(order.rows)) == ("try", 7)
    body = json.loads(order.rows[0].request.body)
    assert (body["temperature"], body["top_p"]) == (0, 0.5)
    assert order.settings["models"] == known
    providers = order.config.proxy.providers
    assert (providers["upstream"].api_key_env, providers["reference"].api_key_env) == ("A_KEY", "B_KEY")


@pytest.mark.parametrize(
    ("given", "written", "drop"), [(None, "", 0.1), (None, "allowed_drop = 0.3\n", 0.3), (0.2, "allowed_drop = 0.3\n", 0.2)]
)
def test_a_try_has_the_rule_of_its_policy_file(folder, given, written, drop):
    path = folder / "policy.toml"
    path.write_text(f"{written}fewest_runs = 20\n")
    flags = TryFlags(
        upstream="http://a/v1",
        reference="http://b/v1",
        model="m",
        reference_model="",
        upstream_key_env="",
        reference_key_env="",
        count=7,
        members=(),
        policy=path,
    )
    policy = order_of_try(flags, replace(COMMON, allowed_drop=given), listing=False).policy
    assert (policy.allowed_drop, policy.fewest_runs) == (drop, 20)


def test_a_data_set_that_holds_terminal_controls_prints_their_names(folder, capsys):
    title = "\x1b]0;title\x07"
    lines = [{"custom_id": "1", "url": title, "body": {}}, {"messages": [{"role": "user", "content": "Hi"}], "model": title}]
    (folder / "rows.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    flags = ReplayFlags(
        files=[folder / "rows.jsonl"],
        config=None,
        providers=(),
        reference="",
        sample=0,
        runs=1,
        members=(),
        max_tokens=9,
        name="",
    )
    assert execute(order_of_replay(flags, COMMON), OutputFlags(folder=folder, formats="text"), plan=True) == 0
    printed = capsys.readouterr().out
    assert "rows.jsonl:1: POST [ESC]]0;title[BEL] is not replayed" in printed
    assert "\x1b" not in printed


def replaying(folder: Path, *files: str, **more: object) -> ReplayFlags:
    """The flags of a replay of these files."""
    values = {
        "config": None,
        "providers": (),
        "reference": "",
        "sample": 0,
        "runs": 1,
        "members": (),
        "max_tokens": 0,
        "name": "",
    }
    return ReplayFlags(files=[folder / name for name in files], **{**values, **more})


@pytest.mark.parametrize("both", [True, False])
def test_rows_come_from_files_or_from_the_records_and_never_from_both(folder, both):
    flags = replaying(folder, "my rows.jsonl", from_store="all") if both else replaying(folder)
    with pytest.raises(ConfigError, match="replay: name FILES, or recorded requests by --from-store FILTER, one of the two"):
        order_of_replay(flags, COMMON)


@pytest.mark.slow
def test_recorded_requests_are_replayed_where_the_bodies_of_their_tenant_are_kept(folder):
    config = folder / "sameweights.toml"
    tenants = "".join(f'[[tenants]]\nname = "{name}"\nkey_env = "{name}"\nbodies = "{name}"\n' for name in ("full", "hash"))
    config.write_text(config.read_text() + tenants)
    with closing(open_store(load(config, {}, {}, serving=False).storage)) as store:
        for name, tenant in (("x0", ""), ("x1", "full"), ("x2", "hash")):
            record = exchange_record(
                name, request_body=asked("Hi"), request_size=len(asked("Hi")), calls=0, checks=0, tenant=tenant
            )
            assert offered(store.add_exchange, record).result(PATIENCE)
    order = order_of_replay(replaying(folder, from_store="all"), COMMON)
    assert order.name == "store"
    assert (sorted(row.id for row in order.rows), [row.place for row in order.broken]) == (["x0", "x1"], ["x2"])
    with pytest.raises(ConfigError, match="--from-store 'model=none': holds no row that can be sent"):
        order_of_replay(replaying(folder, from_store="model=none"), COMMON)


def test_files_without_a_row_are_named_by_the_first_with_ten_of_their_broken_lines(folder):
    (folder / "a.jsonl").write_text("{\n" * 12)
    (folder / "b.jsonl").write_text("")
    with pytest.raises(ConfigError) as raised:
        order_of_replay(replaying(folder, "a.jsonl", "b.jsonl"), COMMON)
    *broken, last = raised.value.errors
    assert [line.split(": ")[0] for line in broken] == [f"a.jsonl:{n}" for n in range(1, 11)]
    assert last == f"{folder / 'a.jsonl'}: holds no row that can be sent"


def test_a_study_that_is_scored_by_checks_needs_some_for_every_row(folder):
    row = {"messages": [{"role": "user", "content": "Hi"}]}
    checked = {**row, "checks": [{"kind": "words", "equals": 1}]}
    (folder / "some.jsonl").write_text(f"{json.dumps(checked)}\n{json.dumps(row)}\n")
    with pytest.raises(ConfigError, match=r"some\.jsonl:2: has no checks, and other rows have"):
        order_of_replay(replaying(folder, "some.jsonl"), COMMON)
    (folder / "all.jsonl").write_text(f"{json.dumps(checked)}\n")
    order = order_of_replay(replaying(folder, "all.jsonl"), COMMON)
    assert (order.policy.score, list(order.checks.own)) == (PolicyScore.CHECKS, ["all.jsonl:1"])


def test_a_limit_for_rows_without_one_is_a_change_of_the_study(folder):
    order = order_of_replay(replaying(folder, "my rows.jsonl", max_tokens=9, members=["top_p=1"], name="n"), COMMON)
    assert order.settings["changes"] == {"top_p": 1, "max_tokens of rows without": 9}
    assert (order.name, order.seed, order.at_once, order.fresh, order.quiet) == ("n", 3, 4, False, True)


def test_a_try_is_a_study_of_its_own_database_with_one_pass(folder):
    keys = {"upstream_key_env": "", "reference_key_env": ""}
    flags = TryFlags(upstream="http://a/v1", reference="http://b/v1", model="m", reference_model="n", count=2, members=(), **keys)
    order = order_of_try(flags, COMMON, listing=False)
    assert (order.name, order.database, order.passes) == ("try", folder / "study-try.db", 1)
    assert order.command == "sameweights replay 'my rows.jsonl' --quiet"
    assert order.settings["models"] == ["m", "n"]
    assert {provider.api_key_env for provider in order.config.proxy.providers.values()} == {""}
    assert order_of_try(flags, replace(COMMON, db="other.db"), listing=False).database == folder / "other.db"
