"""The Kubernetes manifests of small packaged files: which names and images are replaced, and how the others are embedded."""

import pytest

from shadow.commands.kubernetes_manifests import FOLDER, manifests
from shadow.settings.config_errors import ConfigError

DEPLOYMENT = """\
metadata:
  name: sameweights
spec:
  image: sameweights:local
  env: SAMEWEIGHTS_DB
  command: ["/usr/bin/sameweights", "serve"]
  url: http://sameweights:8080/v1
"""
TEXTS = {
    f"{FOLDER}deployment.yaml": DEPLOYMENT,
    "prometheus/rules.yml": "# comment\ngroups:\n- name: one\n  rules: []\n",
    "prometheus/alerts.yml": "x: y\ngroups:\n- name: two\n",
    "dashboards/fleet.json": '{\n  "a": 1\n}\n',
    "dashboards/notes.json": "no dashboard\n",
    "other/fleet.json": "{}\n",
}


def test_resources_have_another_name_and_image_and_paths_and_variables_stay():
    made = manifests(TEXTS, name="audit", image="registry.example/own:1")
    assert made["deployment.yaml"] == (
        "metadata:\n  name: audit\nspec:\n  image: registry.example/own:1\n  env: SAMEWEIGHTS_DB\n"
        '  command: ["/usr/bin/sameweights", "serve"]\n  url: http://audit:8080/v1\n'
    )
    assert set(made) == {"deployment.yaml", "prometheusrule.yaml", "dashboards.yaml"}


def test_rules_and_alerts_are_one_resource_and_each_dashboard_is_one():
    made = manifests(TEXTS, name="audit", image="own")
    assert made["prometheusrule.yaml"].endswith("  groups:\n  - name: one\n    rules: []\n  - name: two\n")
    assert "  name: audit\n" in made["prometheusrule.yaml"]
    assert made["dashboards.yaml"].endswith('data:\n  sameweights-fleet.json: |\n    {\n      "a": 1\n    }\n')
    assert "  name: audit-fleet\n" in made["dashboards.yaml"]
    assert "notes" not in made["dashboards.yaml"]
    second = manifests({**TEXTS, "dashboards/more.json": "{}\n"}, name="audit", image="own")["dashboards.yaml"]
    assert second.count("---\n") == 1


@pytest.mark.parametrize(
    ("name", "valid"), [("a", True), ("a" * 52, True), ("a" * 53, False), ("", False), ("-a", False), ("a-", False), ("A", False)]
)
def test_name_is_one_of_a_service_of_up_to_52_characters(name, valid):
    if valid:
        assert f"  name: {name}\n" in manifests(TEXTS, name=name, image="own")["deployment.yaml"]
        return
    with pytest.raises(ConfigError, match="is not a valid Service name; use up to 52 lower-case letters, digits and -"):
        manifests(TEXTS, name=name, image="own")


@pytest.mark.parametrize(("image", "valid"), [("a" * 255, True), ("a" * 256, False), ("", False), ("two words", False)])
def test_image_has_up_to_255_characters(image, valid):
    if valid:
        assert f"image: {image}\n" in manifests(TEXTS, name="audit", image=image)["deployment.yaml"]
        return
    with pytest.raises(ConfigError, match=r"--image: .* is not a valid image name"):
        manifests(TEXTS, name="audit", image=image)
