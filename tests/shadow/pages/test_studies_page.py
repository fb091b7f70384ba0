"""The page of studies: those whose databases lie beside the records'."""

from contextlib import closing

import pytest

from shadow.pages.page_environment import environment
from shadow.pages.studies_page import StudiesPage
from storage.opening import open_store
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


def test_file_that_is_no_database_is_left_out(page, tmp_path):
    (tmp_path / "study-broken.db").write_text("no database")
    assert "No study lies beside" in page.page()
