from html.parser import HTMLParser

import pytest

from shadow.studies.outputs.study_html import as_html
from shadow.studies.outputs.study_report import study_report
from shadow.studies.study_policy import StudyPolicy
from shadow.studies.verdicts.study_rule import judge_study
from tests.shadow.studies.outputs.made import HOSTILE, facts, probe_report, replay_report


class Page(HTMLParser):
    """The elements with their attributes, and the text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


def tags(text: str) -> list[str]:
    return [tag for tag, _ in Page(text).elements]


@pytest.mark.parametrize("report", [probe_report(), replay_report(), probe_report(HOSTILE, detail=HOSTILE)])
def test_a_page_stands_alone_without_script_address_or_handler(report):
    page = Page(as_html(report))
    assert not {"script", "link", "img", "iframe", "a", "object"} & {tag for tag, _ in page.elements}
    attributes = [(name, value or "") for _, found in page.elements for name, value in found.items()]
    assert not [name for name, _ in attributes if name.startswith("on") or name in {"href", "src"}]
    policy = next(found["content"] for tag, found in page.elements if found.get("http-equiv") == "Content-Security-Policy")
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def test_a_hostile_name_is_text_and_adds_no_element():
    assert tags(as_html(probe_report(HOSTILE, detail=HOSTILE))) == tags(as_html(probe_report()))
    page = Page(as_html(probe_report(HOSTILE, detail=HOSTILE)))
    assert '<script>alert(1)</script>"&[ESC][2J[U+202E]| `x`' in page.text


def test_a_page_has_verdicts_plots_and_tables():
    page = Page(as_html(probe_report()))
    assert [found.get("class") for tag, found in page.elements if tag == "li"][:3] == ["FAIL", "NOT_MEASURED", "PASS"]
    drawn = [found["class"] for tag, found in page.elements if tag == "svg" and "class" in found]
    assert drawn.count("plot") == 2
    assert drawn.count("strip") == 2 + 3 + 4
    assert tags(as_html(probe_report())).count("table") == 5


def test_a_study_without_a_run_has_no_plot_and_can_be_shown():
    result = judge_study([], reference="maker", candidates=["one"], policy=StudyPolicy())
    text = as_html(study_report(facts(ended=None, ended_by=""), result, []))
    assert "svg" not in tags(text)
    assert "still running" in text


def test_a_page_is_for_light_and_dark_and_for_narrow_screens():
    text = as_html(probe_report())
    assert "prefers-color-scheme: dark" in text
    assert "max-width: 640px" in text
    assert "width=device-width" in text
