"""`doctor` as it is run."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from shadow.demo.pretended_server import PretendedServer

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[3]
KEY = "sk-of-the-reference-0123456789"
TOML = """\
[proxy]
listen = "127.0.0.1:0"
provider = "near"
reference = "maker"
[proxy.providers.near]
base_url = "{url}"
[proxy.providers.maker]
base_url = "{url}"
api_key_env = "MAKER_KEY"
[admin]
listen = "127.0.0.1:0"
"""


async def doctor(folder, key, *more):
    words = [sys.executable, "-P", "-m", "shadow.cli", "doctor", "s.toml", *more]
    environ = {"PATH": "/usr/bin:/bin", "MAKER_KEY": key, "PYTHONPATH": str(ROOT)}
    ran = await asyncio.to_thread(
        subprocess.run, words, cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=50
    )
    return ran.returncode, ran.stdout, ran.stderr


async def test_it_states_what_it_sends_and_then_what_works(tmp_path):
    async with PretendedServer(key=KEY) as server:
        (tmp_path / "s.toml").write_text(TOML.format(url=server.base_url), encoding="utf-8")
        code, out, err = await doctor(tmp_path, KEY, "--plan")
        assert (code, err, server.requests) == (0, "", [])
        assert "This sends now, once each:" in out
        code, out, _ = await doctor(tmp_path, KEY)
        assert code == 0
        assert "✓ reference maker answers as pretend-small" in out
        assert out.index("This sends now") < out.index("reference maker answers")
        code, out, _ = await doctor(tmp_path, "wrong")
        assert (code, out.splitlines()[-1]) == (2, "1 of these does not work.")
        assert KEY not in out


async def test_error_of_the_configuration_is_reported_first(tmp_path):
    (tmp_path / "s.toml").write_text("[proxy]\nlisten = 1\n", encoding="utf-8")
    code, out, err = await doctor(tmp_path, KEY)
    assert (code, out) == (2, "")
    assert "s.toml:2" in err


def test_number_of_what_does_not_work_stands_at_the_end(run, tmp_path, monkeypatch):
    monkeypatch.setenv("MAKER_KEY", KEY)
    (tmp_path / "sameweights.toml").write_text(TOML.format(url="http://127.0.0.1:9/v1"), encoding="utf-8")
    code, out, _ = run("doctor")
    assert (code, out.splitlines()[-1]) == (2, "2 of these do not work.")
    assert out.startswith("✓ configuration sameweights.toml: no error\n")
    assert run("doctor", "--plan")[0] == 0
