"""Which study a name means: the file, the study of this name in it, or the only one; a study of another kind is a sentence."""

from contextlib import closing

import pytest

from shadow.settings.config_errors import ConfigError
from shadow.studies import study_shelf
from shadow.studies.outputs.write_outputs import OutputFormat
from shadow.studies.study_database import open_study_store
from storage.opening import open_reader
from storage.storage_config import StorageConfig
from storage.study_rows import StudyRow


@pytest.fixture
def two(tmp_path, monkeypatch):
    """A database with two studies, one of them a probe."""
    monkeypatch.chdir(tmp_path)
    with closing(open_study_store(tmp_path / "study-both.db", StorageConfig())) as store:
        for name, kind in (("a", "replay"), ("b", "probe")):
            row = StudyRow(id=name, kind=kind, name=name, begun=1.0, plan="{}", policy="{}", seed=1, version="0")
            store.studies.begin(row)
    return tmp_path / "study-both.db"


def test_a_study_is_chosen_by_its_name_and_an_unknown_one_is_refused_with_those_that_are_there(two):
    with closing(open_reader(StorageConfig(url=f"sqlite:///{two}"))) as reader:
        assert study_shelf.study_of(reader, two, "b").kind == "probe"
        with pytest.raises(ConfigError, match=r"study 'c': .*study-both\.db holds a, b"):
            study_shelf.study_of(reader, two, "c")


def test_every_study_is_listed_with_its_kind_and_that_it_has_not_ended(two):
    assert study_shelf.listed(two.parent) == [
        "a  replay, begun 1970-01-01 00:00:01 UTC, not ended: run its command again  (study-both.db)",
        "b  probe, begun 1970-01-01 00:00:01 UTC, not ended: run its command again  (study-both.db)",
    ]


def test_a_database_that_cannot_be_read_is_listed_with_the_reason(two):
    (two.parent / "study-broken.db").write_text("no database")
    *read, broken = study_shelf.listed(two.parent)
    assert len(read) == 2
    assert broken.startswith("study-broken.db: ")
    assert "not a database" in broken


def test_a_database_is_found_by_study_flag_or_path(two):
    assert study_shelf.found_database("both", None) == two
    assert study_shelf.found_database("any", "study-both.db") == two
    assert study_shelf.found_database("study-both.db", None) == two


def test_a_probe_that_has_not_ended_is_not_shown(two):
    with pytest.raises(ConfigError, match="study b: has not ended; run its command again"):
        study_shelf.show("b", "study-both.db", [OutputFormat.TEXT], two.parent)


def test_forgetting_one_study_leaves_the_other(two):
    assert study_shelf.forget("a", "study-both.db").startswith("study a forgotten: 0 exchanges deleted")
    with closing(open_reader(StorageConfig(url=f"sqlite:///{two}"))) as reader:
        assert [row.name for row in reader.studies.studies()] == ["b"]


def test_a_folder_without_a_study_is_named(tmp_path):
    assert study_shelf.listed(tmp_path) == [f"no study-*.db in {tmp_path}"]


def test_a_study_that_has_ended_is_listed_with_how(two):
    with closing(open_study_store(two, StorageConfig())) as store:
        store.studies.end("a", 61.0, "FAIL", "{}")
    assert study_shelf.listed(two.parent)[0] == (
        "a  replay, begun 1970-01-01 00:00:01 UTC, ended 1970-01-01 00:01:01 UTC: FAIL  (study-both.db)"
    )


def test_a_name_without_a_database_is_refused_with_the_studies_of_the_folder(two):
    with pytest.raises(ConfigError, match=r"study 'c': there is no study-c\.db; known here: a, b"):
        study_shelf.found_database("c", None)
    two.unlink()
    with pytest.raises(ConfigError, match="known here: none"):
        study_shelf.found_database("c", None)


def test_the_only_study_of_a_database_is_meant_whatever_the_name(two):
    study_shelf.forget("a", "study-both.db")
    with closing(open_reader(StorageConfig(url=f"sqlite:///{two}"))) as reader:
        assert study_shelf.study_of(reader, two, "any").name == "b"
    study_shelf.forget("b", "study-both.db")
    with (
        closing(open_reader(StorageConfig(url=f"sqlite:///{two}"))) as reader,
        pytest.raises(ConfigError, match=r"study 'any': .*study-both\.db holds no study"),
    ):
        study_shelf.study_of(reader, two, "any")


def test_studies_are_listed_the_oldest_first_whatever_their_files(two):
    with closing(open_study_store(two.parent / "study-z.db", StorageConfig())) as store:
        store.studies.begin(StudyRow(id="z", kind="try", name="z", begun=0.0, plan="{}", policy="{}", seed=1, version="0"))
    assert [line[0] for line in study_shelf.listed(two.parent)] == ["z", "a", "b"]
