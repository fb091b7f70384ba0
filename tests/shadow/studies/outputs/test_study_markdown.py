import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from shadow.presentation.safe_text import markdown as escaped
from shadow.studies.outputs.study_markdown import as_markdown
from tests.shadow.studies.outputs.made import HOSTILE, probe_report, replay_report

READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def shown(text: str) -> str:
    """The text of Markdown as its reader shows it, one line for a paragraph."""
    parts = [token for block in READER.parse(text) for token in (block.children or [])]
    assert {token.type for token in parts} <= {"text", "text_special", "softbreak"}, parts
    return "".join(" " if token.type == "softbreak" else token.content for token in parts)


@given(st.text())
def test_any_text_is_shown_as_it_stands_and_becomes_no_markup(text: str):
    line = " ".join(text.split())
    made = escaped(text)
    assert "\n" not in made
    if text.isprintable() and line:
        assert shown(made) == line


@given(st.lists(st.sampled_from(list("*_[]()<>#|~!&@:/.-+=1\\`x ")), max_size=12).map("".join))
def test_the_marks_of_markdown_are_shown_as_they_stand(text: str):
    line = " ".join(text.split())
    if line:
        assert shown(escaped(line)) == line


@pytest.mark.parametrize("text", ["@someone", "https://a.example", "www.a.example", "![i](http://a.example/i)"])
def test_no_mention_and_no_address_is_left(text: str):
    made = escaped(text)
    assert "@" not in made
    assert "://" not in made
    assert "www." not in made


def test_the_tables_are_tables():
    text = READER.render(as_markdown(probe_report()))
    assert text.count("<table>") == 1 + 5
    assert "<strong>FAIL</strong>" in text
    assert READER.render(as_markdown(replay_report())).count("<table>") == 1 + 6


def test_a_hostile_name_adds_no_tag_no_link_and_no_cell():
    text = READER.render(as_markdown(probe_report(HOSTILE, detail=HOSTILE)))
    assert not [tag for tag in ("<script", "<a ", "<img") if tag in text]
    assert text.count("<td") == READER.render(as_markdown(probe_report())).count("<td")


WHOLE = """\
## probe battery: openrouter, small, twin against maker

20 of 40 blocks, every candidate decided; 730 requests, 4,231,000 tokens, \\$1.83\x20\x20
2026-09-21 14:13:20 to 2026-09-21 14:25:34 UTC, seed 7, sameweights 1.0\x20\x20

| | candidate | verdict | |
|---|---|---|---|
| ✗ | openrouter | **FAIL** | more than the 30 points allowed below maker"""
TABLES = """
### outcomes

an error is an outcome, never a score of 0

| provider | how its runs ended |
|---|---|
| maker | complete 18, partial 2 |
| openrouter | partial 15 |
| small | context overflow 3 |
| twin | complete 19, partial 1 |

### tool groups

scored runs that called a tool of the group

| group | maker | openrouter | small | twin |
|---|---:|---:|---:|---:|
"""


def test_a_study_is_a_heading_its_verdicts_as_a_table_and_a_section_for_each_table():
    text = as_markdown(probe_report())
    assert text.startswith(WHOLE)
    assert "\n| ? | small | **NOT MEASURED** | small gave nothing to score in 3 of 3 runs" in text
    assert TABLES in text
    assert "\n\n- Judged by coverage, allowed drop 30 points" in text
    assert text.endswith("\n- again: sameweights probe battery.toml --seed 7\n")
