"""The Jobs that check a configuration before an installation or upgrade changes anything, run as rendered."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helm import one, rendered, roles

pytestmark = pytest.mark.slow
SAMEWEIGHTS = Path(sys.executable).with_name("sameweights")
KEYS = {"REFERENCE_KEY": "k", "NATS_CREDENTIALS": "user:password", "DATABASE_URL": "postgresql://sw@db.example/sw"}
JOBS = {"single": {"all": "single"}, "fleet": {"proxy": "proxies", "audit": "auditors"}}


def checked(documents: list[dict], job: str, folder: Path, keys: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """The command of a Job, with its variables and its file."""
    (container,) = one(documents, "Job", job)["spec"]["template"]["spec"]["containers"]
    file = folder / "sameweights.toml"
    file.write_text(one(documents, "ConfigMap", "sameweights-check")["data"]["sameweights.toml"])
    arguments = [str(file) if word == "/etc/sameweights/sameweights.toml" else word for word in container["args"]]
    variables = {each["name"]: each["value"] for each in container["env"]} | keys
    return subprocess.run(
        [SAMEWEIGHTS, *arguments], capture_output=True, text=True, check=False, env={"PATH": os.environ["PATH"]} | variables
    )


@pytest.mark.parametrize("mode", JOBS)
def test_a_job_of_each_part_checks_the_file_with_the_image_and_the_variables_of_its_pods(tmp_path, mode):
    documents = rendered(mode, {"image": {"tag": "2.0"}, "proxies": {"tag": "1.0"}})
    files = [one(documents, "ConfigMap", name)["data"] for name in ("sameweights", "sameweights-check")]
    assert files[0] == files[1]
    for role, part in JOBS[mode].items():
        (theirs,) = roles(documents)[role]["containers"]
        (ours,) = one(documents, "Job", f"sameweights-check-{part}")["spec"]["template"]["spec"]["containers"]
        for key in ("image", "env", "envFrom", "securityContext", "resources"):
            assert ours[key] == theirs[key]
        ran = checked(documents, f"sameweights-check-{part}", tmp_path, KEYS)
        assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize(
    ("more", "keys", "sentence"),
    [
        ({"config": {"proxy": {"wrokers": 2}}}, KEYS, "proxy.wrokers: no such key"),
        ({"config": {"proxy": {"workers": 1.5}}}, KEYS, "proxy.workers: must be a whole number, but is 1.5"),
        ({}, {}, "the environment variable 'REFERENCE_KEY' is not set"),
    ],
)
def test_a_wrong_configuration_ends_the_job_with_a_sentence(tmp_path, more, keys, sentence):
    ran = checked(rendered("single", more), "sameweights-check-single", tmp_path, keys)
    assert ran.returncode == 2
    assert sentence in ran.stderr


NEEDED = {"single": ["REFERENCE_KEY"], "proxies": ["REFERENCE_KEY", "NATS_CREDENTIALS"], "auditors": list(KEYS)}
"""The variables without which a part's `serve` ends at its start, with the example values."""


@pytest.mark.parametrize("part", NEEDED)
def test_a_job_fails_without_any_variable_that_its_part_needs_and_passes_without_the_others(tmp_path, part):
    documents = rendered("single" if part == "single" else "fleet")
    for name in KEYS:
        rest = {other: value for other, value in KEYS.items() if other != name}
        ran = checked(documents, f"sameweights-check-{part}", tmp_path, rest)
        assert ran.returncode == (2 if name in NEEDED[part] else 0), ran.stdout + ran.stderr
        assert (name in ran.stderr) is (name in NEEDED[part])


@pytest.mark.parametrize("mode", JOBS)
def test_jobs_come_before_every_change_and_one_that_fails_stays_for_its_log(mode):
    documents = rendered(mode)
    hooked = [each for each in documents if "helm.sh/hook" in each["metadata"].get("annotations", {})]
    assert {each["metadata"]["name"] for each in hooked} == {
        "sameweights-check",
        *(f"sameweights-check-{part}" for part in JOBS[mode].values()),
    }
    for each in hooked:
        assert each["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
        assert "hook-failed" not in each["metadata"]["annotations"]["helm.sh/hook-delete-policy"]
    jobs = [each["spec"] for each in hooked if each["kind"] == "Job"]
    assert [(job["backoffLimit"], job["template"]["spec"]["restartPolicy"]) for job in jobs] == [(0, "Never")] * len(jobs)


@pytest.mark.parametrize("mode", JOBS)
def test_a_job_has_the_resources_of_its_part_and_the_labels_and_annotations_of_every_pod(mode):
    limits = {part: {"limits": {"memory": f"{number}Gi"}} for number, part in enumerate(("single", "proxies", "auditors"), 1)}
    more = {part: {"resources": own} for part, own in limits.items()}
    documents = rendered(mode, {**more, "podLabels": {"team": "a"}, "podAnnotations": {"sidecar.istio.io/inject": "false"}})
    for part in JOBS[mode].values():
        template = one(documents, "Job", f"sameweights-check-{part}")["spec"]["template"]
        assert template["metadata"]["labels"]["team"] == "a"
        assert template["metadata"]["annotations"] == {"sidecar.istio.io/inject": "false"}
        assert template["spec"]["containers"][0]["resources"]["limits"] == limits[part]["limits"]


def test_no_selector_finds_the_pods_of_a_job():
    documents = rendered("fleet", {"monitoring": {"podMonitor": True}, "podLabels": {"team": "a"}})
    labels = one(documents, "Job", "sameweights-check-proxies")["spec"]["template"]["metadata"]["labels"].items()
    selectors = [one(documents, "Service", "sameweights")["spec"]["selector"]]
    selectors += [one(documents, kind)["spec"]["selector"]["matchLabels"] for kind in ("PodMonitor",)]
    selectors += [one(documents, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"]]
    assert not [each for each in selectors if each.items() <= labels]


def test_without_the_check_no_hook_is_rendered():
    assert not [each for each in rendered("fleet", {"checkConfig": False}) if each["kind"] == "Job"]
