"""The page of one answer as it was received, and its plain bodies."""

import gzip

import pytest
from prometheus_client import CollectorRegistry

from shadow.pages.exchange_page import ExchangePage
from shadow.pages.page_environment import environment
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


@pytest.fixture
def shown(sqlite_store):
    """The page of the exchanges of one store."""
    return PageSet(sqlite_store, Config(), CollectorRegistry()).exchange


def test_bodies_are_returned_as_they_were_without_their_encoding(sqlite_store, shown):
    packed = (("content-type", "application/json"), ("content-encoding", "gzip"))
    pair = keep_pair(sqlite_store, exchange(gzip.compress(said("Yes")), request=asked("Who?"), headers=packed), said("No"))
    assert (shown.body(pair, "request"), shown.body(pair, "response")) == (asked("Who?"), said("Yes"))


@pytest.mark.parametrize("coding", ["unheard-of", "gzip"])
def test_body_that_cannot_be_decoded_is_returned_as_it_came(sqlite_store, shown, coding):
    broken = (("content-type", "application/json"), ("content-encoding", coding))
    pair = keep_pair(sqlite_store, exchange(b"no such thing", request=asked(), headers=broken), said("No"))
    assert shown.body(pair, "response") == b"no such thing"


@pytest.mark.slow
@pytest.mark.parametrize(("size", "decoded"), [(16 * 1_048_576, True), (16 * 1_048_576 + 1, False)])
def test_body_is_decoded_up_to_sixteen_mebibytes(sqlite_store, shown, size, decoded):
    packed = (("content-type", "application/json"), ("content-encoding", "gzip"))
    pair = keep_pair(sqlite_store, exchange(gzip.compress(b" " * size), request=asked(), headers=packed), said("No"))
    assert (len(shown.body(pair, "response")) == size) is decoded


def test_absent_body_is_a_sentence(sqlite_store, shown):
    unkept = keep_pair(sqlite_store, said("a secret"), said("a secret"), bodies="none")
    assert {shown.body(unkept, side) for side in ("request", "response")} == {
        "This exchange has no body, or its body was not kept."
    }
    assert shown.body("none", "request") == "This exchange is unknown or was deleted."


def test_failed_checks_alone_are_listed(sqlite_store, shown):
    whole = keep_pair(sqlite_store, said("Yes"), said("Yes"))
    assert "✗" not in shown.page(whole)


def test_failed_check_is_named_with_its_reason(sqlite_store, shown):
    broken = keep_pair(sqlite_store, exchange(said(""), request=asked()), said("No"))
    assert shown.page(broken).count('class="fault"') >= 1


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


@pytest.mark.slow
@pytest.mark.parametrize(("size", "unpacked"), [(16 * 1_048_576, True), (16 * 1_048_576 + 1, False)])
def test_body_is_unpacked_up_to_16_mebibytes(sqlite_store, size, unpacked):
    packed = (("content-type", "application/json"), ("content-encoding", "gzip"))
    live = exchange(gzip.compress(b"x" * size, 1), request=asked(), headers=packed)
    name = keep_pair(sqlite_store, live, said("No"))
    body = ExchangePage(sqlite_store, environment()).body(name, "response")
    assert (len(body) == size) is unpacked
