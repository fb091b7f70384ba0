"""The page of studies: those whose databases lie beside the records'."""

import os
import re
import sqlite3
from contextlib import closing

import pytest

from shadow.pages.page_environment import environment
from shadow.pages.studies_page import StudiesPage
from storage.opening import open_store
from storage.sqlite.study_tables import StudyReader
from storage.storage_config import StorageConfig
from storage.study_rows import ASKED, StudyRequestRow, StudyRow


@pytest.fixture
def page(tmp_path):
    return StudiesPage(tmp_path, environment())


def study(folder, name: str, outcome: str = "") -> None:
    with closing(open_store(StorageConfig(url=f"sqlite:///{folder}/study-{name}.db"))) as store:
        row = StudyRow(id=name, kind="replay", name=name, begun=1_790_000_000.0, plan="{}", policy="{}", seed=1, version="0")
        store.studies.begin(row)
        request = StudyRequestRow(key="k", row_id="r", target="near", repeat=0, block=0, state=ASKED, exchange_id="e")
        store.studies.ask(name, request)
        if outcome:
            store.studies.end(name, 1_790_000_100.0, outcome)


def test_folder_without_a_study_states_how_to_run_one(page):
    assert "sameweights try" in page.page()


def test_study_is_listed_with_its_outcome_and_its_requests(page, tmp_path):
    study(tmp_path, "ours", "<b>PASS</b>")
    study(tmp_path, "open")
    shown = page.page()
    assert "&lt;b&gt;PASS&lt;/b&gt;" in shown
    assert "not ended" in shown
    assert "sameweights study show ours" in shown
    assert "1 asked" in shown


def test_file_that_cannot_be_read_is_listed_with_the_reason(page, tmp_path):
    (tmp_path / "study-broken.db").write_text("no database")
    study(tmp_path, "older")
    with closing(sqlite3.connect(tmp_path / "study-older.db")) as conn, conn:
        conn.execute("DELETE FROM _sqlite_migrations WHERE name = (SELECT max(name) FROM _sqlite_migrations)")
    shown = page.page()
    assert "There is no study in" not in shown
    assert re.search(r"<code>study-broken.db</code> cannot be read: .*not a database", shown)
    assert re.search(r"<code>study-older.db</code> cannot be read: .* older version of sameweights", shown)


def test_requests_and_runs_are_counted_without_reading_their_rows(page, tmp_path, monkeypatch):
    study(tmp_path, "ours")
    monkeypatch.setattr(StudyReader, "requests", None)
    monkeypatch.setattr(StudyReader, "runs", None)
    assert "1 asked" in page.page()


@pytest.mark.parametrize(
    ("files", "more"), [(50, ""), (51, "1 older database is not shown."), (52, "2 older databases are not shown.")]
)
def test_the_50_databases_that_were_changed_last_are_opened(page, tmp_path, files, more):
    for number in range(files):
        path = tmp_path / f"study-{number:02}.db"
        path.write_text("no database")
        os.utime(path, (number, number))
    shown = page.page()
    assert shown.count("cannot be read") == 50
    assert ("study-00.db" in shown) is not bool(more)
    assert more in shown
