"""A report as one HTML file."""

import re

from shadow.report.build_report import build
from shadow.report.report_html import as_html
from tests.records import NOW, add_pair, fill


def test_the_file_holds_the_verdicts_and_needs_nothing_else(store):
    fill(store)
    page = as_html(build(store, 0.0, NOW + 60))
    assert "✗ differs" in page
    assert "sends different tool arguments 34 points" in page
    assert not re.search(r"<script|<link|<img|https?://|@import|url\(", page)
    assert "default-src 'none'" in page


def test_hostile_model_name_is_text(store):
    add_pair(store, "p", "Hello", "Hello", model="<script>alert(1)</script>\u202e\x1b[2J")
    assert store.flush(20)
    page = as_html(build(store, 0.0, NOW + 60))
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;[U+202E][ESC][2J" in page


def test_no_request_is_not_measured(store):
    assert "Not measured: no request in this period." in as_html(build(store, 0.0, NOW))
