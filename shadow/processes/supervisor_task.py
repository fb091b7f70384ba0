"""SupervisorTask: what the process that has read the configuration leaves to the supervisor that it becomes."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from proxy.process.memory_file import memory_file
from shadow.processes.serve_plan import ServeArguments, ServePlan

AUDIT_SOCKET = "audit.sock"


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisorTask:
    """One `serve`; `data` and `admin` are the descriptors of bound sockets, one of the data port for each data-plane process."""

    plan: ServePlan
    arguments: ServeArguments
    data: Sequence[int]
    admin: int
    folder: str
    """Where AUDIT_SOCKET is made; the supervisor deletes it at its end."""
    attached: bool
    role: str


def write_task(task: SupervisorTask) -> int:
    """A descriptor, inherited by the next program of this process, from which `read_task` reads the task."""
    descriptor = memory_file()  # not on a disk, because an address of a database may have its password
    with open(descriptor, "w", encoding="utf-8", closefd=False) as file:
        json.dump(asdict(task), file)
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.set_inheritable(descriptor, True)
    return descriptor


def read_task(descriptor: int) -> SupervisorTask:
    """The task; the descriptor is closed."""
    with open(descriptor, encoding="utf-8") as file:
        fields = json.load(file)
    plan, arguments = ServePlan(**fields.pop("plan")), ServeArguments(**fields.pop("arguments"))
    return SupervisorTask(**fields, plan=plan, arguments=arguments)
