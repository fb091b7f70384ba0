"""What the chart renders, with real helm: valid by Kubernetes' own schemas, and a configuration that sameweights takes."""

import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from shadow.settings.broker_checks import role_error
from shadow.settings.load_config import load
from tests.helm import CHART, EXAMPLES, helm, one, rendered, roles

pytestmark = pytest.mark.slow
BIN = Path(sys.executable).parent
OPERATOR = CHART.parent / "tests" / "shadow" / "commands" / "prometheus_operator.schema.json"
MODES = ("single", "fleet")
KEYS = {"REFERENCE_KEY": "k", "NATS_CREDENTIALS": "user:password", "DATABASE_URL": "postgresql://sw@db.example/sw"}
"""What the Secrets that the examples name hold."""
EVERYTHING = {"monitoring": {"podMonitor": True, "rules": True, "dashboards": True}}


@cache
def documents(mode: str) -> list[dict]:
    return rendered(mode, EVERYTHING)


def toml(mode: str, more: dict[str, object] | None = None) -> str:
    return one(rendered(mode, more), "ConfigMap", "sameweights")["data"]["sameweights.toml"]


@pytest.mark.parametrize("values", [[], *(["--values", file] for file in EXAMPLES.values())], ids=["defaults", *EXAMPLES])
def test_helm_lint_finds_neither_an_error_nor_a_warning(values):
    ran = helm("lint", "--strict", CHART, *values)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "[ERROR]" not in ran.stdout
    assert "[WARNING]" not in ran.stdout


@pytest.mark.parametrize("mode", MODES)
def test_helm_3_renders_the_same_resources(mode):
    of = []
    for major in (3, 4):
        ran = helm("template", "audit", CHART, "--values", EXAMPLES[mode], "--kube-version", "1.31", major=major)
        assert ran.returncode == 0, ran.stderr
        of.append(sorted(yaml.safe_dump(each) for each in yaml.safe_load_all(ran.stdout) if each))
    assert of[0] == of[1]
    assert of[0]


@pytest.mark.parametrize("mode", MODES)
def test_core_resources_are_valid_by_the_schemas_of_kubernetes(mode):
    for document in documents(mode):
        if not document["apiVersion"].startswith("monitoring"):
            kubernetes_validate.validate(document, "1.37", strict=True)


def test_a_misspelt_member_of_a_template_is_no_valid_resource():
    wrong = one(rendered("fleet"), "HorizontalPodAutoscaler", "sameweights-proxies")
    wrong["spec"]["minReplica"] = 2
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, "1.37", strict=True)


@pytest.mark.parametrize("kind", ["PodMonitor", "PrometheusRule"])
def test_resources_of_the_prometheus_operator_are_valid_by_their_schema(tmp_path, kind):
    file = tmp_path / "resource.yaml"
    file.write_text(yaml.safe_dump(one(documents("fleet"), kind)))
    ran = subprocess.run([BIN / "check-jsonschema", "--schemafile", OPERATOR, file], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("mode", MODES)
def test_resources_have_names_of_their_own(mode):
    named = [(each["kind"], each["metadata"]["name"]) for each in documents(mode)]
    assert len(set(named)) == len(named)


@pytest.mark.parametrize("mode", MODES)
def test_config_check_takes_the_rendered_file_with_the_pod_s_variables(tmp_path, mode):
    file = tmp_path / "sameweights.toml"
    file.write_text(toml(mode))
    for role, pod in roles(documents(mode)).items():
        own = {each["name"]: each["value"] for each in pod["containers"][0]["env"]}
        ran = subprocess.run(
            [BIN / "sameweights", "config", "check", file], capture_output=True, text=True, check=False, env=KEYS | own
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        assert not role_error(load(file, {}, KEYS | own), role)


def test_values_reach_the_file_as_their_own_kind():
    more = {
        "config": {
            "proxy": {"limits": {"audit_body": 33554432}, "timeouts": {"connect": 2.5}},
            "shadow": {"enabled": False, "tags": ["a", "b"]},
            "drift": {"pairs_per_false_alarm": 10000000},
        }
    }
    found = tomllib.loads(toml("single", more))
    assert found["proxy"]["limits"] == {"audit_body": 33554432}
    assert isinstance(found["proxy"]["limits"]["audit_body"], int)
    assert found["proxy"]["timeouts"] == {"connect": 2.5}
    assert found["shadow"]["enabled"] is False
    assert found["shadow"]["tags"] == ["a", "b"]
    assert isinstance(found["drift"]["pairs_per_false_alarm"], int)
