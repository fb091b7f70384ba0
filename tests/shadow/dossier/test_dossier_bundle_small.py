"""A dossier of two pairs: what its files hold, and which folders are no dossier."""

import json
import shutil

import pytest

from shadow.dossier.digest_chain import CHAIN
from shadow.dossier.dossier_bundle import FILES, read_dossier, write_dossier
from shadow.report.build_report import build_verdicts
from shadow.report.provider_report import of_provider
from shadow.settings.config_errors import ConfigError
from storage.opening import open_store
from storage.storage_config import StorageConfig
from tests.records import NOW, add_live, add_pair, calling

PERIOD = (0.0, NOW + 60)


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    store = open_store(StorageConfig(url=f"sqlite:///{tmp_path_factory.mktemp('small')}/small.db"))
    for _ in range(2):
        add_pair(store, "near", calling("Oslo"), calling("Quito"), calling("Quito"), conversation="talk")
    add_pair(store, "far", "Hello", "Hello")
    add_live(store, "alone")
    assert store.flush(20)
    yield store
    store.close()


@pytest.fixture(scope="module")
def whole(records, tmp_path_factory):
    folder = tmp_path_factory.mktemp("dossier") / "near"
    return write_dossier(records, "near", PERIOD, folder, version="1.2", with_text=True), folder


@pytest.fixture
def bundle(whole, tmp_path):
    return shutil.copytree(whole[1], tmp_path / "near")


def rows(folder, name):
    return [json.loads(line) for line in (folder / name).read_text(encoding="utf-8").splitlines()]


def test_files_are_written_with_their_chain_and_counted(whole):
    written, folder = whole
    assert {path.name for path in folder.iterdir()} == {*FILES, CHAIN}
    assert (written.pairs, written.requests) == (2, 2)
    assert (folder / CHAIN).read_text(encoding="utf-8").splitlines()[-1].split(" ")[0] == written.link
    assert "Made by sameweights 1.2 from" in (folder / FILES[0]).read_text(encoding="utf-8")


def test_pairs_and_requests_are_lines_and_records_have_their_form_and_no_other_provider(bundle):
    pairs = rows(bundle, "pairs.jsonl")
    assert [(one["cluster"], one["started"], one["started_time"][:10]) for one in pairs] == [(0, NOW, "2023-11-14")] * 2
    assert {one["model"] for one in rows(bundle, "requests.jsonl")} == {"pretend-small"}
    document = json.loads((bundle / "records.json").read_text(encoding="utf-8"))
    assert set(document) == {"schema", "provider", "period", "others"}
    assert document["provider"] == "near"
    assert "far" not in json.dumps(document)
    assert (bundle / "records.json").read_text(encoding="utf-8").startswith('{\n "schema"')


def test_report_read_from_the_files_is_that_of_the_provider_in_the_database(records, bundle):
    assert read_dossier(bundle).cards == of_provider(build_verdicts(records, *PERIOD), "near").cards


def test_without_text_no_request_is_written(records, tmp_path):
    written = write_dossier(records, "near", PERIOD, tmp_path / "d", version="1.2", with_text=False)
    assert (written.pairs, written.requests) == (2, 0)
    assert (tmp_path / "d" / "requests.jsonl").read_bytes() == b""
    assert b"Oslo" not in b"".join(path.read_bytes() for path in (tmp_path / "d").iterdir())


@pytest.mark.parametrize("name", [*FILES])
def test_file_that_was_changed_is_named(bundle, name):
    (bundle / name).write_bytes((bundle / name).read_bytes() + b" ")
    with pytest.raises(ConfigError, match=rf"{name} is not what chain\.txt states: it was changed after"):
        read_dossier(bundle)


@pytest.mark.parametrize("name", [*FILES, CHAIN])
def test_file_that_is_missing_is_named(bundle, name):
    (bundle / name).unlink()
    with pytest.raises(ConfigError, match=f"no whole dossier: {name}: No such file or directory"):
        read_dossier(bundle)


def test_chain_that_is_no_text_is_named(bundle):
    (bundle / CHAIN).write_bytes(b"\xff")
    with pytest.raises(ConfigError, match=r"no whole dossier: chain\.txt is not UTF-8"):
        read_dossier(bundle)


def test_dossier_is_written_over_no_other_and_of_a_known_provider_alone(records, bundle, tmp_path):
    with pytest.raises(ConfigError, match=r"has README\.md, .* already; name another folder with --out"):
        write_dossier(records, "near", PERIOD, bundle, version="1.2", with_text=True)
    with pytest.raises(ConfigError, match="did you mean 'near'"):
        write_dossier(records, "nera", PERIOD, tmp_path / "other", version="1.2", with_text=True)
    assert not (tmp_path / "other").exists()
