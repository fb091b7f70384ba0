"""Readiness covers each forwarding process: one that is missing, or sends no heartbeat, is named."""

from shadow.processes.readiness import SILENT, Readiness


def test_every_worker_has_to_be_there():
    planes = Readiness(2)
    assert "forwarding process 0, 1 is not running" in planes.why_not(0.0)
    planes.heartbeat(0, 10, 0.0)
    assert "forwarding process 1 is not running" in planes.why_not(0.0)
    planes.heartbeat(1, 11, 0.0)
    assert planes.why_not(0.0) == ""


def test_a_forwarding_process_is_ready_for_three_seconds_after_its_last_pulse():
    planes = Readiness(1)
    planes.heartbeat(0, 10, 100.0)
    assert SILENT == 3
    assert planes.why_not(103.0) == ""
    assert "forwarding process 0 sends no heartbeat" in planes.why_not(103.001)
    planes.heartbeat(0, 10, 104.0)
    assert planes.why_not(104.0) == ""


def test_a_forwarding_process_whose_connection_ended_is_missing_until_it_is_replaced():
    planes = Readiness(1)
    planes.heartbeat(0, 10, 0.0)
    planes.left(0, 10)
    planes.left(0, 10)
    planes.left(0, 0)
    assert "is not running" in planes.why_not(0.0)
    planes.heartbeat(0, 12, 0.0)
    planes.left(0, 10)
    assert planes.why_not(0.0) == ""


def test_repr_shows_which_processes_are_connected():
    readiness = Readiness(2)
    readiness.heartbeat(1, 100, 0.0)
    assert repr(readiness) == "<Readiness connected=[1] of=2>"
