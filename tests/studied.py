"""Studies as a user runs them: the real command beside pretended providers, its output, its exit code, and its database."""

import asyncio
import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from shadow.demo.pretended_server import ResponsePace
from storage.opening import open_reader
from storage.storage_config import StorageConfig

QUICK = ResponsePace(first_token=0.001, chunks_per_second=100_000)
"""A pretended provider that answers at once."""
ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def words(self) -> dict[str, str]:
        """The verdict's word of each candidate."""
        found = re.findall(r"^  [✗✓?·]  (\S+) +(PASS|FAIL|UNDECIDED|NOT MEASURED|COMPARED)$", self.out, re.MULTILINE)
        return dict(found)


def write_config(folder: Path, providers: Mapping[str, str], reference: str, more: str = "") -> None:
    """`sameweights.toml` with these providers by their addresses, priced at a unit for a million tokens of either kind."""
    tables = "".join(
        f'[proxy.providers.{name}]\nbase_url = "{url}"\nprice_input = 1.0\nprice_output = 1.0\n'
        for name, url in providers.items()
    )
    text = f'[proxy]\nreference = "{reference}"\n{more}{tables}'
    (folder / "sameweights.toml").write_text(text, encoding="utf-8")


def write_rows(path: Path, bodies: Sequence[object]) -> Path:
    """A JSONL file of these bodies."""
    path.write_text("".join(json.dumps(body) + "\n" for body in bodies), encoding="utf-8")
    return path


async def start(folder: Path, *arguments: str, **env: str) -> asyncio.subprocess.Process:
    """The command, in a process of its own session."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "shadow.cli", *arguments),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **env},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )


async def run(folder: Path, *arguments: str, **env: str) -> Ended:
    """The command to its end."""
    process = await start(folder, *arguments, **env)
    out, err = await process.communicate()
    assert process.returncode is not None
    return Ended(process.returncode, out.decode(), err.decode())


def reader(database: Path):
    """The database of a study, read beside its writer."""
    return open_reader(StorageConfig(url=f"sqlite:///{database}"))
