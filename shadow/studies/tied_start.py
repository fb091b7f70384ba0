"""Starts a program that ends with the study: `python -I -S tied_start.py TIE STATUS LOCALE PROGRAM ARGUMENT...`.

It runs in the process that the program then is, as leader of a group of its own. Before that it leaves a watcher in the group,
which waits until the study's end of TIE (a pipe) closes, as it does even when the study is killed, and then kills the group. The
watcher is a child of no process of the group, so that a program that waits for its children finds none that it did not start.

STATUS is a pipe that gets the number of the error of a program that cannot be started, and closes with the start of one that can.
LOCALE is `=` and the value of LC_CTYPE, or nothing, because Python sets that variable at its own start (PEP 538).
"""

from __future__ import annotations

import os
import signal
import sys


def main() -> None:
    """Leave the watcher, and become the program."""
    tie, status, locale, *command = sys.argv[1:]
    if os.fork() == 0:
        if os.fork() == 0:
            _watch(int(tie), int(status))
        os._exit(0)
    os.wait()
    os.close(int(tie))
    os.set_inheritable(int(status), False)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    os.environ.pop("LC_CTYPE", None)
    if locale:
        os.environ["LC_CTYPE"] = locale[1:]
    try:
        os.execvpe(command[0], command, os.environ)  # noqa: S606 - the program of the task, as its user wrote it
    except OSError as error:
        os.write(int(status), str(error.errno).encode())
    os._exit(127)


def _watch(tie: int, status: int) -> None:
    """Kill the group once the study has gone; its own streams would keep those of the program open."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    os.close(status)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    while os.read(tie, 1):
        continue
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
