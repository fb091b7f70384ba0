"""A dossier written and read."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from shadow.dossier.digest_chain import CHAIN, chain_lines
from shadow.dossier.dossier_bundle import FILES, read_dossier, write_dossier
from shadow.report.build_report import as_json, build_verdicts
from shadow.report.provider_report import of_provider
from shadow.settings.config_errors import ConfigError
from tests.conformance import exchange_record
from tests.records import NOW, add_pair, calling
from tests.running import PATIENCE

pytestmark = pytest.mark.slow
PERIOD = (0.0, NOW + 60)
SCRIPT = Path(__file__).parents[2] / "recomputed_dossier.py"


@pytest.fixture
def bundle(recorded, tmp_path):
    write_dossier(recorded, "garbler", PERIOD, tmp_path / "d", version="1.2", with_text=True)
    return tmp_path / "d"


def recomputed(bundle) -> tuple[int, str]:
    ran = subprocess.run([sys.executable, "-I", SCRIPT, bundle], capture_output=True, text=True, check=False, timeout=PATIENCE)
    return ran.returncode, ran.stdout.strip() or ran.stderr


def test_figures_read_from_the_files_are_those_of_the_database(recorded, bundle):
    found = read_dossier(bundle)
    assert found.cards == of_provider(build_verdicts(recorded, *PERIOD), "garbler").cards
    assert as_json(found) + "\n" == (bundle / "verdict.json").read_text(encoding="utf-8")


def test_sampled_rows_are_stated_of_the_provider_alone_and_read_from_the_files(recorded, tmp_path):
    for number, provider in enumerate(["garbler"] * 3 + ["squeezer"]):
        made = exchange_record(f"unkept-{number}", provider=provider)
        recorded.add_exchange(made._replace(exchange=made.exchange._replace(started=NOW), kept=False))
    assert recorded.flush(PATIENCE)
    write_dossier(recorded, "garbler", PERIOD, tmp_path / "d", version="1.2", with_text=True)
    sentence = "rows are sampled: of 3 requests to garbler without a pair 0 (0 %) have a row"
    assert sentence in (tmp_path / "d" / "README.md").read_text(encoding="utf-8")
    found = read_dossier(tmp_path / "d")
    assert found.rows
    assert found.rows.sentence.startswith(sentence)
    assert as_json(found) + "\n" == (tmp_path / "d" / "verdict.json").read_text(encoding="utf-8")
    assert recomputed(tmp_path / "d") == (0, "as stated")


def test_dossier_of_a_version_without_sampled_rows_is_read(bundle):
    records = json.loads((bundle / "records.json").read_text(encoding="utf-8"))
    del records["period"]["rows"]
    (bundle / "records.json").write_text(json.dumps(records), encoding="utf-8")
    lines = chain_lines({name: (bundle / name).read_bytes() for name in FILES})
    (bundle / CHAIN).write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert read_dossier(bundle).rows is None


def test_script_without_our_code_computes_the_same_figures(bundle):
    assert recomputed(bundle) == (0, "as stated")


def test_script_finds_a_figure_that_was_changed(bundle):
    verdict = bundle / "verdict.json"
    verdict.write_text(verdict.read_text(encoding="utf-8").replace('"provider_odd": 27', '"provider_odd": 28'), encoding="utf-8")
    code, out = recomputed(bundle)
    assert code == 2
    assert out.splitlines() == ["the chain does not hold", "arguments provider_odd: 28 stated, 27 computed"]


@pytest.mark.parametrize("name", FILES)
def test_changed_file_is_named(bundle, name):
    (bundle / name).write_bytes((bundle / name).read_bytes() + b"\n")
    with pytest.raises(ConfigError, match=rf"{name} is not what chain\.txt states"):
        read_dossier(bundle)


def test_missing_file_and_foreign_form_are_sentences(bundle, tmp_path):
    with pytest.raises(ConfigError, match="no whole dossier"):
        read_dossier(tmp_path / "none")
    (bundle / "records.json").write_text('{"schema": "other"}', encoding="utf-8")
    files = {name: (bundle / name).read_bytes() for name in FILES}
    (bundle / CHAIN).write_text("\n".join(chain_lines(files)), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"not of the form sameweights\.dossier/1"):
        read_dossier(bundle)


def test_ten_pairs_are_whole_and_the_requests_can_be_sent_again(bundle):
    evidence = [json.loads(line) for line in (bundle / "evidence.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(evidence) == 10
    assert all(len(one["answers"]) == 3 for one in evidence)
    requests = [json.loads(line) for line in (bundle / "requests.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(requests) == 80
    assert all(one["messages"] for one in requests)


def test_without_text_no_argument_and_no_invented_tool_is_quoted(store, tmp_path):
    refused = b'{"error": {"message": "no Oslo in Quito", "type": "Oslo", "code": "invented_tool"}}'
    for _ in range(12):
        add_pair(store, "p", calling("Oslo"), calling("Quito"), calling("Quito"))
        add_pair(store, "p", calling("Oslo", name="invented_tool"), calling("Quito"), calling("Quito"))
        add_pair(store, "p", refused, "Hello", status=400)
    assert store.flush(20)
    whole = {}
    for folder, text in (("with", True), ("without", False)):
        write_dossier(store, "p", PERIOD, tmp_path / folder, version="1", with_text=text)
        whole[text] = "".join((tmp_path / folder / name).read_text(encoding="utf-8") for name in FILES)
    for quoted in ("Oslo", "Quito", "invented_tool", "get_weather", "Weather?"):
        assert quoted in whole[True]
        assert quoted not in whole[False]
    assert read_dossier(tmp_path / "without").cards
    assert recomputed(tmp_path / "without") == (0, "as stated")


def test_without_text_there_is_no_word_of_a_request_or_answer(recorded, tmp_path):
    made = write_dossier(recorded, "garbler", PERIOD, tmp_path / "d", version="1.2", with_text=False)
    assert (made.pairs, made.requests) == (80, 0)
    for name in FILES:
        assert "Weather?" not in (tmp_path / "d" / name).read_text(encoding="utf-8")
    assert read_dossier(tmp_path / "d").cards


def test_unknown_provider_and_full_folder_are_refused(recorded, bundle):
    with pytest.raises(ConfigError, match="did you mean 'garbler'"):
        write_dossier(recorded, "garblr", PERIOD, bundle, version="1", with_text=True)
    with pytest.raises(ConfigError, match=r"has README\.md, verdict\.json"):
        write_dossier(recorded, "garbler", PERIOD, bundle, version="1", with_text=True)


def test_pseudonymised_and_hostile_bodies_stay_what_they_are(store, tmp_path):
    for _ in range(3):
        add_pair(store, "p", "x\x1b[2J\u202e" + "y" * 1_000_000, "Hello", "Hello", model="m\x1b[2J")
    assert store.flush(20)
    write_dossier(store, "p", PERIOD, tmp_path / "d", version="1", with_text=True)
    for name in FILES:
        assert b"\x1b" not in (tmp_path / "d" / name).read_bytes()
    assert recomputed(tmp_path / "d") == (0, "as stated")


def test_error_about_a_dossier_names_the_file_that_is_missing_or_no_text(bundle):
    (bundle / CHAIN).write_bytes(b"\xff")
    with pytest.raises(ConfigError, match=r"no whole dossier: chain\.txt is not UTF-8"):
        read_dossier(bundle)
    (bundle / CHAIN).unlink()
    with pytest.raises(ConfigError, match=r"no whole dossier: chain\.txt: No such file or directory"):
        read_dossier(bundle)


def test_records_nested_deeper_than_can_be_read_are_not_of_the_form(bundle):
    (bundle / "records.json").write_text("[" * 200_000, encoding="utf-8")
    files = {name: (bundle / name).read_bytes() for name in FILES}
    (bundle / CHAIN).write_text("\n".join(chain_lines(files)), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"not of the form sameweights\.dossier/1"):
        read_dossier(bundle)
