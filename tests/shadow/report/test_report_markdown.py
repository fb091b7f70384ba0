"""A report as Markdown."""

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


def test_no_request_is_not_measured(store):
    assert "Not measured: no request in this period." in as_markdown(build(store, 0.0, NOW))


def test_hostile_model_name_is_text(store):
    add_pair(store, "p", "Hello", "Hello", model="[x](http://evil) | @team <img>")
    assert store.flush(20)
    text = as_markdown(build(store, 0.0, NOW + 60))
    assert "](http:" not in text
    assert "<img" not in text
    assert "@team" not in text
