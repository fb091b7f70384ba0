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


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("- item", r"\- item"),
        ("+ item", r"\+ item"),
        ("-item", "-item"),
        ("--- rule", r"\--- rule"),
        ("= rule", r"\= rule"),
        ("1. item", "1&#46; item"),
        ("123) item", r"123\) item"),
        ("1234) item", "1234) item"),
        ("1.5 points", "1.5 points"),
        ("a - b + c = d", "a - b + c = d"),
        ("www.example.com", "www&#46;example.com"),
        ("a: b", "a: b"),
        ("`code` _a_ ~b~ #c !d $e", r"\`code\` \_a\_ \~b\~ \#c \!d \$e"),
        ("<b> & </b>", "&#60;b&#62; &#38; &#60;/b&#62;"),
        ("a\n\n| b", "a &#124; b"),
    ],
)
def test_each_sign_that_begins_markup_is_shown_as_itself(text, shown):
    assert markdown(text) == shown


@pytest.mark.parametrize(("length", "limit", "shown"), [(0, 3, ""), (3, 3, "xxx"), (4, 3, "xx…"), (5, 1, "…")])
def test_a_line_is_cut_with_an_ellipsis_within_its_limit(length, limit, shown):
    assert one_line("x" * length, limit) == shown


def test_four_times_the_limit_is_read_so_that_blanks_do_not_shorten_a_line():
    assert one_line("a  b  c  d", 4) == "a b…"
    assert one_line(" " * 15 + "abc", 4) == "a"
    assert one_line(" " * 16 + "abc", 4) == ""


@pytest.mark.parametrize("text", ["\x00", "\ufffe", "\uffff"])
def test_what_xml_cannot_hold_is_replaced_or_named(text):
    assert xml_text(f"a{text}b") in {"a[NUL]b", "a\ufffdb"}
