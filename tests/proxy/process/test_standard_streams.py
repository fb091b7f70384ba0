"""A log line never raises and never waits, what is lost of a log is counted, and an output that cannot be written is noticed."""

import fcntl
import json
import os
import subprocess
import sys
from contextlib import suppress
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


@pytest.mark.parametrize(("length", "written"), [(1_048_576, 0), (1_048_577, 1_048_577)])
def test_a_line_that_does_not_end_is_written_beyond_a_mebibyte(tmp_path, length, written):
    with (tmp_path / "log").open("wb") as file:
        log = ErrorStream(file.fileno())
        assert log.write("x" * length) == length
        assert (tmp_path / "log").stat().st_size == written
        log.flush()
        assert (tmp_path / "log").stat().st_size == length


def test_of_a_line_longer_than_a_pipe_takes_a_piece_of_4096_bytes_is_written_and_the_line_is_lost(pipe):
    reader, writer, _ = pipe
    os.write(writer, b"-" * 4_096)
    log = ErrorStream(writer)
    log.write("x" * 9_000 + "\n")
    assert log.lost == 1
    assert os.read(reader, 3 * PIECE) == b"-" * 4_096 + b"x" * 4_096


def test_an_error_stream_is_written_by_its_descriptor_and_shows_what_waits_and_what_is_lost(pipe):
    _, writer, close = pipe
    log = ErrorStream(writer)
    assert (log.fileno(), log.writable()) == (writer, True)
    close(writer)
    log.write("one\nbegun")
    assert repr(log) == f"<ErrorStream descriptor={writer} begun=5 lost=1>"


def test_a_flush_writes_the_beginning_of_a_line_once(pipe):
    reader, writer, _ = pipe
    log = ErrorStream(writer)
    log.write("begun")
    log.flush()
    log.flush()
    log.write(", ended\n")
    assert os.read(reader, PIECE) == b"begun, ended\n"


def test_an_error_stream_is_standard_error_in_utf_8_unless_another_is_named():
    log = ErrorStream()
    assert (log.fileno(), log.encoding, log.lost) == (2, "utf-8", 0)


def test_bytes_that_an_encoding_does_not_know_are_no_escapes():
    with pytest.raises(UnicodeDecodeError):
        b"\xff".decode("ascii", ESCAPES)


def test_an_output_that_is_full_and_does_not_wait_is_an_error_that_says_so(tmp_path, pipe):
    _, writer, _ = pipe
    os.set_blocking(writer, False)
    with suppress(BlockingIOError):
        while True:
            os.write(writer, bytes(PIECE))
    environ = {**os.environ, "PYTHONPATH": str(HERE)}
    subprocess.run([sys.executable, "-c", SCRIPT], cwd=tmp_path, env=environ, stdout=writer, stdin=subprocess.DEVNULL, check=True)
    said = "standard output cannot be written: Resource temporarily unavailable False\n3 ''"
    assert (tmp_path / "kept").read_text() == said
