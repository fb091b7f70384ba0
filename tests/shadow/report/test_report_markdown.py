"""A report as Markdown."""

from proxy.provider_config import Provider
from shadow.pricing.price_list import PriceList
from shadow.report.build_report import build
from shadow.report.report_markdown import as_markdown
from tests.records import NOW, add_pair, fill


def test_the_verdicts_are_a_table_and_each_provider_a_section(store):
    fill(store)
    text = as_markdown(build(store, 0.0, NOW + 60))
    assert "| ✗ | garbler | pretend-small | **differs** | sends different tool arguments 34 points" in text
    assert "### faithful" in text
    assert "| lost spaces | 50 % | 80 | 0 % |" in text
    assert "- 1 of 242 requests have no pair" in text


def test_cost_is_stated_where_a_price_is_configured(store):
    add_pair(store, "near", "Hello", "Hello")
    assert store.flush(20)
    [row] = [row for row in store.token_sums(0, 0) if row.role == "shadow"]
    prices = PriceList({"official": Provider(base_url="http://a", price_input=1e6, price_output=1e6)})
    money = f"{sum(row.tokens)}.00 for 1 answer at the configured prices."
    assert money in as_markdown(build(store, 0.0, NOW + 60, prices))
    assert "Cost" not in as_markdown(build(store, 0.0, NOW + 60))


def test_no_request_is_not_measured(store):
    assert "Not measured: no request in this period." in as_markdown(build(store, 0.0, NOW))


def test_hostile_model_name_is_text(store):
    add_pair(store, "p", "Hello", "Hello", model="[x](http://evil) | @team <img>")
    assert store.flush(20)
    text = as_markdown(build(store, 0.0, NOW + 60))
    assert "](http:" not in text
    assert "<img" not in text
    assert "@team" not in text
