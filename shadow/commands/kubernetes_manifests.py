"""manifests(): the files of `sameweights dashboards DIR --kubernetes`, for `kubectl apply -f DIR`, made of the packaged ones.

Rule: rules and dashboards are the same text as in the other files, indented; nothing is computed a second time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from textwrap import indent

from shadow.settings.config_errors import ConfigError, quoted

FOLDER = "kubernetes/"
"""Where the packaged files of this kind are."""
NAME = "sameweights"
IMAGE = "sameweights:local"
RESOURCE_NAME = re.compile(r"[a-z]([a-z0-9-]{0,50}[a-z0-9])?")
"""Names of a Service (RFC 1035), short enough for those of its pods and dashboards."""
IMAGE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@-]{0,254}")
DASHBOARD = """apiVersion: v1
kind: ConfigMap
metadata:
  name: {name}-{board}
  labels:
    app.kubernetes.io/name: {name}
    grafana_dashboard: "1"
data:
  sameweights-{board}.json: |
{text}"""
RULES = """# The recording rules and alerts of prometheus/rules.yml and alerts.yml.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: {name}
  labels:
    app.kubernetes.io/name: {name}
spec:
  groups:
{groups}"""


def manifests(texts: Mapping[str, str], *, name: str, image: str) -> dict[str, str]:
    """The manifests by file name, of `texts`, the packaged files with their links and job; ConfigError for a wrong name."""
    if not RESOURCE_NAME.fullmatch(name):
        raise ConfigError([f"--job: {quoted(name)} is not a valid Service name; use up to 52 lower-case letters, digits and -"])
    if not IMAGE_NAME.fullmatch(image):
        raise ConfigError([f"--image: {quoted(image)} is not a valid image name"])
    own = {path.removeprefix(FOLDER): text for path, text in texts.items() if path.startswith(FOLDER)}
    made = {file: text.replace(f"image: {IMAGE}", f"image: {image}") for file, text in _renamed(own, name).items()}
    return made | {"prometheusrule.yaml": _rules(texts, name), "dashboards.yaml": _dashboards(texts, name)}


def _renamed(own: Mapping[str, str], name: str) -> dict[str, str]:
    """The files with another name of all resources, also in addresses; paths and names of variables with the word stay."""
    word = re.compile(rf'(?:(?<=//)|(?<![\w/.])){NAME}(?=[\s"]|\.\$|$|:8080)', re.MULTILINE)
    return {file: word.sub(name, text) for file, text in own.items()}


def _rules(texts: Mapping[str, str], name: str) -> str:
    groups = [texts[f"prometheus/{file}.yml"].partition("\ngroups:\n")[2] for file in ("rules", "alerts")]
    return RULES.format(name=name, groups=indent("".join(groups), "  "))


def _dashboards(texts: Mapping[str, str], name: str) -> str:
    boards = {
        path.removeprefix("dashboards/").removesuffix(".json"): text for path, text in texts.items() if "dashboards/" in path
    }
    found = {board: text for board, text in boards.items() if text.startswith("{")}
    return "---\n".join(DASHBOARD.format(name=name, board=board, text=indent(text, "    ")) for board, text in found.items())
