import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from shadow.settings.config_errors import ConfigError
from shadow.studies.outputs.write_outputs import OutputFormat, output_formats, write_outputs
from tests.shadow.studies.outputs.made import HOSTILE, probe_report, replay_report
from tests.shadow.studies.outputs.test_verifier_files import made


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("", (OutputFormat.TEXT,)),
        ("text", (OutputFormat.TEXT,)),
        ("md, json,md", (OutputFormat.MARKDOWN, OutputFormat.JSON)),
        ("k2vv", (OutputFormat.VERIFIER,)),
    ],
)
def test_formats_are_a_list_with_commas(given: str, found: tuple[OutputFormat, ...]):
    assert output_formats(given) == found


def test_every_unknown_format_is_quoted_with_what_was_meant():
    with pytest.raises(ConfigError) as caught:
        output_formats("jsn,pdf,md")
    assert "'jsn' is not a format" in str(caught.value)
    assert "did you mean 'json'?" in str(caught.value)
    assert "'pdf' is not a format" in str(caught.value)


def test_each_format_is_one_file_that_can_be_read(tmp_path: Path):
    files = write_outputs(probe_report(), tuple(OutputFormat), tmp_path / "new" / "folder")
    assert [path.name for path in files] == ["study.json", "study.md", "study.html", "junit.xml"]
    assert json.loads(files[0].read_text())["exit_code"] == 3
    assert ET.fromstring(files[3].read_text()).tag == "testsuites"


def test_the_text_alone_writes_no_file(tmp_path: Path):
    assert write_outputs(probe_report(), (OutputFormat.TEXT,), tmp_path / "none") == []
    assert not (tmp_path / "none").exists()


def test_the_verifiers_files_stand_in_a_folder_for_each_provider(tmp_path: Path):
    files = write_outputs(replay_report(), (OutputFormat.VERIFIER,), tmp_path, {"worse": [made(), made()]})
    assert [path.relative_to(tmp_path).as_posix() for path in files] == ["k2vv-worse/summary.json", "k2vv-worse/rows.jsonl"]
    assert [json.loads(line)["data_index"] for line in files[1].read_text().splitlines()] == [4, 4]


def test_a_hostile_name_of_a_provider_leaves_no_folder_and_breaks_no_file(tmp_path: Path):
    write_outputs(probe_report(HOSTILE, detail=HOSTILE), tuple(OutputFormat), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["junit.xml", "study.html", "study.json", "study.md"]


def test_a_folder_that_cannot_be_written_to_is_a_sentence(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"--out: .*file cannot be written to"):
        write_outputs(probe_report(), (OutputFormat.JSON,), tmp_path / "file")


@pytest.mark.parametrize(
    ("provider", "folder"),
    [
        ("nim-2_b.c", "k2vv-nim-2_b.c"),
        ("a/b:c d", "k2vv-a_b_c_d"),
        ("..", "k2vv-_"),
        ("./x", "k2vv-_x"),
        ("x" * 101, "k2vv-" + "x" * 100),
    ],
)
def test_a_folder_of_the_verifiers_files_has_a_plain_name(tmp_path: Path, provider: str, folder: str):
    summary = replace(replay_report().verifiers[0], provider=provider)
    files = write_outputs(replace(replay_report(), verifiers=(summary,)), (OutputFormat.VERIFIER,), tmp_path)
    assert {path.parent for path in files} == {tmp_path / folder}
    assert [path.read_text() == "" for path in files] == [False, True]


def test_files_of_an_earlier_study_in_the_same_folder_are_replaced(tmp_path: Path):
    (tmp_path / "study.json").write_text("old")
    write_outputs(probe_report(), (OutputFormat.JSON,), tmp_path)
    assert json.loads((tmp_path / "study.json").read_text())["schema"] == "sameweights.study/1"
