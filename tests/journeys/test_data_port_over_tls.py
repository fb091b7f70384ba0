"""The data port over TLS in a running server: OpenAI's client, Python's own, a renewed certificate, a client without TLS."""

import asyncio
import http.client
import os
import signal
import ssl
import urllib.request

import aiohttp
import httpx2
import openai
import pytest
import trustme

from shadow.demo.pretended_server import PretendedServer, ResponsePace
from tests.certificates import issued
from tests.journeys.through import TEXT
from tests.running import PATIENCE, chat, until

pytestmark = [pytest.mark.journey, pytest.mark.promise("tls.served")]

CONFIG = """
[proxy]
listen = "127.0.0.1:0"
provider = "one"
workers = 2
tls_cert = "{0}"
tls_key = "{1}"
[proxy.providers.one]
base_url = "{2}"
[admin]
listen = "127.0.0.1:0"
"""


def by_standard_library(address: str, trust: ssl.SSLContext) -> int:
    """The status that Python's own client gets, in which `urllib` speaks TLS by `ssl` and HTTP by `http.client`."""
    asked = urllib.request.Request(f"{address}/v1/chat/completions", data=chat())
    with urllib.request.urlopen(asked, context=trust, timeout=PATIENCE) as got:
        return got.status


async def test_clients_are_answered_over_tls_and_a_renewed_certificate_is_served(serve, tmp_path):
    first, second = trustme.CA(), trustme.CA()
    trust, files = issued(tmp_path, first)
    async with (
        PretendedServer(pace=ResponsePace(first_token=0, chunks_per_second=5_000)) as pretend,
        serve(CONFIG.format(*files, pretend.base_url)) as served,
    ):
        assert served.data.startswith("https://127.0.0.1:")
        async with openai.AsyncOpenAI(
            base_url=f"{served.data}/v1", api_key="k", max_retries=0, http_client=httpx2.AsyncClient(verify=trust)
        ) as asking:
            given = {"model": "m", "messages": [{"role": "user", "content": TEXT}], "temperature": 0}
            whole = await asking.chat.completions.create(**given)
            stream = await asking.chat.completions.create(**given, stream=True)
            pieces = [chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices]
            assert "".join(pieces) == whole.choices[0].message.content != ""
        assert await asyncio.to_thread(by_standard_library, served.data, trust) == 200
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            await asyncio.to_thread(by_standard_library, served.data.replace("https:", "http:"), trust)
        await until(lambda: counted(served, "sameweights_requests_total", 3))
        await until(lambda: counted(served, "sameweights_client_tls_failures_total", 1))

        renewed, _ = issued(tmp_path, second)
        os.kill(served.process.pid, signal.SIGHUP)

        async def answered() -> bool:
            try:
                async with aiohttp.ClientSession() as session, session.get(f"{served.data}/v1/models", ssl=renewed) as got:
                    return got.status == 200
            except aiohttp.ClientConnectorCertificateError:
                return False

        # both workers, one of which gets each new connection
        await until(lambda: all_of(answered, 8))


@pytest.mark.promise("plane.crash")
async def test_forwarding_process_that_starts_again_while_the_files_are_renewed_serves_the_certificate_of_before(serve, tmp_path):
    trust, files = issued(tmp_path)
    async with (
        PretendedServer() as pretend,
        serve(CONFIG.format(*files, pretend.base_url).replace("workers = 2", "workers = 1")) as served,
    ):
        (tmp_path / "cert.pem").write_text("half a certificate")
        before = served.children()["proxy.server"]
        os.kill(before, signal.SIGKILL)
        await until(lambda: served.children().get("proxy.server", before) != before)
        assert await asyncio.to_thread(by_standard_library, served.data, trust) == 200
        await until(lambda: any("certificate_not_renewed" in line for line in served.errors))


async def counted(served, name: str, count: int) -> bool:
    return await served.metric(name) == count


async def all_of(holds, times: int) -> bool:
    return all([await holds() for _ in range(times)])
