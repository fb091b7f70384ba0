"""The shipped Alertmanager configuration, run by the real Alertmanager: which alerts of one faulty provider are sent."""

import aiohttp
import pytest

from tests.boards import GRAFANA
from tests.running import until
from tests.watching import alertmanager, missing

pytestmark = pytest.mark.slow

GROUP = {"job": "sameweights", "provider": "bad", "model": "m1"}
DRIFT = {**GROUP, "route": "main", "reference": "ref", "severity": "warning"}
ALL = ("SameweightsDriftProven", "SameweightsDrift", "SameweightsDriftSuspected", "SameweightsDivergence")


def alert(name: str, **labels: str) -> dict:
    own = GROUP if name == "SameweightsDivergence" else DRIFT
    return {"labels": {**own, "alertname": name, **labels}}


async def sent(tmp_path, *alerts: dict) -> list[tuple[str, str]]:
    """(alert, provider) of those that Alertmanager does not suppress."""
    assert not missing(), f"apt-get install prometheus prometheus-alertmanager; missing: {missing()}"
    async with (
        alertmanager(GRAFANA / "alertmanager" / "alertmanager.yml", tmp_path) as address,
        aiohttp.ClientSession(f"http://{address}") as session,
    ):
        async with session.post("/api/v2/alerts", json=list(alerts)) as got:
            assert got.status == 200

        async def settled() -> list[dict]:
            async with session.get("/api/v2/alerts") as got:
                found = await got.json()
            return found if len(found) == len(alerts) and all(each["status"]["state"] != "unprocessed" for each in found) else []

        found = await until(settled)
    active = [each["labels"] for each in found if each["status"]["state"] == "active"]
    return sorted((labels["alertname"], labels.get("provider", "")) for labels in active)


async def test_of_all_alerts_that_compare_one_is_sent_for_a_provider_and_model(tmp_path):
    assert await sent(tmp_path, *map(alert, ALL)) == [("SameweightsDriftProven", "bad")]


async def test_without_a_proof_the_computed_alert_is_sent_and_hides_the_weaker_ones(tmp_path):
    assert await sent(tmp_path, *map(alert, ALL[1:])) == [("SameweightsDrift", "bad")]


async def test_divergence_alone_is_sent(tmp_path):
    assert await sent(tmp_path, alert("SameweightsDivergence")) == [("SameweightsDivergence", "bad")]


async def test_another_provider_or_model_is_not_hidden(tmp_path):
    others = [alert("SameweightsDivergence", provider="worse"), alert("SameweightsDrift", model="m2")]
    shown = await sent(tmp_path, alert("SameweightsDriftProven"), *others)
    assert shown == [("SameweightsDivergence", "worse"), ("SameweightsDrift", "bad"), ("SameweightsDriftProven", "bad")]


async def test_faults_are_sent_beside_a_drift(tmp_path):
    broken = {"labels": {**GROUP, "alertname": "SameweightsInvalidToolCalls", "severity": "critical", "role": "primary"}}
    shown = await sent(tmp_path, alert("SameweightsDriftProven"), broken)
    assert shown == [("SameweightsDriftProven", "bad"), ("SameweightsInvalidToolCalls", "bad")]


async def test_a_moved_reference_hides_what_is_computed_about_its_providers(tmp_path):
    moved = {"labels": {"alertname": "SameweightsReferenceMoved", "job": "sameweights", "model": "m1", "reference": "ref"}}
    assert await sent(tmp_path, moved, *map(alert, ALL[1:])) == [("SameweightsReferenceMoved", "")]
