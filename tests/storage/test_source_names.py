"""What one data-plane process has sent is counted under the run and its number."""

from storage.source_names import source


def test_source_of_a_worker_is_its_run_and_number():
    assert source("run", 3) == "run/3"
