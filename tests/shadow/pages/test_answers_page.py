"""The list of answers that failed a check."""

import pytest
from prometheus_client import CollectorRegistry

from shadow.findings.finding import Signal
from shadow.pages.page_set import PageSet
from shadow.settings.config_errors import ConfigError
from shadow.settings.top_level_config import Config
from storage.store import Store
from tests.conformance import exchange_record, finding
from tests.reading import Reading
from tests.records import add_live, add_pair

pytestmark = pytest.mark.slow


CONFIG = Config.model_validate(
    {"proxy": {"providers": {name: {"base_url": "https://example.com/v1"} for name in ("candidate", "official")}}}
)


@pytest.fixture
def pages(store: Store):
    return PageSet(store, CONFIG, CollectorRegistry())


def test_answers_that_failed_a_check_are_listed_without_a_pair(pages, store):
    add_live(store, "candidate", "run together", faults=[Signal.LOST_SPACE])
    sampled = add_pair(store, "candidate", "also together", "also together", faults=[Signal.EMPTY_ANSWER])
    add_live(store, "official", "fine")
    assert store.flush(20)
    page = Reading(pages.answers.page({"provider": "candidate"}))
    assert "not sampled" in page.text
    assert f"/pairs/{sampled}" in page.addresses
    assert pages.answers.page({"signal": "lost_space"}).count("data-row") == 1
    nothing = "No answer failed this check with this filter. Whether any could be checked stands on the page of its provider."
    assert nothing in pages.answers.page({"signal": "stop"})
    assert (
        "provider: no record has this provider: 'typo'  (known: candidate, official)"
        in Reading(pages.answers.page({"provider": "typo"})).text
    )
    assert pages.answers.page({"check": "lost_space"}) == pages.answers.page({"signal": "lost_space"}), "the older name"


def test_answer_list_is_paged(pages, store):
    for number in range(50 + 1):
        found = (finding("stop", "differ", exchange_id=f"{number:032}", comparison="check"),)
        store.add_exchange(exchange_record(f"{number:032}")._replace(findings=found))
    assert store.flush(20)
    first = Reading(pages.answers.page({"signal": "stop"}))
    assert f"/answers?signal=stop&before={1:032}" in first.addresses
    assert f"/exchanges/{0:032}" in Reading(pages.answers.page({"signal": "stop", "before": f"{1:032}"})).addresses


@pytest.mark.parametrize("check", ["text", "<script>"])
def test_unknown_check_is_refused_with_the_known_ones(pages, check):
    with pytest.raises(ConfigError, match=r"known: applied_parameters, broken_characters, .*usage"):
        pages.answers.page({"signal": check})


def test_answer_of_before_the_period_is_left_out(pages, store):
    add_live(store, "candidate", "run together", faults=[Signal.LOST_SPACE])
    assert store.flush(20)
    assert "data-row" in pages.answers.page({"since": "2001-01-01"})
    assert "data-row" not in pages.answers.page({"until": "2001-01-01"})


def test_parameter_that_the_list_of_answers_does_not_know_is_refused(pages):
    with pytest.raises(ConfigError, match="there is no filter 'tag' on this page"):
        pages.answers.page({"tag": "x"})
