"""A network whose only way out is a proxy with a company's own certificates: live requests, shadows and the webhook take it."""

import ssl

import aiohttp
import pytest
import trustme

from storage.rows import PairFilter
from tests.outbound import outbound_proxy
from tests.running import chat, until
from tests.wires import ok, scripted

pytestmark = [pytest.mark.journey, pytest.mark.promise("transparency.outbound")]

CONFIG = """
[proxy]
listen = "127.0.0.1:0"
provider = "far"
reference = "maker"
[proxy.providers.far]
base_url = "https://far.example.test/v1"
[proxy.providers.maker]
base_url = "https://maker.example.test/v1"
api_key_env = "MAKER_KEY"
[shadow]
sample_rate = 1.0
wait = 3600
[admin]
listen = "127.0.0.1:0"
"""
ANSWER = ok(
    b'{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"finish_reason":"stop",'
    b'"message":{"role":"assistant","content":"hi"}}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}',
    b"Content-Type: application/json",
)


async def test_proxy_and_certificates_of_the_environment_are_used_for_live_and_shadow_requests(serve, tmp_path):
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("far.example.test", "maker.example.test").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    async with scripted(None, ANSWER, ssl=context) as provider, outbound_proxy(provider.port) as through:
        env = {"MAKER_KEY": "sk-maker", "HTTPS_PROXY": through.url, "SSL_CERT_FILE": str(tmp_path / "ca.pem"), "NO_PROXY": ""}
        async with serve(CONFIG, env=env) as served, aiohttp.ClientSession() as session:
            async with session.post(f"{served.data}/v1/chat/completions", data=chat()) as got:
                assert got.status == 200
            await until(lambda: served.database.exists() and served.reader.pairs(PairFilter()))
            assert any("HTTPS_PROXY: 'far', 'maker' reached by the proxy" in line for line in served.errors)
    assert {head.split(b"\r\n")[0] for head in through.heads} == {
        b"CONNECT far.example.test:443 HTTP/1.1",
        b"CONNECT maker.example.test:443 HTTP/1.1",
    }
