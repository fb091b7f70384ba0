"""Recorded text made safe for each medium."""

import csv
import io
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shadow.presentation.safe_text import csv_cell, markdown, one_line, short_name, xml_text


@pytest.mark.promise("reader.terminal")
def test_one_line_has_no_control_and_no_more_than_its_limit():
    assert one_line("a\n\x1b[2J b\tc", 40) == "a [ESC][2J b c"
    assert one_line("x" * 41, 40) == "x" * 39 + "…"
    assert one_line("x" * 40, 40) == "x" * 40
    assert len(one_line("wide " * 250_000, 160)) == 160


def test_short_name_is_cut_at_sixty_characters():
    assert short_name("m" * 60) == "m" * 60
    assert short_name("m" * 61) == "m" * 59 + "…"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\n=1", '"=1', "'=1", "\uff1d1"])
def test_cell_that_begins_like_a_formula_gets_an_apostrophe(text):
    assert csv_cell(text).startswith("'")


@pytest.mark.parametrize("value", ["plain", "1", "a=b", "", 3, -2.5, None])
def test_cell_that_is_no_formula_stays_as_it_is(value):
    assert csv_cell(value) == value


@given(st.text() | st.text(" \n\t\r\"'=+-@a"))
@example('"\t')
def test_no_cell_is_a_formula_whatever_the_text(text):
    out = io.StringIO()
    csv.writer(out).writerow(["id", csv_cell(text)])
    ((_, cell),) = csv.reader(io.StringIO(out.getvalue()))
    assert not cell.lstrip(' \n"').startswith(("=", "+", "-", "@", "\t", "\r"))


@given(st.text())
def test_any_text_is_held_by_an_xml_document(text):
    element = ET.Element("a", name=xml_text(text))
    assert ET.fromstring(ET.tostring(element)).get("name") is not None


def test_markdown_shows_links_and_mentions_as_text():
    assert markdown("[a](http://b) @c | d") == r"\[a\](http&#58;//b) &#64;c &#124; d"
