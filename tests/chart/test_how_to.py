"""docs/how-to/kubernetes.md: its values render, and its commands are taken by real helm and kubectl and name what is rendered."""

import re
import shlex
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.helm import CHART, helm, one, program, roles
from tests.running import PATIENCE

pytestmark = pytest.mark.slow
PAGE = (CHART.parent / "docs" / "how-to" / "kubernetes.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"(?ms)^```(\w+)\n(.*?)^```$")


def blocks(language: str) -> list[str]:
    return [text for name, text in BLOCK.findall(PAGE) if name == language]


def commands(first: str) -> Iterator[list[str]]:
    for text in blocks("sh"):
        for line in text.replace("\\\n", " ").splitlines():
            if line.startswith(f"{first} "):
                yield shlex.split(line.partition(" | ")[0])


@pytest.fixture
def values(tmp_path):
    """The page's values of both modes, each with the page's further blocks over it."""
    texts = blocks("yaml")
    modes = {yaml.safe_load(text).get("mode", "single"): text for text in texts if "config:" in text}
    found = {}
    for mode, text in modes.items():
        file = tmp_path / f"{mode}.yaml"
        file.write_text(text)
        found[mode] = [file]
    for number, text in enumerate(text for text in texts if "config:" not in text):
        more = tmp_path / f"{number}.yaml"
        more.write_text(text)
        for files in found.values():
            files.append(more)
    return found


def rendered(files: list) -> list[dict]:
    ran = helm("template", "sameweights", CHART, *(word for file in files for word in ("--values", file)))
    assert ran.returncode == 0, ran.stderr
    return [each for each in yaml.safe_load_all(ran.stdout) if each]


def test_the_page_s_values_render_in_both_modes(values):
    assert {mode: sorted(roles(rendered(files))) for mode, files in values.items()} == {
        "single": ["all"],
        "fleet": ["audit", "proxy"],
    }


def test_each_helm_command_renders_with_the_page_s_values(values):
    found = list(commands("helm"))
    assert len(found) == 4
    for command in found:
        mode = "single" if {"--install", "single.storage.size=40Gi"} & set(command) else "fleet"
        given = [
            str(values[mode][0]) if word == "values.yaml" else str(CHART) if word == "./chart" else word for word in command[1:]
        ]
        ran = helm("template", *(word for word in given if word not in {"upgrade", "--install"}))
        assert ran.returncode == 0, ran.stderr


def test_kubectl_makes_each_secret_of_the_page_and_the_values_name_them(values):
    made = set()
    for command in commands("kubectl"):
        if command[1] == "create":
            ran = kubectl(*command[1:], "--dry-run=client", "--output=yaml")
            assert ran.returncode == 0, ran.stderr
            made.add(yaml.safe_load(ran.stdout)["metadata"]["name"])
    pods = roles(rendered(values["fleet"]))
    assert made == {each["secretRef"]["name"] for pod in pods.values() for each in pod["containers"][0]["envFrom"]}


def test_the_single_pod_s_database_and_a_backup_of_it_fit_on_its_volume(values):
    documents = rendered(values["single"])
    (claim,) = one(documents, "StatefulSet")["spec"]["volumeClaimTemplates"]
    file = one(documents, "ConfigMap", "sameweights")["data"]["sameweights.toml"]
    assert 2 * tomllib.loads(file)["storage"]["max_bytes"] * 1.05 < gibibytes(claim["spec"]["resources"]["requests"]["storage"])


def test_the_volume_grows_to_the_size_that_the_new_statefulset_claims(values):
    (patch,) = [command for command in commands("kubectl") if command[1] == "patch"]
    (size,) = [command[-1].partition("=")[2] for command in commands("helm") if command[-1].startswith("single.storage.size=")]
    assert yaml.safe_load(patch[-1])["spec"]["resources"]["requests"]["storage"] == size
    statefulset = one(rendered(values["single"]), "StatefulSet")
    (claim,) = statefulset["spec"]["volumeClaimTemplates"]
    assert patch[3] == f"{claim['metadata']['name']}-{statefulset['metadata']['name']}-0"
    assert gibibytes(size) > gibibytes(claim["spec"]["resources"]["requests"]["storage"])
    (deleted,) = [command[3] for command in commands("kubectl") if command[1:3] == ["delete", "statefulset"]]
    assert deleted == statefulset["metadata"]["name"]


def gibibytes(size: str) -> int:
    """The bytes of a size such as 20Gi."""
    return int(size.removesuffix("Gi")) << 30


def test_what_the_commands_of_the_page_name_is_rendered(values):
    named = {word for command in commands("kubectl") for word in command if "/" in word and "=" not in word}
    resources = {f"{each['kind'].lower()}/{each['metadata']['name']}" for files in values.values() for each in rendered(files)}
    assert named
    assert named <= resources
    restarted = {word for command in commands("kubectl") if command[1:3] == ["rollout", "restart"] for word in command[3:]}
    assert restarted == {each for each in resources if each.startswith(("statefulset/", "deployment/"))}


def test_kubectl_keeps_every_member_of_the_workloads(tmp_path, values):
    workloads = [each for files in values.values() for each in rendered(files) if each["kind"] in {"Deployment", "StatefulSet"}]
    assert len(workloads) == 3
    assert [lost(tmp_path, each) for each in workloads] == [set()] * 3


def test_kubectl_loses_a_misspelt_member_of_a_workload(tmp_path, values):
    (document,) = [each for each in rendered(values["single"]) if each["kind"] == "StatefulSet"]
    document["spec"]["template"]["spec"]["automountServiceAccountTokens"] = False
    assert lost(tmp_path, document) == {(".spec.template.spec.automountServiceAccountTokens", False)}


def lost(folder: Path, document: dict) -> set[tuple[str, object]]:
    """What is not there any more once `kubectl set --local` has read a workload into Kubernetes' own types and written it."""
    file = folder / "workload.yaml"
    file.write_text(yaml.safe_dump(document))
    ran = kubectl("set", "image", "--local", "sameweights=another:1", f"--filename={file}", "--output=yaml")
    assert ran.returncode == 0, ran.stderr
    return {each for each in leaves(document) if not each[0].endswith(".image")} - set(leaves(yaml.safe_load(ran.stdout)))


def leaves(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Each value that is no table or list, with the path to it."""
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(inner, f"{path}.{key}")
    else:
        yield path, value


def kubectl(*arguments: str) -> subprocess.CompletedProcess[str]:
    """One run of kubectl without any cluster."""
    command = [program("kubectl"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={"KUBECONFIG": "/dev/null"}, timeout=PATIENCE)


@pytest.mark.parametrize(("mode", "pages"), [("single", "statefulset/sameweights"), ("fleet", "deployment/sameweights-auditors")])
def test_the_notes_after_an_installation_name_the_service_and_where_the_token_is(values, mode, pages):
    ran = helm("install", "sameweights", CHART, "--namespace", "ai", "--values", values[mode][0], "--dry-run=client")
    assert ran.returncode == 0, ran.stderr
    notes = ran.stdout.partition("NOTES:")[2]
    assert "http://sameweights.ai:8080/v1" in notes
    assert "port-forward service/sameweights-admin 8081" in notes
    assert f"logs {pages} | grep token=" in notes
