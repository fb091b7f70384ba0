"""Requests that were too large to be held are stated with their number, their size and what to set."""

import pytest

from proxy.exchange import Exchange
from shadow.checks.registry import check
from shadow.reading.parsed_exchange import parse_exchange
from shadow.records import exchange_record
from shadow.report.build_report import as_text, build
from shadow.report.unheld_requests import unheld_shortfalls
from shadow.verdict.verdict_value import VerdictWord
from tests.exchanges import asked, exchange, said
from tests.records import NOW, add_live


def cut(number: int) -> Exchange:
    made = exchange(said(), request=asked("x" * 200_000), id=f"{number:032x}", provider="near", started=NOW)
    return made._replace(request=made.request._replace(body=made.request.body[:70_000], size=13_333_333))


def test_a_cut_request_is_stated_with_sizes_in_megabytes():
    [(key, [found])] = unheld_shortfalls([("near", "m", "request_truncated", 3, 13_333_333)]).items()
    assert key == ("near", "m")
    assert found.sentence == "3 requests too large to keep whole, of up to 13.3 MB, never compared"
    assert found.remedy == "raise `proxy.limits.audit_body`"


def test_a_request_that_found_no_room_is_stated_beside_a_cut_one_with_the_setting_of_the_total():
    rows = [("near", "m", "not_held", 1, 13_333_333), ("near", "m", "request_truncated", 2, 40_000_000)]
    [first, second] = unheld_shortfalls(rows)["near", "m"]
    assert first.sentence == "1 request not kept because the buffer was full, with a body of up to 13.3 MB, never compared"
    assert first.remedy == "raise `proxy.limits.audit_held`"
    assert second.sentence == "2 requests too large to keep whole, of up to 40.0 MB, never compared"


@pytest.mark.parametrize(("size", "shown"), [(1_949_999, "1.9 MB"), (1_950_001, "2.0 MB"), (20_000_000_000_000, "20000000.0 MB")])
def test_a_size_is_in_millions_of_bytes_to_a_tenth(size, shown):
    [found] = unheld_shortfalls([("near", "m", "request_truncated", 1, size)])["near", "m"]
    assert found.sentence == f"1 request too large to keep whole, of up to {shown}, never compared"


def test_a_report_of_cut_requests_alone_reports_that_they_were_too_large(store):
    for number in range(3):
        seen = parse_exchange(cut(number))
        store.add_exchange(exchange_record(seen, outcomes=[], checks=check(seen.request, seen.answer)))
    assert store.flush(20)
    found = build(store, 0.0, NOW + 1)
    assert [card.verdict.word for card in found.cards] == [VerdictWord.NOT_MEASURED]
    text = " ".join(as_text(found, width=100).split())
    assert "3 requests too large to keep whole, of up to 13.3 MB, never compared; raise `proxy.limits.audit_body`" in text


def test_a_report_of_requests_that_found_no_room_is_stated(store):
    live = cut(1)
    seen = parse_exchange(live._replace(unheld=True, request=live.request._replace(body=b"")))
    store.add_exchange(exchange_record(seen, outcomes=[], checks=check(seen.request, seen.answer)))
    assert store.flush(20)
    text = " ".join(as_text(build(store, 0.0, NOW + 1), width=100).split())
    assert "1 request not kept because the buffer was full, with a body of up to 13.3 MB, never compared; raise" in text
    assert "`proxy.limits.audit_held`" in text
    assert store.exchange(live.id).unread == "not_held"


def test_requests_that_are_held_whole_are_not_among_them(store):
    add_live(store, "near", request=asked("x" * 200_000))
    assert store.flush(20)
    assert store.judgements.unread_requests(0.0, 0.0) == []


def test_cut_requests_beside_compared_ones_are_counted_with_what_could_not_be_compared(store):
    seen = parse_exchange(cut(1))
    record = exchange_record(seen, outcomes=[], checks=check(seen.request, seen.answer))
    store.add_exchange(record)
    add_live(store, "near")
    assert store.flush(20)
    assert "1 request too large to keep whole, of up to 13.3 MB" in " ".join(
        as_text(build(store, 0.0, NOW + 1), width=100).split()
    )
