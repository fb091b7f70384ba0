"""The data port over TLS in a running server: OpenAI's client, curl, a renewed certificate, a client without TLS."""

import asyncio
import os
import signal

import aiohttp
import httpx2
import openai
import pytest
import trustme

from shadow.demo.pretended_server import PretendedServer, ResponsePace
from tests.certificates import issued
from tests.journeys.through import TEXT
from tests.running import chat, until

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


async def curl(*arguments: str) -> tuple[int, bytes]:
    process = await asyncio.create_subprocess_exec(
        "curl", "-sS", "--max-time", "20", *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    out, _ = await process.communicate()
    return process.returncode, out


async def test_clients_are_answered_over_tls_and_a_renewed_certificate_is_served(serve, tmp_path):
    first, second = trustme.CA(), trustme.CA()
    first.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
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
        authority = ("--cacert", str(tmp_path / "ca.pem"))
        target = (f"{served.data}/v1/chat/completions", "--data-binary", chat().decode())
        assert (await curl(*authority, *target))[0] == 0
        code, out = await curl(*(part.replace("https:", "http:") for part in target))
        assert (code != 0, out) == (True, b"")
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


async def counted(served, name: str, count: int) -> bool:
    return await served.metric(name) == count


async def all_of(holds, times: int) -> bool:
    return all([await holds() for _ in range(times)])
