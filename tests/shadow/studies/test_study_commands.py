"""The commands of studies: wrong words are sentences and exit code 2; studies that were run are listed, shown and forgotten."""

import json

import pytest

from shadow.demo.pretended_server import PretendedServer
from shadow.settings.config_errors import ConfigError
from shadow.studies import study_shelf
from shadow.studies.outputs.write_outputs import OutputFormat
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
