"""Tenants are added, changed and removed while `serve` runs: by SIGHUP, on connections that are open too."""

import json
import signal

import aiohttp
import pytest

from tests.journeys.test_bursts_and_budgets import providers, skipped, toml
from tests.journeys.test_tenants import ALPHA, BETA
from tests.journeys.test_tenants import ENV as KEYS
from tests.running import chat, until
from tests.wires import client, post

pytestmark = [pytest.mark.journey, pytest.mark.timeout(240)]

NEXT = "next-key-of-beta-012"
ENV = {**KEYS, "NEXT_KEY": NEXT}


def tenant(name: str, variable: str, more: str = "") -> str:
    return f'[[tenants]]\nname = "{name}"\nkey_env = "{variable}"\n{more}\n'


async def answer(wire, key: str) -> tuple[int, str]:
    """The status and the code of the error, "" for none, that a request with this key gets on this connection."""
    field = f"x-sameweights-key: {key}".encode()
    await wire.send(post(chat(text="Hello"), field, close=False))
    head = (await wire.until(b"\r\n\r\n")).lower()
    body = await wire.exactly(int(head.split(b"content-length: ")[1].split(b"\r\n")[0]))
    return int(head.split()[1]), json.loads(body).get("error", {}).get("code", "")


@pytest.mark.promise("reload.tenants")
async def test_reload_adds_changes_and_removes_tenants_on_connections_that_are_open(serve, tmp_path):
    async with providers() as (candidate, official):
        base = toml(candidate, official, 'period = "month"\n')
        alpha = tenant("alpha", "KEY_ALPHA", "budget = { requests = 1 }")
        async with serve(base + alpha, env=ENV) as served:
            path, port = tmp_path / "sameweights.toml", int(served.data.rpartition(":")[2])
            written = path.read_text()

            async def reload(*tenants: str, event: str = "config_reloaded") -> str:
                before = len(served.errors)
                path.write_text(written.replace(alpha, "".join(tenants)))
                served.process.send_signal(signal.SIGHUP)
                await until(lambda: any(event in line for line in served.errors[before:]))
                return "".join(served.errors[before:])

            async with client(port) as first, client(port) as second:

                async def becomes(wire, key: str, wanted: tuple[int, str]) -> None:
                    async def came() -> bool:
                        return await answer(wire, key) == wanted

                    await until(came)

                assert [await answer(first, ALPHA) for _ in range(2)] == [(200, "")] * 2
                await skipped(served, 1, "tenant_budget_requests")
                assert await answer(second, BETA) == (401, "tenant_key_unknown")
                said = await reload(tenant("alpha", "KEY_ALPHA", "budget = { requests = 2 }"), tenant("beta", "KEY_BETA"))
                assert "restart_needed" not in said
                await becomes(second, BETA, (200, ""))
                await until(lambda: _left(served, 1))
                assert [await answer(first, ALPHA) for _ in range(2)] == [(200, "")] * 2
                await until(lambda: _left(served, 0))
                await reload(tenant("alpha", "KEY_ALPHA", 'routes = ["candidate"]'), tenant("beta", "NEXT_KEY"))
                await becomes(second, BETA, (401, "tenant_key_unknown"))
                assert await answer(second, NEXT) == (200, "")
                assert await answer(first, ALPHA) == (403, "route_not_allowed")
                said = await reload(tenant("beta", "NOT_SET"), event="reload_refused")
                assert "the environment variable 'NOT_SET' is not set" in said
                assert await answer(second, NEXT) == (200, "")
                await reload(tenant("beta", "NEXT_KEY"))
                await becomes(first, ALPHA, (401, "tenant_key_unknown"))
                assert await answer(second, NEXT) == (200, "")
                assert "tenants_removed" in await reload()
                await becomes(first, ALPHA, (200, ""))
            assert not any(key in "".join(served.errors) for key in (ALPHA, BETA, NEXT))


async def _left(served, count: int) -> bool:
    line = f'sameweights_tenant_budget_left{{tenant="alpha",unit="requests"}} {count}'
    try:
        return line in (await served.metrics()).splitlines()
    except aiohttp.ClientError:
        return False
