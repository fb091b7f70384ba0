"""Alarms acknowledged and muted from the pages: what is refused, what is done, and what is stored."""

import pytest
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry

from shadow.commands.acknowledge import SharedAlarms
from shadow.drift.state_transitions import NO_ALARM, AckAction, Acknowledgement, AckOutcome, AckResult
from shadow.pages.admin_app import build_app
from shadow.pages.operator_actions import NotStoredError, OperatorActions, action_form
from shadow.settings.config_errors import ConfigError
from shadow.settings.top_level_config import Config
from storage.store import StoreError
from tests.records import add_pair

FORM = {"action": "fixed", "model": "m", "by": "Ada", "why": "the provider rolled back", "hours": "8"}


class Judge:
    """Keeps the acknowledgements that it is given, and returns `result`."""

    def __init__(self) -> None:
        self.result = AckResult(sentence="near, m, route default: fixed, the state is ok now", outcome=AckOutcome.DONE)
        self.given: list[Acknowledgement] = []

    def acknowledge(self, acknowledgement: Acknowledgement, _: float) -> list[AckResult]:
        self.given.append(acknowledgement)
        return [self.result]


@pytest.fixture
def judge():
    return Judge()


@pytest.fixture
def actions(store, judge):
    alarms = SharedAlarms(judge, store, None)
    return OperatorActions(store, alarms.acknowledge, providers=lambda: ["near", "far"], now=lambda: 1_000.0)


def test_acknowledgement_is_applied_and_stored_with_who_when_and_why(store, actions, judge):
    result = actions.take("near", FORM)
    who, why = FORM["by"], FORM["why"]
    assert judge.given == [Acknowledgement(answer=AckAction.FIXED, provider="near", model="m", by=who, why=why)]
    (row,) = store.page_queries.actions("near", 10)
    assert (row.at, row.action, row.by, row.why, row.model) == (1_000.0, "fixed", "Ada", "the provider rolled back", "m")
    assert row.result == result == "near, m, route default: fixed, the state is ok now"
    assert store.page_queries.actions("far", 10) == []


def test_acknowledgement_that_changed_nothing_is_stated_and_not_stored(store, actions, judge):
    judge.result = NO_ALARM
    assert actions.take("near", FORM) == "no matching group has an alarm"
    assert store.page_queries.actions("near", 10) == []


def test_mute_is_stored_with_its_end_and_acknowledges_nothing(store, actions, judge):
    assert actions.take("near", {**FORM, "action": "mute"}) == "no messages for 8 hours"
    (row,) = store.page_queries.actions("near", 10)
    assert (row.action, row.until, judge.given) == ("mute", 1_000.0 + 8 * 3_600.0, [])


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"action": "delete"}, "action: no such word: 'delete'"),
        ({"by": " "}, "who is empty"),
        ({"why": ""}, "why is empty"),
        ({"by": "x" * 101}, "who has 101 characters, at most 100 are stored"),
        ({"why": "x" * 1_001}, "why has 1,001 characters, at most 1,000 are stored"),
        ({"model": "x" * 1_001}, "model has 1,001 characters, at most 1,000 are stored"),
        ({"action": "mute", "hours": "9"}, r"hours: no such time: '9'  \(known: 1, 8, 24, 168\)"),
    ],
)
def test_form_that_is_not_complete_is_refused(change, sentence):
    with pytest.raises(ConfigError, match=sentence):
        action_form({**FORM, **change})


def test_longest_name_reason_and_model_are_taken():
    form = action_form({**FORM, "by": "x" * 100, "why": "y" * 1_000, "model": "m" * 1_000})
    assert (len(form.by), len(form.why), len(form.model)) == (100, 1_000, 1_000)


def test_end_of_a_mute_is_stored(store, actions, judge):
    assert actions.take("near", {**FORM, "action": "unmute"}) == "messages are sent again"
    (row,) = store.page_queries.actions("near", 10)
    assert (row.action, row.until, judge.given) == ("unmute", 0.0, [])


@pytest.mark.parametrize("action", ["mute", "unmute"])
def test_mute_of_a_provider_that_is_not_configured_is_refused(store, actions, action):
    with pytest.raises(ConfigError, match=r"no provider is named 'neat'; did you mean 'near'\?"):
        actions.take("neat", {**FORM, "action": action})
    assert store.page_queries.actions("neat", 10) == []


def test_acknowledgement_that_cannot_be_stored_is_stated_as_done(store, actions, judge):
    store.close()
    with pytest.raises(NotStoredError, match=r"near, m, .*; done, but who did it and why could not be stored: "):
        actions.take("near", FORM)
    assert len(judge.given) == 1
    with pytest.raises(StoreError):
        actions.take("near", {**FORM, "action": "mute"})


@pytest.fixture
async def client(store, actions):
    app = build_app(store, CollectorRegistry(), lambda: "", Config(), operator=actions)
    async with TestClient(TestServer(app, host="127.0.0.1")) as opened:
        yield opened


async def posted(client, origin: str | None, path: str = "/providers/near/actions"):
    headers = {} if origin is None else {"Origin": origin}
    return await client.post(path, data=FORM, headers=headers, allow_redirects=False)


@pytest.mark.promise("local.host", "local.reading")
@pytest.mark.parametrize("origin", [None, "null", "https://evil.example", "http://localhost.evil.example"])
async def test_form_of_another_site_changes_nothing(store, client, judge, origin):
    answer = await posted(client, origin)
    assert answer.status == 403
    assert judge.given == []
    assert store.page_queries.actions("near", 10) == []


async def test_form_of_the_page_is_taken_and_leads_back_to_it(store, client, judge):
    answer = await posted(client, f"http://{client.host}:{client.port}")
    assert (answer.status, answer.headers["Location"]) == (303, "/providers/near?since=all")
    assert len(judge.given) == 1


async def test_incomplete_form_changes_nothing_and_states_why(client, judge):
    answer = await client.post(
        "/providers/near/actions", data={**FORM, "by": ""}, headers={"Origin": f"http://{client.host}:{client.port}"}
    )
    assert (answer.status, "who is empty" in await answer.text()) == (400, True)
    assert judge.given == []


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data; boundary=x", b"--x\r\nno form"),
        ("text/plain", b"by=Ada"),
        ("application/x-www-form-urlencoded; charset=klingon", b"by=Ada"),
        ("application/x-www-form-urlencoded; charset=utf-8", b"by=\xff"),
    ],
)
async def test_body_that_is_no_form_changes_nothing(client, judge, kind, body):
    headers = {"Origin": f"http://{client.host}:{client.port}", "Content-Type": kind}
    answer = await client.post("/providers/near/actions", data=body, headers=headers)
    assert (answer.status, "Nothing was changed" in await answer.text()) == (400, True)
    assert judge.given == []


async def test_page_states_that_an_action_was_done_which_could_not_be_stored(store, client, judge):
    store.close()
    answer = await posted(client, f"http://{client.host}:{client.port}")
    assert (answer.status, "Done, but not stored" in await answer.text()) == (500, True)
    assert len(judge.given) == 1


async def test_provider_without_an_alarm_has_no_form(store, client):
    add_pair(store, "near", "Hello", "Hello")
    assert store.flush(20)
    assert "Acknowledge or mute" not in await (await client.get("/providers/near?since=all")).text()


async def test_page_shows_what_was_done_as_text(store, client, actions):
    add_pair(store, "near", "Hello", "Hello")
    assert store.flush(20)
    actions.take("near", {**FORM, "by": "<script>", "why": "<b>why</b>"})
    page = await (await client.get("/providers/near?since=all")).text()
    assert "&lt;script&gt;" in page
    assert "<b>why</b>" not in page


async def test_port_without_an_operator_has_no_form(store):
    async with TestClient(TestServer(build_app(store, CollectorRegistry(), lambda: "", Config()), host="127.0.0.1")) as client:
        answer = await posted(client, f"http://{client.host}:{client.port}")
        assert answer.status == 405
