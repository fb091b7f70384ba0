"""The rules as they are, with their hours, on a real Prometheus that begins with a day of history behind it."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.boards import PROMETHEUS
from tests.running import PATIENCE, until
from tests.watching import missing, prometheus, promtool

pytestmark = [pytest.mark.promise("audit.history"), pytest.mark.journey]

STEP = 60
MINUTES = 24 * 60
GROUP = 'instance="a:8081",job="sameweights",route="main",model="m1",provider="{}",reference="ref",signal="answer_kind"'
PER_MINUTE = {
    # what grows in a minute: pairs, pairs in which the provider is odd since five hours, in which the reference is odd
    "faithful": (4.0, 0.4, 0.4),
    "noisy": (4.0, 0.8, 0.8),
    "slipping": (4.0, 1.0, 0.4),
}
BEGAN = 5 * 60
"""Minutes ago; an hour of it is too little to be sure, six are enough."""


def lines(provider: str, end: int) -> Iterator[tuple[str, str]]:
    """Samples of one provider as (family, line): its counters, minute by minute."""
    pairs, odd, reference = PER_MINUTE[provider]
    labels = GROUP.format(provider)
    own = 0.0
    for minute in range(MINUTES + 1):
        own += odd if minute > MINUTES - BEGAN else reference
        at = end - (MINUTES - minute) * STEP
        yield "sameweights_drift_pairs", f"sameweights_drift_pairs_total{{{labels}}} {pairs * minute:.1f} {at}"
        yield "sameweights_drift_odd", f'sameweights_drift_odd_total{{{labels},side="provider"}} {own:.1f} {at}'
        yield (
            "sameweights_drift_odd",
            f'sameweights_drift_odd_total{{{labels},side="reference"}} {reference * minute:.1f} {at}',
        )
        yield "up", f'up{{instance="a:8081",job="sameweights"}} 1 {at}'


def history(folder: Path) -> Path:
    """A day of samples that end now, as blocks of a Prometheus."""
    found: dict[str, list[str]] = {}
    end = int(time.time())
    for provider in PER_MINUTE:
        for family, line in lines(provider, end):
            if family != "up" or provider == "faithful":
                found.setdefault(family, []).append(line)
    kinds = {"up": "gauge"}
    texts = [f"# TYPE {family} {kinds.get(family, 'counter')}\n" + "\n".join(samples) for family, samples in found.items()]
    (folder / "history.om").write_text("\n".join(texts) + "\n# EOF\n", encoding="utf-8")
    made = promtool("tsdb", "create-blocks-from", "openmetrics", "--quiet", folder / "history.om", folder / "tsdb")
    assert made.returncode == 0, made.stdout + made.stderr
    return folder / "tsdb"


def hurried(folder: Path) -> Path:
    """The committed rules, looked at each second instead of each minute; no window and no bar is touched."""
    for name in ("rules.yml", "alerts.yml"):
        text = (PROMETHEUS / name).read_text(encoding="utf-8")
        (folder / name).write_text(re.sub(r"(?m)^( +interval): \w+$", r"\1: 1s", text), encoding="utf-8")
    (folder / "prometheus.yml").write_text("rule_files: [rules.yml, alerts.yml]\n", encoding="utf-8")
    return folder / "prometheus.yml"


async def test_hours_of_drift_are_found_in_the_past_and_noise_is_not(tmp_path):
    assert not missing(), f"apt-get install prometheus prometheus-alertmanager; missing: {missing()}"
    data = history(tmp_path)
    async with prometheus(hurried(tmp_path), data) as watch:
        found = await until(lambda: watch.alerts("SameweightsDrift"), PATIENCE)
        assert {each["labels"]["provider"] for each in found} == {"slipping"}
        assert {each["state"] for each in found} == {"pending"}, "two minutes are asked for before it fires"
        assert not [each for each in await watch.now("sameweights:drift_z:1h") if float(each["value"][1]) > 5]
        six = {
            each["metric"]["provider"]: float(each["value"][1]) for each in await watch.now("sameweights:drift_excess:ratio6h")
        }
        assert six["slipping"] == pytest.approx(0.6 * BEGAN / (4 * 6 * 60), rel=0.1)
        assert abs(six["faithful"]) < 0.001
        assert abs(six["noisy"]) < 0.001
        sure = {each["metric"]["provider"]: float(each["value"][1]) for each in await watch.now("sameweights:drift_z:6h")}
        assert max(abs(sure["faithful"]), abs(sure["noisy"])) < 0.1
        assert sure["slipping"] > 5
        noise = {
            each["metric"]["provider"]: float(each["value"][1]) for each in await watch.now("sameweights:drift_noise:ratio6h")
        }
        assert noise["noisy"] == pytest.approx(2 * noise["faithful"], rel=0.05)
