"""The pods of the Helm chart, started as rendered: their arguments, variables and file, with a real broker and database."""

from contextlib import asynccontextmanager

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


@asynccontextmanager
async def values(tmp_path):
    """What a fleet on this machine needs in its values: a provider, and a broker."""
    async with PretendedServer(seed=1) as main, nats_server(tmp_path / "nats") as server:
        broker = {"url": server.url, "replicas": 1, "max_bytes": 64 * 1024 * 1024, "credentials_env": ""}
        proxy = {"workers": 1, "providers": {"upstream": {"base_url": main.base_url}, "reference": {"base_url": main.base_url}}}
        yield server, {"config": {"proxy": proxy, "broker": broker, "shadow": {"sample_rate": 0}}}


@pytest.mark.promise("fleet.apart", "fleet.accounted")
async def test_a_rendered_fleet_forwards_while_broker_and_auditors_are_away_and_stores_all_of_it_later(
    serve, tmp_path, postgres_url
):
    async with values(tmp_path) as (server, more):
        documents = rendered("fleet", more)
        await server.stop()
        async with started(serve, documents, "proxy") as proxy, aiohttp.ClientSession() as session:
            traffic = Traffic(proxy, session)
            async with traffic.flowing():
                await traffic.at_least(20)
            status, why = await readiness(proxy)
            assert status == 200
            assert "cannot be reached" in why
            await server.start()
            async with started(serve, documents, "audit", DATABASE_URL=postgres_url) as auditor:
                await until(lambda: rows(postgres_url) == traffic.sent)
                assert await readiness(auditor) == (200, "ready\n")
                await server.stop()

                async def away() -> bool:
                    return (await readiness(auditor))[0] == 503

                await until(away)
                assert (await readiness(proxy))[0] == 200
                await server.start()
