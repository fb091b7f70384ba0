"""A change of state reaches the webhook once, signed; a receiver that is away is asked again, one that refuses is not."""

import asyncio
import hashlib
import hmac
import json
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from shadow.notify import QUEUE, Notifier, letter, signed, text
from storage.judged import AlarmRow
from tests.payoffs import GROUP
from tests.running import until


def alarm(**more):
    fields = {"at": 7.0, "pair_id": "p", "group": GROUP, "old": "ok", "new": "drift", "name": "args", "details": '{"tests": []}'}
    return AlarmRow(**{**fields, **more})


class Receiver:
    """A webhook that answers the statuses it is given, then 200."""

    def __init__(self, *statuses):
        self.statuses, self.got = list(statuses), []

    async def take(self, request):
        self.got.append((dict(request.headers), await request.read()))
        return web.Response(status=self.statuses.pop(0) if self.statuses else 200, headers={"Location": "/elsewhere"})

    @asynccontextmanager
    async def standing(self, **more):
        app = web.Application()
        app.router.add_post("/{any:.*}", self.take)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = site._server.sockets[0].getsockname()[1]
        fields = {"secret": b"key", "form": "json", "pauses": (0.01, 0.01), **more}
        notifier = Notifier(url=f"http://127.0.0.1:{port}/hook/secret-path", **fields)
        task = asyncio.create_task(notifier.run())
        try:
            yield notifier
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await runner.cleanup()


async def test_a_change_arrives_once_whole_and_signed():
    receiver = Receiver()
    async with receiver.standing() as notifier:
        notifier.offer(alarm())
        notifier.offer(alarm(new="recovered", old="drift"))
        await until(lambda: len(receiver.got) == 2)
    headers, body = receiver.got[0]
    event = json.loads(body)
    assert (event["schema"], event["state"], event["name"], event["provider"]) == ("sameweights.alarm/1", "drift", "args", "p")
    moment = headers["X-Sameweights-Timestamp"].encode()
    expected = hmac.new(b"key", moment + b"." + body, hashlib.sha256).hexdigest()
    assert headers["X-Sameweights-Signature"] == f"sha256={expected}"
    assert headers["X-Sameweights-Delivery"] != receiver.got[1][0]["X-Sameweights-Delivery"]


@pytest.mark.parametrize("away", [500, 503, 429])
async def test_a_receiver_that_is_away_is_asked_again_with_the_same_delivery(away):
    receiver = Receiver(away, away)
    async with receiver.standing() as notifier:
        notifier.offer(alarm())
        await until(lambda: len(receiver.got) == 3)
    assert len({headers["X-Sameweights-Delivery"] for headers, _ in receiver.got}) == 1
    assert len({body for _, body in receiver.got}) == 1


@pytest.mark.parametrize("refusal", [404, 400, 302])
async def test_a_receiver_that_refuses_is_not_asked_again_and_no_redirect_is_followed(refusal):
    receiver = Receiver(refusal)
    async with receiver.standing() as notifier:
        notifier.offer(alarm())
        notifier.offer(alarm(new="recovered"))
        await until(lambda: len(receiver.got) == 2)
    assert [json.loads(body)["state"] for _, body in receiver.got] == ["drift", "recovered"]


async def test_after_the_last_pause_it_is_given_up_and_the_next_goes_out(capsys):
    receiver = Receiver(500, 500, 500)
    async with receiver.standing() as notifier:
        notifier.offer(alarm())
        notifier.offer(alarm(new="recovered"))
        await until(lambda: len(receiver.got) == 4)
    told = capsys.readouterr()
    assert "not taken" in told.out + told.err
    assert "secret-path" not in told.out + told.err


async def test_nobody_there_is_survived():
    notifier = Notifier(url="http://127.0.0.1:9/hook", secret=b"", form="json", pauses=())
    notifier.offer(alarm())
    task = asyncio.create_task(notifier.run())
    await until(notifier._queue.empty)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_without_an_address_nothing_waits_and_with_one_not_too_much():
    silent = Notifier(url="", secret=b"", form="json")
    silent.offer(alarm())
    assert silent._queue.empty()
    stuck = Notifier(url="http://127.0.0.1:9/", secret=b"", form="json")
    for _ in range(QUEUE + 5):
        stuck.offer(alarm())
    assert stuck._queue.qsize() == QUEUE


def test_slack_gets_a_text_and_nothing_that_rings_a_bell():
    hostile = alarm(group=type(GROUP)(route="default", model="<!channel> & m", provider="p", reference="r"))
    assert json.loads(letter(hostile, "slack").body) == {"text": text(hostile)}
    assert "<" not in text(hostile)
    assert "is now drift (args), was ok" in text(hostile)


def test_a_suspected_reference_is_said():
    assert "look at the reference" in text(alarm(details='{"reference_suspected": true}'))


def test_without_a_secret_nothing_is_signed():
    assert "X-Sameweights-Signature" not in signed(letter(alarm(), "json"), b"", 1.0)
