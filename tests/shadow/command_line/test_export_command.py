"""`export`, and `report --from`, as they are run."""

import csv
import json

import pytest
from pyarrow import parquet

pytestmark = pytest.mark.slow


def test_dossier_is_written_and_its_figures_are_computed_again(run, recorded):
    code, out, _ = run("export", "--dossier", "garbler", "--db", str(recorded))
    assert code == 0
    assert out.startswith("dossier-garbler: 80 pairs, 80 requests; last link of chain.txt: ")
    stated = json.loads(run("report", "garbler", "--since", "all", "--db", str(recorded), "--json")[1])["cards"]
    assert json.loads(run("report", "--from", "dossier-garbler", "--json")[1])["cards"] == stated
    assert run("report", "--from", "dossier-garbler")[1].startswith("1 of 1 differs from the reference  until ")
    assert run("report", "--from", "dossier-garbler", "--fail-on-drift")[0] == 3
    code, _, err = run("export", "--dossier", "garbler", "--db", str(recorded))
    assert (code, "name another folder with --out" in err) == (2, True)


def test_records_are_written_as_jsonl_parquet_and_csv(run, recorded, tmp_path):
    code, out, _ = run(
        *("export", "--jsonl", "a.jsonl", "--parquet", "a.parquet", "--csv", "a.csv"),
        *("--provider", "garbler", "--limit", "5", "--db", str(recorded)),
    )
    assert (code, out) == (0, "5 pairs written to a.jsonl and a.parquet and a.csv\n")
    lines = (tmp_path / "a.jsonl").read_text(encoding="utf-8").splitlines()
    assert parquet.read_metadata(tmp_path / "a.parquet").num_rows == len(lines)
    assert {json.loads(line)["sameweights.pair.id"] for line in lines} == {
        row["id"] for row in csv.DictReader((tmp_path / "a.csv").read_text(encoding="utf-8").splitlines())
    }


def test_nothing_chosen_and_unknown_names_are_refused(run, recorded):
    code, _, err = run("export", "--db", str(recorded))
    assert (code, "choose --dossier NAME" in err) == (2, True)
    code, _, err = run("export", "--dossier", "garblr", "--db", str(recorded))
    assert (code, "did you mean 'garbler'?" in err) == (2, True)
    code, _, err = run("export", "--csv", "none.csv", "--provider", "garblr", "--db", str(recorded))
    assert (code, "did you mean 'garbler'?" in err) == (2, True)
    code, _, err = run("report", "--from", "nowhere")
    assert (code, "no whole dossier" in err) == (2, True)
