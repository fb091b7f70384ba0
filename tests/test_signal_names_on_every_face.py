"""Each name of a signal that a report, a page, a metric, an alert or the webhook prints is accepted by every filter."""

import html
import json
import re
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from shadow.checks.registry import CHECKS, EXCHANGE_CHECKS
from shadow.compare.comparators import COMPARATORS, FOR_ANY_PAIR
from shadow.drift.alarm_budget import WEIGHTS
from shadow.drift.alarm_titles import title
from shadow.drift.drift_signals import DriftSignal
from shadow.drift.excess_estimates import GroupKey
from shadow.findings.finding import TIMES, Finding, FindingState
from shadow.judging.webhook import webhook_event
from shadow.metrics.observe import Metrics
from shadow.pages.page_set import PageSet
from shadow.report.build_report import as_json, as_text, build
from shadow.report.filters import answer_filter, pair_filter
from shadow.settings.top_level_config import Config
from shadow.terminal.answers_text import answers_json, answers_text
from shadow.terminal.pair_list import pair_lines, pairs_json, pairs_text
from shadow.terminal.pair_text import pair_columns, pair_json, pair_text
from shadow.verdict.phrases import NAMES, named
from storage.judgement_rows import AlarmRow
from storage.rows import AnswerFilter, PairFilter, PairGroup
from tests.records import NOW, fill

pytestmark = pytest.mark.slow


ALERTS = Path(__file__).resolve().parents[1] / "grafana" / "prometheus" / "alerts.yml"
CHECKED = frozenset(signal.value for signal, _ in (*CHECKS, *EXCHANGE_CHECKS))
COMPARED = tuple(signal for signal, _ in (*FOR_ANY_PAIR, *COMPARATORS))
CONFIG = Config.model_validate({"proxy": {"providers": {"garbler": {"base_url": "https://garbler.example/v1"}}}})


@pytest.fixture
def recorded(store):
    fill(store)
    return store


def members(value) -> set[str]:
    """Every value of a member `signal`, `strongest` or `worst` of a JSON document, and those of a list `signals` of names."""
    if isinstance(value, list):
        return {name for each in value for name in members(each)}
    if not isinstance(value, dict):
        return set()
    own = {value[key] for key in ("signal", "strongest", "worst") if isinstance(value.get(key), str)}
    lists = {each for each in value.get("signals", ()) if isinstance(each, str)}
    return (own | lists | {name for each in value.values() for name in members(each)}) - {""}


def in_words(text: str) -> set[str]:
    """The wordings of signals that stand in a text."""
    plain = " ".join(text.split())
    return {words for words in (*NAMES.values(), *map(named, COMPARED)) if re.search(rf"\b{re.escape(words)}\b", plain)}


def chips(page: str) -> set[str]:
    found = re.findall(r'<span class="chip[a-z ]*">(?:✗ )?(.*?)</span>|<tr>\s*<th>(.*?)</th><td class="value"', page)
    return {html.unescape(name) for pair in found for name in pair if name}


def options(page: str) -> set[str]:
    (select,) = re.findall(r'<select name="signal">(.*?)</select>', page, re.DOTALL)
    found = re.findall(r'<option value="([a-z_0-9]+)".*?>(.*?)</option>', select)
    assert found
    return {html.unescape(name) for pair in found for name in pair}


def accepted(pages: PageSet, names: set[str], *, checks: bool = False) -> None:
    """Both faces of the list of pairs take each of these names, and where they are of checks those of the answers too."""
    assert names
    for name in names:
        assert pair_filter(provider="", model="", signal=name, state="", since="all", limit=1, now=1.0).signal, name
        assert pages.pairs.page({"signal": name}), name
        if checks:
            assert answer_filter(provider="", model="", signal=name, since="all", limit=1, now=1.0).signal, name
            assert pages.answers.page({"signal": name}), name


def test_names_of_the_report_are_accepted(recorded):
    pages, report = PageSet(recorded, CONFIG, CollectorRegistry()), build(recorded, 0.0, 2 * NOW)
    document = json.loads(as_json(report))
    accepted(pages, members(document) | in_words(as_text(report, width=200, color=False)))
    accepted(pages, {line["signal"] for card in document["cards"] for line in card["checks"]}, checks=True)


def test_names_of_the_lists_and_of_a_pair_are_accepted(recorded):
    pages = PageSet(recorded, CONFIG, CollectorRegistry())
    found, failed = recorded.pairs(PairFilter()), recorded.faulty_answers(AnswerFilter())
    lines = pair_lines(recorded, PairFilter(evidence=True))
    named_signals = {name for each in json.loads(pairs_json(lines))["pairs"] for name in (*each["differing"], *each["evidence"])}
    accepted(pages, in_words(pairs_text(lines, PairFilter(evidence=True), width=200, color=False, absence="")) | named_signals)
    texts = answers_text(failed, width=200, color=False)
    accepted(pages, in_words(texts) | members(json.loads(answers_json(failed))), checks=True)
    shown = pair_columns(recorded, found[0].pair.id)
    accepted(pages, in_words(pair_text(shown, width=200, color=False)) | members(json.loads(pair_json(shown))))


def test_names_of_the_pages_are_accepted(recorded):
    pages = PageSet(recorded, CONFIG, CollectorRegistry())
    accepted(pages, chips(pages.pairs.page({"show": "all"})) | options(pages.pairs.page({})))
    accepted(pages, chips(pages.answers.page({})) | options(pages.answers.page({})), checks=True)
    accepted(pages, chips(pages.pair.page(recorded.pairs(PairFilter())[0].pair.id)))
    assert "tool arguments" in chips(pages.pairs.page({"provider": "garbler"}))


def test_names_of_metrics_and_alerts_are_accepted(recorded):
    registry, pages = CollectorRegistry(), PageSet(recorded, CONFIG, CollectorRegistry())
    metrics = Metrics(registry, CONFIG)
    for kind, signals in (("cross", COMPARED), ("check", CHECKED)):
        found = [Finding(signal=signal, state=FindingState.DIFFER, score=0.5) for signal in signals]
        metrics.findings("garbler", "m", kind, "", found, pair_id="p")
    metrics.drift.counted(GroupKey("default", "m", "garbler", "official"), [(signal, 1) for signal in DriftSignal])
    lines = generate_latest(registry).decode()
    shown = set(re.findall(r'signal="(\w+)"', lines))
    assert shown >= {*COMPARED, *CHECKED, *DriftSignal} - TIMES
    accepted(pages, shown)
    accepted(pages, set(re.findall(r'^sameweights_checks_total\{.*signal="(\w+)"', lines, re.MULTILINE)), checks=True)
    accepted(pages, set(re.findall(r"[&?]signal=(\w+)", ALERTS.read_text(encoding="utf-8"))))


@pytest.mark.parametrize("key", WEIGHTS)
def test_names_of_an_alarm_in_the_webhook_are_accepted(store, key):
    group = PairGroup(route="default", model="m", provider="garbler", reference="official")
    details = json.dumps({"tests": [{"signal": key[0], "title": title(key)}]})
    row = AlarmRow(at=1.0, pair_id="p", group=group, old="ok", new="drift", name=title(key), details=details)
    event = json.loads(webhook_event(row, "json").body)
    test = event["details"]["tests"][0]
    accepted(PageSet(store, CONFIG, CollectorRegistry()), {event["name"], test["signal"], test["title"]})
