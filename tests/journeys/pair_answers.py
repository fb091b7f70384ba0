"""The records of the one pair of a journey: both answers as they were read, and the findings."""

from __future__ import annotations

from shadow.reading.parsed_response import parse_response
from shadow.records import exchange
from tests.journeys.test_whole_path_of_a_request import audited
from tests.running import Served

TIMES = {"first_chunk", "first_token", "first_content", "inter_chunk", "inter_chunk_p99", "stalls", "total", "tokens_per_second"}


async def answers_of_pair(served: Served) -> tuple[list, dict[str, str], dict[str, str]]:
    """Both answers of the one pair, read from the records, and what was found of the pair and of the live answer alone."""
    [summary] = await audited(served, 1)
    reader = served.reader
    rows = [reader.exchange(name) for name in (summary.pair.subject_id, summary.pair.reference_id)]
    cross = {each.signal: each.state for each in reader.findings(pair_id=summary.pair.id) if each.comparison == "cross"}
    alone = {each.signal: each.state for each in reader.findings(exchange_id=rows[0].id) if each.comparison == "check"}
    reader.close()
    assert [row.unread for row in rows] == ["", ""]
    return [parse_response(exchange(row)).completion for row in rows], cross, alone


def differing(found: dict[str, str]) -> set[str]:
    """What differs, times left out: two pretended providers on one machine are not equally quick."""
    return {signal for signal, state in found.items() if state == "differ"} - TIMES
