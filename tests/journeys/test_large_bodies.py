"""Requests with pictures in them: shadowed and compared by default, and bounded in total, whatever their number."""

import base64
import gzip
import io
import json
import random
from hashlib import sha256

import aiohttp
import pytest

from shadow.demo.pretended_server import PretendedServer
from tests.journeys.test_whole_path_of_a_request import CONFIG, audited, post

pytestmark = pytest.mark.journey

MB = 1_000_000


def picture(size: int) -> bytes:
    """What begins like a PNG, and has so many bytes in all, of which none repeats."""
    return (b"\x89PNG\r\n\x1a\n" + random.Random(size).randbytes(size))[:size]


def asking(size: int, number: int = 0) -> bytes:
    """A chat completion about a picture, of about `size` bytes of JSON."""
    url = "data:image/png;base64," + base64.b64encode(picture(size * 3 // 4)).decode()
    parts = [{"type": "text", "text": f"What is on picture {number}?"}, {"type": "image_url", "image_url": {"url": url}}]
    return json.dumps({"messages": [{"role": "user", "content": parts}], "model": "pretend-small"}).encode()


def url_of(body: bytes) -> bytes:
    return json.loads(body.removeprefix(b"\xef\xbb\xbf"))["messages"][0]["content"][1]["image_url"]["url"].encode()


def described(media: bytes) -> bytes:
    return f"sha256:{sha256(media).hexdigest()} ({len(media):,} bytes, image/png)".encode()


@pytest.mark.promise("audit.whole")
async def test_image_of_ten_megabytes_is_compared_by_default_and_stored_as_its_hash(serve):
    async with PretendedServer(seed=1) as candidate, PretendedServer(seed=2) as official:
        toml = CONFIG.format(candidate=candidate.base_url, official=official.base_url)
        async with serve(toml, env={"OFFICIAL_KEY": "x"}) as served, aiohttp.ClientSession() as session:
            body = asking(10 * MB)
            async with post(session, served.data, io.BytesIO(body)) as got:
                assert got.status == 200
            [summary] = await audited(served, 1)
            assert summary.matches + summary.differs > 0
            assert candidate.requests[0].body == body
            assert json.loads(official.requests[0].body) == json.loads(body)
            pair, reader = summary.pair, served.reader
            assert pair.model == "pretend-small"
            for id_ in (pair.subject_id, pair.reference_id, pair.control_id):
                assert reader.exchange(id_).request_body == body.replace(url_of(body), described(picture(10 * MB * 3 // 4)))
            reader.close()
            async with session.get(f"{served.admin}/pairs/{pair.id}") as page:
                assert described(picture(10 * MB * 3 // 4)).decode() in await page.text()
            assert await served.stop() == 0
            assert sum(file.stat().st_size for file in served.database.parent.glob("served.db*")) < MB


@pytest.mark.promise("memory.held")
async def test_request_beyond_the_held_bytes_is_answered_and_counted_as_not_held(serve):
    async with PretendedServer(seed=1) as candidate, PretendedServer(seed=2) as official:
        toml = CONFIG.format(candidate=candidate.base_url, official=official.base_url)
        toml = toml.replace("[shadow]", f"[proxy.limits]\naudit_held = {2 * MB}\n[shadow]")
        async with serve(toml, env={"OFFICIAL_KEY": "x"}) as served, aiohttp.ClientSession() as session:
            for size in (3 * MB, MB):
                async with post(session, served.data, io.BytesIO(asking(size))) as got:
                    assert got.status == 200
            [summary] = await audited(served, 1)
            assert summary.matches + summary.differs > 0
            await served.shows(1, "sameweights_shadow_dropped_total", reason="not_held")
            assert official.requests
            assert len(candidate.requests) == 2


@pytest.mark.promise("audit.whole")
async def test_a_packed_request_goes_to_the_provider_of_its_model_and_is_compared(serve):
    async with PretendedServer(seed=1) as candidate, PretendedServer(seed=2) as official, PretendedServer(seed=3) as other:
        toml = CONFIG.format(candidate=candidate.base_url, official=official.base_url)
        routes = f"""
[proxy.providers.other]
base_url = "{other.base_url}"
[[proxy.routes]]
name = "small"
model = "pretend-small*"
provider = "other"
"""
        async with serve(toml + routes, env={"OFFICIAL_KEY": "x"}) as served, aiohttp.ClientSession() as session:
            body = b"\xef\xbb\xbf" + asking(MB // 4)
            packed = gzip.compress(body)
            headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
            async with session.post(f"{served.data}/v1/chat/completions", data=packed, headers=headers) as got:
                assert got.status == 200
            [summary] = await audited(served, 1)
            pair, reader = summary.pair, served.reader
            assert (pair.provider, pair.route, pair.model) == ("other", "small", "pretend-small")
            assert summary.matches + summary.differs > 0
            stored = reader.exchange(pair.subject_id)
            assert stored.request_body == body.replace(url_of(body), described(picture(MB // 4 * 3 // 4)))
            reader.close()
        [live] = other.requests
        assert (live.header("content-encoding"), live.body, candidate.requests) == ("gzip", body, [])
        assert json.loads(official.requests[0].body) == json.loads(asking(MB // 4))
