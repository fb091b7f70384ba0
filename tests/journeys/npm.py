"""Clients for JavaScript: installed by npm once and kept in pytest's cache, and run on one of the stories in `node/`."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.running import PATIENCE

SCRIPTS = Path(__file__).with_name("node")


def installed(request: pytest.FixtureRequest, package: str, version: str) -> Path:
    """The folder with the package; no lock file, since those name a registry."""
    if not (shutil.which("npm") and shutil.which("node")):
        pytest.skip("npm and node are not here: the npm client was not tried")
    home = Path(request.config.cache.mkdir("npm")) / f"{package.strip('@').replace('/', '-')}-{version}"
    if not home.exists():
        _install(f"{package}@{version}", home)
    return home


def _install(package: str, home: Path) -> None:
    """Install it beside `home`, and rename it once it is whole, because an installation may be cut off."""
    options = ("--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error")
    with TemporaryDirectory(dir=home.parent) as folder:
        made = Path(folder) / "home"
        subprocess.run(["npm", "install", *options, "--prefix", str(made), package], check=True, capture_output=True, timeout=240)
        with suppress(OSError):  # because another process may have been first
            made.rename(home)


async def outcome_of(script: str, home: Path, story: str, base_url: str) -> dict:
    """The results of a journey for the client in `home`, as its script prints them."""
    process = await asyncio.create_subprocess_exec(
        *("node", str(SCRIPTS / script), story, base_url),
        env={**os.environ, "CLIENT_HOME": str(home)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, errors = await asyncio.wait_for(process.communicate(), PATIENCE)
    assert process.returncode == 0, errors.decode()
    return json.loads(out)
