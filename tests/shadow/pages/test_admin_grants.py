"""A token reads figures or words, of all or of some tenants; each page is known to be of one or the other."""

import pytest
from prometheus_client import CollectorRegistry

from shadow.pages.admin_app import build_app
from shadow.pages.admin_grants import EXCHANGE, FIGURES, PAIR, PAIRS, AdminGrant
from shadow.settings.top_level_config import Config

WORDS = {PAIRS, "/answers", "/conversations/{id}", *PAIR, *EXCHANGE}
ALL = AdminGrant()
FIGURE = AdminGrant(name="board", words=False, acts=False)
WORD = AdminGrant(name="support", acts=False)
ALPHA = AdminGrant(name="team", acts=False, tenants=frozenset({"alpha", "beta"}))


async def test_each_page_is_known_to_be_of_figures_or_of_words(sqlite_store):
    app = build_app(sqlite_store, CollectorRegistry(), lambda: "", Config())
    assert {resource.canonical for resource in app.router.resources()} == FIGURES | WORDS


@pytest.mark.parametrize("page", sorted(FIGURES))
def test_every_token_reads_figures(page):
    assert [grant.refusal("GET", page, {}) for grant in (ALL, FIGURE, WORD, ALPHA)] == [""] * 4


@pytest.mark.parametrize("page", sorted({*WORDS, "/added/later"}))
def test_a_token_for_figures_reads_no_words(page):
    assert FIGURE.refusal("GET", page, {}).startswith("403: the token 'board' may read figures, and this page has words")
    assert [grant.refusal("GET", page, {}) for grant in (ALL, WORD)] == ["", ""]


@pytest.mark.parametrize(
    ("page", "query", "refused"),
    [
        (PAIRS, {}, True),
        (PAIRS, {"tenant": "alpha"}, False),
        (PAIRS, {"tenant": "gamma"}, True),
        (PAIRS, {"tenant": ""}, True),
        ("/answers", {"tenant": "alpha"}, True),
        ("/conversations/{id}", {}, True),
        ("/pairs/{id}", {}, False),
        ("/exchanges/{id}/{side}", {}, False),
    ],
)
def test_a_token_of_tenants_reads_their_pairs_and_lists_of_no_other(page, query, refused):
    assert bool(ALPHA.refusal("GET", page, query)) is refused
    assert (ALPHA.allows("alpha"), ALPHA.allows("gamma"), ALPHA.allows("")) == (True, False, False)


def test_the_refusal_names_the_tenants_and_what_to_open():
    assert ALPHA.refusal("GET", "/answers", {}) == (
        "403: the token 'team' may read the words of alpha, beta alone: open a pair or an exchange, or /pairs?tenant=alpha\n"
    )


def test_only_the_token_of_the_port_changes_something():
    assert ALL.refusal("POST", "/providers/{name}/actions", {}) == ""
    assert "change nothing" in WORD.refusal("POST", "/providers/{name}/actions", {})
