"""The monitoring resources: the rules and dashboards of grafana/, written once, with this installation's job and addresses."""

import json
import tarfile

import pytest
import yaml

from shadow.commands.dashboards import contents, packaged
from tests.helm import CHART, helm, one, rendered
from tests.watching import promtool

pytestmark = pytest.mark.slow
PAGES, GRAFANA = "https://audit.example.com", "https://grafana.example.com"
MORE = {"monitoring": {"pages": f"{PAGES}/", "grafana": GRAFANA, "labels": {"release": "prometheus"}}}


@pytest.fixture(scope="module", params=["sameweights", "audit"])
def release(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def documents(release) -> list[dict]:
    return rendered("fleet", MORE, release=release)


def test_rules_are_those_that_dashboards_writes_and_prometheus_takes_them(tmp_path, documents, release):
    groups = one(documents, "PrometheusRule")["spec"]["groups"]
    texts = contents(pages=PAGES, grafana=GRAFANA, job=release)
    own = {file: text.replace(f'job="{release}"', f'namespace="ai", job="{release}"') for file, text in texts.items()}
    files = [yaml.safe_load(own[f"prometheus/{name}.yml"])["groups"] for name in ("rules", "alerts")]
    assert groups == files[0] + files[1]
    assert f'up{{namespace="ai", job="{release}"}} == 0' in str(groups)
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": groups}))
    ran = promtool("check", "rules", tmp_path / "rules.yml")
    assert ran.returncode == 0, ran.stdout + ran.stderr


DOWN = """
rule_files: [rules.yml]
tests:
  - interval: 1m
    input_series:
      - {series: 'up{namespace="ai", job="JOB", instance="a"}', values: OWN}
      - {series: 'up{namespace="other", job="JOB", instance="b"}', values: OTHER}
    promql_expr_test:
      - expr: count by (namespace) (ALERTS{alertname="SameweightsDown", alertstate="firing"})
        eval_time: 10m
        exp_samples: EXPECTED
"""


@pytest.mark.parametrize(
    ("up", "expected"),
    [
        ({"OWN": "1x20", "OTHER": "0x20"}, "[]"),
        ({"OWN": "0x20", "OTHER": "1x20"}, "[{labels: '{namespace=\"ai\"}', value: 1}]"),
        ({"OWN": "_x20", "OTHER": "1x20"}, "[{labels: '{namespace=\"ai\"}', value: 1}]"),
    ],
    ids=["another is down", "this is down", "this has no target"],
)
def test_the_release_is_down_by_its_own_targets_alone(tmp_path, documents, release, up, expected):
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": one(documents, "PrometheusRule")["spec"]["groups"]}))
    text = DOWN
    for word, value in {"JOB": release, "EXPECTED": expected, **up}.items():
        text = text.replace(word, value)
    (tmp_path / "test.yml").write_text(text)
    ran = promtool("test", "rules", tmp_path / "test.yml")
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_dashboards_are_those_that_dashboards_writes(documents, release):
    found = [each for each in documents if "grafana_dashboard" in each["metadata"]["labels"]]
    texts = contents(pages=PAGES, grafana=GRAFANA, job=release)
    inside = {name: json.loads(text) for each in found for name, text in each["data"].items()}
    files = {name.removeprefix("dashboards/"): text for name, text in texts.items() if name.startswith("dashboards/")}
    assert inside == {f"sameweights-{name}": json.loads(text) for name, text in files.items()}
    assert all(each["metadata"]["labels"]["grafana_dashboard"] == "1" for each in found)


def test_no_address_of_the_packaged_files_is_left(documents):
    assert "127.0.0.1:8081" not in str(documents)
    assert "127.0.0.1:3000" not in str(documents)


def test_proxies_and_auditors_are_one_job_by_the_name_of_the_release(documents, release):
    monitor = one(documents, "PodMonitor")
    pods = [each["spec"]["template"] for each in documents if each["kind"] == "Deployment"]
    for pod in pods:
        labels = pod["metadata"]["labels"]
        assert monitor["spec"]["selector"]["matchLabels"].items() <= labels.items()
        assert labels[monitor["spec"]["jobLabel"]] == release
        ports = {each["name"] for each in pod["spec"]["containers"][0]["ports"]}
        assert {each["port"] for each in monitor["spec"]["podMetricsEndpoints"]} <= ports


def test_an_operator_that_selects_by_a_label_finds_both_resources(documents):
    for kind in ("PodMonitor", "PrometheusRule"):
        assert one(documents, kind)["metadata"]["labels"]["release"] == "prometheus"


def test_a_metrics_page_behind_a_token_and_tls_is_scraped_with_both():
    token = {"credentials": {"name": "sameweights-keys", "key": "ADMIN_TOKEN"}}
    more = {"monitoring": {"endpoint": {"scheme": "https", "authorization": token}}}
    (endpoint,) = one(rendered("fleet", more), "PodMonitor")["spec"]["podMetricsEndpoints"]
    assert endpoint == {"port": "admin", "path": "/metrics", "interval": "15s", "scheme": "https", "authorization": token}


def test_nothing_of_it_is_rendered_without_being_chosen():
    kinds = {each["kind"] for each in rendered("single")}
    assert kinds == {"ConfigMap", "Job", "NetworkPolicy", "Service", "StatefulSet"}


def test_the_packaged_chart_holds_the_rules_and_every_dashboard_and_renders_the_same(tmp_path, documents, release):
    ran = helm("package", CHART, "--destination", tmp_path)
    assert ran.returncode == 0, ran.stderr
    (archive,) = tmp_path.glob("sameweights-*.tgz")
    with tarfile.open(archive) as packed:
        names = {entry.name for entry in packed if entry.isfile()}
    boards = {name for name in packaged() if name.startswith("dashboards/")}
    assert {f"sameweights/files/{name}" for name in (*boards, "rules.yml", "alerts.yml")} <= names
    assert not [name for name in names if "/ci/" in name]
    assert rendered("fleet", MORE, release=release, chart=archive) == documents
    assert archive.stat().st_size < 512 * 1024, "a release is stored in a Secret, of 1 MiB at most"
