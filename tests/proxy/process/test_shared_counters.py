"""Counts in shared memory: added at once, found by another process, and apart by worker."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from proxy.process.shared_counters import AUDIT, FIELDS, PLANE, SharedCounters, shared_memory


def test_what_was_sent_is_what_ended_less_what_was_dropped():
    row = SharedCounters().row(3)
    row.add("ended", 10)
    for reason in PLANE[1:]:
        row.add(reason)
    assert row.sent == 10 - len(PLANE[1:])


def test_what_is_settled_is_stored_or_lost_for_a_reason():
    row = SharedCounters().row(0)
    row.add("ended", 100)
    for field in AUDIT:
        row.add(field)
    assert row.settled == len(AUDIT)


def test_a_count_is_raised_to_what_is_known_and_never_lowered():
    row = SharedCounters().row(0)
    row.raise_to("stored", 5)
    row.raise_to("stored", 3)
    assert row["stored"] == 5


def test_the_last_load_and_the_last_refusal_are_kept_beside_the_counts():
    board = SharedCounters()
    assert board.loads == (0, False)
    board.note_load(1_700_000_000.9, refused=False)
    board.note_load(1_700_000_007.0, refused=True)
    assert board.loads == (1_700_000_000, True)
    board.note_load(1_700_000_003.0, refused=False)
    assert board.loads == (1_700_000_003, False)
    assert not any(board.row(worker)[field] for worker in (0, 64) for field in FIELDS)


def test_the_shadows_under_way_are_kept_beside_the_counts():
    board = SharedCounters()
    board.note_shadows(7)
    assert (board.shadows, board.loads) == (7, (0, False))
    board.note_shadows(0)
    assert board.shadows == 0


def test_totals_are_of_all_workers_and_leave_out_the_pairs():
    board = SharedCounters()
    for worker in (0, 64 - 1, 64):
        board.row(worker).add("error")
    assert board.totals() == {field: 2 if field == "error" else 0 for field in FIELDS}


def test_a_process_that_is_killed_takes_no_count_along():
    descriptor = shared_memory()
    script = (
        "import os; from proxy.process.shared_counters import SharedCounters; "
        f"SharedCounters({descriptor}).row(1).add('ended', 7); os.kill(os.getpid(), 9)"
    )
    environ = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    done = subprocess.run([sys.executable, "-c", script], pass_fds=[descriptor], env=environ, check=False)
    assert done.returncode == -9
    assert SharedCounters(descriptor).row(1)["ended"] == 7
    os.close(descriptor)


def test_an_exchange_that_ended_is_counted_as_ended():
    row = SharedCounters().row(3)
    row.end()
    row.end()
    assert (row["ended"], row.sent) == (2, 2)
    assert SharedCounters().row(3)["ended"] == 0


@pytest.mark.parametrize("worker", [-1, 65])
def test_the_counts_of_a_worker_that_cannot_be_are_those_of_the_first(worker):
    board = SharedCounters()
    board.row(worker).add("error", 3)
    assert board.row(0)["error"] == 3


def test_each_count_of_each_row_has_a_place_of_its_own():
    board = SharedCounters()
    for worker in range(65):
        for place, field in enumerate(FIELDS):
            board.row(worker).add(field, 100 * worker + place + 1)
    board.note_load(7, refused=False)
    board.note_load(8, refused=True)
    board.note_shadows(9)
    assert all(board.row(worker)[field] == 100 * worker + place + 1 for worker in range(65) for place, field in enumerate(FIELDS))
    assert (board.loads, board.shadows) == ((7, True), 9)


def test_a_row_shows_the_counts_that_are_not_zero():
    row = SharedCounters().row(2)
    row.add("ended", 5)
    row.add("audit_slow")
    assert repr(row) == "<CounterRow {'ended': 5, 'audit_slow': 1}>"
