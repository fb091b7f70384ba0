"""The codes with which commands exit."""

import signal

from shadow.commands.exit_codes import INTERRUPTED


def test_interrupted_command_exits_as_a_shell_states_it():
    assert INTERRUPTED == 128 + signal.SIGINT
