"""No secret at rest or on screen, nothing kept of who wants nothing kept, and what is to be forgotten is gone."""

import asyncio
import gzip
import os
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import aiohttp
import pytest

from shadow.demo.pretended_server import PretendedServer
from tests.journeys.test_whole_path_of_a_request import CONFIG, audited, post
from tests.running import PATIENCE, chat, until
from tests.wires import ask, plane, scripted
from tests.wires import post as raw_post

pytestmark = pytest.mark.journey

KEY = b"client-key-1234567890"
OURS = "provider-key-0987654321"
SAID = b'{"error":{"message":"Incorrect API key provided: %b. Or was it %b?","code":"invalid_api_key"}}' % (KEY, OURS.encode())


def answer(status: bytes, body: bytes, *fields: bytes) -> bytes:
    head = (b"HTTP/1.1 %b" % status, b"Content-Type: application/json", *fields, b"Content-Length: %d" % len(body), b"", b"")
    return b"\r\n".join(head) + body


@pytest.mark.promise("secrets.echoed", "secrets.forwarder")
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("field", [b"Authorization: Bearer %b", b"x-api-key: %b", b"api-key: %b", b"Cookie: a=b; session=%b"])
@pytest.mark.parametrize("status", [b"401 Unauthorized", b"200 OK"], ids=["401", "200"])
async def test_key_echoed_by_the_provider_reaches_only_the_client(status, field, packed):
    said = gzip.compress(SAID) if packed else SAID
    sent = answer(status, said, *((b"Content-Encoding: gzip",) if packed else ()))
    async with scripted(None, sent) as provider:
        other = {"base_url": "http://127.0.0.1:9/v1", "api_key_env": "K"}
        async with plane(environ={"K": OURS}, providers={"candidate": {"base_url": provider.url}, "other": other}) as running:
            body = b'{"messages":[{"role":"user","content":"%b"}]}' % KEY
            request = raw_post(body, field % KEY, target=b"/v1/chat/completions?key=" + KEY)
            got = await ask(running.port, request)
            assert got.endswith(said)
            assert KEY in provider.requests[0]
            exchange = await running.kept.next()
        assert KEY.decode() not in repr(exchange)
        assert OURS not in repr(exchange)
        assert b"Incorrect API key provided: ****" in exchange.response.body
        assert len(exchange.request.body) == exchange.request.size


@pytest.mark.promise("privacy.unrecorded")
async def test_request_with_recording_off_is_only_answered_and_counted(serve):
    async with PretendedServer(seed=1) as candidate, PretendedServer(seed=2) as official:
        toml = CONFIG.format(candidate=candidate.base_url, official=official.base_url)
        async with serve(toml, env={"OFFICIAL_KEY": "x"}) as served, aiohttp.ClientSession() as session:
            async with post(session, served.data, chat(text="Nobody knows this"), **{"x-sameweights-record": "off"}) as got:
                assert got.status == 200
                await got.read()
            async with post(session, served.data, chat(text="Somebody may know this")) as got:
                assert got.status == 200
                await got.read()
            assert len(await audited(served, 1)) == 1

            async def counted() -> bool:
                return await served.metric("sameweights_unrecorded_requests_total") == 1

            assert await until(counted)
            await served.shows(1, "sameweights_requests_total", role="primary", code="2xx")
            assert await served.metric("sameweights_handover_dropped_total") == 0
        assert len(candidate.requests) == 2
        assert "x-sameweights" not in str(candidate.requests[0].headers).lower()
        assert b"Nobody knows" not in b"".join(request.body for request in official.requests)


@pytest.mark.promise("secrets.patterns", "privacy.hash")
@pytest.mark.parametrize("bodies", ["full", "hash", "none"])
async def test_credentials_and_with_hashes_words_of_a_prompt_are_neither_stored_nor_shown(serve, tmp_path, bodies):
    secrets = ("sk-proj-abcdefghijklmnopqrstuvwx", "ghp_" + "a1" * 18, "ACME-123456")
    async with PretendedServer(seed=1) as candidate, PretendedServer(seed=2) as official:
        toml = CONFIG.format(candidate=candidate.base_url, official=official.base_url)
        toml += f"\n[storage]\nbodies = '{bodies}'\nredact = ['ACME-\\d{{6}}']\n"
        async with serve(toml, env={"OFFICIAL_KEY": "x"}) as served, aiohttp.ClientSession() as session:
            tag = {"x-sameweights-tag": secrets[0]}
            async with post(session, served.data, chat(text=f"Marmalade with {' and '.join(secrets)}"), **tag) as got:
                assert got.status == 200
                await got.read()
            [summary] = await audited(served, 1)
            shown = await served.metrics()
            for path in ("/pairs?show=all", f"/pairs/{summary.pair.id}", f"/exchanges/{summary.pair.id}/request"):
                async with session.get(served.admin + path) as page:
                    shown += await page.text()
            reader = served.reader
            rows = [reader.exchange(id_) for id_ in (summary.pair.subject_id, summary.pair.reference_id)]
            shown += repr(rows)
            reader.close()
        shown += "".join(served.errors)
        at_rest = b"".join(path.read_bytes() for path in tmp_path.rglob("served.db*"))
    assert all(secret in str(candidate.requests[0].body) for secret in secrets)
    for secret in secrets:
        assert secret not in shown
        assert secret.encode() not in at_rest
    assert ("Marmalade" in shown) is (bodies == "full")


@pytest.mark.promise("secrets.patterns")
async def test_credential_in_a_model_name_is_not_stored_with_the_identity(serve, tmp_path):
    secret = "sk-proj-abcdefghijklmnopqrstuvwx"
    async with PretendedServer(seed=1) as candidate, PretendedServer(seed=2) as official:
        toml = CONFIG.format(candidate=candidate.base_url, official=official.base_url)
        async with serve(toml, env={"OFFICIAL_KEY": "x"}) as served, aiohttp.ClientSession() as session:
            for number in range(20):
                async with post(session, served.data, chat(model=secret, text=f"Count to {number}")) as got:
                    assert got.status == 200
                    await got.read()

            def known() -> list:
                with closing(served.reader) as reader:
                    return [row for row in reader.identity_queries.latest(10) if row.provider == "candidate"]

            [row] = await until(known)
            assert row.model == "*" * len(secret)
            shown = "".join(served.errors) + await served.metrics()
            for path in ("/?since=all", "/providers/candidate", "/pairs?show=all"):
                async with session.get(served.admin + path) as page:
                    shown += await page.text()
        at_rest = b"".join(path.read_bytes() for path in tmp_path.rglob("served.db*"))
    assert secret in str(candidate.requests[0].body)
    assert secret not in shown
    assert secret.encode() not in at_rest


@pytest.mark.promise("privacy.opt_out")
async def test_request_that_opts_out_is_recorded_and_counted_and_never_shadowed(serve):
    async with PretendedServer(seed=1) as candidate, PretendedServer(seed=2) as official:
        toml = CONFIG.format(candidate=candidate.base_url, official=official.base_url)
        async with serve(toml, env={"OFFICIAL_KEY": "x"}) as served, aiohttp.ClientSession() as session:
            for text, more in (("For the provider alone", {"x-sameweights-shadow": "off"}), ("For both", {})):
                async with post(session, served.data, chat(text=text), **more) as got:
                    assert got.status == 200
                    await got.read()
            assert len(await audited(served, 1)) == 1

            async def counted() -> bool:
                return await served.metric("sameweights_shadow_dropped_total", reason="opted_out") == 1

            assert await until(counted)
            with closing(served.reader) as reader:
                assert sum(count.requests for count in reader.traffic(0, 1e12) if count.role == "primary") == 2
        assert official.requests
        assert b"provider alone" not in b"".join(request.body for request in official.requests)
        assert "x-sameweights" not in str([request.headers for request in candidate.requests]).lower()


def modes(folder, pattern: str) -> dict[str, int]:
    return {path.name: path.stat().st_mode & 0o777 for path in Path(folder).glob(pattern)}


@pytest.mark.promise("privacy.modes")
async def test_files_and_audit_socket_of_a_running_serve_are_private_to_their_owner(serve, tmp_path):
    # not under tmp_path, which is longer than the path of a socket may be
    with tempfile.TemporaryDirectory() as scratch:
        async with PretendedServer(seed=1) as candidate, PretendedServer(seed=2) as official:
            toml = CONFIG.format(candidate=candidate.base_url, official=official.base_url)
            generous = os.umask(0)
            try:
                async with serve(toml, env={"OFFICIAL_KEY": "x", "TMPDIR": scratch}) as served:
                    async with aiohttp.ClientSession() as session, post(session, served.data, chat()) as got:
                        await got.read()
                    await audited(served, 1)
                    files, folders = modes(tmp_path, "served.db*"), modes(scratch, "sameweights-*")
                    assert len(modes(scratch, "sameweights-*/audit.sock")) == 1
                    assert [*folders.values()] == [0o700]
            finally:
                os.umask(generous)
    assert {"served.db", "served.db-wal", "served.db-shm", "served.db-lock"} <= files.keys()
    assert set(files.values()) == {0o600}


@pytest.mark.promise("privacy.forget")
async def test_forgotten_records_are_gone_from_the_file_s_bytes_beside_a_running_serve(serve, tmp_path):
    async with PretendedServer(seed=1) as candidate, PretendedServer(seed=2) as official:
        toml = CONFIG.format(candidate=candidate.base_url, official=official.base_url)
        async with serve(toml, env={"OFFICIAL_KEY": "x"}) as served, aiohttp.ClientSession() as session:
            for name in ("forgotten", "remembered"):
                labels = {"x-sameweights-conversation": f"chat-{name}", "x-sameweights-tag": f"tag-{name}"}
                async with post(session, served.data, chat(text=f"Tell me of the {name}"), **labels) as got:
                    assert got.status == 200
                    await got.read()
            await audited(served, 2)
            words = ("forget", "--db", str(served.database), "--conversation", "chat-forgotten")
            command = (sys.executable, "-P", "-m", "shadow.cli", *words)
            process = await asyncio.create_subprocess_exec(
                *command, env={**os.environ, "PYTHONPATH": str(Path.cwd())}, stdout=asyncio.subprocess.PIPE, cwd=tmp_path
            )
            said, _ = await asyncio.wait_for(process.communicate(), PATIENCE)
            assert said.startswith(b"3 exchanges deleted"), said
            [left] = await audited(served, 1)
            assert left.pair.conversation == "chat-remembered"
            at_rest = b"".join(path.read_bytes() for path in tmp_path.rglob("served.db*"))
            assert b"tag-forgotten" not in at_rest
            assert b"chat-forgotten" not in at_rest
            assert b"tag-remembered" in at_rest
            assert list(tmp_path.glob("*-forget-*")) == []
