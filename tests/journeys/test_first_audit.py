"""The tutorial, word by word: its commands are taken from the page and run against pretended providers, and what it says of their

output is looked for there. Only what belongs to a reader's machine is put in: addresses, free ports, and a shorter demo. The
installation that the page begins with is the README's first line, which `.ci/run` runs in an empty home.
"""

import asyncio
import os
import re
import shlex
import signal
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from shadow.demo.planted_faults import PlantedFaults
from shadow.demo.pretended_server import PretendedServer, ResponsePace
from tests.running import PATIENCE, addresses, drain, until

pytestmark = [pytest.mark.journey, pytest.mark.promise("docs.tutorial")]

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "tutorial" / "first-audit.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
INSTALL_AND_DEMO, TRY, KEEP, SERVE, CLIENT, LOOK = (text for _, text in BLOCKS)
PROVIDER = "https://api.provider.example/v1"
SHORTER = "--seconds 8"


def promised(pattern: str) -> str:
    """Words in code marks that the page promises as output; the test fails where the page has lost them."""
    [words] = {found for found in re.findall(r"`([^`\n]+)`", PAGE) if re.search(pattern, found)}
    return words


@pytest.fixture
def folder(tmp_path) -> Path:
    """The folder of the project after its installation: `.venv/bin/sameweights` is there."""
    command = tmp_path / ".venv" / "bin" / "sameweights"
    command.parent.mkdir(parents=True)
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -P -m shadow.cli "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    return tmp_path


async def started(folder: Path, block: str):
    """A block of the page in a shell, which its last command takes the place of."""
    script = re.sub(r"(?m)^\.venv/bin/sameweights", "exec .venv/bin/sameweights", block)
    return await asyncio.create_subprocess_exec(
        *("bash", "-euo", "pipefail", "-c", script),
        cwd=folder,
        env={**os.environ, "HOME": str(folder), "TMPDIR": str(folder), "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def said(folder: Path, command: str) -> str:
    process = await started(folder, command)
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return " ".join(out.decode().split())


def test_tutorial_installs_with_the_readme_s_commands():
    *install, demo = INSTALL_AND_DEMO.splitlines()
    assert " && ".join([*install, demo]) in (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"{demo} --keep\n" == KEEP


async def opened(url: str) -> str:
    async with aiohttp.ClientSession() as session, session.get(url) as page:
        assert page.status == 200, url
        return await page.text()


async def shown(process) -> str:
    """The demo's output until it waits for Ctrl-C."""
    lines = []
    while not (lines and "Everything keeps running until Ctrl-C." in lines[-1]):
        line = await asyncio.wait_for(process.stdout.readline(), 600)  # it sends as many requests on a slow machine
        assert line, "".join(lines) + (await process.stderr.read()).decode()
        lines.append(line.decode())
    return "".join(lines)


@pytest.mark.timeout(900)
async def test_demo_shows_what_the_tutorial_lists_and_its_pairs_can_be_opened(folder):
    """Eight seconds of traffic, since in fewer no difference stands out from chance."""
    process = await started(folder, KEEP.replace("--keep", f"--keep {SHORTER}"))
    try:
        text = await shown(process)
        verdicts = dict(re.findall(r"(?m)^  . {2}(faithful|toolbreaker|spacer) +(.+)$", text))
        assert verdicts["faithful"].startswith((promised("^no difference seen$"), f"{promised('^undecided$')}: too few pairs"))
        assert all(verdicts[name].startswith(promised("^differs from its")) for name in ("toolbreaker", "spacer"))
        assert re.search(r"\(\d+ pairs, \d+ of them noise\)|\(kind\s+of\s+answer,\s+\d+\s+pairs\)", text)
        admin = re.search(r"side by side: (\S+)/", text)[1]

        async def linked() -> re.Match[str] | None:
            """What is evidence is computed beside the pages, which state so until then."""
            return re.search(r'href="(/pairs/[^"?]+)', await opened(f"{admin}/pairs"))

        pair = await opened(admin + (await until(linked))[1])
        assert "provider" in pair
        assert "reference" in pair
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        # its exit status is tested in tests/shadow/demo/test_demo_run.py
        await asyncio.wait_for(process.wait(), PATIENCE)


async def test_try_of_a_provider_against_itself_passes_as_in_the_tutorial(folder):
    async with PretendedServer(seed=3, pace=ResponsePace(first_token=0, chunks_per_second=5_000)) as provider:
        printed = await said(folder, TRY.replace(PROVIDER, provider.base_url))
        again = await said(folder, ".venv/bin/sameweights study show try")
        assert len(provider.requests) <= 300
    assert f"{promised('^PASS$')} less than the 10 points allowed" in printed
    assert again == printed


@asynccontextmanager
async def serving(folder: Path, block: str):
    """`serve` as the page has it; the data port, the admin port, and what it writes at the start."""
    process = await started(folder, block)
    lines: list[str] = []
    drained = None
    try:
        data, admin = await asyncio.wait_for(addresses(process, lines), PATIENCE)
        drained = asyncio.create_task(drain(process, lines))
        yield data, admin, lines
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.wait(), PATIENCE)
        if drained:
            await drained


async def asked(folder: Path, data: str) -> list[str]:
    """The page's own client, three requests; what it prints."""
    block = CLIENT.replace("http://127.0.0.1:8080", data)
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", block, cwd=folder, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    assert process.returncode == 0
    return out.decode().splitlines()


async def test_provider_against_itself_gives_the_tutorial_s_output(folder):
    async with PretendedServer(
        seed=3, pace=ResponsePace(first_token=0, chunks_per_second=5_000), faults=PlantedFaults()
    ) as provider:
        block = SERVE.replace(PROVIDER, provider.base_url)
        assert block.count(provider.base_url) == 2
        async with serving(folder, block.rstrip() + " --listen 127.0.0.1:0 --admin 127.0.0.1:0\n") as (data, admin, lines):
            assert promised("are one server") in "".join(lines)
            assert len(await asked(folder, data)) >= 3

            async def paired() -> bool:
                return (await opened(f"{admin}/pairs?show=all")).count('href="/pairs/0') >= 3

            await until(paired)
            pairs, report = LOOK.splitlines()
            listed = await said(folder, pairs)
            verdict = await said(folder, report)
    assert listed.count("upstream") == 3
    assert promised("^undecided, 3 pairs") in verdict
    assert "upstream and reference are the same server" in verdict
    assert "✗" not in verdict
    assert "✓" not in verdict
