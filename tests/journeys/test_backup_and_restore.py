"""The commands of docs/how-to/backup-and-restore.md, run as they stand there while `serve` writes: the report stays the same."""

import asyncio
import os
import re
import sys
from contextlib import closing
from pathlib import Path

import pytest

from shadow.demo.pretended_server import PretendedServer
from storage.opening import open_reader
from storage.rows import PairFilter
from storage.storage_config import StorageConfig
from tests.journeys.two_providers import EACH_IS_SAMPLED, TWO_PROVIDERS, post_chats
from tests.postgres_server import binaries
from tests.running import Served, chat, until

pytestmark = [pytest.mark.promise("store.backup"), pytest.mark.journey, pytest.mark.slow]

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "how-to" / "backup-and-restore.md").read_text(encoding="utf-8")
FEW = 30


def commands(section: str) -> list[str]:
    """The blocks of shell lines of one section of the page, in their order."""
    (text,) = re.findall(rf"(?ms)^## {section}$(.*?)(?=^## |\Z)", PAGE)
    return re.findall(r"(?ms)^```sh\n(.*?)^```$", text)


async def run(folder: Path, lines: str, **environ: str) -> str:
    """The output of a block; its `sameweights` is the one of this tree."""
    home = binaries()
    assert home is not None
    function = f'sameweights() {{ "{sys.executable}" -P -m shadow.cli "$@"; }}\n'
    path = f"{home}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    process = await asyncio.create_subprocess_exec(
        *("bash", "-euo", "pipefail", "-c", function + lines),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path.cwd()), "PATH": path, **environ},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    return output.decode()


async def report(folder: Path, url: str) -> str:
    """All figures of all records, up to a fixed moment."""
    return await run(folder, f'sameweights report --db "{url}" --since all --until 2100-01-01 --json')


def whole_pairs(url: str) -> int:
    """How many pairs a database has, each with both answers whole."""
    with closing(open_reader(StorageConfig(url=url))) as reader:
        pairs = reader.pairs(PairFilter(limit=10_000))
        for each in pairs:
            for one in (each.pair.subject_id, each.pair.reference_id):
                found = reader.exchange(one)
                assert found is not None
                assert found.response_body
        return len(pairs)


class Flowing:
    """Requests that go on while something is done."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self._number = 0
        self._task: asyncio.Task | None = None

    async def __aenter__(self):
        self._task = asyncio.create_task(self._send())
        return self

    async def __aexit__(self, *_):
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _send(self) -> None:
        while True:
            self._number += 1
            await post_chats(self._served, [chat(text=f"flowing {self._number}")])


async def judged(url: str) -> int:
    """Wait until every pair is judged; their number."""

    def settled() -> int:
        with closing(open_reader(StorageConfig(url=url))) as reader:
            waiting = reader.page_queries.judged(0, 0)
            return 0 if waiting.get("not_judged") else sum(waiting.values())

    return int(str(await until(settled)))


async def recorded(serve, toml: str, url: str, take, **more) -> None:
    """A `serve` with some pairs, of which `take` makes a backup while more are written."""
    async with serve(toml, **more) as served:
        await post_chats(served, [chat(text=f"Say {number}") for number in range(FEW)])
        await until(lambda: whole_pairs(url) >= FEW)
        async with Flowing(served):
            await until(lambda: whole_pairs(url) > FEW)
            await take()
            taken = whole_pairs(url)
            await until(lambda: whole_pairs(url) > taken)
        await judged(url)


async def test_sqlite_file_is_copied_while_it_is_written_and_takes_the_place_of_the_other(serve, tmp_path):
    backup, by_python, look, restore = commands("SQLite")
    url, copy = tmp_path / "sameweights.db", tmp_path / "backup.db"

    async def take() -> None:
        for lines in (by_python, backup):
            copy.unlink(missing_ok=True)
            await run(tmp_path, lines)
            assert copy.stat().st_mode & 0o777 == 0o600
            assert whole_pairs(str(copy)) >= FEW
        output = await run(tmp_path, look)
        assert output.startswith("ok\n")

    async with PretendedServer(seed=1) as candidate, PretendedServer(seed=2) as official:
        toml = TWO_PROVIDERS.format(candidate=candidate.base_url, official=official.base_url) + EACH_IS_SAMPLED
        env = {"SAMEWEIGHTS_STORAGE__URL": f"sqlite:///{url}"}
        await recorded(serve, toml, str(url), take, env=env)
        before = await report(tmp_path, str(url))
        copy.unlink()
        await run(tmp_path, backup)
        await run(tmp_path, restore)
        assert sorted(path.name for path in (tmp_path / "replaced").iterdir()) == ["sameweights.db", "sameweights.db-lock"]
        assert await report(tmp_path, str(url)) == before
        pairs = whole_pairs(str(url))
        async with serve(toml, env=env) as served:
            await post_chats(served, [chat(text="and on")])
            await until(lambda: whole_pairs(str(url)) == pairs + 1)
            assert await judged(str(url)) == pairs + 1


async def test_postgresql_is_dumped_while_it_is_written_and_restored_into_another_database(serve, tmp_path, postgres_server):
    dump, restore = commands("PostgreSQL")
    url, other = postgres_server.empty(), postgres_server.empty()
    environ = {"DATABASE_URL": url, "RESTORED_URL": other}

    async def take() -> None:
        await run(tmp_path, dump, **environ)
        assert (tmp_path / "backup.dump").stat().st_mode & 0o777 == 0o600
        await run(tmp_path, restore, **environ)
        assert whole_pairs(other) >= FEW

    try:
        async with PretendedServer(seed=1) as candidate, PretendedServer(seed=2) as official:
            toml = TWO_PROVIDERS.format(candidate=candidate.base_url, official=official.base_url) + EACH_IS_SAMPLED
            await recorded(serve, toml, url, take, env={"SAMEWEIGHTS_STORAGE__URL": url})
            before = await report(tmp_path, url)
            postgres_server.drop(other)
            environ["RESTORED_URL"] = other = postgres_server.empty()
            await run(tmp_path, dump, **environ)
            await run(tmp_path, restore, **environ)
            assert await report(tmp_path, other) == before
            pairs = whole_pairs(other)
            async with serve(toml, env={"SAMEWEIGHTS_STORAGE__URL": other}) as served:
                await post_chats(served, [chat(text="and on")])
                await until(lambda: whole_pairs(other) == pairs + 1)
                assert await judged(other) == pairs + 1
    finally:
        postgres_server.drop(url)
        postgres_server.drop(other)
