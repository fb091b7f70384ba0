"""What a report states of sampled rows."""

from shadow.report.build_report import as_text, build
from shadow.report.report_html import as_html
from shadow.report.report_markdown import as_markdown
from shadow.report.row_sampling import row_sampling
from tests.conformance import PATIENCE, START, exchange_record, pair_record


def test_the_share_is_of_requests_without_a_pair(store):
    for n in range(95):
        store.add_exchange(exchange_record(f"a{n}")._replace(kept=False))
    for name in ("p1", "b1", "b2", "b3", "b4", "b5"):
        store.add_exchange(exchange_record(name))
    store.add_pair(pair_record("p1"))
    for name in ("c1", "c2", "c3"):
        store.add_exchange(exchange_record(name, role="candidate", provider="other"))
        store.add_pair(pair_record(name, provider="other"))
    assert store.flush(PATIENCE)
    found = row_sampling(store, 0, 0)
    assert (found.without_pair, found.kept) == (100, 5)
    assert found.sentence.startswith("rows are sampled: of 100 requests without a pair 5 (5.0 %) have a row; pairs")
    report = build(store, 0.0, START + 60)
    for text in (as_text(report, width=500), as_html(report), as_markdown(report)):
        assert "of 100 requests without a pair 5 (5.0 %) have a row" in text.replace("\\", "")


def test_nothing_is_stated_where_every_request_has_a_row(store):
    store.add_exchange(exchange_record("b1"))
    assert store.flush(PATIENCE)
    assert row_sampling(store, 0, 0) is None
    assert build(store, 0.0, START + 60).rows is None
