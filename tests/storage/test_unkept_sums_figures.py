"""What one exchange without a row adds to each sum, in numbers; plain values, without a store."""

import pytest

from storage.unkept_sums import UnkeptBatch, counted, coverage_queries, known_since, statements, trims
from tests.conformance import exchange_row

BILLION = 1_000_000_000
KEY = (600, "", "near", "qwen", "primary")


def row(**more):
    return exchange_row("one", **{"started": 1_199.9, **more})


@pytest.mark.parametrize(
    ("more", "sums", "accepted"),
    [
        ({}, (1, 1, 0, 0, 10, 4), 10),
        ({"model": "", "method": "GET"}, (1, 0, 0, 0, 10, 4), 10),
        ({"model": "", "method": "POST"}, (1, 1, 0, 0, 10, 4), 10),
        ({"model": "qwen", "method": "GET"}, (1, 1, 0, 0, 10, 4), 10),
        ({"failure": "reset"}, (1, 1, 1, 0, 10, 4), None),
        ({"failure": "reset", "status": 500}, (1, 1, 1, 0, 10, 4), None),
        ({"status": 399}, (1, 1, 0, 0, 10, 4), 10),
        ({"status": 400}, (1, 1, 0, 1, 10, 4), None),
        ({"status": None}, (1, 1, 0, 0, 10, 4), None),
        ({"prompt_tokens": BILLION + 1, "completion_tokens": BILLION + 2}, (1, 1, 0, 0, BILLION, BILLION), BILLION + 1),
        ({"prompt_tokens": None, "completion_tokens": None}, (1, 1, 0, 0, 0, 0), None),
    ],
)
def test_exchange_adds_to_the_sums_of_its_stretch(more, sums, accepted):
    found = counted(row(**more))
    assert found.traffic == (600, "", "near", more.get("model", "qwen"), "primary")
    assert (found.sums, found.accepted) == (sums, accepted)


@pytest.mark.parametrize(
    ("more", "sums"),
    [
        ({}, (1, 1, 6, 1, 2, 3, 1, 0, 2.1e-06)),
        ({"fresh_tokens": None, "cache_write_1h_tokens": None}, (1, 0, 0, 0, 0, 3, 1, 0, 2.1e-06)),
        ({"cached_tokens": None, "cache_write_tokens": 9}, (1, 1, 0, 7, 2, 3, 1, 0, 2.1e-06)),
        ({"cache_write_tokens": None, "cache_write_1h_tokens": None}, (1, 1, 6, 0, 0, 3, 1, 0, 2.1e-06)),
        ({"cache_write_1h_tokens": None, "output_tokens": None, "reasoning_tokens": None}, (1, 1, 6, 3, 0, 0, 0, 0, 2.1e-06)),
        ({"uncertain_tokens": None, "cost": None}, (1, 1, 6, 1, 2, 3, 1, 0, 0.0)),
        ({"uncertain_tokens": 7}, (1, 1, 6, 1, 2, 3, 1, 7, 2.1e-06)),
    ],
)
def test_exchange_adds_its_tokens_by_class(more, sums):
    assert counted(row(**more)).token_sums == sums


def test_tokens_are_summed_apart_by_the_state_of_the_usage_and_by_whether_a_cost_is_stated():
    keys = [counted(row(**more)).tokens for more in ({}, {"cost": None}, {"usage_state": ""})]
    assert keys == [(*KEY, "certain", 1), (*KEY, "certain", 0), None]


def test_batch_has_one_row_for_each_key_with_the_sums_and_the_longest_accepted_prompt():
    batch = UnkeptBatch()
    finding = (600, "r", "qwen", "near", "o", "check", "usage", "differ", "")
    for number, prompt in enumerate((10, 30, 20, None)):
        batch.add(f"{number}", counted(row(prompt_tokens=prompt)), [finding], (600, "r", "qwen", "near", "o", ("stop",)))
    batch.add("4", counted(row(started=0.0, usage_state="", status=500)), [], None)
    ids, tallies, passages, tokens = (rows for _, rows in statements(batch, "?"))
    assert ids == [(f"{number}",) for number in range(5)]
    assert tallies == [
        (600, "r", "qwen", "near", "o", "check", "stop", "match", "", 4),
        (*finding, 4),
    ]
    assert passages == [(0, *KEY[1:], 1, 1, 0, 1, 10, 4, None), (*KEY, 4, 4, 0, 0, 60, 16, 30)]
    assert tokens == [(*KEY, "certain", 1, 4, 4, 24, 4, 8, 12, 4, 0, pytest.approx(8.4e-06))]


def test_batch_without_an_exchange_has_no_statement():
    assert list(statements(UnkeptBatch(), "?")) == []


def test_ids_are_known_from_no_moment_before_the_epoch():
    assert known_since(5.0) == "0" * 12
    assert known_since(86_400.001) == f"{1:012x}"


def test_each_table_of_sums_is_trimmed_of_the_stretches_that_ended():
    assert [statement.split()[2] for statement in trims("?")] == ["unkept_passages", "unkept_tokens", "unkept_tallies"]
    assert {statement.partition("WHERE ")[2] for statement in trims("?")} == {"began + 600 <= ?"}


@pytest.mark.parametrize("one", [False, True])
def test_coverage_is_of_one_provider_where_it_is_wanted(one):
    queries = coverage_queries(":{}".format, between=" AND id > 'a'", one=one)
    assert [query.count("provider = :provider") for query in queries] == [one, one, one]
    assert [query.count(" AND id > 'a'") for query in queries] == [0, 1, 2]
