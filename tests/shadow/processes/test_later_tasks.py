"""The latest task of the parent is passed to what works, also to what begins to work after it came."""

from shadow.processes.later_tasks import LaterTasks


def test_latest_task_that_came_before_is_passed_on_first_and_each_later_one_behind_it():
    later, taken = LaterTasks(), []
    later.take(b"first")
    later.take(b"second")
    later.follow(taken.append)
    later.take(b"third")
    assert taken == [b"second", b"third"]


def test_task_is_passed_to_what_works_now_and_kept_for_what_works_next():
    later, one, next_one = LaterTasks(), [], []
    later.follow(one.append)
    later.take(b"first")
    later.follow(next_one.append)
    later.take(b"second")
    assert (one, next_one) == ([b"first"], [b"first", b"second"])


def test_without_a_task_nothing_is_passed_on():
    later, taken = LaterTasks(), []
    later.follow(taken.append)
    assert (taken, repr(later)) == ([], "<LaterTasks latest=0 bytes>")
