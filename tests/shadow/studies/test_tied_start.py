"""The start of a tied program, run by itself: its status, its variable of locale, and its end with the pipe."""

import os
import signal
import subprocess
import sys

import pytest

from shadow.studies.tied_process import START
from tests.running import PATIENCE

PRINTS = ("sh", "-c", 'echo "${LC_CTYPE-none}"; exec sleep 600')


def started(*command, locale=""):
    """The process, our end of the pipe that ties it, and its status."""
    watched, tie = os.pipe()
    status, failed = os.pipe()
    words = [sys.executable, "-I", "-S", str(START), str(watched), str(failed), locale, *command]
    process = subprocess.Popen(
        words, stdout=subprocess.PIPE, pass_fds=(watched, failed), start_new_session=True, env={"PATH": os.defpath}
    )
    os.close(watched)
    os.close(failed)
    return process, tie, status


def whole(pipe):
    with os.fdopen(pipe, "rb") as file:
        return file.read()


@pytest.mark.parametrize(("locale", "seen"), [("", "none"), ("=C", "C"), ("=", "")])
def test_the_program_leads_its_group_has_the_locale_that_was_given_and_ends_with_the_pipe(locale, seen):
    process, tie, status = started(*PRINTS, locale=locale)
    assert whole(status) == b""
    assert process.stdout.readline().decode() == f"{seen}\n"
    assert os.getpgid(process.pid) == process.pid
    os.close(tie)
    assert process.wait(PATIENCE) == -signal.SIGKILL
    process.stdout.close()


def test_a_program_that_is_not_there_leaves_the_number_of_the_error_and_no_process():
    process, tie, status = started("no-such-program")
    assert whole(status) == b"2"
    assert process.wait(PATIENCE) == 127
    os.close(tie)
    assert process.stdout.read() == b""
    process.stdout.close()
