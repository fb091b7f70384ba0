"""The page of one answer as it was received, and its plain bodies."""

import pytest
from prometheus_client import CollectorRegistry

from shadow.pages.page_set import PageSet
from shadow.settings.top_level_config import Config
from tests.exchanges import asked, exchange, said
from tests.pairs import keep_pair
from tests.reading import ATTRIBUTES, ELEMENTS, HOSTILE, Reading


@pytest.fixture
def pages(store):
    return PageSet(store, Config(), CollectorRegistry())


def test_chunks_stand_with_a_way_to_the_pair_and_the_plain_text(store, pages):
    pair = keep_pair(store, said("Yes"), said("No"))
    page = Reading(pages.exchange.page(pair))
    assert {f"/exchanges/{pair}/response", f"/pairs/{pair}"} <= page.addresses
    assert "Chunks as they arrived" in page.text
    assert '"content": "Yes"' in page.text


def test_answer_that_was_not_kept_is_stated_as_such(store, pages):
    pair = keep_pair(store, said("a secret"), said("a secret"), bodies="none")
    page = pages.exchange.page(pair)
    assert "its body was not kept" in page
    assert "secret" not in page


def test_unknown_exchange_has_no_page(pages):
    assert pages.exchange.page("none") is None


@pytest.mark.slow
@pytest.mark.promise("reader.page")
@pytest.mark.parametrize("payload", [*HOSTILE, "x" * 1_000_000], ids=range(len(HOSTILE) + 1))
def test_hostile_answer_is_text(store, pages, payload):
    pair = keep_pair(store, exchange(payload.encode("utf-8", "replace"), request=asked(payload[:1_000])), said("fine"))
    written = pages.exchange.page(pair)
    page = Reading(written)
    assert page.elements <= ELEMENTS
    assert page.attributes <= ATTRIBUTES
    assert all(address.startswith(("/", "#")) and not address.startswith("//") for address in page.addresses)
    assert len(written) < 50_000
