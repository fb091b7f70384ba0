"""A provider that changes each request before the model gets it: test equipment for bench/real_model.py.

    python bench/middleman.py PORT BASE [--force JSON] [--system TEXT]

`--force` puts members over those of the client, `--system` puts a message before its messages; bytes come back as they come.
"""

import argparse
import json

from aiohttp import ClientSession, ClientTimeout, web

UPSTREAM = web.AppKey("upstream", ClientSession)


def changed(body: dict, force: dict, system: str) -> dict:
    """What the model gets instead of `body`."""
    said = [{"role": "system", "content": system}, *body["messages"]] if system else body["messages"]
    return {**body, **force, "messages": said}


def build(base: str, force: dict, system: str) -> web.Application:
    async def answer(request: web.Request) -> web.StreamResponse:
        body = changed(await request.json(), force, system)
        async with request.app[UPSTREAM].post(base + request.path, json=body) as got:
            made = web.StreamResponse(status=got.status, headers={"Content-Type": got.headers["Content-Type"]})
            await made.prepare(request)
            async for piece in got.content.iter_any():
                await made.write(piece)
            return made

    async def models(_: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": []})

    async def connected(app: web.Application):
        async with ClientSession(timeout=ClientTimeout(total=None)) as session:
            app[UPSTREAM] = session
            yield

    app = web.Application()
    app.cleanup_ctx.append(connected)
    app.router.add_post("/{path:.*}", answer)
    app.router.add_get("/v1/models", models)
    return app


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("port", type=int)
    words.add_argument("base")
    words.add_argument("--force", type=json.loads, default={})
    words.add_argument("--system", default="")
    given = words.parse_args()
    web.run_app(build(given.base, given.force, given.system), host="127.0.0.1", port=given.port, print=None)


if __name__ == "__main__":
    main()
