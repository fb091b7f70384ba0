"""What is left to the supervisor comes back as it was written, from a descriptor that the next program inherits."""

import os

import pytest

from proxy.provider_config import Provider, ProxyConfig
from shadow.processes.configured_plan import plan_of
from shadow.processes.serve_plan import ServeArguments
from shadow.processes.supervisor_task import SupervisorTask, read_task, write_task
from shadow.settings.top_level_config import Config


def test_a_task_is_read_as_it_was_written_and_its_descriptor_closed():
    config = Config(proxy=ProxyConfig(provider="main", providers={"main": Provider(base_url="http://127.0.0.1:9/v1")}))
    task = SupervisorTask(
        plan=plan_of(config, "all"),
        arguments=ServeArguments(path="s.toml", flags={"workers": 2, "db": None}),
        data=[5, 6],
        admin=7,
        folder="somewhere",
        attached=True,
        role="all",
    )
    descriptor = write_task(task)
    assert os.get_inheritable(descriptor)
    assert read_task(descriptor) == task
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)
