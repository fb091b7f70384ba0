from shadow.report.build_report import build
from shadow.report.period_records import read_records
from shadow.report.trigger_figures import trigger_figures
from tests.most_rows import MostRows
from tests.records import NOW
from tests.storage.sqlite.test_report_queries import pair

KEY = ("near", "qwen", "official")


def test_a_tie_break_is_no_control_since_it_is_selected(store):
    for number in range(20):
        pair(store, f"a{number}", y="tool_calls", r="tool_calls", c="tool_calls")
    for number in range(10):
        pair(store, f"b{number}", y="stop", r="tool_calls", c="stop", reason="tiebreak")
    assert store.flush(20)
    found = trigger_figures(store.judgements.finish_reasons(0.0, 0.0, 1_000))[KEY]
    assert (found.pairs, found.control_pairs, found.own_f1, found.ratio) == (30, 20, 1.0, 20 / 30)
    assert found.f1 == 2 * 20 / (20 + 30)


def test_no_request_with_tools_is_no_figure(store):
    pair(store, "a", tools=0)
    assert store.flush(20)
    assert trigger_figures(store.judgements.finish_reasons(0.0, 0.0, 1_000)) == {}
    assert all(card.triggering is None for card in build(store, 0.0, NOW * 2).cards)


def test_endings_of_the_newest_100_000_pairs_alone_are_read(sqlite_store):
    reader = MostRows(sqlite_store)
    read_records(reader, 0.0, NOW)
    assert reader.most["finish_reasons"] == [100_000]
