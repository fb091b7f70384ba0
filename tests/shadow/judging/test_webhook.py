"""A change of state reaches the webhook once, signed; an unreachable receiver is tried again, one that refuses is not."""

import asyncio
import hashlib
import hmac
import json
import ssl
from contextlib import asynccontextmanager

import pytest
import trustme
from aiohttp import web

from shadow.judging.webhook import WebhookSender, signed, text, webhook_event
from storage.judgement_rows import AlarmRow, JudgementBatch
from storage.rows import PairGroup
from storage.store import StoreError
from tests.outbound import outbound_proxy
from tests.payoffs import GROUP
from tests.running import until
from tests.wires import ok, scripted


def alarm(**more):
    fields = {
        "at": 7.0,
        "pair_id": "p",
        "group": GROUP,
        "old": "ok",
        "new": "drift",
        "name": "arguments",
        "details": '{"tests": []}',
    }
    return AlarmRow(**{**fields, **more})


def kept(store, *alarms):
    """Alarms as a judge keeps them."""
    assert store.judgements.claim("judge", 0.0, 30.0)
    assert store.judgements.record("judge", JudgementBatch(alarms=alarms))


class Receiver:
    """A webhook that answers the statuses it is given, then 200."""

    def __init__(self, *statuses):
        self.statuses, self.got = list(statuses), []

    async def take(self, request):
        self.got.append((dict(request.headers), await request.read()))
        return web.Response(status=self.statuses.pop(0) if self.statuses else 200, headers={"Location": "/elsewhere"})

    @asynccontextmanager
    async def notifying(self, store, **more):
        app = web.Application()
        app.router.add_post("/{any:.*}", self.take)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = site._server.sockets[0].getsockname()[1]
        fields = {"secret": b"key", "form": "json", "pauses": (0.01, 0.01), **more}
        notifier = WebhookSender(store.judgements, url=f"http://127.0.0.1:{port}/hook/secret-path", **fields)
        task = asyncio.create_task(notifier.run())
        try:
            yield notifier
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await runner.cleanup()


async def all_sent(store):
    await until(lambda: not store.judgements.pending_events(9))


async def test_a_change_arrives_once_whole_and_signed(store):
    receiver = Receiver()
    kept(store, alarm())
    async with receiver.notifying(store) as notifier:
        await until(lambda: len(receiver.got) == 1)
        kept(store, alarm(new="recovered", old="drift"))
        notifier.wake()
        await all_sent(store)
    headers, body = receiver.got[0]
    event = json.loads(body)
    assert (event["schema"], event["state"], event["name"], event["provider"]) == (
        "sameweights.alarm/2",
        "drift",
        "arguments",
        "p",
    )
    moment = headers["X-Sameweights-Timestamp"].encode()
    expected = hmac.new(b"key", moment + b"." + body, hashlib.sha256).hexdigest()
    assert headers["X-Sameweights-Signature"] == f"sha256={expected}"
    assert headers["X-Sameweights-Delivery"] != receiver.got[1][0]["X-Sameweights-Delivery"]
    assert len(receiver.got) == 2


@pytest.mark.parametrize("away", [408, 425, 429, 500, 503])
async def test_unreachable_receiver_gets_the_same_delivery_again(store, away):
    receiver = Receiver(away, away)
    kept(store, alarm())
    async with receiver.notifying(store):
        await until(lambda: len(receiver.got) == 3)
    assert len({headers["X-Sameweights-Delivery"] for headers, _ in receiver.got}) == 1
    assert len({body for _, body in receiver.got}) == 1


@pytest.mark.parametrize("refusal", [302, 400, 404, 407, 409, 424, 426, 428, 430, 499])
async def test_receiver_that_refuses_gets_no_retry_and_no_redirect_is_followed(store, refusal):
    receiver = Receiver(refusal)
    kept(store, alarm(), alarm(new="recovered"))
    async with receiver.notifying(store):
        await all_sent(store)
    assert [json.loads(body)["state"] for _, body in receiver.got] == ["drift", "recovered"]


async def test_after_the_last_pause_it_is_given_up_and_the_next_goes_out(store, logged):
    said = logged("shadow.judging.webhook")
    receiver = Receiver(500, 500, 500)
    kept(store, alarm(), alarm(new="recovered"))
    async with receiver.notifying(store):
        await all_sent(store)
    assert len(receiver.got) == 4
    assert "webhook_failed" in repr(said)
    assert "secret-path" not in repr(said)


async def test_what_was_not_taken_at_the_end_is_sent_at_the_next_start_once(store):
    away, back = Receiver(*[503] * 9), Receiver()
    kept(store, alarm(), alarm(new="recovered"))
    async with away.notifying(store, pauses=(0.01, 60.0)):
        await until(lambda: len(away.got) == 2)
    async with back.notifying(store):
        await all_sent(store)
    async with back.notifying(store):
        await all_sent(store)
    assert [json.loads(body)["state"] for _, body in back.got] == ["drift", "recovered"]
    assert away.got[0][0]["X-Sameweights-Delivery"] == back.got[0][0]["X-Sameweights-Delivery"]


async def test_a_change_that_a_rebuild_brings_again_is_not_reported_again(store):
    receiver = Receiver()
    kept(store, alarm())
    async with receiver.notifying(store) as notifier:
        await all_sent(store)
        store.judgements.rebuild()
        kept(store, alarm(), alarm(new="recovered"))
        notifier.wake()
        await all_sent(store)
    assert [json.loads(body)["state"] for _, body in receiver.got] == ["drift", "recovered"]


async def test_what_happened_without_an_address_is_not_reported_when_there_is_one(store):
    kept(store, alarm())
    silent = asyncio.create_task(WebhookSender(store.judgements, url="", secret=b"", form="json").run())
    await all_sent(store)
    silent.cancel()
    await asyncio.gather(silent, return_exceptions=True)
    receiver = Receiver()
    async with receiver.notifying(store) as notifier:
        kept(store, alarm(new="recovered"))
        notifier.wake()
        await all_sent(store)
    assert [json.loads(body)["state"] for _, body in receiver.got] == ["recovered"]


async def test_a_webhook_that_refuses_connections_does_not_end_the_notifier(store):
    kept(store, alarm())
    task = asyncio.create_task(
        WebhookSender(store.judgements, url="http://127.0.0.1:9/hook", secret=b"", form="json", pauses=()).run()
    )
    await all_sent(store)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_store_that_does_not_answer_is_called_again(store, monkeypatch):
    asked = []

    def locked(_limit):
        asked.append(1)
        raise StoreError("locked")

    judgements = store.judgements
    kept(store, alarm())
    monkeypatch.setattr("shadow.judging.webhook.STORE_PAUSE", 0.01)
    monkeypatch.setattr(judgements, "pending_events", locked)
    task = asyncio.create_task(WebhookSender(judgements, url="http://127.0.0.1:9/", secret=b"", form="json", pauses=()).run())
    await until(lambda: len(asked) > 1)
    monkeypatch.undo()
    await all_sent(store)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def test_slack_gets_a_text_and_nothing_that_rings_a_bell():
    hostile = alarm(group=type(GROUP)(route="default", model="<!channel> & m", provider="p", reference="r"))
    assert json.loads(webhook_event(hostile, "slack").body) == {"text": text(hostile)}
    assert "<" not in text(hostile)
    assert "is now drift (arguments), was ok" in text(hostile)


def test_the_sentence_of_an_alarm_is_sent_whole():
    sent = alarm(
        details='{"blame": "not_yet_known", "sentence": "p, or its reference r: p calls a tool 31 points less often", '
        '"verdict": "differs"}'
    )
    assert text(sent) == (
        "sameweights: p or its reference r serving m on route default is now drift (arguments), was ok; verdict: differs. "
        "p, or its reference r: p calls a tool 31 points less often."
    )
    event = json.loads(webhook_event(sent, "json").body)
    assert (event["subject"], event["verdict"]) == ("provider or reference", "differs")
    assert json.loads(webhook_event(alarm(), "json").body)["verdict"] is None
    assert json.loads(webhook_event(alarm(details='{"blame": "provider"}'), "json").body)["subject"] == "provider"


@pytest.mark.parametrize(
    ("name", "new", "said"),
    [
        ("reference_failing", "not_measured", "the reference r for m is no measure now (reference_failing)"),
        ("reference_moved", "not_measured", "the reference r for m is no measure now (reference_moved)"),
        ("reference_failing", "ok", "the reference r for m is no longer so, the state is ok (reference_failing)"),
    ],
)
def test_what_the_reference_did_is_reported_of_the_reference(name, new, said):
    event = json.loads(webhook_event(alarm(name=name, new=new), "json").body)
    assert event["subject"] == "reference"
    assert event["text"] == f"sameweights: {said}; no finding about a provider."


def test_without_a_secret_nothing_is_signed():
    assert "X-Sameweights-Signature" not in signed(webhook_event(alarm(), "json"), b"", 1.0)


def test_a_slower_pace_is_reported_as_speed_and_of_no_route():
    group = PairGroup(route="", model="m", provider="p", reference="")
    slow = alarm(group=group, old="steady", new="slower", name="first_token", details='{"share": 0.4}')
    assert "is now slower (first_token), was steady. 40% of its answers" in text(slow)
    assert "not its content" in text(slow)
    assert "route" not in text(slow)


async def test_a_webhook_behind_an_outbound_proxy_with_its_own_certificates_is_reached(store, tmp_path):
    authority, context, took = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ok()
    authority.issue_cert("hooks.example.test").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    kept(store, alarm())
    async with scripted(None, took, ssl=context) as hooks, outbound_proxy(hooks.port) as through:
        url, way = "https://hooks.example.test/x", {"proxy": through.url, "ca_file": str(tmp_path / "ca.pem")}
        notifier = WebhookSender(store.judgements, url=url, secret=b"", form="json", **way)
        task = asyncio.create_task(notifier.run())
        await until(lambda: hooks.requests)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert through.heads[0].startswith(b"CONNECT hooks.example.test:443 ")
        assert hooks.requests[0].startswith(b"POST /x HTTP/1.1\r\nHost: hooks.example.test\r\n")


@pytest.mark.parametrize(
    ("url", "shown"), [("https://hooks.example.com/secret", "hooks.example.com"), ("", "without a URL"), ("x", "without a URL")]
)
def test_repr_of_a_sender_shows_its_host_alone(store, url, shown):
    sender = WebhookSender(store.judgements, url=url, secret=b"secret", form="json")
    assert repr(sender) == f"<WebhookSender {shown} json>"


@pytest.mark.parametrize(
    ("status", "why"), [(200, []), (299, []), (300, ["status 300"]), (404, ["status 404"]), (500, ["status 500"])]
)
async def test_delivery_that_was_not_accepted_is_logged_with_its_host_and_status(sqlite_store, logged, status, why):
    said, receiver = logged("shadow.judging.webhook"), Receiver(*[status] * 3)
    kept(sqlite_store, alarm())
    async with receiver.notifying(sqlite_store):
        await all_sent(sqlite_store)
    assert [(call.kwargs["event"], call.kwargs["host"], call.kwargs["error"]) for call in said] == [
        ("webhook_failed", "127.0.0.1", words) for words in why
    ]
    assert [call.kwargs["delivery"] for call in said] == [webhook_event(alarm(), "json").delivery] * len(why)
