"""The archive of a study: what is sent, set back and answered, found again by key, with what it cost."""

import time
from dataclasses import replace

import pytest

from proxy.provider_config import Provider, ProxyConfig
from shadow.pipeline.identity_observer import IdentityObserver
from shadow.reading.parsed_response import parse_response
from shadow.settings.top_level_config import Config
from shadow.studies.asking import Asked, Setback
from shadow.studies.chat_request import ChatRequest, parsed_answer
from shadow.studies.study_archive import StudyArchive
from shadow.studies.study_budget import Cost
from shadow.studies.study_recorder import StudyRecorder
from storage.store import StoreError
from storage.study_rows import ASKED, StudyRequestRow, StudyRow
from tests.exchanges import asked, exchange, guard, said

STUDY = StudyRow(id="s", kind="replay", name="t", begun=1.0, plan="{}", policy="{}", seed=1, version="0")
ROW = StudyRequestRow(key="k", row_id="f:1", target="candidate", repeat=0, block=0, state=ASKED, exchange_id="")
REQUEST = ChatRequest(body=asked("Hi"))
MOST = Cost(requests=1, tokens=1_000, money=1.0)


def archive(store) -> StudyArchive:
    config = Config(proxy=ProxyConfig(providers={"candidate": Provider(base_url="http://c/v1")}))
    recorder = StudyRecorder(config, guard(), IdentityObserver(config, clean=str), b"s" * 32)
    made = StudyArchive(store, STUDY, recorder)
    made.open({"k": 4})
    return made


def outcome(*, gave_up: bool = False) -> tuple[Asked, object]:
    answered = exchange(said("Hello"), request=REQUEST.body, id="x1")
    change = Cost(tokens=-988, money=-0.9)
    made = Asked(exchange=answered, answer=parse_response(answered), setbacks=(), gave_up=gave_up, change=change)
    return made, parsed_answer(answered, REQUEST.parsed)


async def test_an_answer_is_found_again_by_another_archive_and_costs_what_it_cost(store):
    first = archive(store)
    await first.sending(ROW, "x1", MOST)
    assert (first.has("k"), first.spent) == (False, MOST)
    await first.answered("k", *outcome())
    again = archive(store)
    assert (again.has("k"), again.tries("k"), again.position("k")) == (True, 1, 0)
    assert again.spent == Cost(requests=1, tokens=12, money=pytest.approx(0.1))
    found = await again.answer("k", REQUEST.parsed)
    assert found.answer.completion.first.text == "Hello"
    assert [request.block for request in store.studies.requests("s")] == [4]


async def test_of_what_was_in_flight_at_a_kill_the_most_it_can_have_cost_counts(store):
    await archive(store).sending(ROW, "x1", MOST)
    again = archive(store)
    assert (again.has("k"), again.spent) == (False, MOST)
    await again.sending(ROW, "x2", MOST)
    assert (again.tries("k"), again.spent.requests) == (2, 2)


async def test_a_setback_costs_what_it_cost_and_the_try_after_it_counts_when_it_is_sent(store):
    made = archive(store)
    await made.sending(ROW, "x1", MOST)
    await made.set_back("k", Setback(at=time.time(), reason="server", waited=1.0, change=Cost(tokens=-997, money=-1.0)))
    assert (made.tries("k"), made.spent.requests, made.spent.tokens) == (1, 1, 3)
    await made.sending(ROW, "x1", MOST)
    assert (made.tries("k"), made.spent.requests, made.spent.tokens) == (2, 2, 1_003)
    [setback] = store.studies.setbacks("s")
    assert (setback.key, setback.reason, setback.waited) == ("k", "server", 1.0)


async def test_a_request_that_was_given_up_is_sent_again(store):
    made = archive(store)
    await made.sending(ROW, "x1", MOST)
    await made.answered("k", *outcome(gave_up=True))
    again = archive(store)
    assert not again.has("k")
    assert [request.state for request in store.studies.requests("s")] == ["failed"]


async def test_an_answer_that_has_gone_is_an_error_with_its_id(store):
    made = archive(store)
    await made.sending(ROW, "x1", MOST)
    made._requests["k"] = replace(made._requests["k"], state="answered")
    with pytest.raises(StoreError, match="the answer x1 of the study t is no longer in its database"):
        await made.answer("k", REQUEST.parsed)
