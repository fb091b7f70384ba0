"""The committed dashboards, and the copy in the package, are what the generator writes."""

import subprocess
import sys

from tests.boards import GRAFANA, ROOT

PACKAGED = ROOT / "shadow" / "metrics" / "grafana"


def test_the_built_files_are_what_the_generator_writes():
    ran = subprocess.run([sys.executable, GRAFANA / "build.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


def test_the_package_holds_the_same_files_as_the_folder_and_no_others():
    held = {path.relative_to(PACKAGED): path.read_bytes() for path in PACKAGED.rglob("*") if path.is_file()}
    assert held == {name: (GRAFANA / name).read_bytes() for name in held}
    folders = {"alertmanager", "dashboards", "kubernetes", "prometheus", "provisioning"}
    assert {name.parts[0] for name in held} == {*folders, "runbook.md"}
    assert len([name for name in held if name.suffix == ".json"]) == 7
