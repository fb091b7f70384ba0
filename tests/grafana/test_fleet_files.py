"""compose.yaml of one machine and of a fleet, as docker compose reads them; each file that they mount, by its own program."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from shadow.settings.config_template import STARTER
from tests.boards import GRAFANA, ROOT
from tests.brokers import PROGRAM as NATS
from tests.composed import FLEET, ONE_MACHINE, PASSWORDS, compose, composed
from tests.watching import missing, promtool

pytestmark = pytest.mark.slow

FILES = {"one machine": ONE_MACHINE, "fleet": FLEET}
HOSTS = ("proxy-1", "proxy-2", "auditor-1", "auditor-2")
OF_IMAGE = {
    "SAMEWEIGHTS_PROXY__LISTEN": "0.0.0.0:8080",
    "SAMEWEIGHTS_ADMIN__LISTEN": "0.0.0.0:8081",
    "SAMEWEIGHTS_STORAGE__URL": "sqlite:////var/lib/sameweights/sameweights.db",
}
"""What the Dockerfile sets."""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "sameweights.toml"
    path.write_text(STARTER, encoding="utf-8")
    return path


@pytest.fixture
def fleet(config: Path) -> dict:
    return composed(FLEET, config)["services"]


def mounted(service: dict, folder: Path) -> Path:
    """A folder in which a service's mounted files are at their places."""
    for each in service["volumes"]:
        if each["type"] == "bind" and Path(each["source"]).is_file():
            place = folder / each["target"].lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(each["source"], place)
    return folder


@pytest.mark.parametrize("file", FILES.values(), ids=FILES)
def test_docker_compose_reads_the_file_without_a_warning(file, config):
    assert composed(file, config)["services"]


@pytest.mark.parametrize("name", PASSWORDS)
def test_docker_compose_names_a_password_that_is_missing(name, config):
    others = {key: value for key, value in PASSWORDS.items() if key != name}
    ran = compose("-f", FLEET, "config", "--quiet", environ={**others, "SAMEWEIGHTS_CONFIG": str(config)})
    assert ran.returncode != 0
    assert f"required variable {name} is missing a value: write it into fleet.env" in ran.stderr


@pytest.mark.parametrize("file", FILES.values(), ids=FILES)
def test_each_service_is_pinned_healthy_without_rights_and_on_loopback(file, config):
    for name, service in composed(file, config)["services"].items():
        assert service["image"].rpartition(":")[2] not in {"", "latest"}, name
        assert int(service["user"]) > 0, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["healthcheck"]["test"][0] == "CMD", name
        assert service["restart"] == "unless-stopped", name
        assert {port["host_ip"] for port in service.get("ports", [])} <= {"127.0.0.1"}, name
        assert all(Path(each["source"]).exists() for each in service.get("volumes", []) if each["type"] == "bind"), name


def test_no_port_of_the_fleet_is_published_twice(fleet):
    ports = [port["published"] for service in fleet.values() for port in service.get("ports", [])]
    assert len(ports) == len(set(ports)) == 7


def test_the_fleet_has_two_of_each_host_and_what_they_need(fleet):
    assert set(fleet) == {*HOSTS, "nats", "postgres", "prometheus", "alertmanager", "grafana"}
    roles = {name: fleet[name]["command"][:3] for name in HOSTS}
    assert roles == {name: ["serve", "--role", "proxy" if name.startswith("proxy") else "audit"] for name in HOSTS}


def test_no_host_has_a_password_that_it_does_not_need(fleet):
    for name in HOSTS:
        given = set(fleet[name]["environment"].values())
        other = "p2" if name.startswith("proxy") else "p1"
        assert ("p3" in given) == name.startswith("auditor")
        assert not [value for value in given if value.endswith(f":{other}")]


def test_the_broker_takes_its_configuration(fleet, tmp_path):
    nats = fleet["nats"]
    _, _, path = nats["command"]
    ran = subprocess.run(
        [NATS, "-t", "-c", mounted(nats, tmp_path) / path.lstrip("/")],
        capture_output=True,
        text=True,
        check=False,
        env={**nats["environment"], "PATH": os.environ["PATH"]},
    )
    assert ran.returncode == 0, ran.stderr
    assert "is valid" in ran.stderr


def test_broker_has_room_for_what_its_stream_reserves(fleet):
    reserved = int(fleet["proxy-1"]["environment"]["SAMEWEIGHTS_BROKER__MAX_BYTES"])
    assert "max_file: 10GB" in (GRAFANA / "fleet" / "nats.conf").read_text(encoding="utf-8")
    assert reserved < 10_000_000_000


def test_prometheus_and_alertmanager_take_their_configurations(fleet, tmp_path):
    assert not missing(), f"apt-get install prometheus prometheus-alertmanager; missing: {missing()}"
    folder = mounted(fleet["prometheus"], tmp_path)
    ran = promtool("check", "config", folder / "etc" / "prometheus" / "prometheus.yml")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    (manager,) = [each["source"] for each in fleet["alertmanager"]["volumes"] if each["type"] == "bind"]
    checked = subprocess.run(["amtool", "check-config", manager], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("name", HOSTS)
def test_config_check_finds_nothing_in_the_configuration_of_a_host(fleet, config, name):
    ran = subprocess.run(
        [sys.executable, "-P", "-m", "shadow.cli", "config", "check", config],
        capture_output=True,
        text=True,
        check=False,
        env={**OF_IMAGE, **fleet[name]["environment"], "REFERENCE_KEY": "none", "PATH": os.environ["PATH"]},
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ": fine; " in ran.stdout


def test_prometheus_scrapes_each_host_by_a_name_that_it_answers_to(fleet):
    (scrape,) = yaml.safe_load((GRAFANA / "fleet" / "prometheus.yml").read_text())["scrape_configs"]
    (group,) = scrape["static_configs"]
    assert (scrape["job_name"], group["targets"]) == ("sameweights", [f"{name}:8081" for name in HOSTS])
    assert all(json.loads(fleet[name]["environment"]["SAMEWEIGHTS_ADMIN__HOSTS"]) == [*HOSTS] for name in HOSTS)


def test_files_of_prometheus_differ_in_their_targets_alone():
    one, other = (yaml.safe_load(path.read_text()) for path in sorted(GRAFANA.glob("*/prometheus.yml")))
    for each in (one, other):
        del each["scrape_configs"][0]["static_configs"]
    assert one == other


def test_users_of_the_broker_have_the_rights_of_the_guide():
    guide = (ROOT / "docs" / "how-to" / "fleet.md").read_text(encoding="utf-8")
    (rights,) = re.findall(r"(?ms)^authorization \{$.*?^\}$", guide)
    assert rights in (GRAFANA / "fleet" / "nats.conf").read_text(encoding="utf-8")


def test_targets_of_the_guide_are_those_of_the_file():
    guide = (ROOT / "docs" / "how-to" / "fleet.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"(?ms)^```yaml\n(scrape_configs:.*?)^```$", guide)
    assert block in (GRAFANA / "fleet" / "prometheus.yml").read_text(encoding="utf-8")


def test_the_lines_of_the_guide_write_the_passwords_that_the_file_needs(tmp_path, config):
    guide = (ROOT / "docs" / "how-to" / "fleet.md").read_text(encoding="utf-8")
    (lines,) = re.findall(r"(?ms)^(for name in .*?^done > fleet\.env)$", guide)
    subprocess.run(["bash", "-euc", lines], cwd=tmp_path, check=True)
    written = dict(line.split("=", 1) for line in (tmp_path / "fleet.env").read_text().splitlines())
    assert written.keys() == PASSWORDS.keys()
    assert all(re.fullmatch(r"p[0-9a-f]{48}", value) for value in written.values())
    arguments = ("--env-file", tmp_path / "fleet.env", "-f", FLEET, "config", "--quiet")
    ran = compose(*arguments, environ={"SAMEWEIGHTS_CONFIG": str(config)})
    assert (ran.returncode, ran.stderr) == (0, "")
