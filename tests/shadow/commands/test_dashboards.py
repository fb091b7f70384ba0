"""What `sameweights dashboards DIR` writes, and what it leaves alone."""

import json

import pytest
import yaml

from shadow.commands.dashboards import GRAFANA, PAGES, contents, packaged, write
from shadow.settings.config_errors import ConfigError


def test_dashboards_rules_provisioning_and_runbook_are_written(tmp_path):
    written = {path.relative_to(tmp_path).as_posix() for path in write(tmp_path, contents())}
    assert written == {name for name in packaged() if not name.startswith("kubernetes/")}
    assert {
        "dashboards/overview.json",
        "prometheus/rules.yml",
        "prometheus/alerts.yml",
        "provisioning/datasources/sameweights.yml",
        "runbook.md",
    } <= written
    assert json.loads((tmp_path / "dashboards" / "overview.json").read_text())["uid"] == "sameweights-overview"


def test_every_address_is_the_requested_one(tmp_path):
    for path in write(tmp_path, contents(pages="https://audit.example/", grafana="https://grafana.example")):
        text = path.read_text(encoding="utf-8")
        assert PAGES not in text
        assert GRAFANA not in text
    alerts = (tmp_path / "prometheus" / "alerts.yml").read_text()
    assert "https://audit.example/runbook#SameweightsDown" in alerts
    assert "https://grafana.example/d/sameweights-audit" in alerts


def test_the_job_is_the_requested_one_in_rules_and_scrape_configuration(tmp_path):
    write(tmp_path, contents(job="monitoring/audit"))
    alerts = (tmp_path / "prometheus" / "alerts.yml").read_text()
    assert 'up{job="monitoring/audit"} == 0' in alerts
    assert 'absent(up{job="monitoring/audit"})' in alerts
    assert 'job="sameweights"' not in alerts
    scrape = yaml.safe_load((tmp_path / "prometheus" / "prometheus.yml").read_text())["scrape_configs"]
    assert [each["job_name"] for each in scrape] == ["monitoring/audit"]


@pytest.mark.parametrize("job", ["", 'a"b', "a b", "ä", "x" * 201])
def test_a_job_that_rules_cannot_hold_is_refused(tmp_path, job):
    with pytest.raises(ConfigError, match="is not a valid job name"):
        write(tmp_path, contents(job=job))
    assert not [*tmp_path.iterdir()]


def test_a_file_in_the_place_of_the_folder_is_named(tmp_path):
    path = tmp_path / "file"
    path.write_text("mine")
    with pytest.raises(ConfigError) as fault:
        write(path, contents())
    assert [sentence.partition(": ")[2] for sentence in fault.value.errors] == ["cannot be created: Not a directory"]
    assert path.read_text() == "mine"


def test_writing_twice_is_no_fault_but_another_content_is(tmp_path):
    write(tmp_path, contents())
    write(tmp_path, contents())
    mine = tmp_path / "prometheus" / "alerts.yml"
    mine.write_text("groups: []\n")
    with pytest.raises(ConfigError) as fault:
        write(tmp_path, contents(pages="https://audit.example"))
    assert any("prometheus/alerts.yml: is there already" in sentence for sentence in fault.value.errors)
    assert mine.read_text() == "groups: []\n"
    write(tmp_path, contents(), force=True)
    assert mine.read_text() != "groups: []\n"


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path):
    (tmp_path / "dashboards").write_text("a file where a folder should be")
    with pytest.raises(ConfigError) as fault:
        write(tmp_path, contents(), force=True)
    assert "cannot be created" in fault.value.errors[0]
