"""A probe shown again from its database; whole ones are in `test_probe_study.py`."""

from contextlib import closing

from shadow.studies.probe.stored_probe import stored_probe
from storage.opening import open_store
from storage.storage_config import StorageConfig
from storage.study_rows import StudyRow

ROW = StudyRow(id="s", kind="probe", name="t", begun=1.0, plan="{}", policy="{}", seed=0, version="1")


def test_a_study_that_has_not_ended_has_no_report(tmp_path):
    with closing(open_store(StorageConfig(url=f"sqlite:///{tmp_path / 's.db'}"))) as store:
        store.studies.begin(ROW)
        assert stored_probe(store, ROW) is None
