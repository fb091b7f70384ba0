"""The exit code of the audit process, and the task that its life gets; the life itself is the test's."""

import json
import os
import socket
import sys

import pytest

from proxy.process.shared_counters import SharedCounters
from shadow.broker.broker_errors import BrokerError
from shadow.processes import audit_process
from shadow.processes.audit_life import AuditTask
from shadow.settings.top_level_config import Config, LogConfig
from storage.storage_config import StorageConfig
from storage.store import StoreError


class Begun:
    """`main` with a task line; `first` is what the store's opening raises, `last` what the life ends with."""

    def __init__(self, monkeypatch, line: bytes, first: Exception | None, last: Exception | None) -> None:
        self.lives, self.logs, self.opened, self.intervals, self.audits, self.tasks = [], [], [], [], [], []
        begun = self

        def open_first(config):
            begun.opened.append(config)
            if first:
                raise first
            return "a store"

        class Life:
            def __init__(self, task, made) -> None:
                self.task, self.made = task, made

            async def run(self, store) -> None:
                begun.lives.append((self.task, store))
                begun.audits.append(self.made(store))
                if last:
                    raise last

        replaced = {
            "read_task": lambda: (line, b"behind"),
            "open_first": open_first,
            "AuditTask": lambda **fields: self.tasks.append(AuditTask(**fields)) or self.tasks[-1],
            "AuditLife": Life,
            "AuditProcess": lambda *given, **named: (given, named),
            "install_streams": lambda: None,
            "to_stderr": lambda **options: self.logs.append(options),
        }
        for name, value in replaced.items():
            monkeypatch.setattr(audit_process, name, value)
        monkeypatch.setattr(sys, "setswitchinterval", self.intervals.append)
        self.code = audit_process.main()
        for task in self.tasks:
            task.admin.close()


def task_line(tmp_path, **more) -> bytes:
    config = Config(log=LogConfig(level="debug", format="json"), storage=StorageConfig(url=f"sqlite:///{tmp_path}/a.db"))
    fields = {"config": config.model_dump(mode="json"), "fd": socket.socket().detach(), "audit_socket": "s"}
    return json.dumps({**fields, **more}).encode()


def test_without_a_task_nothing_is_begun(monkeypatch):
    begun = Begun(monkeypatch, b"", None, None)
    assert (begun.code, begun.opened, begun.logs) == (0, [], [{}])


def test_life_gets_the_whole_task_and_its_audit_the_store(monkeypatch, tmp_path):
    counters = SharedCounters()
    counters.row(2).add("ended")
    begun = Begun(monkeypatch, task_line(tmp_path, run="r", role="audit"), None, None)
    [(task, store)] = begun.lives
    assert (begun.code, store, begun.logs) == (0, "a store", [{}, {"level": "debug", "style": "json"}])
    assert (task.audit_socket, task.run, task.role, task.begun) == ("s", "r", "audit", b"behind")
    assert begun.opened == [task.config]
    assert task.admin.gettimeout() == 0.0
    [(given, named)] = begun.audits
    assert given == (task.config, "a store", task.counters, "r", os.getppid())
    assert named == {"role": "audit", "certificate": task.certificate}
    assert begun.intervals == [0.001]


@pytest.mark.parametrize(
    ("first", "last"),
    [(StoreError("the database is newer"), None), (None, StoreError("the database is newer"))],
)
def test_store_that_cannot_be_used_is_a_sentence_and_the_exit_code_2(monkeypatch, tmp_path, capsys, first, last):
    assert Begun(monkeypatch, task_line(tmp_path), first, last).code == 2
    assert capsys.readouterr().err == "sameweights: the database is newer\n"


def test_broker_that_refuses_the_configuration_is_a_sentence_and_the_exit_code_2(monkeypatch, tmp_path, capsys):
    begun = Begun(monkeypatch, task_line(tmp_path), None, BrokerError("broker.url: nobody there"))
    assert (begun.code, begun.lives[0][0].role, begun.lives[0][0].run) == (2, "all", "")
    assert capsys.readouterr().err == "sameweights: broker.url: nobody there\n"
