"""The pods of the Helm chart, started as rendered: their arguments, variables and file, with a real broker and database."""

import tempfile
from collections.abc import Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from shadow.demo.pretended_server import PretendedServer
from tests.brokers import nats_server
from tests.fleets import Traffic, rows
from tests.helm import one, rendered, roles
from tests.running import until

pytestmark = pytest.mark.journey
KEYS = {"REFERENCE_KEY": "k"}


def started(serve, documents: list[dict], role: str, **variables: str):
    """`serve` with what the pod of this role is given, except that its ports are free ones of this machine."""
    (container,) = roles(documents)[role]["containers"]
    own = {each["name"]: each["value"] for each in container["env"]}
    ports = {name: "127.0.0.1:0" for name in own if name.endswith("__LISTEN")}
    text = one(documents, "ConfigMap", "sameweights")["data"]["sameweights.toml"]
    return serve(
        text, arguments=tuple(container["args"][2:]), env=own | ports | KEYS | variables, ports=1 if role == "audit" else 2
    )


async def readiness(served) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(f"{served.admin}/readyz") as got:
        return got.status, await got.text()


HOOK = """
import os, sys
def noted(event, given):
    path = given[0] if given else None
    if event == "open":
        flags = given[2] or 0
        if not flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            return
    elif event not in {"os.mkdir", "os.rename", "sqlite3.connect"}:
        return
    if isinstance(path, (str, bytes, os.PathLike)) and not writing:
        writing.append(1)
        os.write(log, (os.path.abspath(os.fsdecode(path)) + "\\n").encode())
        writing.clear()
writing = []
log = os.open(os.environ["WRITTEN_PATHS"], os.O_WRONLY | os.O_APPEND)
sys.addaudithook(noted)
"""
"""Notes each path that a process of Python opens to write, makes or moves."""


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder in the place of /tmp, whose path is short enough for a socket in it."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.fixture
def hooked(tmp_path, short) -> dict[str, str]:
    """Variables with which each process of `serve` notes its paths in `tmp_path/written`; its /tmp is `short`."""
    (tmp_path / "hooks").mkdir()
    (tmp_path / "hooks" / "sitecustomize.py").write_text(HOOK)
    (tmp_path / "written").touch()
    return {
        "PYTHONPATH": f"{tmp_path / 'hooks'}:{Path.cwd()}",
        "PYTHONDONTWRITEBYTECODE": "1",  # as in an image, whose code is compiled and cannot be written
        "WRITTEN_PATHS": str(tmp_path / "written"),
        "TMPDIR": str(short),
    }


@asynccontextmanager
async def values(tmp_path):
    """What a fleet on this machine needs in its values: a provider, and a broker."""
    async with PretendedServer(seed=1) as main, nats_server(tmp_path / "nats") as server:
        broker = {"url": server.url, "replicas": 1, "max_bytes": 64 * 1024 * 1024, "credentials_env": ""}
        proxy = {"workers": 1, "providers": {"upstream": {"base_url": main.base_url}, "reference": {"base_url": main.base_url}}}
        yield server, {"config": {"proxy": proxy, "broker": broker, "shadow": {"sample_rate": 0}}}


@pytest.mark.promise("fleet.apart", "fleet.accounted")
async def test_a_rendered_fleet_forwards_while_broker_and_auditors_are_away_stores_all_later_and_writes_to_tmp_alone(
    serve, tmp_path, postgres_url, hooked, short
):
    async with values(tmp_path) as (server, more):
        documents = rendered("fleet", more)
        await server.stop()
        async with started(serve, documents, "proxy", **hooked) as proxy, aiohttp.ClientSession() as session:
            traffic = Traffic(proxy, session)
            async with traffic.flowing():
                await traffic.at_least(20)
            status, why = await readiness(proxy)
            assert status == 200
            assert "cannot be reached" in why
            await server.start()
            async with started(serve, documents, "audit", DATABASE_URL=postgres_url, **hooked) as auditor:

                async def stored() -> bool:
                    found = await auditor.metric("sameweights_store_records_total", table="exchanges", result="stored")
                    return found == traffic.sent

                await until(stored)
                assert rows(postgres_url) == traffic.sent
                assert (await readiness(auditor))[0] == 200
                await server.stop()

                async def away() -> bool:
                    return (await readiness(auditor))[0] == 503

                await until(away)
                assert (await readiness(proxy))[0] == 200
                await server.start()
    places = [Path(path) for path in (tmp_path / "written").read_text().splitlines()]
    assert short in {path.parent for path in places}, "the folder of the socket"
    assert {path for path in places if not path.is_relative_to(short) and path.parts[1] not in {"dev", "proc"}} == set()
