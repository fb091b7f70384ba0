"""Compose and provisioning: valid by their schemas, pinned, healthy, without rights, and not beyond loopback."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.boards import GRAFANA, ROOT

COMPOSE = yaml.safe_load((GRAFANA / "compose.yaml").read_text(encoding="utf-8"))
SERVICES = COMPOSE["services"]
BIN = Path(sys.executable).parent
YAML = sorted([*GRAFANA.rglob("*.yml"), *GRAFANA.rglob("*.yaml")])
SCHEMA = Path(__file__).with_name("provisioning.schema.json")
LINT = "{extends: default, rules: {line-length: disable, document-start: disable, comments-indentation: disable}}"


def by_schema(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([BIN / "check-jsonschema", *arguments], capture_output=True, text=True, check=False)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["compose.yaml", "fleet/compose.yaml"])
def test_compose_is_valid_by_its_schema(name):
    ran = by_schema("--builtin-schema", "vendor.compose-spec", GRAFANA / name)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.slow
def test_provisioning_is_valid_by_its_schema_which_has_each_key():
    ran = by_schema("--schemafile", SCHEMA, *sorted((GRAFANA / "provisioning").rglob("*.yml")))
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.slow
def test_a_key_that_grafana_would_pass_over_is_no_valid_provisioning(tmp_path):
    text = (GRAFANA / "provisioning/datasources/sameweights.yml").read_text(encoding="utf-8")
    (tmp_path / "misspelt.yml").write_text(text.replace("exemplarTraceIdDestinations", "exemplarTraceIDDestinations"))
    assert by_schema("--schemafile", SCHEMA, tmp_path / "misspelt.yml").returncode == 1


@pytest.mark.slow
def test_every_yaml_file_is_tidy():
    ran = subprocess.run([BIN / "yamllint", "--strict", "-d", LINT, *YAML], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_pinned_healthy_and_without_rights(name):
    service = SERVICES[name]
    assert re.fullmatch(r"[\w/]+:(v?\d+\.\d+\.\d+|local)", service["image"])
    assert ("build" in service) == service["image"].endswith(":local")
    assert int(service["user"]) > 0
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["healthcheck"]["test"][0] == "CMD"
    assert service["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", SERVICES)
def test_nothing_is_published_beyond_loopback_and_no_password_is_set(name):
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name]["ports"])
    assert not [key for key in SERVICES[name].get("environment", {}) if "PASSWORD" in key]


def test_grafana_allows_anonymous_viewing_and_no_login():
    environment = SERVICES["grafana"]["environment"]
    assert environment["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"
    assert environment["GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION"] == "true"


@pytest.mark.parametrize("name", SERVICES)
def test_every_mounted_file_is_there(name):
    for volume in SERVICES[name].get("volumes", []):
        if isinstance(volume, str) and volume.startswith("./"):
            assert (GRAFANA / volume.split(":")[0]).exists(), volume


def test_the_proxy_answers_to_the_name_by_which_prometheus_calls_it():
    (scrape,) = yaml.safe_load((GRAFANA / "prometheus" / "prometheus.yml").read_text())["scrape_configs"]
    (target,) = scrape["static_configs"][0]["targets"]
    host = target.partition(":")[0]
    assert host in SERVICES
    assert f'"{host}"' in SERVICES["sameweights"]["environment"]["SAMEWEIGHTS_ADMIN__HOSTS"]
    assert scrape["job_name"] == "sameweights"
    assert "convert_classic_histograms_to_nhcb" not in scrape


def test_the_data_source_opens_pairs_from_exemplars():
    (source,) = yaml.safe_load((GRAFANA / "provisioning/datasources/sameweights.yml").read_text())["datasources"]
    (link,) = source["jsonData"]["exemplarTraceIdDestinations"]
    assert link["name"] == "pair_id"
    assert link["url"] == "http://127.0.0.1:8081/pairs/$${__value.raw}"
    assert "exemplar-storage" in " ".join(SERVICES["prometheus"]["command"])


def test_the_dashboards_are_provisioned_from_where_they_are_mounted():
    (provider,) = yaml.safe_load((GRAFANA / "provisioning/dashboards/sameweights.yml").read_text())["providers"]
    mounts = dict(volume.split(":")[:2] for volume in SERVICES["grafana"]["volumes"])
    assert mounts["./dashboards"] == provider["options"]["path"]
    assert (provider["allowUiUpdates"], provider["type"]) == (False, "file")
    assert SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"].startswith(mounts["./dashboards"])


def test_the_image_of_the_proxy_is_built_from_this_repository():
    assert (GRAFANA / SERVICES["sameweights"]["build"] / "Dockerfile").resolve() == ROOT / "Dockerfile"
