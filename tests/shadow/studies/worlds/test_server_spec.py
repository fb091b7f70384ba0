"""What a server has that names no more than its command."""

from shadow.studies.worlds.server_spec import Isolation, ServerSpec


def test_a_server_is_not_trusted_and_has_the_documented_times_unless_the_task_sets_others():
    made = ServerSpec(name="s", command=("x",))
    assert (made.trusted, made.isolation) == (False, Isolation.RUN)
    assert (made.timeout, made.start_timeout) == (20.0, 30.0)
