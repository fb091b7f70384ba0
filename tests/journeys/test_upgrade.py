"""docs/how-to/upgrade.md: records of an older version, those of a newer one, and the way back, with the page's own commands."""

import asyncio
import os
import re
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import aiohttp
import pytest

from shadow.demo.pretended_server import PretendedServer
from storage.opening import open_store
from storage.storage_config import StorageConfig
from tests.conformance import exchange_record, offered
from tests.first_database import FIRST_ROWS, FIRST_SCHEMA
from tests.running import PATIENCE, chat, until

pytestmark = pytest.mark.journey
ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = (ROOT / "docs" / "how-to" / "upgrade.md").read_text(encoding="utf-8")
CONFIG = """
[proxy]
listen = "127.0.0.1:0"
provider = "main"
[proxy.providers.main]
base_url = "{base_url}"
[admin]
listen = "127.0.0.1:0"
[storage]
keep_days = 36500
"""
LATER = "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('sameweights', 'm999_later', 'now')"


async def ran(folder: Path, *command: str | Path, **variables: str) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await asyncio.wait_for(process.communicate(), PATIENCE)
    return process.returncode, " ".join(out.decode().split())


async def sameweights(folder: Path, *arguments: str | Path) -> tuple[int | None, str]:
    return await ran(folder, sys.executable, "-P", "-m", "shadow.cli", *arguments)


def written(heading: str, first: str) -> str:
    """The command block under a heading of the page that begins with this word, for the database of this test."""
    under = re.search(rf"(?ms)^## {heading}$(.*?)(?=^## |\Z)", PAGE)
    assert under
    (block,) = [text for text in re.findall(r"(?ms)^```sh\n(.*?)^```$", under[1]) if text.startswith(first)]
    return block.replace("sameweights.db", "served.db")


@pytest.fixture
def database(tmp_path) -> Path:
    path = tmp_path / "served.db"
    with closing(sqlite3.connect(path)) as conn:
        conn.executescript(FIRST_SCHEMA + FIRST_ROWS)
    return path


@pytest.mark.promise("store.upgraded")
async def test_records_of_the_first_version_are_brought_up_to_date_and_go_back_as_a_copy(serve, tmp_path, database):
    show = ("show", "old", "--db", database)
    code, text = await sameweights(tmp_path, *show)
    assert code == 2
    assert "was written by an older version of sameweights: start sameweights serve once" in text
    assert await ran(tmp_path, "bash", "-euc", written("Keep a copy", "cp ")) == (0, "")
    async with PretendedServer(seed=1) as main:
        config = CONFIG.format(base_url=main.base_url)
        async with serve(config) as served:
            await asked(served)
            assert (await sameweights(tmp_path, *show))[0] == 0
        assert sorted(path.name for path in tmp_path.glob("served.db*")) == ["served.db", "served.db-before", "served.db-lock"]
        with closing(sqlite3.connect(database)) as conn, conn:
            conn.execute(LATER)
        before = database.read_bytes()
        code, text = await sameweights(tmp_path, "serve", tmp_path / "sameweights.toml")
        assert code == 2
        assert "was written by a newer version of sameweights: install that version, or change url in [storage]" in text
        assert database.read_bytes() == before
        assert await ran(tmp_path, "bash", "-euc", written("Go back", "rm ")) == (0, "")
        async with serve(config) as served:
            await asked(served)
            assert (await sameweights(tmp_path, *show))[0] == 0


async def asked(served) -> None:
    """One request through it, until it is stored."""
    async with aiohttp.ClientSession() as session, session.post(f"{served.data}/v1/chat/completions", data=chat()) as got:
        await got.read()
        assert got.status == 200
    await until(lambda: served.metric("sameweights_store_records_total", result="stored"))


@pytest.mark.promise("store.upgraded")
async def test_a_database_server_that_a_newer_version_changed_goes_back_as_a_dump(tmp_path, postgres_server):
    url, restored = postgres_server.empty(), postgres_server.empty()
    with closing(open_store(StorageConfig(url=url, batch_seconds=0.01))) as store:
        assert offered(store.add_exchange, exchange_record("old")).result(PATIENCE)
    assert await ran(tmp_path, "bash", "-euc", written("Keep a copy", "pg_dump"), DATABASE_URL=url) == (0, "")
    postgres_server.execute("INSERT INTO schema_steps (name) VALUES ('p999_later')", url.rpartition("/")[2])
    code, text = await sameweights(tmp_path, "show", "old", "--db", url)
    assert code == 2
    assert "was written by a newer version of sameweights: install that version, or change url in [storage]" in text
    assert await ran(tmp_path, "bash", "-euc", written("Go back", "pg_restore"), DATABASE_URL=restored) == (0, "")
    with closing(open_store(StorageConfig(url=restored, batch_seconds=0.01))) as store:
        assert store.exchange("old") == exchange_record("old").exchange
        assert offered(store.add_exchange, exchange_record("new")).result(PATIENCE)
    for each in (url, restored):
        postgres_server.drop(each)
