"""Each page of the admin port: what its address finds, and what an address that finds nothing is answered."""

import gzip
import re
import time

import pytest

from shadow.pages import period_figures
from shadow.pages.build_share import BuildShare
from storage.rows import PairFilter
from tests.exchanges import asked, exchange, said
from tests.pairs import keep_pair
from tests.records import fill


async def test_empty_list_states_when_its_verdicts_can_be_built_while_the_share_of_builds_is_spent(open_port, store, monkeypatch):
    share = BuildShare()
    share.charge(time.monotonic(), 600.0)  # paid after 30,000 s, of which 500 s may be ahead
    monkeypatch.setattr(period_figures, "BuildShare", lambda: share)
    keep_pair(store, said("one"), said("two"), said("two"))
    port = await open_port()
    text = await (await port.get("/pairs")).text()
    assert re.search(r"The figures of this period can be built in 29,[45]\d\d s: building takes at most 2% of one core", text)
    assert "being built" not in text


@pytest.mark.parametrize("path", ["/conversations/none", "/conversations/a%2Fb", "/exchanges/none"])
async def test_conversation_or_exchange_that_is_not_stored_is_a_404_with_a_sentence(open_port, path):
    answer = await (await open_port()).get(path)
    assert (answer.status, "is unknown, or was deleted" in await answer.text()) == (404, True)


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/pairs", "/answers", "/audit", "/providers/x"),
        *("/choose", "/studies", "/runbook", "/exchanges/x", "/conversations/x", "/pairs/x"),
    ],
)
async def test_unknown_parameter_is_a_400_that_quotes_it(open_port, path):
    answer = await (await open_port()).get(f"{path}?colour=red")
    assert (answer.status, "there is no filter 'colour' on this page" in await answer.text()) == (400, True)


async def test_address_of_the_identities_of_before_leads_to_the_overview(open_port):
    answer = await (await open_port()).get("/serving")
    assert (answer.status, answer.headers["Location"]) == (302, "/")


async def test_browser_finds_the_icon_for_a_page_of_plain_text(open_port):
    answer = await (await open_port()).get("/favicon.ico")
    assert (answer.status, answer.headers["Location"]) == (302, "/static/icon.svg")


async def test_invalid_period_is_refused_with_examples(open_port):
    answer = await (await open_port()).get("/?since=yesterday")
    assert (answer.status, "known: 30m, 24h" in await answer.text()) == (400, True)


async def test_a_pair_is_found_by_its_id_and_by_its_beginning(open_port, store):
    pair = keep_pair(store, said("Yes"), said("No"))
    port = await open_port()
    for path in (f"/pairs/{pair}", f"/pairs/{pair[:8]}"):
        answer = await port.get(path)
        assert answer.status == 200
        assert "candidate" in await answer.text()
    assert f"/pairs/{pair}" in await (await port.get("/pairs?show=all")).text()


async def test_bug_report_about_a_pair_is_plain_text(open_port, store):
    pair = keep_pair(store, said("<script>Yes</script>"), said("No"))
    answer = await (await open_port()).get(f"/pairs/{pair}/report")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert (await answer.text()).startswith("# candidate compared with official")
    assert f'href="/pairs/{pair}/report?since=all"' in await (await (await open_port()).get(f"/pairs/{pair}")).text()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("since", "head"), [("all", "answers differently from"), ("", "answers differently from"), ("1h", "compared with")]
)
async def test_bug_report_is_by_the_verdicts_of_its_period(open_port, store, since, head):
    fill(store)
    pair = next(one.pair.id for one in store.pairs(PairFilter(provider="garbler", signal="arguments", state="differ")))
    answer = await (await open_port()).get(f"/pairs/{pair}/report?since={since}")
    assert (await answer.text()).startswith(f"# garbler {head} official\n")


async def test_bug_report_whose_verdicts_are_not_built_is_a_503_that_states_when(open_port, store, monkeypatch):
    share = BuildShare()
    share.charge(time.monotonic(), 600.0)
    monkeypatch.setattr(period_figures, "BuildShare", lambda: share)
    pair = keep_pair(store, said("one"), said("two"), said("two"))
    answer = await (await open_port()).get(f"/pairs/{pair}/report?since=24h")
    assert (answer.status, answer.headers["Retry-After"].startswith("29")) == (503, True)
    assert "The figures of this period can be built in 29," in await answer.text()


@pytest.mark.parametrize(("query", "why"), [("since=yesterday", "known: 30m, 24h"), ("colour=red", "there is no filter")])
async def test_bug_report_of_a_wrong_address_is_a_400_with_a_sentence(open_port, store, query, why):
    pair = keep_pair(store, said("one"), said("two"))
    answer = await (await open_port()).get(f"/pairs/{pair}/report?{query}")
    assert (answer.status, why in await answer.text()) == (400, True)


@pytest.mark.parametrize(
    "path", ["/pairs/none/report", "/pairs/nothing-here", "/pairs/%3Cscript%3E", "/pairs/%00%ED%A0%80", "/exchanges/none/request"]
)
async def test_unknown_pair_or_exchange_is_a_404_with_a_sentence(open_port, path):
    answer = await (await open_port()).get(path)
    assert answer.status == 404
    assert re.search(r"is unknown,? or was deleted", " ".join((await answer.text()).split()))


async def test_an_unknown_filter_is_a_400_with_the_known_ones(open_port):
    answer = await (await open_port()).get("/pairs?state=unknown_state")
    assert answer.status == 400
    assert "not_measured" in await answer.text()


async def test_raw_bodies_are_plain_text_without_their_compression(open_port, store):
    packed = exchange(gzip.compress(said("<b>Yes</b>")), request=asked(), headers=(("content-encoding", "gzip"),))
    pair = keep_pair(store, packed, said("No"))
    port = await open_port()
    answer = await port.get(f"/exchanges/{pair}/response")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert await answer.read() == said("<b>Yes</b>")


async def test_body_that_was_not_kept_is_a_404_with_a_sentence(open_port, store):
    pair = keep_pair(store, said("Yes"), said("No"), bodies="none")
    answer = await (await open_port()).get(f"/exchanges/{pair}/request")
    assert (answer.status, await answer.text()) == (404, "404: This exchange has no body, or its body was not kept.\n")


async def test_the_runbook_has_a_place_for_every_alert(open_port):
    page = await (await open_port()).get("/runbook")
    assert page.status == 200
    assert 'id="SameweightsDrift"' in await page.text()
