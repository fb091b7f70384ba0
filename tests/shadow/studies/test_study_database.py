"""The database of a study: its name and file, the same study resumed, another refused, an earlier one set aside."""

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from shadow.settings.config_errors import ConfigError
from shadow.studies.study_database import (
    check_same,
    database_of,
    open_study_store,
    quoted_value,
    set_aside,
    study_id,
    study_name,
)
from storage.opening import open_store
from storage.storage_config import StorageConfig
from storage.store import StoreError
from storage.study_rows import StudyRow
from tests.conformance import exchange_record
from tests.records import add_live

SETTINGS = {"providers": ["near http://a"], "reference": "official http://b", "changes": {}, "seed": 1}


def row(kind: str = "replay", name: str = "t", **changed) -> StudyRow:
    settings = {**SETTINGS, **changed}
    plan, identity = json.dumps({"settings": settings}), study_id(kind, name, settings)
    return StudyRow(id=identity, kind=kind, name=name, begun=1.0, plan=plan, policy="{}", seed=1, version="0")


def check(*found: StudyRow) -> None:
    check_same(Path("d.db"), found, kind="replay", name="t", settings=SETTINGS)


@pytest.mark.parametrize(
    ("text", "name"), [("samples", "samples"), ("my data/2", "my-data-2"), ("..", "study"), ("x" * 80, "x" * 60)]
)
def test_a_name_is_one_that_a_file_may_bear(text, name):
    assert study_name(text) == name


def test_a_database_is_named_by_its_study_or_by_its_flag(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert database_of("t", None) == tmp_path / "study-t.db"
    assert database_of("t", "other.db") == tmp_path / "other.db"


def test_an_id_depends_on_kind_name_and_settings():
    ids = {
        study_id("replay", "t", SETTINGS),
        study_id("try", "t", SETTINGS),
        study_id("replay", "u", SETTINGS),
        study_id("replay", "t", {**SETTINGS, "seed": 2}),
    }
    assert len(ids) == 4


def test_the_same_study_is_resumed_and_another_is_refused_with_what_is_different():
    check()
    check(row())
    check(row("try"), row())
    with pytest.raises(ConfigError) as raised:
        check(row(seed=2, providers=["far http://c"]))
    changes = "providers: was far http://c, is near http://a; seed: was 2, is 1"
    what = "name another database with --db, or begin again with --fresh"
    assert raised.value.errors == (f"d.db: holds another study ({changes}); {what}",)
    with pytest.raises(ConfigError, match="kind: was 'try', is 'replay'"):
        check(row("try"))
    with pytest.raises(ConfigError, match="name: was 'other', is 't'"):
        check(row(name="other"))


def test_a_database_that_is_set_aside_keeps_its_content_under_another_name(tmp_path):
    path = tmp_path / "study-t.db"
    assert set_aside(path, 0.0) is None
    with closing(open_study_store(path, StorageConfig())) as store:
        store.studies.begin(row())
    kept = set_aside(path, 0.0)
    assert kept == tmp_path / "study-t.19700101-000000.db"
    assert not path.exists()
    with closing(open_study_store(kept, StorageConfig())) as store:
        assert [each.id for each in store.studies.studies()] == [row().id]


def test_databases_that_are_set_aside_within_a_second_all_stay(tmp_path):
    path = tmp_path / "study-t.db"
    for name in ("first", "second", "third"):
        with closing(open_study_store(path, StorageConfig())) as store:
            store.studies.begin(row(name=name))
        set_aside(path, 0.5)
    kept = {}
    for each in tmp_path.glob("study-t.*.db"):
        with closing(open_study_store(each, StorageConfig())) as store:
            kept[each.name] = [study.name for study in store.studies.studies()]
    stamp = "study-t.19700101-000000"
    assert kept == {f"{stamp}.db": ["first"], f"{stamp}-2.db": ["second"], f"{stamp}-3.db": ["third"]}


def test_a_database_is_not_set_aside_beside_the_log_of_another_one(tmp_path):
    path = tmp_path / "study-t.db"
    with closing(open_study_store(path, StorageConfig())) as store:
        store.studies.begin(row())
    (tmp_path / "study-t.19700101-000000.db-wal").touch()
    assert set_aside(path, 0.0) == tmp_path / "study-t.19700101-000000-2.db"


def test_a_database_with_recorded_traffic_is_not_set_aside(sqlite_store, tmp_path):
    store = sqlite_store
    path = tmp_path / "store.db"
    add_live(store, "p")
    assert store.flush(20)
    with pytest.raises(ConfigError, match="holds recorded traffic"):
        set_aside(path, 0.0)
    assert [each.name for each in tmp_path.glob("store*.db")] == ["store.db"]
    other = tmp_path / "notes.db"
    other.write_text("my own notes")
    with pytest.raises(StoreError):
        set_aside(other, 0.0)
    assert other.read_text() == "my own notes"


def test_a_study_keeps_its_answers_whatever_the_configuration_keeps(tmp_path):
    config = StorageConfig(keep_days=1.0, max_bytes=1_000)
    with closing(open_study_store(tmp_path / "s.db", config)) as store:
        assert store._config.keep_days == 36_500.0
        assert store._config.max_bytes == 0


@pytest.mark.parametrize("drawn", [True, False])
def test_a_database_of_recorded_traffic_is_no_database_of_a_study(tmp_path, drawn):
    path = tmp_path / "live.db"
    with closing(open_store(StorageConfig(url=f"sqlite:///{path}"))) as store:
        store.add_exchange(exchange_record("live-1", drawn=drawn))
        assert store.flush(20)
    with pytest.raises(ConfigError, match=r"live\.db: holds recorded traffic; a study needs a database of its own"):
        open_study_store(path, StorageConfig())
    with closing(open_store(StorageConfig(url=f"sqlite:///{path}"))) as store:
        assert store.studies.studies() == []


@pytest.mark.parametrize(
    ("value", "words"),
    [(["a", 1], "a, 1"), ("x", "'x'"), (0, "0"), (False, "false"), (None, "nothing"), ("", "nothing"), ({}, "nothing"), ([], "")],
)
def test_a_setting_is_written_as_its_user_knows_it(value, words):
    assert quoted_value(value) == words


def test_a_plan_without_settings_differs_in_all_of_them():
    with pytest.raises(ConfigError, match=r"seed: was nothing, is 1"):
        check(replace(row(seed=9), plan='{"settings": [1]}'))


def test_the_lock_of_a_database_that_is_set_aside_stays(tmp_path):
    path = tmp_path / "study-t.db"
    with closing(open_study_store(path, StorageConfig())) as store:
        store.studies.begin(row())
    for suffix in ("-wal", "-lock"):
        Path(f"{path}{suffix}").touch()
    set_aside(path, 1_700_000_000.0)
    left = {each.name for each in tmp_path.iterdir()}
    assert {name for name in left if name.startswith("study-t.db")} == {"study-t.db-lock"}
    assert {"study-t.20231114-221320.db", "study-t.20231114-221320.db-wal"} <= left
