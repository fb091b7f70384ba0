"""The admin port with a token and TLS in a running server, and a certificate that is renewed while it serves."""

import os
import signal
import ssl

import aiohttp
import pytest
import trustme

from tests.running import until

pytestmark = [pytest.mark.journey, pytest.mark.promise("local.token")]

TOKEN = "a-token-of-this-test"
CONFIG = """
[proxy]
listen = "127.0.0.1:0"
provider = "one"
[proxy.providers.one]
base_url = "http://127.0.0.1:9/v1"
[admin]
listen = "127.0.0.1:0"
token_env = "PAGES_TOKEN"
metrics = "token"
tls_cert = "{folder}/cert.pem"
tls_key = "{folder}/key.pem"
"""


def issue(ca: trustme.CA, folder) -> None:
    made = ca.issue_cert("127.0.0.1")
    made.cert_chain_pems[0].write_to_path(str(folder / "cert.pem"))
    made.private_key_pem.write_to_path(str(folder / "key.pem"))


async def test_pages_need_the_token_over_tls_and_a_renewed_certificate_is_served(serve, tmp_path, monkeypatch):
    first, second = trustme.CA(), trustme.CA()
    issue(first, tmp_path)
    monkeypatch.setenv("PAGES_TOKEN", TOKEN)
    async with serve(CONFIG.format(folder=tmp_path)) as served:

        async def status(ca: trustme.CA, path: str, **headers: str) -> int:
            trust = ssl.create_default_context()
            ca.configure_trust(trust)
            # a connection of its own each time, because a kept one shows the certificate of its beginning
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"{served.admin}{path}", ssl=trust, headers=headers) as got,
            ):
                return got.status

        authorized = {"Authorization": f"Bearer {TOKEN}"}
        assert await status(first, "/healthz") == 200
        assert [await status(first, path) for path in ("/pairs", "/metrics")] == [401, 401]
        assert [await status(first, path, **authorized) for path in ("/pairs", "/metrics")] == [200, 200]
        issue(second, tmp_path)
        os.kill(served.process.pid, signal.SIGHUP)

        async def renewed() -> bool:
            try:
                return await status(second, "/healthz") == 200
            except aiohttp.ClientConnectorCertificateError:
                return False

        await until(renewed)


async def test_audit_that_starts_again_while_the_files_are_renewed_serves_the_certificate_of_before(serve, tmp_path, monkeypatch):
    ca, trust = trustme.CA(), ssl.create_default_context()
    issue(ca, tmp_path)
    ca.configure_trust(trust)
    monkeypatch.setenv("PAGES_TOKEN", TOKEN)
    async with serve(CONFIG.format(folder=tmp_path)) as served:
        (tmp_path / "cert.pem").write_text("half a certificate")
        name = "shadow.processes.audit_process"
        before = served.children()[name]
        os.kill(before, signal.SIGKILL)
        await until(lambda: served.children().get(name, before) != before)
        async with aiohttp.ClientSession() as session, session.get(f"{served.admin}/healthz", ssl=trust) as got:
            assert got.status == 200
        await until(lambda: any("certificate_not_renewed" in line for line in served.errors))
