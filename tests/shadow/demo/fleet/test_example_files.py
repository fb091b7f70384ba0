"""The files of the example are whole, and are never written over others."""

import pytest

from shadow.demo.fleet.example_files import write_example
from shadow.demo.fleet.host_scripts import SCRIPTS
from shadow.settings.config_errors import ConfigError
from shadow.settings.load_config import load
from shadow.studies.probe.task_file import load_task


def test_the_files_are_read_without_a_fault_and_name_providers_that_have_the_model(tmp_path):
    config_path, *tasks, _ = write_example(tmp_path / "battery", 8790)
    config = load(config_path, {}, {}, serving=False)
    for path in tasks:
        study = load_task(path).study
        named = {study.reference, *study.providers}
        assert named <= config.proxy.providers.keys()
        assert {(name, study.model) for name in named} <= SCRIPTS.keys()


def test_a_file_that_is_there_is_left_as_it_is(tmp_path):
    (tmp_path / "battery-30b.toml").write_text("mine")
    with pytest.raises(ConfigError, match="is there already, and is left as it is"):
        write_example(tmp_path, 8790)
    assert (tmp_path / "battery-30b.toml").read_text() == "mine"
