"""proxy.worker_stats: a process begins with nothing counted."""

from dataclasses import astuple

from proxy.worker_stats import WorkerStats


def test_a_process_has_counted_nothing_when_it_begins():
    assert set(astuple(WorkerStats())) == {0}
