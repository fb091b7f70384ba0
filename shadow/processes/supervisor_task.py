"""SupervisorTask: what the process that has read the configuration leaves to the supervisor that it becomes."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from tempfile import TemporaryFile

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
    with TemporaryFile() as file:
        file.write(json.dumps(asdict(task)).encode())
        file.seek(0)
        descriptor = os.dup(file.fileno())
    os.set_inheritable(descriptor, True)
    return descriptor


def read_task(descriptor: int) -> SupervisorTask:
    """The task; the descriptor is closed."""
    with open(descriptor, encoding="utf-8") as file:
        fields = json.load(file)
    plan, arguments = ServePlan(**fields.pop("plan")), ServeArguments(**fields.pop("arguments"))
    return SupervisorTask(**fields, plan=plan, arguments=arguments)
