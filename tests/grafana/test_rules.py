"""The rules and alerts by promtool, case by case, and as a reader needs them: severity, words, links, an entry in the runbook."""

import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
import yaml

from tests.boards import GRAFANA, PROMETHEUS, ROOT, alerts, boards, groups
from tests.watching import missing, promtool

pytestmark = pytest.mark.slow


ALERTS = alerts()
CASES = sorted((PROMETHEUS / "tests").glob("*.yml"))
ALONE = {"SameweightsServingChanged", "SameweightsLoopLag", "SameweightsScrapeSlow", "SameweightsDown", "SameweightsStoreBehind"}
ALONE |= {"SameweightsRecordsShort", "SameweightsReloadFailed"}
ALONE |= {"SameweightsJudgeMissing", "SameweightsJudgeBehind"}
ALONE |= {"SameweightsBrokerAway", "SameweightsBacklogOld", "SameweightsStreamFilling"}
"""Alerts that hold a single value against a bar, without counting."""


@pytest.fixture(autouse=True)
def _there():
    assert not missing(), f"apt-get install prometheus prometheus-alertmanager; missing: {missing()}"


def test_the_rules_are_taken_without_a_word_of_complaint():
    ran = promtool("check", "rules", "--lint=all", "--lint-fatal", PROMETHEUS / "rules.yml", PROMETHEUS / "alerts.yml")
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_every_case_comes_out_as_written():
    with ThreadPoolExecutor(2) as pool:
        for ran in pool.map(lambda path: promtool("test", "rules", path), CASES):
            assert ran.returncode == 0, ran.stdout + ran.stderr


def cases() -> list[dict]:
    return [case for path in CASES for case in yaml.safe_load(path.read_text(encoding="utf-8"))["tests"]]


def checks(alert: str, case: dict) -> list[bool]:
    """For each look at this alert in a case: whether it is expected."""
    return [
        bool(check["exp_samples"])
        for check in case.get("promql_expr_test", [])
        if f'alertname="{alert}"' in check["expr"] and "pending" not in check["expr"]
    ]


@pytest.mark.parametrize("alert", ALERTS)
def test_every_alert_has_cases_in_which_it_fires_in_which_it_does_not_and_in_which_it_ends(alert):
    looked = [checks(alert, case) for case in cases() if checks(alert, case)]
    assert any(True in each for each in looked), "never seen to fire"
    assert any(True not in each for each in looked) or alert in ALONE, "never seen to stay quiet"
    assert any(each[-1] is False and True in each for each in looked), "never seen to resolve"


@pytest.mark.parametrize("alert", ALERTS)
def test_every_alert_has_a_case_with_two_replicas(alert):
    replicated = [case for case in cases() if checks(alert, case) and 'instance="b:8081"' in str(case["input_series"])]
    assert replicated


STILL = {
    "SameweightsDriftProven": ("evidence below the bar", "", "nothing is exported"),
    "SameweightsDrift": ("a reference that is as noisy", "sixteen odd pairs", "a provider without traffic"),
    "SameweightsDriftSuspected": ("a reference that is as noisy", "sixteen odd pairs", "a provider without traffic"),
    "SameweightsReferenceMoved": ("a reference that is ok", "", ""),
    "SameweightsDivergence": ("a reference that differs from itself as often", "thirty controls", "without any control"),
    "SameweightsInvalidToolCalls": ("a reference that breaks the schema as often", "four invalid calls", ""),
    "SameweightsBrokenAnswers": ("a failing check fires, resolves, and a rare one", "four failures", "an answer that could not"),
    "SameweightsErrorAsymmetry": ("errors that the reference has as well", "nine errors", "without a reference"),
    "SameweightsContextOverflow": ("a prompt that is too long", "two overflows", "a reference that was hardly asked, or never"),
    "SameweightsServingChanged": ("a restart of the audit", "", ""),
    "SameweightsProviderFailing": ("clients that hang up", "a few failures at night", "no requests, no claim"),
    "SameweightsReferenceFailing": (
        "a reference that fails now and then",
        "a reference with two requests",
        "no requests, no claim",
    ),
    "SameweightsSlowFirstToken": (
        "SameweightsSlowFirstToken, a reference that is as slow",
        "SameweightsSlowFirstToken, ninety answers",
        "SameweightsSlowFirstToken, without a reference",
    ),
    "SameweightsSlowTokens": (
        "SameweightsSlowTokens, a reference that is as slow",
        "SameweightsSlowTokens, ninety answers",
        "SameweightsSlowTokens, without a reference",
    ),
    "SameweightsNothingCompared": ("", "two hundred requests", ""),
    "SameweightsProviderNotCompared": ("", "a provider of which few pairs were to be expected is not missed", ""),
    "SameweightsControlMissing": ("", "ninety pairs", ""),
    "SameweightsNotMeasured": ("", "a hundred requests", ""),
    "SameweightsShadowBudgetSpent": ("requests that are not sampled", "", ""),
    "SameweightsShadowsDropped": ("a skip now and then", "nineteen", ""),
    "SameweightsRecordsLost": ("nothing lost", "", ""),
    "SameweightsStoreBehind": ("half a minute", "", ""),
    "SameweightsRecordsShort": ("a database at its limit", "", ""),
    "SameweightsBrokerAway": ("a host without its broker", "", ""),
    "SameweightsBacklogOld": ("a backlog of over five minutes", "", ""),
    "SameweightsStreamFilling": ("a stream over four fifths", "", ""),
    "SameweightsJudgeMissing": ("auditors of which none judges", "", ""),
    "SameweightsJudgeBehind": ("a judge that is over five minutes behind", "", ""),
    "SameweightsReloadFailed": ("a refused configuration", "", ""),
    "SameweightsProxySlow": ("one slow request in a thousand", "ninety requests", ""),
    "SameweightsLoopLag": ("the slowest of two replicas counts, and a moment does not", "", ""),
    "SameweightsHotProcess": (
        "a data-plane process of one, or one that is busy like the others",
        "a data-plane process with all of the load is not hot below",
        "",
    ),
    "SameweightsScrapeSlow": ("", "", ""),
    "SameweightsDown": ("", "", ""),
}
"""For each alert, the case in which it stays still at what is ordinary, below its minimum count, and where there is no control,
no reference or no traffic to hold it against; "" where it counts nothing or holds nothing against anything.
"""


@pytest.mark.parametrize("alert", ALERTS)
@pytest.mark.parametrize("why", range(3), ids=["at the floor", "below the count", "without a control"])
def test_every_alert_stays_still_where_it_should(alert, why):
    if name := STILL[alert][why]:
        looked = [checks(alert, case) for case in cases() if case["name"].startswith(name)]
        assert any(False in each for each in looked), name


def test_no_alert_fires_where_nothing_is_exported():
    [case] = [case for case in cases() if case["name"].startswith("nothing is exported")]
    assert {"expr": "ALERTS", "eval_time": "20m", "exp_samples": []} in case["promql_expr_test"]


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_about_answers_leads_to_those_that_are_stored(alert):
    group = next(group["name"] for group in groups("alerts.yml") if any(rule.get("alert") == alert for rule in group["rules"]))
    about_answers = group.endswith((".drift", ".faults")) or alert.endswith("Failing")
    url = ALERTS[alert]["annotations"].get("evidence_url", "")
    assert bool(url) == about_answers
    assert not url or re.match(r"http://127\.0\.0\.1:8081/(pairs\?|answers\?|serving$)", url)


@pytest.mark.parametrize("alert", ALERTS)
def test_every_alert_has_severity_summary_description_and_links(alert):
    rule = ALERTS[alert]
    words = rule["annotations"]
    assert re.fullmatch(r"Sameweights[A-Z][A-Za-z]+", alert)
    assert rule["labels"].keys() == {"severity"}
    assert rule["labels"]["severity"] in {"critical", "warning", "info"}
    assert words.keys() - {"evidence_url"} == {"summary", "description", "runbook_url", "dashboard_url"}
    assert "$value" not in words["summary"], "a summary holds no number: it would be another one each minute"
    assert words["description"].replace("{{ end }}", "").endswith(".")
    assert words["runbook_url"] == f"http://127.0.0.1:8081/runbook#{alert}"
    board = re.fullmatch(r"http://127\.0\.0\.1:3000/d/sameweights-(\w+)(\?.*)?", words["dashboard_url"])
    assert board
    assert board[1] in boards()


@pytest.mark.parametrize("alert", ALERTS)
def test_words_about_a_provider_name_it(alert):
    if "var-provider" in ALERTS[alert]["annotations"]["dashboard_url"]:
        assert "{{ $labels.provider }}" in ALERTS[alert]["annotations"]["summary"]


def test_critical_is_what_the_application_s_users_feel_at_once():
    critical = {name for name, rule in ALERTS.items() if rule["labels"]["severity"] == "critical"}
    assert critical == {"SameweightsInvalidToolCalls", "SameweightsProviderFailing", "SameweightsDown"}


def test_groups_are_named_once_with_their_count():
    found = [group for name in ("rules.yml", "alerts.yml") for group in groups(name)]
    names = [group["name"] for group in found]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"sameweights\.(recording|alerts)\.[\w.]+", name) for name in names)
    assert all(group["interval"] in {"30s", "1m"} for group in found)


def test_the_runbook_has_one_entry_an_alert_in_their_order():
    text = (GRAFANA / "runbook.md").read_text(encoding="utf-8")
    assert re.findall(r"(?m)^## (\w+)$", text) == list(ALERTS)
    for part in re.split(r"(?m)^## ", text)[1:]:
        labels = re.findall(r"(?m)^- \*\*(.+?):\*\* \S", part)
        assert labels == ["Means", "Does not mean", "Look", "Do", "Quiet"], part.split("\n")[0]


def test_panels_that_the_runbook_names_exist():
    text = (GRAFANA / "runbook.md").read_text(encoding="utf-8")
    titles = {panel["title"] for board in boards().values() for panel in board["panels"]}
    named = {name for name in re.findall(r"`([A-Z][^`]+)`", text) if not re.match(r"Sameweights|SAMEWEIGHTS", name)}
    strangers = {name for name in named if not any(title.startswith(name) for title in titles)}
    assert not strangers


def test_the_reference_page_of_alerts_is_the_rules():
    page = (ROOT / "docs" / "reference" / "alerts.md").read_text(encoding="utf-8")
    rows = re.findall(r"(?m)^\| \[`(\w+)`\]\(\.\./\.\./grafana/runbook\.md#(\w+)\) \| (\w+) \| (.+?) \| .{20,} \|$", page)
    assert [row[0] for row in rows] == list(ALERTS)
    for name, anchor, severity, wait in rows:
        assert anchor == name.lower()
        assert (severity, wait) == (ALERTS[name]["labels"]["severity"], ALERTS[name].get("for", "at once"))


def test_prometheus_and_alertmanager_take_their_configurations():
    assert promtool("check", "config", PROMETHEUS / "prometheus.yml").returncode == 0
    manager = GRAFANA / "alertmanager" / "alertmanager.yml"
    ran = subprocess.run(["amtool", "check-config", manager], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
