"""The experiment "Same Weights, Different Results" by its command, with pretended providers: its tables and its reversal."""

import asyncio
import json
import re
import signal

import pytest

from shadow.demo.fleet.example_files import write_example
from shadow.demo.fleet.pretended_hosts import HOSTS, PretendedHosts
from tests.running import until
from tests.studied import run, start

pytestmark = [pytest.mark.journey, pytest.mark.promise("studies.tasks")]

# By file: the outcome of every run of a provider, and the groups of tools (of six) that it touches.
TABLES = {
    "battery-30b.toml": {
        "ollama": ("complete", 6),
        "nim": ("partial", 5),
        "openrouter": ("asked_back", 1),
        "deepinfra": ("context_overflow", None),
    },
    "battery-120b.toml": {"nim": ("partial", 5), "deepinfra": ("partial", 3), "openrouter": ("partial", 2)},
    "battery-9b.toml": {"openrouter": ("partial", 4), "deepinfra": ("asked_back", 1), "nim": ("asked_back", 1)},
}


def written(folder, hosts):
    """The files of the example, for these hosts."""
    paths = write_example(folder, 1)
    config = paths[0].read_text()
    for name in HOSTS:
        config = config.replace(f"http://127.0.0.1:1/{name}/v1", hosts.base_url(name))
    paths[0].write_text(config)
    return folder


async def test_the_tables_of_the_experiment_come_out_with_no_verdict_on_two_runs(tmp_path):
    async with PretendedHosts() as hosts:
        folder = written(tmp_path, hosts)
        ended = await asyncio.gather(*(run(folder, "probe", name, "--runs", "2", "--format", "json") for name in TABLES))
    for name, result in zip(TABLES, ended, strict=True):
        assert result.code == 4, result
        study = json.loads(result.out)
        found = {one["provider"]: one for one in [study["reference"], *(each["figures"] for each in study["verdicts"])]}
        assert {provider: list(one["outcomes"]) for provider, one in found.items()} == {
            provider: [outcome] for provider, (outcome, _) in TABLES[name].items()
        }
        assert {provider: one["mean"] and round(one["mean"] * 6, 6) for provider, one in found.items()} == {
            provider: groups for provider, (_, groups) in TABLES[name].items()
        }
        assert all(each["word"] in {"UNDECIDED", "NOT MEASURED"} for each in study["verdicts"])


async def test_the_provider_that_was_worst_is_the_reference_that_the_others_fail_against(tmp_path):
    """One run in ten wavers: the verdict needs runs, and comes."""
    async with PretendedHosts(wavering=0.1) as hosts:
        folder = written(tmp_path, hosts)
        path = folder / "battery-9b.toml"
        path.write_text(re.sub(r'"--padding", "\d+"', '"--padding", "0"', path.read_text()))
        ended = await run(folder, "probe", "battery-9b.toml")
        again = await run(folder, "study", "show", "battery-9b")
        sent = hosts.requests
        resumed = await run(folder, "probe", "battery-9b.toml")
        assert hosts.requests == sent
    assert ended.code == resumed.code == 3, ended
    assert len(re.findall(r"✗ +(?:deepinfra|nim) +FAIL", ended.out)) == 2
    assert ended.out == again.out


async def test_the_instructions_get_the_points_that_the_experiment_reports(tmp_path):
    """By the rows' own checks, of fifteen; shown again from the database, where the rows' file is no more."""
    candidates = [part for name in ("nim", "openrouter", "deepinfra") for part in ("--provider", name)]
    async with PretendedHosts() as hosts:
        folder = written(tmp_path, hosts)
        given = ("--set", "model=nano-30b", "--runs", "3", "--format", "json")
        ended = await run(folder, "replay", "instructions.jsonl", *candidates, *given)
    (folder / "instructions.jsonl").unlink()
    shown = await run(folder, "study", "show", "instructions", "--format", "json")
    assert ended.code == shown.code == 0, ended
    for study in (json.loads(ended.out), json.loads(shown.out)):
        found = {one["provider"]: one for one in [study["reference"], *(each["figures"] for each in study["verdicts"])]}
        assert {provider: round(one["mean"] * 15, 6) for provider, one in found.items()} == {
            "ollama": 10,
            "nim": 15,
            "openrouter": 8,
            "deepinfra": 15,
        }


async def test_one_run_of_each_is_refused_and_all_errors_of_a_file_are_reported(tmp_path):
    async with PretendedHosts() as hosts:
        folder = written(tmp_path, hosts)
        refused = await run(folder, "probe", "battery-9b.toml", "--runs", "1")
        (folder / "bad.toml").write_text('[task]\npromt = "x"\n[study]\nmodle = "m"\n')
        wrong = await run(folder, "probe", "bad.toml")
        assert hosts.requests == 0
    assert (refused.code, wrong.code) == (2, 2)
    assert "one run of each gives no verdict" in refused.err
    assert "bad.toml:2: task.promt: no such key; did you mean 'prompt'?" in wrong.err
    assert "bad.toml:4: study.modle: no such key; did you mean 'model'?" in wrong.err


@pytest.mark.promise("studies.resumed")
async def test_a_study_that_is_killed_and_interrupted_asks_for_no_stored_answer_again(tmp_path):
    """What was in flight is sent again: at most two runs of each of three providers after a kill, nothing after Ctrl-C.

    The command is started four times, which is most of what this costs.
    """
    for name in ("whole", "cut"):
        (tmp_path / name).mkdir()
    async with PretendedHosts() as hosts:
        whole, cut = written(tmp_path / "whole", hosts), written(tmp_path / "cut", hosts)
        for folder in (whole, cut):
            path = folder / "battery-9b.toml"
            path.write_text(re.sub(r'"--padding", "\d+"', '"--padding", "0"', path.read_text()))
        unbroken = await run(whole, "probe", "battery-9b.toml", "--runs", "6", "--quiet")
        once = hosts.requests
        killed = await start(cut, "probe", "battery-9b.toml", "--runs", "6", "--quiet")
        await until(lambda: hosts.requests >= once + 10)
        killed.kill()
        await killed.communicate()
        interrupted = await start(cut, "probe", "battery-9b.toml", "--runs", "6", "--quiet")
        await until(lambda: hosts.requests >= once + 25)
        interrupted.send_signal(signal.SIGINT)
        await interrupted.communicate()
        resumed = await run(cut, "probe", "battery-9b.toml", "--runs", "6", "--quiet")
        again = hosts.requests - 2 * once
    assert interrupted.returncode == 130
    assert 0 <= again <= 6
    verdicts = [re.findall(r"(✗|✓|\?) +(\S+) +([A-Z ]+)\n +(.*)", ended.out) for ended in (unbroken, resumed)]
    assert verdicts[0] == verdicts[1]
    assert unbroken.code == resumed.code
