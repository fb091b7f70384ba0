"""Flags become an order: rows sampled and changed, the policy, the limits, the command; `try` names its models."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from shadow.studies.replay.print_outputs import OutputFlags
from shadow.studies.replay.replay_entry import ReplayFlags, StudyFlags, TryFlags, execute, order_of_replay, order_of_try
from shadow.studies.replay.served_models import UNKNOWN
from shadow.studies.study_budget import BudgetLimits
from shadow.studies.study_policy import PolicyScore
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
        reference_key_env="",
        count=7,
        members=["top_p=0.5"],
    )
    order = order_of_try(flags, COMMON, listing=False)
    assert (order.kind, len(order.rows)) == ("try", 7)
    body = json.loads(order.rows[0].request.body)
    assert (body["temperature"], body["top_p"]) == (0, 0.5)
    assert order.settings["models"] == known
    assert order.config.proxy.providers["upstream"].api_key_env == "A_KEY"


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
