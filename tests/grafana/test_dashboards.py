"""The committed dashboards as Grafana's own linter would look at them, and as a reader needs them."""

import json
import re

import pytest

from tests.boards import boards, panels, variables

BOARDS = boards()
UNITS = {"locale", "percentunit", "bytes", "s", "reqps", "ops", "short", "none"}
MULTI = ("job", "instance", "provider", "model")
PROMETHEUS_UID = "$datasource"

pytestmark = pytest.mark.parametrize("name", BOARDS)


def _places(board: dict) -> list[tuple[int, int, int, int]]:
    return [tuple(panel["gridPos"][key] for key in ("x", "y", "w", "h")) for panel in board["panels"]]


def test_the_file_is_classic_json_that_provisioning_takes(name):
    board = BOARDS[name]
    assert board["schemaVersion"] in {41, 42}
    assert not {"id", "__inputs", "__requires", "apiVersion"} & set(board)
    assert board["uid"] == f"sameweights-{name}"
    assert board["editable"] is False
    assert board["tags"] == ["sameweights"]
    assert board["title"].startswith("sameweights / ")
    assert board["description"]


def test_panels_have_ids_and_places_of_their_own(name):
    board = BOARDS[name]
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))
    cells = set()
    for x, y, width, height in _places(board):
        assert 0 <= x <= x + width <= 24
        mine = {(column, row) for column in range(x, x + width) for row in range(y, y + height)}
        assert not mine & cells
        cells |= mine


def test_the_panels_of_a_row_leave_no_hole(name):
    lines: dict[int, int] = {}
    for _, y, width, _ in _places(BOARDS[name]):
        lines[y] = lines.get(y, 0) + width
    assert set(lines.values()) == {24}, "a row of panels that is not as wide as the dashboard"


def test_the_reference_and_its_noise_are_grey_and_all_colours_go_by_name(name):
    for panel in panels(BOARDS[name]):
        if panel["type"] != "timeseries":
            continue
        assert panel["fieldConfig"]["defaults"]["color"]["mode"] == "palette-classic-by-name"
        grey = {each["matcher"]["options"] for each in panel["fieldConfig"]["overrides"] if _is_grey(each)}
        named = {
            target["refId"] for target in panel["targets"] if re.match(r"noise|reference|limit|all ", target["legendFormat"])
        }
        assert named <= grey, panel["title"]


def _is_grey(override: dict) -> bool:
    return any(each["id"] == "color" and each["value"]["fixedColor"] == "#8e8e8e" for each in override["properties"])


def test_share_has_a_top_or_an_axis_that_does_not_go_to_ten_thousand_percent(name):
    for panel in panels(BOARDS[name]):
        defaults = panel["fieldConfig"]["defaults"]
        if panel["type"] == "timeseries" and defaults["unit"] == "percentunit":
            assert defaults.get("max") == 1 or defaults["custom"]["axisSoftMax"] <= 0.1, panel["title"]


def test_no_data_source_is_written_down(name):
    text = json.dumps(BOARDS[name])
    assert set(re.findall(r'"uid": "([^"]+)"', text)) <= {PROMETHEUS_UID, f"sameweights-{name}"}


def test_every_panel_states_what_it_shows_in_which_unit_and_what_to_do(name):
    for panel in panels(BOARDS[name]):
        assert panel["title"]
        assert len(panel["description"]) > 60, panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"] in UNITS, panel["title"]
        assert panel["datasource"] == {"type": "prometheus", "uid": PROMETHEUS_UID}
        assert panel["targets"], panel["title"]


def test_the_variables_are_those_of_the_linter(name):
    found = {each["name"]: each for each in BOARDS[name]["templating"]["list"]}
    assert found["datasource"]["type"] == "datasource"
    assert (found["datasource"]["label"], found["datasource"]["query"]) == ("Data Source", "prometheus")
    assert set(MULTI) <= set(found)
    for each in found.values():
        if each["type"] == "query":
            one = each["name"] == "signal"
            assert (each["multi"], each["includeAll"], each["allValue"], each["refresh"]) == (not one, not one, ".+", 2)
            assert each["label"] == each["name"]
            assert each["datasource"] == {"type": "prometheus", "uid": PROMETHEUS_UID}


def test_every_query_can_be_narrowed_to_a_job_and_raw_ones_to_an_instance(name):
    for panel in panels(BOARDS[name]):
        for target in panel["targets"]:
            for selector in re.findall(r"([a-zA-Z_:0-9]+)\{([^}]*)\}", target["expr"]):
                assert 'job=~"$job"' in selector[1], target["expr"]
                summed = selector[0].startswith("sameweights:") or selector[0] == "ALERTS"
                assert summed or 'instance=~"$instance"' in selector[1], target["expr"]


def test_every_variable_that_is_used_is_there_and_every_one_there_is_used(name):
    board = BOARDS[name]
    known = set(variables(board))
    text = json.dumps(board["panels"]) + json.dumps(board["links"])
    queries = "".join(str(each.get("query")) for each in board["templating"]["list"])
    used = {found for pair in re.findall(r"\$(\w+)|\$\{(\w+)\}", text + queries) for found in pair if found}
    assert {each for each in used if not each.startswith("__")} <= known
    assert known <= used


def test_each_dashboard_links_to_the_other_dashboards_to_the_pairs_and_to_the_runbook(name):
    links = {link["title"]: link for link in BOARDS[name]["links"]}
    assert links["sameweights"]["type"] == "dashboards"
    assert (links["sameweights"]["includeVars"], links["sameweights"]["keepTime"]) == (True, True)
    assert links["Pairs"]["url"] == "${pages}/pairs"
    assert links["Runbook"]["url"] == "${pages}/runbook"


def test_series_of_a_provider_lead_to_its_pairs(name):
    for panel in panels(BOARDS[name]):
        if panel["type"] == "timeseries" and any("{{provider}}" in target["legendFormat"] for target in panel["targets"]):
            (link,) = panel["fieldConfig"]["defaults"]["links"]
            assert link["url"].startswith("${pages}/pairs?provider=${__field.labels.provider}")


def test_graphs_of_a_table_have_no_legend_names_left_over(name):
    for panel in panels(BOARDS[name]):
        legends = [target["legendFormat"] for target in panel["targets"]]
        if panel["type"] == "timeseries":
            assert all(legend not in {"", "__auto"} or len(legends) == 1 for legend in legends), panel["title"]
            assert len(legends) == len(set(legends)), f"{panel['title']}: two queries with one name"
