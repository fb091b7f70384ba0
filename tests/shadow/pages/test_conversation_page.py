"""The page of a conversation: its steps, and the first at which the provider acts differently."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from prometheus_client import CollectorRegistry

from shadow.findings.pair import ControlReason
from shadow.pages.conversation_page import ConversationPage
from shadow.pages.page_environment import environment
from shadow.pages.page_set import PageSet
from shadow.report.evident_signals import EvidentSignals
from shadow.settings.top_level_config import Config
from tests.conformance import START
from tests.exchanges import asked, exchange, said
from tests.pairs import RestingOn, keep_pair
from tests.reading import Reading


@pytest.fixture
def pages(store):
    return PageSet(store, Config(), CollectorRegistry())


@pytest.fixture
def resting(store, monkeypatch):
    """The pages where the verdict about the provider rests on its texts and on empty answers."""
    monkeypatch.setattr(PageSet, "evident", lambda *_: RestingOn("text", "empty_answer", "answer_kind"))
    return PageSet(store, Config(), CollectorRegistry())


@pytest.fixture
def steps(store):
    """Three steps of one conversation; from the second on the provider answers otherwise."""
    for number, answer in enumerate(("Fine.", "No, not at all, never", "No, not at all, never"), start=1):
        live = exchange(said(answer), request=asked(), conversation="talk/1", started=START + number)
        keep_pair(store, live, said("Fine."), said("Fine."), reason=ControlReason.RANDOM, pair_id=f"{number:032}")
    (turn,) = store.page_queries.turns("talk/1", 1) or [None]
    return "talk/1" if turn else store.pair(f"{1:032}").conversation


def text(page: str) -> str:
    return " ".join(Reading(page).text.split())


def test_first_step_that_is_evidence_is_named(resting, steps):
    page = resting.conversation.page(steps)
    assert "✗ Step 2 is the first at which the provider acts differently" in text(page)
    assert [each for each in Reading(page).addresses if each.startswith(f"/pairs/{2:032}?conversation=")]


def test_conversation_is_not_called_free_of_evidence_while_the_verdicts_are_not_built(pages, steps):
    page = text(pages.conversation.page(steps, EvidentSignals((), built=False)))
    assert "It is not known yet whether a step of this conversation is evidence" in page
    assert "load the page again in some seconds" in page
    assert "No step" not in page
    assert "No step of this conversation is evidence" in text(pages.conversation.page(steps, EvidentSignals(())))


@pytest.mark.parametrize("conversation", ["", "talk/2"])
def test_conversation_that_is_not_stored_has_no_page(pages, steps, conversation):
    assert pages.conversation.page(conversation) is None


@pytest.mark.parametrize(("stored", "cut"), [(500, False), (501, True)])
def test_of_a_conversation_of_more_than_500_steps_the_first_500_are_shown(store, steps, stored, cut):
    [turn] = store.page_queries.turns(steps, 1)
    turns = [replace(turn, evident=False)] * stored
    reader = SimpleNamespace(page_queries=SimpleNamespace(turns=lambda _, most: turns[:most]))
    page = text(ConversationPage(reader, environment(), None).page("talk/1"))
    assert "500 requests, 500 compared" in page
    assert ("the first 500 are shown" in page) is cut
