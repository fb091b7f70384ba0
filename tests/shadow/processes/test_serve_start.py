"""What is wrong with a start is named before anything is started, and what is right is left to the supervisor."""

import io
import os
import socket
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from proxy.provider_config import Provider, ProxyConfig
from shadow.processes.serve_plan import ServeArguments
from shadow.processes.serve_start import open_ports, start
from shadow.processes.supervisor_task import read_task
from shadow.settings.config_errors import ConfigError
from shadow.settings.top_level_config import AdminConfig, Config
from storage.storage_config import StorageConfig

NOWHERE = ServeArguments(path="", flags={})


def config(data: str = "127.0.0.1:0", admin: str = "127.0.0.1:0", workers: int = 1) -> Config:
    proxy = ProxyConfig(
        listen=data, workers=workers, provider="main", providers={"main": Provider(base_url="http://127.0.0.1:9/v1")}
    )
    return Config(proxy=proxy, admin=AdminConfig(listen=admin), storage=StorageConfig(url="sqlite:////nowhere/at/all.db"))


def test_taken_ports_and_an_unusable_store_are_reported_in_one_pass(taken):
    with pytest.raises(ConfigError) as wrong:
        open_ports(config(data=taken, admin=taken))
    data, admin, store = wrong.value.errors
    assert (data.split(":")[0], admin.split(":")[0]) == ("proxy.listen", "admin.listen")
    assert "/nowhere/at" in store


def test_a_host_that_does_not_forward_opens_the_admin_port_alone(taken):
    data, admin = open_ports(config(data=taken), forwarding=False)
    assert data == []
    admin.close()


def test_a_role_that_cannot_be_is_a_sentence():
    with pytest.raises(ConfigError, match="--role: no such role: 'everything'"):
        start(config(), NOWHERE, role="everything")


def test_a_temporary_folder_whose_path_is_too_long_for_a_socket_is_named(tmp_path, monkeypatch):
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    with pytest.raises(ConfigError, match=r"TMPDIR: the path '.*long.*' is too long"):
        start(config(), NOWHERE)
    assert list(folder.iterdir()) == []


def test_the_next_program_gets_the_task_and_the_bound_sockets(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["sameweights", "serve", "s.toml"])
    arguments = ServeArguments(path="s.toml", flags={"workers": 2})
    begun = []

    def executed(program, words):
        task = read_task(int(words[4]))
        inherited = [os.get_inheritable(each) for each in (*task.data, task.admin)]
        opened = [socket.socket(fileno=each) for each in (*task.data, task.admin)]
        begun.append((program, words, task, inherited, [each.getsockname()[1] for each in opened]))
        for each in opened:
            each.close()

    start(config(workers=2), arguments, attached=True, execute=executed)
    [(program, words, task, inherited, ports)] = begun
    assert (program, words[1:4], words[5:]) == (sys.executable, ["-P", "-m", "shadow.processes.supervisor"], ["serve", "s.toml"])
    assert (task.arguments, task.attached, task.role) == (arguments, True, "all")
    assert ports[0] == ports[1] != 0
    assert inherited == [True, True, True]
    Path(task.folder).rmdir()


def test_an_interpreter_that_is_gone_is_a_sentence_and_leaves_no_folder_behind():
    folders = []

    def executed(program, words):
        task = read_task(int(words[4]))
        folders.append(Path(task.folder))
        for each in (*task.data, task.admin):
            os.close(each)
        raise FileNotFoundError(2, "No such file or directory", program)

    with pytest.raises(ConfigError, match=r"^sameweights: cannot start: No such file or directory$"):
        start(config(), NOWHERE, execute=executed)
    assert [folder.exists() for folder in folders] == [False]


def test_a_temporary_folder_that_is_not_there_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    with pytest.raises(ConfigError, match=r"^TMPDIR: no folder can be made for the audit's socket: No such file or directory$"):
        start(config(), NOWHERE)


def test_ports_that_are_taken_leave_no_folder_behind(taken, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(ConfigError):
        start(config(data=taken), NOWHERE)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("length", "fits"), [(100, True), (101, False)])
def test_path_of_a_socket_may_have_a_hundred_bytes(monkeypatch, length, fits):
    with TemporaryDirectory(dir="/tmp") as place:  # the tests' own folder may be too long
        folder = Path(place) / ("f" * (length - len(f"{place}//sameweights-12345678/audit.sock")))
        folder.mkdir()
        monkeypatch.setattr("tempfile.tempdir", str(folder))
        wrong = r"^sameweights: cannot start: gone$" if fits else r"^TMPDIR: the path '.*' is too long for a socket"
        with pytest.raises(ConfigError, match=wrong):
            start(config(), NOWHERE, execute=refused)


def refused(_program, words):
    """A next program that cannot be started."""
    task = read_task(int(words[4]))
    for each in (*task.data, task.admin):
        os.close(each)
    raise OSError(2, "gone")


def test_start_without_further_words_is_of_every_role_and_outlives_its_standard_input():
    tasks = []

    def executed(program, words):
        task = read_task(int(words[4]))
        tasks.append((task.role, task.attached))
        for each in (*task.data, task.admin):
            os.close(each)
        Path(task.folder).rmdir()

    start(config(), NOWHERE, execute=executed)
    assert tasks == [("all", False)]


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_what_was_printed_before_is_written_before_the_next_program_takes_over(monkeypatch, stream):
    written = io.BytesIO()
    monkeypatch.setattr(sys, stream, io.TextIOWrapper(written))
    getattr(sys, stream).write("a line")
    seen = []

    def executed(program, words):
        seen.append(written.getvalue())
        refused(program, words)

    with pytest.raises(ConfigError, match="cannot start"):
        start(config(), NOWHERE, execute=executed)
    assert seen == [b"a line"]


def test_port_that_is_free_is_left_where_the_other_one_is_taken(taken):
    with socket.create_server(("127.0.0.1", 0)) as found:
        free = "{}:{}".format(*found.getsockname())
    with pytest.raises(ConfigError) as wrong:
        open_ports(config(data=free, admin=taken))
    with socket.socket() as again:
        again.bind(("127.0.0.1", int(free.rpartition(":")[2])))
    del wrong
