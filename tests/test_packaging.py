"""What a user installs: the wheel, the pins, the image's recipe and the README's two lines, compared with each other."""

import json
import re
import shutil
import subprocess
import sys
import threading
import tomllib
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from shadow.settings.top_level_config import Config

pytestmark = pytest.mark.slow


ROOT = Path(__file__).resolve().parent.parent
FLOORS = ("proxy", "shadow", "storage")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
INSTALL_LINE = re.compile(r"(?m)^.*(?:^| )\.venv/bin/pip install .* && \.venv/bin/(?:sameweights demo|pytest)$")


def _text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """Built from a clean copy, so that no left-over of an earlier build gets in, and without asking any index."""
    source = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for floor in FLOORS:
        shutil.copytree(ROOT / floor, source / floor, ignore=shutil.ignore_patterns("__pycache__"))
    out = tmp_path_factory.mktemp("dist")
    built = subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, source],
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    (made,) = out.glob("*.whl")
    return zipfile.ZipFile(made)


def test_the_wheel_holds_the_three_floors_and_nothing_else(wheel: zipfile.ZipFile):
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert tops == {*FLOORS, f"sameweights-{PROJECT['version']}.dist-info"}


def test_the_wheel_holds_every_file_of_the_floors(wheel: zipfile.ZipFile):
    packed = {name for name in wheel.namelist() if ".dist-info/" not in name}
    kept = {
        path.relative_to(ROOT).as_posix()
        for floor in FLOORS
        for path in (ROOT / floor).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert packed == kept


def test_the_wheel_is_typed_and_starts_with_one_command(wheel: zipfile.ZipFile):
    info = f"sameweights-{PROJECT['version']}.dist-info"
    assert {f"{floor}/py.typed" for floor in FLOORS} <= set(wheel.namelist())
    assert wheel.read(f"{info}/entry_points.txt").decode().split() == ["[console_scripts]", "sameweights", "=", "shadow.cli:main"]
    assert f"{info}/licenses/LICENSE" in wheel.namelist()


def test_the_version_is_written_once():
    version = PROJECT["version"]
    written = [
        path for floor in FLOORS for path in (ROOT / floor).rglob("*.py") if f'"{version}"' in path.read_text(encoding="utf-8")
    ]
    assert not written, f"the version belongs to pyproject.toml alone, not to {written}"
    assert re.search(rf"(?m)^## \[{re.escape(version)}\]", _text("CHANGELOG.md"))


def _pins(name: str) -> dict[str, tuple[Version, int]]:
    """Each pinned package of a constraints file with its version and its number of hashes."""
    pins = {}
    for block in re.split(r"(?m)^(?=[A-Za-z0-9])", _text(name)):
        found = re.match(r"([A-Za-z0-9._-]+)==([^ ;\\]+)", block)
        if found:
            pins[canonicalize_name(found[1])] = (Version(found[2]), len(re.findall(r"--hash=sha256:[0-9a-f]{64}\b", block)))
    return pins


def test_every_pin_has_its_hashes_and_no_address():
    for name in ("constraints.txt", "constraints-image.txt", "constraints-dev.txt"):
        assert all(hashes for _, hashes in _pins(name).values())
        assert not re.search(r"://|^-", _text(name), re.MULTILINE), f"{name} holds an address or an option"


def test_pins_satisfy_pyproject():
    dev = _pins("constraints-dev.txt")
    extras = PROJECT["optional-dependencies"]
    for name, wanted in (
        ("constraints.txt", PROJECT["dependencies"]),
        ("constraints-image.txt", PROJECT["dependencies"] + extras["fleet"] + extras["otel"]),
        ("constraints-dev.txt", PROJECT["dependencies"] + extras["dev"]),
    ):
        pins = _pins(name)
        for requirement in map(Requirement, wanted):
            version, _ = pins[canonicalize_name(requirement.name)]
            assert version in requirement.specifier, (
                f"{name} pins {requirement.name} {version}; CONTRIBUTING says how to renew it"
            )
    for some in (_pins("constraints.txt"), _pins("constraints-image.txt")):
        assert {name: dev[name] for name in some} == some, "the files disagree"
    assert _pins("constraints.txt").keys() <= _pins("constraints-image.txt").keys()


def test_hadolint_finds_no_fault_in_the_dockerfile():
    ran = subprocess.run(
        [Path(sys.executable).with_name("hadolint"), "Dockerfile"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_image_copies_only_what_is_let_in_and_is_there():
    let_in = set(re.findall(r"(?m)^!(\S+)$", _text(".dockerignore")))
    copied = {word for line in re.findall(r"(?m)^COPY (?!--from)(.+)$", _text("Dockerfile")) for word in line.split()[:-1]}
    assert copied == let_in
    assert all((ROOT / name).exists() for name in copied)


def test_the_image_sets_only_settings_that_exist():
    names = re.findall(r"SAMEWEIGHTS_([A-Z_]+)=", _text("Dockerfile"))
    assert names
    for name in names:
        section, key = name.lower().split("__")
        assert key in type(getattr(Config(), section)).model_fields, name


@contextmanager
def _answering(status: int) -> Iterator[int]:
    class Ready(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/readyz" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Ready)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False)])
def test_the_image_is_healthy_exactly_when_it_is_ready(status: int, healthy: bool):
    found = re.search(r'HEALTHCHECK [^\[]*(\["python".*\])', _text("Dockerfile"))
    assert found
    _, *arguments = json.loads(found[1])
    with _answering(status) as port:
        ran = subprocess.run(
            [sys.executable, *(word.replace("8081", str(port)) for word in arguments)], capture_output=True, check=False
        )
    assert (ran.returncode == 0) is healthy


def test_the_readme_has_two_lines_to_copy_and_ci_runs_them():
    lines = INSTALL_LINE.findall(_text("README.md"))
    assert [line.rsplit("/", 1)[1] for line in lines] == ["sameweights demo", "pytest"]
    assert all(_text("README.md").count(line) == 1 for line in lines)
    script = _text(".ci/run")
    assert 'bash -euo pipefail -c "${lines[0]}"' in script
    assert 'bash -euo pipefail -c "${lines[1]}"' in script


def test_ci_is_a_script_that_can_be_run():
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    ran = subprocess.run(["bash", "-n", script], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
