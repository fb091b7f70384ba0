"""What the pictures are drawn from: each panel with the answers to its queries, as Grafana would send them."""

import sys

import pytest

from tests.boards import GRAFANA, boards

sys.path.insert(0, str(GRAFANA))

import picture


class Answering:
    """A Prometheus that answers every query with the query."""

    begin, end = 100.0, 160.0

    def answers(self, target: dict, chosen: dict[str, str]) -> list[dict]:
        return [{"metric": {}, "value": [160, "1"], "query": picture.filled(target["expr"], "5s", chosen)}]


def test_variables_are_at_all_unless_one_is_chosen():
    expr = 'sum(rate(x{job=~"$job", signal=~"$signal"}[$__rate_interval]))'
    assert picture.filled(expr, "5s", {"signal": "text"}) == 'sum(rate(x{job=~".+", signal=~"text"}[5s]))'


@pytest.mark.parametrize("name", [*boards()])
def test_each_panel_of_a_dashboard_has_an_answer_for_each_query(name):
    board = boards()[name]
    data = picture.page_data(board, Answering(), scheme="light", width=1200, chosen={"signal": "text"})
    assert (data["scheme"], data["width"], data["from"], data["to"]) == ("light", 1200, 100_000, 160_000)
    assert [len(panel["answers"]) for panel in data["panels"]] == [len(panel.get("targets", [])) for panel in board["panels"]]
    queries = [answer["query"] for panel in data["panels"] for answers in panel["answers"] for answer in answers]
    assert not [query for query in queries if "$" in query]
    assert not [panel["title"] for panel in data["panels"] if "$" in panel["title"]]


def test_the_packages_are_pinned_and_each_source_is_there():
    assert '"@grafana/ui": "11.6.0"' in (picture.SOURCES / "package.json").read_text()
    assert {"panels.tsx", "scrollbars.js", "package.json"} == {path.name for path in picture.SOURCES.iterdir()}
