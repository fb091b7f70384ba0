"""A request with an unknown Host or from another site is refused; each response has the fields that keep it to itself."""

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from shadow.pages.host_guard import HEADERS, add_headers, host_guard
from shadow.settings.top_level_config import AdminConfig


async def answered(**headers) -> tuple[int, dict[str, str]]:
    async def page(_):
        return web.Response(text="page")

    app = web.Application(middlewares=[host_guard(AdminConfig(hosts=("known.example",)))])
    app.on_response_prepare.append(add_headers)
    app.router.add_get("/", page)
    async with TestClient(TestServer(app)) as client, client.get("/", headers=headers) as got:
        return got.status, dict(got.headers)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "known.example"}, 200),
        ({"Host": "other.example"}, 421),
        ({"Host": "known.example", "Origin": "http://other.example"}, 403),
        ({"Host": "known.example", "Origin": "http://known.example"}, 200),
    ],
)
async def test_request_is_answered_by_its_host_and_origin(headers, status):
    assert (await answered(**headers))[0] == status


async def test_response_has_the_fields_of_every_response():
    _, headers = await answered(Host="known.example")
    assert {name: headers[name] for name in HEADERS} == HEADERS
