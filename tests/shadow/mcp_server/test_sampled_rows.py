"""The MCP lists of pairs state sampled rows in the words of the report, counted once a minute."""

import pytest

from shadow.mcp_server.sampled_rows import SampledRows
from shadow.report.row_sampling import row_sampling
from shadow.settings.config_errors import ConfigError
from tests.agents import Agent
from tests.conformance import PATIENCE, START, exchange_record


def add_unkept(store, name):
    store.add_exchange(exchange_record(name)._replace(kept=False))
    assert store.flush(PATIENCE)


@pytest.mark.parametrize(("tool", "more"), [("list_divergent_pairs", {}), ("search_pairs", {"text": "heron"})])
async def test_list_of_pairs_states_sampled_rows_as_the_report_does(store, tool, more):
    whole = await Agent(store).result(tool, since="all", **more)
    add_unkept(store, "a")
    sampled = await Agent(store).result(tool, since="all", **more)
    assert (whole["rows"], sampled["rows"]) == ("", row_sampling(store, 0.0, 0.0).sentence)
    assert sampled["rows"].startswith("rows are sampled: of 1 request without a pair 0 (0 %) have a row")


@pytest.mark.parametrize(("passed", "counted"), [(59.9, "1 request"), (60.0, "2 requests"), (-1.0, "2 requests")])
def test_rows_are_counted_again_after_a_minute_or_where_the_clock_went_back(store, passed, counted):
    now = START + 1_000
    rows = SampledRows(store, lambda: now)
    add_unkept(store, "a")
    assert "of 1 request without" in rows.sentence("all")
    add_unkept(store, "b")
    now += passed
    assert f"of {counted} without" in rows.sentence("all")


def test_sentences_of_eight_periods_are_kept(store):
    rows = SampledRows(store, lambda: START)
    for hours in range(1, 10):
        rows.sentence(f"{hours}h")
    assert repr(rows) == "<SampledRows of ['2h', '3h', '4h', '5h', '6h', '7h', '8h', '9h']>"
    with pytest.raises(ConfigError, match="yesterday"):
        rows.sentence("yesterday")
