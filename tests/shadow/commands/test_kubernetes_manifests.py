"""The manifests: valid by Kubernetes' own schemas, the same rules and dashboards as the files, and fitting one another."""

import json
import subprocess
import sys
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from shadow.commands.dashboards import contents, packaged, write
from shadow.settings.config_errors import ConfigError
from shadow.settings.load_config import load
from tests.watching import promtool

SCHEMA = Path(__file__).with_name("prometheus_operator.schema.json")
BIN = Path(sys.executable).parent
KINDS = {"StatefulSet", "Service", "ServiceMonitor", "PrometheusRule", "ConfigMap"}


def made(job: str = "sameweights", image: str = "registry.example/sameweights:1.2") -> dict[str, str]:
    return contents(job=job, image=image)


def documents(texts: dict[str, str]) -> list[dict]:
    return [document for text in texts.values() for document in yaml.safe_load_all(text)]


def one(kind: str, job: str = "sameweights") -> dict:
    return next(document for document in documents(made(job)) if document["kind"] == kind)


@pytest.fixture(scope="module")
def container() -> dict:
    (found,) = one("StatefulSet")["spec"]["template"]["spec"]["containers"]
    return found


@pytest.mark.slow
def test_every_kind_is_written_and_every_dashboard_is_a_configmap():
    found = documents(made())
    assert {document["kind"] for document in found} == KINDS
    boards = [name for name in packaged() if name.startswith("dashboards/")]
    assert sum(document["kind"] == "ConfigMap" for document in found) == len(boards)
    assert len({(document["kind"], document["metadata"]["name"]) for document in found}) == len(found)


@pytest.mark.slow
@pytest.mark.parametrize("job", ["sameweights", "audit-2"])
def test_core_resources_are_valid_by_the_schemas_of_kubernetes(job):
    for document in documents(made(job)):
        if not document["apiVersion"].startswith("monitoring"):
            kubernetes_validate.validate(document, "1.37", strict=True)


@pytest.mark.slow
def test_a_misspelt_member_is_no_valid_resource():
    wrong = one("StatefulSet")
    wrong["spec"]["template"]["spec"]["terminationGracePeriod"] = 60
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, "1.37", strict=True)


@pytest.mark.slow
@pytest.mark.parametrize("file", ["servicemonitor.yaml", "prometheusrule.yaml"])
def test_resources_of_the_prometheus_operator_are_valid_by_their_schema(tmp_path, file):
    (tmp_path / file).write_text(made()[file])
    ran = subprocess.run(
        [BIN / "check-jsonschema", "--schemafile", SCHEMA, tmp_path / file], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.slow
def test_rules_are_those_of_the_files_and_prometheus_takes_them(tmp_path):
    groups = one("PrometheusRule", "audit")["spec"]["groups"]
    texts = contents(job="audit")
    files = [yaml.safe_load(texts[f"prometheus/{name}.yml"])["groups"] for name in ("rules", "alerts")]
    assert groups == files[0] + files[1]
    assert 'up{job="audit"} == 0' in str(groups)
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": groups}))
    ran = promtool("check", "rules", tmp_path / "rules.yml")
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.slow
def test_dashboards_are_those_of_the_files_under_the_label_that_grafana_s_sidecar_looks_for():
    found = [document for document in documents(made()) if document["kind"] == "ConfigMap"]
    assert all(document["metadata"]["labels"]["grafana_dashboard"] == "1" for document in found)
    inside = {name: json.loads(text) for document in found for name, text in document["data"].items()}
    files = {name: text for name, text in packaged().items() if name.startswith("dashboards/")}
    assert inside == {f"sameweights-{Path(name).name}": json.loads(text) for name, text in files.items()}
    assert len({board["uid"] for board in inside.values()}) == len(files)


@pytest.mark.slow
@pytest.mark.parametrize("job", ["sameweights", "audit"])
def test_selectors_ports_and_the_job_fit_one_another(job):
    labels = one("StatefulSet", job)["spec"]["template"]["metadata"]["labels"]
    service = one("Service", job)
    ports = {each["name"]: each["containerPort"] for each in one_container(job)["ports"]}
    assert ports == {"proxy": 8080, "admin": 8081}
    assert service["metadata"]["name"] == one("StatefulSet", job)["spec"]["serviceName"] == job
    assert service["spec"]["selector"] == labels
    assert {each["targetPort"] for each in service["spec"]["ports"]} == set(ports)
    monitor = one("ServiceMonitor", job)["spec"]
    assert monitor["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert {each["port"] for each in monitor["endpoints"]} <= {each["name"] for each in service["spec"]["ports"]}


def one_container(job: str) -> dict:
    (found,) = one("StatefulSet", job)["spec"]["template"]["spec"]["containers"]
    return found


@pytest.mark.slow
def test_the_service_s_names_are_accepted_by_the_admin_port():
    env = {each["name"]: each.get("value", "") for each in one_container("audit")["env"]}
    hosts = json.loads(env["SAMEWEIGHTS_ADMIN__HOSTS"].replace("$(NAMESPACE)", "ai"))
    assert hosts == ["audit", "audit.ai", "audit.ai.svc", "audit.ai.svc.cluster.local"]
    assert env["SAMEWEIGHTS_ADMIN__LISTEN"] == "0.0.0.0:8081"


def injected(service: dict) -> dict[str, str]:
    """What the kubelet sets in each pod for a Service, as Kubernetes documents it: `{NAME}_SERVICE_HOST` and Docker's links."""
    name, host = service["metadata"]["name"].upper().replace("-", "_"), "10.0.0.1"
    ports = {each["name"].upper(): each["port"] for each in service["spec"]["ports"]}
    first = next(iter(ports.values()))
    found = {f"{name}_SERVICE_HOST": host, f"{name}_SERVICE_PORT": f"{first}", f"{name}_PORT": f"tcp://{host}:{first}"}
    for port, number in ports.items():
        link = {"": f"tcp://{host}:{number}", "_PROTO": "tcp", "_PORT": f"{number}", "_ADDR": host}
        found |= {f"{name}_SERVICE_PORT_{port}": f"{number}"}
        found |= {f"{name}_PORT_{number}_TCP{end}": value for end, value in link.items()}
    return found


def environment(job: str) -> dict[str, str]:
    """The variables of the container, with those of the Service unless the pod leaves them out."""
    own = {each["name"]: each.get("value", "ai").replace("$(NAMESPACE)", "ai") for each in one_container(job)["env"]}
    linked = one("StatefulSet", job)["spec"]["template"]["spec"].get("enableServiceLinks", True)
    return own | (injected(one("Service", job)) if linked else {})


@pytest.fixture
def file(tmp_path):
    written = tmp_path / "sameweights.toml"
    written.write_text('[proxy]\nprovider = "a"\n[proxy.providers.a]\nbase_url = "https://a.example/v1"\n')
    return written


@pytest.mark.slow
@pytest.mark.parametrize("job", ["sameweights", "sameweights-2", "audit"])
def test_the_pod_s_configuration_is_loaded_with_the_variables_that_it_has(file, job):
    config = load(file, {}, environment(job))
    assert (config.proxy.listen, config.admin.listen) == ("0.0.0.0:8080", "0.0.0.0:8081")


@pytest.mark.slow
def test_variables_of_the_service_are_refused_so_that_the_pod_leaves_them_out(file):
    with pytest.raises(ConfigError, match="SAMEWEIGHTS_SERVICE_HOST: no such variable"):
        load(file, {}, injected(one("Service")))
    assert one("StatefulSet")["spec"]["template"]["spec"]["enableServiceLinks"] is False


@pytest.mark.parametrize("job", ["sameweights", "audit"])
def test_the_address_for_applications_names_the_service_of_that_job(job):
    assert f"OPENAI_BASE_URL=http://{job}:8080/v1 in" in made(job)["service.yaml"]


@pytest.mark.slow
def test_paths_keep_the_name_of_the_program_under_another_job():
    mounted = {each["name"]: each["mountPath"] for each in one_container("audit")["volumeMounts"]}
    assert mounted == {"config": "/etc/sameweights", "data": "/var/lib/sameweights", "tmp": "/tmp"}


@pytest.mark.slow
def test_one_replica_writes_its_database_on_a_volume_and_has_a_minute_to_end(container):
    spec = one("StatefulSet")["spec"]
    assert spec["replicas"] == 1
    assert spec["template"]["spec"]["terminationGracePeriodSeconds"] == 60
    mounted = {each["name"]: each["mountPath"] for each in container["volumeMounts"]}
    assert [each["metadata"]["name"] for each in spec["volumeClaimTemplates"]] == ["data"]
    env = {each["name"]: each.get("value") for each in container["env"]}
    assert env["SAMEWEIGHTS_STORAGE__URL"] == f"sqlite:///{mounted['data']}/sameweights.db"


def test_probes_cost_the_provider_nothing_and_readiness_does_not_hang_on_the_audit(container):
    assert container["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": "admin"}
    assert container["readinessProbe"]["tcpSocket"] == container["startupProbe"]["tcpSocket"] == {"port": "proxy"}


@pytest.mark.slow
def test_the_container_has_no_rights(container):
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert one("StatefulSet")["spec"]["template"]["spec"]["securityContext"]["runAsNonRoot"]


def test_the_image_is_the_named_one(container):
    assert container["image"] == "registry.example/sameweights:1.2"


@pytest.mark.parametrize("job", ["Audit", "a/b", "-a", "a_b", "a" * 53, "1a"])
def test_a_job_that_no_service_can_have_is_refused(job):
    with pytest.raises(ConfigError, match="--job"):
        made(job)


@pytest.mark.slow
@pytest.mark.parametrize("job", ["a" * 52, "a", "a-1"])
def test_a_name_of_a_service_is_taken(job):
    assert one("Service", job)["metadata"]["name"] == job


@pytest.mark.parametrize("image", ["a b", "-x", "x" * 256, 'x"'])
def test_an_image_that_no_manifest_can_hold_is_refused(image):
    with pytest.raises(ConfigError, match="--image"):
        made(image=image)


def test_only_manifests_are_written_so_that_the_folder_can_be_applied(tmp_path):
    written = {path.name for path in write(tmp_path, made())}
    assert written == {path.name for path in tmp_path.iterdir()}
    assert all(name.endswith(".yaml") for name in written)
