"""Readiness asks each forwarding process: one that is missing, or gives no sign of life, is named."""

from shadow.processes.readiness import SILENT, Planes


def test_every_worker_has_to_be_there():
    planes = Planes(2)
    assert "forwarding process 0, 1 is not running" in planes.why_not(0.0)
    planes.heard(0, 10, 0.0)
    assert "forwarding process 1 is not running" in planes.why_not(0.0)
    planes.heard(1, 11, 0.0)
    assert planes.why_not(0.0) == ""


def test_one_that_has_been_silent_for_three_seconds_is_ready_and_a_moment_later_it_is_not():
    planes = Planes(1)
    planes.heard(0, 10, 100.0)
    assert SILENT == 3
    assert planes.why_not(103.0) == ""
    assert "forwarding process 0 gives no sign of life" in planes.why_not(103.001)
    planes.heard(0, 10, 104.0)
    assert planes.why_not(104.0) == ""


def test_one_whose_connection_ended_is_missing_unless_another_stands_in_its_place():
    planes = Planes(1)
    planes.heard(0, 10, 0.0)
    planes.left(0, 10)
    assert "is not running" in planes.why_not(0.0)
    planes.heard(0, 12, 0.0)
    planes.left(0, 10)
    assert planes.why_not(0.0) == ""
