"""The page of a tournament whose figures are made by hand: the class, the address and the words of each row."""

import re
from types import SimpleNamespace

import pytest

from shadow.pages import choose_page
from shadow.pages.choose_page import ChoosePage
from shadow.pages.page_environment import environment
from shadow.settings.config_errors import ConfigError
from shadow.settings.top_level_config import Config
from tests.reading import Reading
from tests.records import NOW
from tests.shadow.tournament.made_figures import DIFFERS, SAME, WAITING, WORSE, tournament, whole

PROVIDERS = {name: {"base_url": f"https://{name}.example/v1"} for name in ("live", "maker", "host-a", "host-b")}
ROUTES = [
    {"name": name, "model": name, "provider": "live", "reference": "maker", "candidates": ["host-a", "host-b"]}
    for name in ("agents", "chat")
]
CONFIG = Config.model_validate({"proxy": {"providers": PROVIDERS, "routes": ROUTES}})


class Shown:
    """The page, the moment it is asked at, and how often figures were computed for which route."""

    def __init__(self):
        self.now, self.asked, self.figures = NOW, [], whole()
        reader = SimpleNamespace(studies=SimpleNamespace(studies=tuple))
        self.pages = ChoosePage(reader, environment(), CONFIG, now=lambda: self.now)

    def view(self, _, config, route, now, known):
        self.asked.append((config is self.pages.config, route.name, now))
        return self.figures

    def __call__(self, **query):
        return self.pages.page(query)


@pytest.fixture
def page(monkeypatch):
    shown = Shown()
    monkeypatch.setattr(choose_page, "route_view", shown.view)
    return shown


def test_rows_have_the_class_of_their_verdict_and_tags_that_of_what_is_beyond(page):
    tables = page().split("<tbody>")[1:]
    kinds = [re.findall(r'<tr class="(\w+)">', table) for table in tables]
    assert kinds == [["match", "differ", "differ", "not_measured"], ["not_measured", "differ"]]
    assert re.findall(r'<g class="(\w+)">', page()) == ["match", "differ", "differ"]


def test_candidates_lead_to_their_pages_and_tags_to_their_pairs(page):
    addresses = Reading(page()).addresses
    for name in ("host-a", "host-b", "host-c", "host-d"):
        assert f"/providers/{name}?since=all" in addresses
    for tag in ("search", "pay"):
        assert f"/pairs?provider=host-a&route=agents&segment=tag%3D{tag}" in addresses
    assert "tools%3Dyes" not in "".join(addresses)


def test_ways_to_other_routes_are_there_and_the_own_one_is_marked(page):
    html = page(route="chat")
    assert '<b aria-current="true">chat</b>' in html
    assert "/choose?route=agents" in Reading(html).addresses
    assert "/choose?route=chat" not in Reading(html).addresses
    assert page.asked[0][1] == "chat"


@pytest.mark.parametrize(
    ("figures", "level", "statement"),
    [(tournament(SAME), True, True), (tournament(WORSE, DIFFERS), False, False), (tournament(WAITING), False, False)],
)
def test_how_often_a_claim_may_be_wrong_is_stated_where_one_is_the_same_and_segments_where_there_are_any(
    page, figures, level, statement
):
    page.figures = figures
    text = " ".join(Reading(page()).text.split())
    assert (choose_page.LEVEL in text, " ".join(choose_page.STATEMENT.split()) in text) == (level, statement)


def test_figures_are_shown_for_ten_seconds_and_computed_again_for_another_route_configuration_or_clock(page):
    for moment in (NOW, NOW + 9.9, NOW + 10.0, NOW + 10.0):
        page.now = moment
        page()
    assert [now for _, _, now in page.asked] == [NOW, NOW + 10.0]
    page(route="chat")
    page.pages.config = CONFIG.model_copy()
    page()
    page.now = NOW - 1
    page()
    assert [(same, name, now - NOW) for same, name, now in page.asked[2:]] == [
        (True, "chat", 10.0),
        (True, "agents", 10.0),
        (True, "agents", -1.0),
    ]
    assert repr(page.pages) == "<ChoosePage ['agents', 'chat']>"


def test_unknown_route_is_refused(page):
    with pytest.raises(ConfigError, match="no such route: 'nowhere'"):
        page(route="nowhere")
