"""The commands of studies: wrong words are sentences and exit code 2; studies that were run are listed, shown and forgotten."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from shadow.demo.pretended_server import PretendedServer
from shadow.settings.config_errors import ConfigError
from shadow.studies import study_shelf
from shadow.studies.outputs.write_outputs import OutputFormat
from shadow.studies.replay import replay_entry
from shadow.studies.replay.print_outputs import OutputFlags
from shadow.studies.replay.replay_order import ReplayOrder
from shadow.studies.study_commands import add_study_commands
from tests.shadow.studies.replay_bench import rows
from tests.studied import QUICK, run, write_config


@pytest.fixture
async def folder(tmp_path):
    """A folder with a configuration, eight rows and servers that answer."""
    async with PretendedServer(seed=1, pace=QUICK) as official, PretendedServer(seed=2, pace=QUICK) as near:
        write_config(tmp_path, {"official": official.base_url, "near": near.base_url}, "official")
        (tmp_path / "rows.jsonl").write_bytes(b"".join(row.request.body + b"\n" for row in rows(8)))
        yield tmp_path


@pytest.mark.slow
async def test_a_study_is_listed_shown_exported_and_forgotten(folder, monkeypatch, capsys):
    ended = await run(folder, "replay", "rows.jsonl", "--format", "text")
    assert (ended.code, ended.words) == (0, {"near": "COMPARED"})
    monkeypatch.chdir(folder)
    [line] = study_shelf.listed(folder)
    assert line.startswith("rows  replay, begun ")
    assert line.endswith("near COMPARED  (study-rows.db)")
    study_shelf.show("rows", None, [OutputFormat.TEXT], folder)
    assert capsys.readouterr().out == ended.out
    study_shelf.export("study-rows.db", None, "json,k2vv,junit", folder / "out")
    written = {path.relative_to(folder / "out").as_posix() for path in (folder / "out").rglob("*") if path.is_file()}
    assert written == {
        *("study.json", "junit.xml", "k2vv-near/rows.jsonl", "k2vv-near/summary.json"),
        *("k2vv-official/rows.jsonl", "k2vv-official/summary.json"),
    }
    found = [json.loads(line) for line in (folder / "out/k2vv-near/rows.jsonl").read_text().splitlines()]
    assert {row["status"] for row in found} == {"success"}
    assert len({row["hash"] for row in found}) == 8
    assert study_shelf.forget("rows", None).startswith("study rows forgotten: 24 exchanges deleted from study-rows.db")
    with pytest.raises(ConfigError, match=r"study-rows\.db holds no study"):
        study_shelf.show("rows", None, [OutputFormat.TEXT], folder)


def test_a_study_that_is_not_there_is_a_sentence_with_those_that_are(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"study 'x': there is no study-x\.db; known here: none"):
        study_shelf.found_database("x", None)
    assert study_shelf.listed(tmp_path) == [f"no study-*.db in {tmp_path}"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("replay", "absent.jsonl"), "absent.jsonl: cannot be read: No such file or directory"),
        (("replay", "rows.jsonl", "--provider", "neer"), "no such provider in the configuration; did you mean near?"),
        (("replay", "rows.jsonl", "--budget", "mony=5"), "did you mean money?"),
        (("replay", "rows.jsonl", "--format", "jsn"), "did you mean 'json'?"),
        (("replay", "sameweights.toml"), "sameweights.toml: holds no row that can be sent"),
        (("replay", "rows.jsonl", "--runs", "500"), "12,000 requests need one (above 2,000)"),
    ],
)
async def test_what_is_written_wrong_is_a_sentence_before_anything_is_sent(folder, arguments, sentence):
    ended = await run(folder, *arguments)
    assert ended.code == 2
    assert sentence in " ".join(ended.err.split())
    assert "Traceback" not in ended.err
    assert not list(folder.glob("*.db"))


@dataclass
class Ordered:
    """What the command line made of its words, in place of a run that ends with the exit code 3."""

    order: ReplayOrder | None = None
    outputs: OutputFlags | None = None
    plan: bool | None = None

    def execute(self, order: ReplayOrder, outputs: OutputFlags, *, plan: bool) -> int:
        self.order, self.outputs, self.plan = order, outputs, plan
        return 3


@pytest.fixture
def ordered(tmp_path, monkeypatch) -> Ordered:
    """A folder with a configuration and eight rows, in which no study is run."""
    monkeypatch.chdir(tmp_path)
    write_config(tmp_path, {"official": "http://o/v1", "near": "http://n/v1", "far": "http://f/v1"}, "official")
    (tmp_path / "rows.jsonl").write_bytes(b"".join(row.request.body + b"\n" for row in rows(8)))
    seen = Ordered()
    monkeypatch.setattr(replay_entry, "execute", seen.execute)
    return seen


def typed(*words: str):
    """The result of a command line."""
    app = typer.Typer()
    add_study_commands(app)
    return CliRunner().invoke(app, words)


TRY = ("try", "--upstream", "http://a/v1", "--reference", "http://b/v1")


def test_a_replay_without_flags_sends_each_row_once_to_all_providers_two_at_a_time(ordered):
    assert typed("replay", "rows.jsonl").exit_code == 3
    order = ordered.order
    assert (len(order.rows), order.passes, order.seed, order.at_once) == (8, 1, 1, 2)
    assert (order.targets.candidates, order.targets.reference) == (("near", "far"), "official")
    assert (order.fresh, order.quiet, ordered.plan, ordered.outputs.formats) == (False, False, False, "text")
    assert order.settings["changes"] == {}
    assert order.name == "rows"


def test_flags_of_a_replay_reach_its_order(ordered, tmp_path):
    names = ("--provider", "near", "--reference", "far", "--name", "n", "--db", "d.db", "--out", "o", "--format", "json")
    numbers = ("--sample", "3", "--runs", "2", "--seed", "7", "--at-once", "4", "--max-tokens", "9", "--allowed-drop", "0.25")
    typed("replay", "rows.jsonl", *names, *numbers, "--set", "top_p=1", "--budget", "tokens=5", "--fresh", "--quiet", "--plan")
    order = ordered.order
    assert (order.targets.candidates, order.targets.reference, order.name) == (("near",), "far", "n")
    assert (len(order.rows), order.passes, order.seed, order.at_once) == (3, 2, 7, 4)
    assert (order.policy.allowed_drop, order.limits.tokens, order.database) == (0.25, 5, tmp_path / "d.db")
    assert (order.fresh, order.quiet, ordered.plan) == (True, True, True)
    assert (ordered.outputs.folder, ordered.outputs.formats) == (Path("o"), "json")
    assert order.settings["changes"] == {"top_p": 1, "max_tokens of rows without": 9}


def test_a_try_has_a_hundred_requests_eight_at_a_time(ordered):
    assert typed(*TRY, "--model", "m").exit_code == 3
    order = ordered.order
    assert (len(order.rows), order.seed, order.at_once, order.fresh, order.quiet) == (100, 1, 8, False, False)
    assert order.settings["models"] == ["m", "m"]


@pytest.mark.slow
def test_the_plan_of_a_try_contacts_no_server(ordered):
    assert typed(*TRY, "--plan").exit_code == 3
    assert ordered.plan
    assert isinstance(
        typed("try", "--upstream", "http://127.0.0.1:1/v1", "--reference", "http://127.0.0.1:1/v1").exception, ConfigError
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "flag", "fits", "beyond"),
    [
        (("replay", "rows.jsonl"), "--sample", ("0", "1"), ("-1",)),
        (("replay", "rows.jsonl"), "--runs", ("1", "1000"), ("0", "1001")),
        (("replay", "rows.jsonl"), "--max-tokens", ("0", "1"), ("-1",)),
        (("replay", "rows.jsonl"), "--at-once", ("1", "64"), ("0", "65")),
        (("replay", "rows.jsonl"), "--allowed-drop", ("0", "0.99"), ("-0.01", "1")),
        ((*TRY, "--model", "m"), "--n", ("2", "1000"), ("1", "1001")),
    ],
)
def test_a_number_of_a_flag_is_taken_up_to_its_bounds(ordered, words, flag, fits, beyond):
    assert [typed(*words, flag, number).exit_code for number in fits] == [3] * len(fits)
    assert [typed(*words, flag, number).exit_code for number in beyond] == [2] * len(beyond)


def test_studies_of_the_folder_are_listed(ordered, tmp_path):
    assert typed("study", "list").output == "no study-*.db in .\n"
    assert isinstance(typed("study", "forget", "x").exception, ConfigError)
