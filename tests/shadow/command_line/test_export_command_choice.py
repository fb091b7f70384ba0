"""What `export` reads and writes for each flag; the records and the dossier are pretended."""

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from shadow.command_line import export_command
from shadow.dossier import dossier_bundle, dossier_subject, parquet_file, record_lines
from shadow.report import evident_signals
from shadow.terminal import pair_list
from storage.rows import PairFilter

ALL = PairFilter(limit=10_000)


@pytest.fixture
def made(monkeypatch):
    """What was asked for, by the name of the part that would have read or written it."""
    found = {}

    def noted(name, result):
        def take(*given, **named):
            found[name] = (*given[1:], named) if name != "parquet" else (*given, named)
            return result

        return take

    written = SimpleNamespace(pairs=1, requests=2, link="abc")
    subject = SimpleNamespace(provider="wrong", since=5.0, until=9.0)
    monkeypatch.setattr(export_command, "reading", lambda *_: nullcontext("the reader"))
    monkeypatch.setattr(export_command.time, "time", lambda: 1_700_000_000.0)
    for module, name, result in (
        (dossier_bundle, "write_dossier", written),
        (dossier_subject, "dossier_subject", subject),
        (evident_signals, "stored_evidence", "the evidence"),
        (pair_list, "pair_lines", ["one pair"]),
        (record_lines, "record_members", ()),
        (record_lines, "jsonl_lines", ['{"a": 1}']),
        (record_lines, "csv_text", "a,b\n"),
    ):
        monkeypatch.setattr(module, name, noted(name, result))
    monkeypatch.setattr(parquet_file, "write_parquet", noted("parquet", None))
    monkeypatch.setattr("shadow.report.known_names.check_known", lambda *_, **__: None)
    return found


def test_dossier_is_of_its_subject_in_a_folder_of_that_name(run, made):
    code, out, err = run("export", "--dossier", "wrong")
    assert (code, out, err) == (0, "dossier-wrong: 1 pair, 2 requests; last link of chain.txt: abc\n", "")
    assert made["dossier_subject"] == ("wrong", None, 1_700_000_000.0, {})
    provider, period, folder, named = made["write_dossier"]
    assert (provider, period, folder, named["with_text"]) == ("wrong", (5.0, 9.0), Path("dossier-wrong"), True)
    assert set(made) == {"dossier_subject", "write_dossier"}


def test_dossier_of_a_period_goes_into_the_folder_that_is_named_without_text_where_none_is_wanted(run, made):
    flags = ("--out", "elsewhere", "--since", "1h", "--until", "30m", "--without-text")
    assert run("export", "--dossier", "wrong", *flags)[1].startswith("elsewhere: ")
    assert made["dossier_subject"] == ("wrong", 1_700_000_000.0 - 3_600, 1_700_000_000.0 - 1_800, {})
    assert (made["write_dossier"][2], made["write_dossier"][3]["with_text"]) == (Path("elsewhere"), False)


@pytest.mark.parametrize(
    ("flags", "wanted", "period"),
    [
        ((), ALL, ("", "now")),
        (("--provider", "p", "--limit", "5"), replace(ALL, provider="p", limit=5), ("", "now")),
        (("--since", "1h"), replace(ALL, since=1_700_000_000.0 - 3_600), ("1h", "now")),
    ],
)
def test_pairs_are_those_of_the_flags_and_the_evidence_that_of_their_period(run, made, flags, wanted, period):
    assert run("export", "--csv", "a.csv", *flags) == (0, "1 pair written to a.csv\n", "")
    chosen, evident, _ = made["pair_lines"]
    assert (replace(chosen, until=0.0), evident) == (wanted, "the evidence")
    assert made["stored_evidence"][1:3] == period


@pytest.mark.parametrize(("flags", "with_text"), [((), True), (("--without-text",), False)])
def test_each_file_has_the_same_pairs_and_key_with_text_or_without(run, made, tmp_path, flags, with_text):
    out = run("export", "--jsonl", "a.jsonl", "--parquet", "a.parquet", "--csv", "a.csv", *flags)[1]
    assert out == "1 pair written to a.jsonl and a.parquet and a.csv\n"
    assert (tmp_path / "a.jsonl").read_text(encoding="utf-8") == '{"a": 1}\n'
    assert (tmp_path / "a.csv").read_text(encoding="utf-8") == "a,b\n"
    assert made["parquet"][:2] == (Path("a.parquet"), ())
    parts = [made[name] for name in ("jsonl_lines", "record_members", "csv_text")]
    assert [(lines, named["with_text"], len(named["key"])) for lines, named in parts] == [(["one pair"], with_text, 32)] * 3
    assert len({named["key"] for _, named in parts}) == 1


def test_export_of_nothing_is_refused(run, made):
    assert run("export")[2] == "export: choose --dossier NAME, --jsonl FILE, --parquet FILE or --csv FILE\n"
