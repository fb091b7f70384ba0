"""A log line never raises and never waits, what is lost of a log is counted, and an output that cannot be written is noticed."""

import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.process.standard_streams import ESCAPES, PIECE, ErrorStream
from tests.running import PATIENCE

HERE = Path(__file__).parents[3]


@pytest.fixture
def pipe():
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 2 * PIECE)
    opened = {reader, writer}

    def close(descriptor):
        opened.discard(descriptor)
        os.close(descriptor)

    yield reader, writer, close
    for descriptor in opened:
        os.close(descriptor)


def test_lines_reach_their_reader_whole_and_in_order(pipe):
    reader, writer, _ = pipe
    log = ErrorStream(writer)
    print("first", 1, file=log, flush=True)
    log.write("second ")
    log.write("line\nthe begun one")
    assert os.read(reader, PIECE) == b"first 1\nsecond line\n"
    log.flush()
    assert os.read(reader, PIECE) == b"the begun one"


def test_a_reader_that_is_gone_costs_its_lines_and_nothing_else(pipe):
    reader, writer, close = pipe
    close(reader)
    log = ErrorStream(writer)
    for _ in range(3):
        print("into the void", file=log, flush=True)
    assert log.lost == 3


def test_a_reader_that_stands_still_is_not_waited_for_and_learns_later_how_many_lines_it_missed(pipe):
    reader, writer, _ = pipe
    log = ErrorStream(writer)
    for number in range(100):
        log.write(f"{number:099d}\n")
    missed = log.lost
    assert 0 < missed < 100
    os.read(reader, 2 * PIECE)
    log.write("later\n")
    assert os.read(reader, PIECE) == f"({missed} lines of this log could not be written)\nlater\n".encode()
    assert log.lost == 0


def test_a_full_disk_costs_the_lines_that_it_did_not_take():
    full = os.open("/dev/full", os.O_WRONLY)
    log = ErrorStream(full)
    log.write("one\ntwo\n")
    assert log.lost == 2
    os.close(full)


def test_a_descriptor_that_is_closed_costs_its_lines(pipe):
    _, writer, close = pipe
    log = ErrorStream(writer)
    close(writer)
    log.write("one\n")
    assert log.lost == 1
    assert not log.isatty()


def test_what_the_terminal_has_no_character_for_is_escaped(pipe):
    reader, writer, _ = pipe
    ErrorStream(writer, "ascii").write("a snowman \u2603 and half a pair \ud800\n")
    assert os.read(reader, PIECE) == b"a snowman \\u2603 and half a pair \\ud800\n"


@given(st.text())
def test_json_escaped_for_a_limited_encoding_has_the_same_meaning(text):
    assert json.loads(json.dumps(text, ensure_ascii=False).encode("ascii", ESCAPES)) == text


SCRIPT = """
import os, sys
from proxy.process.standard_streams import UnwritableError, install_streams
install_streams()
opened = os.open("kept", os.O_RDWR | os.O_CREAT)
sys.stderr.write("to the log\\n")
try:
    print("\\u2603", flush=True)
except UnwritableError as error:
    os.write(opened, f"{error} {error.broken}\\n".encode())
    sys.stdout = None
os.write(opened, f"{opened} {sys.stdin.read()!r}".encode())
"""


@pytest.mark.parametrize(
    ("shell", "kept"),
    [
        ("", "3 ''"),
        (">&-", "standard output cannot be written: Bad file descriptor False\n3 ''"),
        (">/dev/full", "standard output cannot be written: No space left on device False\n3 ''"),
        ("<&- >&- 2>&-", "standard output cannot be written: Bad file descriptor False\n3 ''"),
        ("2>&-", "3 ''"),
        ("2>/dev/full", "3 ''"),
        ("<&-", "3 ''"),
    ],
)
def test_a_closed_stream_is_opened_so_that_no_file_takes_its_place(tmp_path, shell, kept):
    done = subprocess.run(
        ["sh", "-c", f'exec "$0" -c "$1" {shell}', sys.executable, SCRIPT],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(HERE), "PYTHONIOENCODING": "ascii"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
        timeout=PATIENCE,
    )
    assert (tmp_path / "kept").read_text() == kept
    assert done.stdout == (b"" if ">&-" in shell.split() or ">/dev/full" in shell.split() else b"\\u2603\n")
    assert done.stderr == (b"" if "2>" in shell else b"to the log\n")


def test_a_reader_of_the_output_that_has_gone_is_distinguished_from_a_full_disk(tmp_path):
    reader, writer = os.pipe()
    os.close(reader)
    environ = {**os.environ, "PYTHONPATH": str(HERE)}
    subprocess.run([sys.executable, "-c", SCRIPT], cwd=tmp_path, env=environ, stdout=writer, stdin=subprocess.DEVNULL, check=True)
    os.close(writer)
    assert (tmp_path / "kept").read_text() == "standard output cannot be written: Broken pipe True\n3 ''"


def test_a_terminal_is_one_and_a_pipe_or_a_closed_descriptor_is_none(pipe):
    leader, follower = os.openpty()
    assert ErrorStream(follower).isatty() is True
    assert ErrorStream(pipe[1]).isatty() is False
    os.close(leader)
    os.close(follower)
    assert ErrorStream(follower).isatty() is False
