"""The pages in a real Chromium: three clicks to the raw answer of a planted fault, seven questions, both schemes."""

import time
from contextlib import asynccontextmanager

import pytest
from aiohttp.test_utils import TestServer
from prometheus_client import CollectorRegistry

from shadow.commands.acknowledge import SharedAlarms
from shadow.judging.judge import Judge
from shadow.metrics.observe import Metrics
from shadow.pages.admin_app import build_app
from shadow.pages.operator_actions import OperatorActions
from shadow.settings.top_level_config import Config
from tests.browser import Tab, chromium
from tests.exchanges import asked, exchange, said
from tests.journeys.npm import installed
from tests.pairs import keep_pair
from tests.records import add_live, add_pair, calling

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.promise("reader.page")]

PAIRS = 120
STEP = 10.0
FAULT = "Nowhere"
PROVIDERS = {name: {"base_url": "https://example.com/v1", "price_input": 2.0} for name in ("garbler", "faithful", "official")}
CONFIG = Config.model_validate({"proxy": {"providers": PROVIDERS}, "shadow": {"requests": 10_000}})
HOSTILE = (
    "<script>document.title='acted'</script><img src=x onerror=\"document.title='acted'\"></textarea>"
    "[x](javascript:alert(1)) \u202egnihton\u202c \x1b[2J "
)
AXE = """axe.run(document, {resultTypes: ["violations"]}).then(
  found => found.violations.map(one => ({id: one.id, impact: one.impact, nodes: one.nodes.map(node => node.html).slice(0, 3)}))
)"""
NEWER = """new Promise(done => {
  const shown = () => !document.querySelector(".live").hidden;
  const look = left => shown() || !left ? done(shown()) : setTimeout(look, 100, left - 1);
  look(50);
})"""
SINCE = """(at => at.toDateString() === new Date().toDateString() ? "today" : `${at.getDate()}`)(
  new Date(document.querySelector("tr.differ time").dateTime)
)"""
PLOT = "(({left, top, width}) => [left, top, width])(document.querySelector('.u-over').getBoundingClientRect())"
WHOLE = "new Promise(done => requestAnimationFrame(() => done(document.querySelector('.zoom-out').hidden)))"
SHOWN_TWICE = ("/", "/providers/garbler", "/pairs")
LOOKS = ((390, "dark"), (1280, "light"), (390, "light"), (1280, "dark"))
PAGES = ("/", "/providers/garbler", "/pairs", "/pairs?show=all&state=differ", "/answers", "/audit", "/studies", "/runbook")


def fill(store) -> str:
    """Two providers over twenty minutes: one is as its reference, one names another city in each second call; the last pair."""
    begun, pair = time.time() - PAIRS * STEP - 60, ""
    for number in range(PAIRS):
        city, started = f"City {number}", begun + number * STEP
        add_pair(store, "faithful", calling(city), calling(city), calling(city), started=started)
        wrong = calling(FAULT if number % 2 else city)
        pair = add_pair(store, "garbler", wrong, calling(city), calling(city), started=started)
        add_live(store, "garbler", calling(city), started=started)
    assert store.flush(60)
    judge = Judge.configured(CONFIG, store.judgements, holder="test", publish=lambda *_: None)
    while judge.step(time.time()):
        pass
    judge.close()
    return pair


@asynccontextmanager
async def served(store, operator: OperatorActions | None = None):
    """The address of the pages over a store."""
    registry = CollectorRegistry()
    Metrics(registry, CONFIG)
    app = build_app(reader=store, registry=registry, ready=lambda: "", config=CONFIG, operator=operator)
    async with TestServer(app, host="127.0.0.1") as server:
        yield f"http://127.0.0.1:{server.port}"


@pytest.fixture(scope="module")
def axe(request) -> str:
    """The source of axe-core, which finds faults of accessibility."""
    return (installed(request, "axe-core", "4.14.1") / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


async def serious(tab: Tab, axe: str) -> list[str]:
    """The faults of the page that axe calls serious or critical."""
    await tab.read(f"{axe};0")
    found = await tab.read(AXE)
    return [f"{fault['id']}: {fault['nodes']}" for fault in found if fault["impact"] in {"serious", "critical"}]


async def test_three_clicks_lead_from_the_overview_to_the_raw_answer_of_the_planted_fault(store, tmp_path):
    fill(store)
    async with served(store) as address, chromium(tmp_path / "chromium") as tab:
        await tab.open(f"{address}/")
        assert "✗ 1 of 2 differs from the reference" in await tab.text()
        await tab.click("tr.differ td:last-child a:last-child")
        assert "Pairs that are evidence" in await tab.text()
        await tab.click("a[data-row]")
        assert "✗ Evidence: tool arguments" in await tab.text()
        await tab.click("#answer-provider .raw a")
        assert FAULT in await tab.text()
        assert tab.errors == []


async def test_seven_questions_are_answered_on_the_page_that_should(store, tmp_path):
    fill(store)
    async with served(store) as address, chromium(tmp_path / "chromium") as tab:
        await tab.open(f"{address}/")
        row = await tab.read("document.querySelector('tr.differ').innerText")
        assert "garbler" in row, "who"
        assert await tab.read(SINCE) in row, "since when; the moment in UTC is its title"
        assert (await tab.read("document.querySelector('tr.differ time').title")).endswith(" UTC")
        assert "sends different tool arguments 50 points" in row, "how large"
        assert "[" in row, "how sure: its interval"
        text = await tab.text()
        assert "120 of 360 requests have no pair" in text, "what was not measured"
        assert "0 of 10,000 requests of this day spent" in text, "what it costs"
        await tab.open(f"{address}/?since=all")
        assert "The audit sent 480 requests" in await tab.text()
        await tab.click("tr.differ a[data-row]")
        assert await tab.read("document.querySelectorAll('.forest tr.differ svg.strip').length") >= 1, "how sure, drawn"
        assert await tab.read("!!document.querySelector('svg.plot .since')"), "since when, drawn"
        await tab.click(".forest tr.differ a[data-row]")
        assert "Pairs that are evidence" in await tab.text(), "show me"
        await tab.open(f"{address}/audit")
        assert "240 of 360 requests count" in await tab.text()
        assert tab.errors == []


async def test_text_of_an_answer_leads_to_its_pair_and_to_a_report_for_the_provider(store, tmp_path):
    fill(store)
    async with served(store) as address, chromium(tmp_path / "chromium") as tab:
        await tab.open(f"{address}/providers/garbler")
        await tab.click("a[href*='/report?since=']")
        report = await tab.text()
        assert "# garbler answers differently from official" in report
        assert FAULT in report
        await tab.open(f"{address}/pairs")
        await tab.read(f"document.querySelector('[name=text]').value = '{FAULT.lower()}'")
        await tab.click(".filters button[type=submit]")
        assert f'"{FAULT}"' in await tab.read("document.querySelector('.hit').innerText")
        await tab.click("a[data-row]")
        assert "✗ Evidence: tool arguments" in await tab.text()
        assert await tab.read("location.search") == f"?text={FAULT.lower()}"
        assert tab.errors == []


async def test_part_of_a_course_is_zoomed_and_shown_whole_again(store, tmp_path):
    fill(store)
    async with served(store) as address, chromium(tmp_path / "chromium") as tab:
        await tab.open(f"{address}/providers/garbler")
        assert await tab.read("getComputedStyle(document.querySelector('svg.plot')).display") == "none"
        await tab.read("document.querySelector('.zoomed').scrollIntoView()")
        left, top, width = await tab.read(PLOT)
        await tab.drag((left + width * 0.25, top + 40), (left + width * 0.5, top + 40))
        assert not await tab.read(WHOLE), "a part is shown"
        await tab.read("document.querySelector('.zoom-out').click()")
        assert await tab.read(WHOLE)
        assert tab.errors == []


async def test_course_is_drawn_without_scripts(store, tmp_path):
    fill(store)
    async with served(store) as address, chromium(tmp_path / "chromium") as tab:
        await tab.call("Emulation.setScriptExecutionDisabled", value=True)
        await tab.open(f"{address}/providers/garbler")
        assert await tab.read("getComputedStyle(document.querySelector('svg.plot')).display") == "block"
        assert await tab.read("getComputedStyle(document.querySelector('.zoomed')).display") == "none"
        assert tab.errors == []


async def test_drawing_of_the_server_stays_alone_where_the_script_cannot_draw(store, tmp_path):
    fill(store)
    async with served(store) as address, chromium(tmp_path / "chromium") as tab:
        broken = "Object.defineProperty(window, 'uPlot', {value: null})"
        await tab.call("Page.addScriptToEvaluateOnNewDocument", source=broken)
        await tab.open(f"{address}/providers/garbler")
        assert await tab.read("uPlot") is None
        assert await tab.read("getComputedStyle(document.querySelector('svg.plot')).display") == "block"
        for part in (".zoomed", ".zoom-hint"):
            assert await tab.read(f"getComputedStyle(document.querySelector('{part}')).display") == "none"


async def test_no_page_scrolls_sideways_or_reports_an_error_in_either_scheme(store, tmp_path, axe):
    pair = fill(store)
    conversation = store.pair(pair).conversation
    more = (
        "/pairs?show=all&text=weather",
        f"/pairs/{pair}",
        f"/exchanges/{pair}",
        f"/conversations/{conversation}",
        "/?since=7d",
    )
    async with served(store) as address, chromium(tmp_path / "chromium") as tab:
        for place, (width, scheme) in enumerate(LOOKS):
            await tab.shape(width, scheme)
            for path in (*PAGES, *more) if place < 2 else more:
                await tab.open(address + path)
                assert await tab.read("document.documentElement.scrollWidth") <= width, (path, width)
                paper = await tab.read("getComputedStyle(document.body).backgroundColor")
                if place == 0 or (place == 1 and path in SHOWN_TWICE):
                    assert await serious(tab, axe) == [], (path, width, scheme)
                assert paper == {"light": "rgb(250, 249, 246)", "dark": "rgb(21, 23, 27)"}[scheme], path
        assert tab.errors == []


async def test_alarm_is_acknowledged_from_the_page_with_who_and_why(store, tmp_path):
    fill(store)
    judge = Judge.configured(CONFIG, store.judgements, holder="page", publish=lambda *_: None)
    alarms = SharedAlarms(judge, store, None)
    operator = OperatorActions(store, alarms.acknowledge, providers=lambda: CONFIG.proxy.providers)
    async with served(store, operator) as address, chromium(tmp_path / "chromium") as tab:
        await tab.open(f"{address}/providers/garbler")
        await tab.read("document.querySelector('[name=by]').value = 'Ada'")
        await tab.read("document.querySelector('[name=why]').value = 'the provider rolled back'")
        await tab.click(".act button[type=submit]")
        assert await tab.read("location.pathname") == "/providers/garbler"
        text = await tab.text()
        assert "Ada the provider rolled back garbler, pretend-small, route default: fixed, the state is ok now" in text
        assert tab.errors == []


async def test_newer_evidence_is_announced_on_the_list_that_is_open(store, tmp_path):
    fill(store)
    async with served(store) as address, chromium(tmp_path / "chromium") as tab:
        await tab.open(f"{address}/pairs")
        for number in range(2, 9):  # because a pair that is stored while the feed is opened is no newer one
            add_pair(store, "garbler", calling(f"Rome {number}"), calling("Oslo"), calling("Oslo"), started=time.time())
            assert store.flush(20)
            if await tab.read(NEWER):
                break
        assert (await tab.read("document.querySelector('.live').innerText")).endswith("newer: show")
        assert tab.errors == []


async def test_keys_move_along_the_rows_and_show_themselves(store, tmp_path):
    for number in (1, 2):
        keep_pair(store, said("Yes"), said("No way, never"), pair_id=f"{number:032}")
    async with served(store) as address, chromium(tmp_path / "chromium") as tab:
        await tab.open(f"{address}/pairs?show=all")
        for key, row in (("j", 0), ("j", 1), ("j", 1), ("k", 0)):
            await tab.press(key)
            place = "[...document.querySelectorAll('a[data-row]')].indexOf(document.activeElement)"
            assert await tab.read(place) == row
        await tab.press("?")
        assert await tab.read("document.getElementById('keys').open")
        await tab.open(f"{address}/pairs/{2:032}?show=all")
        async with tab.leaving():
            await tab.press("j")
        assert await tab.read("location.pathname") == f"/pairs/{1:032}"
        assert tab.errors == []


async def test_hostile_answer_is_shown_as_text(store, tmp_path):
    live = exchange(said(HOSTILE + "x" * 1_000_000), request=asked(HOSTILE), model=HOSTILE, conversation="talk")
    pair = keep_pair(store, live, said("fine"))
    async with served(store) as address, chromium(tmp_path / "chromium") as tab:
        await tab.shape(390, "light")
        for path in (f"/pairs/{pair}", f"/exchanges/{pair}", "/pairs?show=all", "/?since=all", "/providers/candidate?since=all"):
            await tab.open(address + path)
            text = await tab.text()
            assert "<script>document.title='acted'</script>" in text, path
            assert await tab.read("document.title") != "acted", path
            assert await tab.read("document.querySelectorAll('a[href^=javascript], main script, main img').length") == 0, path
            assert "\u202e" not in text
            assert await tab.read("document.documentElement.scrollWidth") <= 390, path
        assert tab.errors == []
