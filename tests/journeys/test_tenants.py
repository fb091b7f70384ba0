"""Two tenants use one installation: each by its key, with its routes, its rate, its figures and its retention of words."""

import asyncio
import json
import os
import sys
from pathlib import Path

import aiohttp
import pytest

from shadow.demo.pretended_server import PretendedServer
from storage.rows import PairFilter
from tests.journeys.test_whole_path_of_a_request import CONFIG, audited, post
from tests.running import chat, until

pytestmark = pytest.mark.journey

ALPHA, BETA = "key-of-alpha-0123456", "key-of-beta-01234567"
ENV = {"OFFICIAL_KEY": "x", "KEY_ALPHA": ALPHA, "KEY_BETA": BETA}
TENANTS = """
[[tenants]]
name = "alpha"
key_env = "KEY_ALPHA"

[[tenants]]
name = "beta"
key_env = "KEY_BETA"
routes = ["candidate"]
sample_rate = 0.0
bodies = "none"
"""


async def printed(served, *arguments: str) -> str:
    command = (sys.executable, "-P", "-m", "shadow.cli", *arguments, "--db", f"sqlite:///{served.database}")
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, env={**os.environ, "COLUMNS": "200", "PYTHONPATH": str(Path.cwd())}
    )
    out, _ = await process.communicate()
    return out.decode()


@pytest.mark.promise("tenants.apart", "tenants.refused")
async def test_requests_are_of_the_tenant_of_their_key_and_others_are_refused_and_not_kept(serve):
    async with PretendedServer(seed=1) as candidate, PretendedServer(seed=2) as official:
        toml = CONFIG.format(candidate=candidate.base_url, official=official.base_url) + TENANTS
        toml = toml.replace("[proxy]\n", '[proxy]\norigins = ["https://app.example"]\n', 1)
        async with serve(toml, env=ENV) as served, aiohttp.ClientSession() as session:
            answers = {}
            for name, headers in {
                "none": {},
                "wrong": {"x-sameweights-key": "key-of-no-tenant-0123"},
                "alpha": {"x-sameweights-key": ALPHA},
                "beta on another route": {"x-sameweights-key": BETA},
                "beta": {"x-sameweights-key": BETA, "x-sameweights-provider": "candidate"},
            }.items():
                async with post(session, served.data, chat(text=f"Question of {name}"), **headers) as got:
                    answers[name] = (got.status, await got.read())
            assert {name: status for name, (status, _) in answers.items()} == {
                "none": 401,
                "wrong": 401,
                "alpha": 200,
                "beta on another route": 403,
                "beta": 200,
            }
            preflight = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
            async with session.options(f"{served.data}/v1/chat/completions", headers=preflight) as got:
                assert (got.status, (await got.json())["error"]["code"]) == (401, "tenant_key_missing")
            assert len(candidate.requests) == 2
            refused = {name: json.loads(answers[name][1])["error"] for name in ("none", "wrong", "beta on another route")}
            assert [error["code"] for error in refused.values()] == [
                *("tenant_key_missing", "tenant_key_unknown", "route_not_allowed")
            ]
            assert not any(key in str(refused) for key in (ALPHA, BETA, "key-of-no-tenant"))
            assert "x-sameweights-key" not in str([dict(each.headers) for each in candidate.requests]).lower()
            await audited(served, 1)

            async def counted() -> bool:
                return await served.metric("sameweights_tenant_requests_total", tenant="beta", code="2xx") == 1

            assert await until(counted)
            await served.shows(1, "sameweights_tenant_requests_total", tenant="alpha", code="2xx")
            reader = served.reader
            assert [one.pair.id for one in reader.pairs(PairFilter(tenant="alpha"))]
            assert reader.pairs(PairFilter(tenant="beta")) == []
            pair = reader.pairs(PairFilter(tenant="alpha"))[0].pair
            assert {reader.exchange(id_).tenant for id_ in (pair.subject_id, pair.reference_id)} == {"alpha"}
            reader.close()
            shown = json.loads(await printed(served, "report", "--tenant", "alpha", "--json"))
            assert [(line["provider"], line["requests"]) for line in shown["traffic"]] == [("candidate", 1)]
            assert "Verdicts are about providers" in await printed(served, "report", "--tenant", "beta")
            async with session.get(f"{served.admin}/pairs?show=all&tenant=beta") as page:
                assert pair.id not in await page.text()
        written = b"".join(path.read_bytes() for path in served.database.parent.glob("served.db*"))
        for key in (ALPHA, BETA, "key-of-no-tenant-0123"):
            assert key.encode() not in written
            assert key not in "".join(served.errors)
        assert b"Question of none" not in written
