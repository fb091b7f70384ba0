"""The rendered pods: their rights, probes, names and end, and that selectors, ports and volumes fit one another."""

import math
import os
import re
import subprocess
import sys

import pytest
import yaml

from proxy.provider_config import Timeouts
from shadow.commands.dashboards import contents
from shadow.commands.kubernetes_manifests import RESOURCE_NAME
from shadow.pages.allowed_hosts import AllowedHosts
from shadow.processes.supervisor import AUDIT_PATIENCE, WORKER_PATIENCE
from shadow.settings.config_errors import ConfigError
from shadow.settings.load_config import load
from tests.helm import CHART, one, rendered, roles

pytestmark = pytest.mark.slow
ROOT = CHART.parent
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
PARTS = {"all": "single", "proxy": "proxies", "audit": "auditors"}
EVERYTHING = {"monitoring": {"podMonitor": True, "rules": True, "dashboards": True}}
PODS = {role: pod for mode in ("single", "fleet") for role, pod in roles(rendered(mode)).items()}


SORT = """
import os, sys
from pathlib import Path
from storage.sqlite.connection import open_reading, open_writing
path = Path(sys.argv[1])
path.touch()
open_writing(path, 1).executescript(
    "create table t (x); with recursive n(i) as (select 1 union all select i + 1 from n limit 30000) "
    "insert into t select hex(randomblob(400)) from n"
)
rows = open_reading(path, 1).execute("select x from t order by x")
next(rows)
os.system(f"ls -l /proc/{os.getpid()}/fd")
"""
"""Prints the open files of a process in which a reader sorts 24 MB."""


@pytest.fixture(params=PARTS)
def role(request) -> str:
    return request.param


@pytest.fixture
def pod(role) -> dict:
    return PODS[role]


@pytest.fixture
def container(pod) -> dict:
    (found,) = pod["containers"]
    return found


def test_the_pod_has_no_rights_and_writes_only_where_a_volume_is_mounted(pod, container):
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {each["mountPath"]: each.get("readOnly", False) for each in container["volumeMounts"]} == {
        "/etc/sameweights": True,
        "/var/lib/sameweights": False,
        "/tmp": False,
    }


def test_user_paths_ports_and_variables_are_those_of_the_image(pod, container):
    assert pod["securityContext"]["runAsUser"] == int(re.search(r"(?m)^USER (\d+)$", DOCKERFILE)[1]) == 10001
    assert container["args"][:2] == ["serve", "/etc/sameweights/sameweights.toml"]
    assert f'CMD ["serve", "{container["args"][1]}"]' in DOCKERFILE
    mounted = [each["mountPath"] for each in container["volumeMounts"]]
    assert re.search(r"(?m)^WORKDIR (/var/\S+)$", DOCKERFILE)[1] in mounted
    exposed = re.search(r"(?m)^EXPOSE (.+)$", DOCKERFILE)[1].split()
    assert {str(each["containerPort"]) for each in container["ports"]} <= set(exposed)
    image = dict(re.findall(r"(SAMEWEIGHTS_[A-Z_]+)=(\S+)", DOCKERFILE))
    own = {each["name"]: each["value"] for each in container["env"]}
    own.pop("SQLITE_TMPDIR", None)
    assert own == image


def test_files_of_the_single_pod_s_large_sorts_are_on_its_volume(tmp_path):
    (container,) = PODS["all"]["containers"]
    folder = {each["name"]: each["value"] for each in container["env"]}["SQLITE_TMPDIR"]
    (volume,) = [each["name"] for each in container["volumeMounts"] if each["mountPath"] == folder]
    (claim,) = one(rendered("single"), "StatefulSet")["spec"]["volumeClaimTemplates"]
    assert volume == claim["metadata"]["name"]
    ran = subprocess.run(
        [sys.executable, "-c", SORT, tmp_path / "a.db"],
        env={"PATH": os.environ["PATH"], "SQLITE_TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"{tmp_path}/etilqs_" in ran.stdout, "a reader's sort is in a file of that folder"


def test_secrets_are_names_alone(container):
    named = {each["secretRef"]["name"] for each in container["envFrom"]}
    assert "sameweights-keys" in named
    assert all(set(each) == {"secretRef"} for each in container["envFrom"])


def test_proxies_and_auditors_have_secrets_of_their_own():
    names = {role: [each["secretRef"]["name"] for each in pod["containers"][0]["envFrom"]] for role, pod in PODS.items()}
    assert names["proxy"] == ["sameweights-keys", "sameweights-proxies"]
    assert names["audit"] == ["sameweights-keys", "sameweights-auditors"]


@pytest.mark.parametrize("role", ["proxy", "audit"])
def test_probes_of_a_fleet_are_those_of_the_admin_port(container):
    assert container["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": "admin", "scheme": "HTTP"}
    assert container["startupProbe"]["httpGet"]["path"] == "/healthz"
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"


def test_the_single_pod_is_ready_while_records_cannot_be_stored():
    (container,) = PODS["all"]["containers"]
    assert container["readinessProbe"]["tcpSocket"] == {"port": "data"}
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"


def test_a_proxy_stays_ready_while_its_hanging_publisher_is_replaced():
    probe = PODS["proxy"]["containers"][0]["readinessProbe"]
    assert probe["periodSeconds"] * probe["failureThreshold"] == 45


def test_a_migration_has_half_an_hour(container):
    assert container["startupProbe"]["periodSeconds"] * container["startupProbe"]["failureThreshold"] == 1800


def test_probes_use_tls_where_the_admin_port_does():
    more = {"config": {"admin": {"tls_cert": "/tls/tls.crt", "tls_key": "/tls/tls.key"}}}
    for pod in roles(rendered("fleet", more)).values():
        probes = [pod["containers"][0][f"{name}Probe"]["httpGet"]["scheme"] for name in ("startup", "liveness", "readiness")]
        assert probes == ["HTTPS"] * 3


@pytest.mark.parametrize(("grace", "seconds"), [(None, 60), (0.5, 31), (30, 60), (30.1, 61), (900, 930)])
def test_the_end_of_a_pod_has_time_for_the_longest_stream(grace, seconds):
    more = {"config": {"proxy": {"timeouts": {"grace": grace}}}} if grace else {}
    pod = roles(rendered("single", more))["all"]
    assert pod["terminationGracePeriodSeconds"] == seconds
    slept = int(pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1])
    needed = slept + math.ceil(grace or Timeouts().grace) + AUDIT_PATIENCE + WORKER_PATIENCE
    assert needed <= seconds


def test_only_pods_with_a_data_port_wait_before_their_end():
    assert {role: "lifecycle" in pod["containers"][0] for role, pod in PODS.items()} == {
        "all": True,
        "proxy": True,
        "audit": False,
    }


@pytest.mark.parametrize("release", ["sameweights", "sameweights-2", "audit"])
def test_names_of_the_service_are_accepted_by_the_admin_port(tmp_path, release):
    more = {"config": {"admin": {"hosts": ["audit.example.com"]}}}
    documents = rendered("single", more, release=release)
    file = tmp_path / "sameweights.toml"
    file.write_text(one(documents, "ConfigMap", release)["data"]["sameweights.toml"])
    config = load(file, {}, {"REFERENCE_KEY": "k"})
    allowed = AllowedHosts("0.0.0.0:8081", config.admin.hosts)
    name = f"{release}-admin"
    assert one(documents, "Service", name)["spec"]["ports"] == [{"name": "admin", "port": 8081, "targetPort": "admin"}]
    assert all(allowed.host(f"{each}:8081") for each in (name, f"{name}.ai", f"{name}.ai.svc.cluster.local", "10.2.3.4"))
    assert allowed.host("audit.example.com")
    assert not allowed.host("evil.example.com")


@pytest.mark.parametrize(("mode", "data", "admin"), [("single", "single", "single"), ("fleet", "proxies", "auditors")])
def test_services_reach_the_pods_that_have_their_port(mode, data, admin):
    documents = rendered(mode)
    pods = [each["spec"]["template"] for each in documents if each["kind"] in {"Deployment", "StatefulSet"}]
    for service, part in (
        (one(documents, "Service", "sameweights"), data),
        (one(documents, "Service", "sameweights-admin"), admin),
    ):
        (reached,) = [each for each in pods if service["spec"]["selector"].items() <= each["metadata"]["labels"].items()]
        assert reached["metadata"]["labels"]["app.kubernetes.io/component"] == part
        ports = {each["name"] for each in reached["spec"]["containers"][0]["ports"]}
        assert {each["targetPort"] for each in service["spec"]["ports"]} <= ports


@pytest.mark.parametrize("kind", ["PodDisruptionBudget", "HorizontalPodAutoscaler"])
@pytest.mark.parametrize("part", ["proxies", "auditors"])
def test_each_part_of_a_fleet_is_scaled_and_evicted_on_its_own(kind, part):
    documents = rendered("fleet")
    spec = one(documents, kind, f"sameweights-{part}")["spec"]
    deployment = one(documents, "Deployment", f"sameweights-{part}")
    if kind == "PodDisruptionBudget":
        assert spec == {"maxUnavailable": 1, "selector": deployment["spec"]["selector"]}
    else:
        assert spec["scaleTargetRef"]["name"] == deployment["metadata"]["name"]
        assert spec["behavior"]["scaleDown"]["policies"] == [{"type": "Pods", "value": 1, "periodSeconds": 120}]
        assert "replicas" not in deployment["spec"], "an upgrade would undo what the autoscaler set"


def test_replicas_are_set_where_nothing_scales():
    more = {"proxies": {"autoscaling": {"enabled": False}, "replicas": 5}}
    documents = rendered("fleet", more)
    assert one(documents, "Deployment", "sameweights-proxies")["spec"]["replicas"] == 5
    assert [each["metadata"]["name"] for each in documents if each["kind"] == "HorizontalPodAutoscaler"] == [
        "sameweights-auditors"
    ]


def test_nothing_is_set_where_something_else_scales():
    documents = rendered("fleet", {"auditors": {"autoscaling": {"enabled": False}, "replicas": None}})
    assert "replicas" not in one(documents, "Deployment", "sameweights-auditors")["spec"]
    assert [each["metadata"]["name"] for each in documents if each["kind"] == "HorizontalPodAutoscaler"] == [
        "sameweights-proxies"
    ]


def test_an_entry_of_a_secret_of_another_operator_is_a_variable_of_the_auditors_alone():
    uri = {"name": "DATABASE_URL", "valueFrom": {"secretKeyRef": {"name": "db-app", "key": "uri"}}}
    proxy = {"name": "HTTPS_PROXY", "value": "http://out.example:3128"}
    more = {"env": [proxy], "auditors": {"env": [uri]}, "podLabels": {"team": "a"}, "podAnnotations": {"note": "b"}}
    documents = rendered("fleet", more)
    given = {role: pod["containers"][0]["env"] for role, pod in roles(documents).items()}
    assert [uri in given["audit"], uri in given["proxy"]] == [True, False]
    assert all(proxy in each for each in given.values())
    metadata = one(documents, "Deployment", "sameweights-proxies")["spec"]["template"]["metadata"]
    assert metadata["labels"]["team"] == "a"
    assert metadata["annotations"]["note"] == "b"


def test_the_network_policy_names_ports_of_the_pods_and_can_be_left_out():
    policy = one(rendered("fleet"), "NetworkPolicy")["spec"]
    assert [rule["ports"][0]["port"] for rule in policy["ingress"]] == ["data", "admin"]
    assert policy["ingress"][0]["from"] == [{"podSelector": {}}]
    opened = one(rendered("fleet", {"networkPolicy": {"data": [], "admin": []}}), "NetworkPolicy")["spec"]
    assert opened["ingress"] == [{"ports": [{"port": "data"}]}], "an empty list opens the data port, and closes the admin port"
    closed = rendered("fleet", {"networkPolicy": {"enabled": False}})
    assert not [each for each in closed if each["kind"] == "NetworkPolicy"]


def test_variables_of_a_service_are_left_out_because_they_are_refused(tmp_path, pod):
    assert pod["enableServiceLinks"] is False
    file = tmp_path / "sameweights.toml"
    file.write_text('[proxy]\nprovider = "a"\n[proxy.providers.a]\nbase_url = "https://a.example/v1"\n')
    with pytest.raises(ConfigError, match="SAMEWEIGHTS_SERVICE_HOST: no such variable"):
        load(file, {}, {"SAMEWEIGHTS_SERVICE_HOST": "10.0.0.1"})


def test_a_change_of_the_configuration_replaces_pods_and_a_new_chart_alone_does_not():
    def templates(more: dict) -> list[dict]:
        return [each["spec"]["template"] for each in rendered("fleet", more) if each["kind"] == "Deployment"]

    assert templates({}) == templates({"service": {"annotations": {"a": "b"}}})
    changed = templates({"config": {"shadow": {"sample_rate": 0.5}}})
    assert all(old["metadata"] != new["metadata"] for old, new in zip(templates({}), changed, strict=True))


def test_proxies_are_held_back_while_auditors_are_upgraded():
    more = {"image": {"tag": "2.0"}, "proxies": {"tag": "1.0"}}
    images = {role: pod["containers"][0]["image"] for role, pod in roles(rendered("fleet", more)).items()}
    assert images == {"proxy": "sameweights:1.0", "audit": "sameweights:2.0"}


@pytest.mark.parametrize("release", ["a", "a-1", "a" * 48])
def test_the_release_s_name_is_one_that_all_resources_can_have(release):
    assert RESOURCE_NAME.fullmatch(release)
    documents = rendered("fleet", EVERYTHING, release=release)
    assert all(len(each["metadata"]["name"]) <= 63 for each in documents)


def test_a_later_revision_replaces_a_single_pod_that_never_became_ready():
    written = yaml.safe_load(contents(image="sameweights:0.1.0")["statefulset.yaml"])
    assert one(rendered("single"), "StatefulSet")["spec"]["podManagementPolicy"] == "Parallel"
    assert written["spec"]["podManagementPolicy"] == "Parallel"


@pytest.mark.parametrize("key", ["securityContext", "livenessProbe", "readinessProbe", "resources"])
def test_the_pod_of_the_chart_is_that_of_the_written_manifests(key):
    (written,) = yaml.safe_load(contents(image="sameweights:0.1.0")["statefulset.yaml"])["spec"]["template"]["spec"]["containers"]
    (ours,) = PODS["all"]["containers"]
    theirs = {**written, "livenessProbe": {**written["livenessProbe"]}}
    theirs["livenessProbe"]["httpGet"] = {**written["livenessProbe"]["httpGet"], "scheme": "HTTP"}
    theirs["readinessProbe"] = {
        **written["readinessProbe"],
        "tcpSocket": {"port": "data"},
        "timeoutSeconds": 5,
        "failureThreshold": 3,
    }
    assert ours[key] == theirs[key]
