"""Studies in a server: stored whole or not at all, and counted by all who read them."""

import pytest

from storage.study_rows import StudyRequestRow, StudyRow

pytestmark = pytest.mark.slow
STUDY = StudyRow(id="s1", kind="replay", name="n", begun=1.0, plan="{}", policy="{}", seed=1, version="0")


def test_study_begun_again_keeps_its_requests_and_is_open(postgres_store):
    studies = postgres_store.studies
    studies.begin(STUDY)
    row = StudyRequestRow(key="k", row_id="r", target="t", repeat=0, block=0, state="asked", exchange_id="x")
    studies.ask("s1", row)
    studies.end("s1", 9.0, "done", plan="{1}")
    assert [(each.ended, each.outcome, each.plan) for each in studies.studies()] == [(9.0, "done", "{1}")]
    studies.begin(STUDY)
    assert [(each.ended, each.outcome, each.plan) for each in studies.studies()] == [(0.0, "", "{}")]
    assert studies.requests("s1") == [row]
    assert studies.request_counts("s1") == {"asked": 1}
    assert postgres_store.studies.run_count("s1") == 0
