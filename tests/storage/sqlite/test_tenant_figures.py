"""The figures and the retention of one tenant, in both engines."""

import pytest

from storage.rows import PairFilter
from tests.conformance import DAY, PATIENCE, START, exchange_record, pair_record


def added(store, name, tenant, *, kept=True, **more):
    store.add_exchange(exchange_record(name, tenant=tenant, **more)._replace(kept=kept))
    assert store.flush(PATIENCE)


def test_figures_are_of_the_tenant_with_and_without_rows(store):
    added(store, "a1", "alpha", seconds=1.0)
    added(store, "a2", "alpha", kept=False)
    added(store, "b1", "beta", seconds=9.0)
    added(store, "n1", "", seconds=9.0)
    found = store.tenant_records("alpha", 0, 0, 100)
    assert [(line.provider, line.role, line.requests, line.prompt_tokens) for line in found.traffic] == [
        ("near", "primary", 2, 20)
    ]
    assert [(line.answers, line.output) for line in found.token_sums] == [(2, 6)]
    assert {line[-1] for line in found.latencies if line[3] == "seconds"} == {1.0}


def test_newer_answers_of_the_reference_take_no_place_among_the_times(store):
    added(store, "a1", "alpha", seconds=1.0)
    for place in range(3):
        added(store, f"s{place}", "alpha", role="shadow", started=START + 1 + place, seconds=9.0)
    assert {line[-1] for line in store.tenant_records("alpha", 0, 0, 1).latencies if line[3] == "seconds"} == {1.0}


def test_a_tenant_without_requests_has_no_figures(store):
    added(store, "n1", "")
    assert store.tenant_records("alpha", 0, 0, 100) == ((), (), ())
    assert store.tenant_records("", 0, START, 100) == ((), (), ())


def test_pairs_are_found_by_their_tenant(store):
    for name, tenant in (("p1", "alpha"), ("p2", "beta")):
        added(store, name, tenant)
        store.add_pair(pair_record(name))
    assert store.flush(PATIENCE)
    assert [found.pair.id for found in store.pairs(PairFilter(tenant="alpha"))] == ["p1"]
    assert store.pairs(PairFilter(tenant="gamma")) == []


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, ["p3", "p2", "p1"]),
        ({"tenants": ("alpha",)}, ["p1"]),
        ({"tenants": ("alpha", "beta", "gamma")}, ["p2", "p1"]),
        ({"tenants": ("alpha",), "tenant": "beta"}, []),
        ({"tenants": ("gamma",)}, []),
        ({"tenants": ("",)}, []),
    ],
)
def test_a_list_for_a_reader_of_tenants_has_the_pairs_of_these_alone(store, wanted, found):
    for place, tenant in enumerate(("alpha", "beta", ""), start=1):
        added(store, f"p{place}", tenant)
        store.add_pair(pair_record(f"p{place}", started=START + place))
    assert store.flush(PATIENCE)
    assert [each.pair.id for each in store.pairs(PairFilter(**wanted))] == found


@pytest.mark.parametrize(("age", "left"), [(7 * DAY, {"a1", "b1"}), (7 * DAY + 1, {"b1"})])
def test_records_of_a_tenant_go_after_its_own_days(store, age, left):
    for name, tenant in (("a1", "alpha"), ("b1", "beta")):
        added(store, name, tenant)
    store.sweep(START + age, {"alpha": 7.0})
    assert {name for name in ("a1", "b1") if store.exchange(name)} == left


def test_a_pair_goes_whole_with_the_exchange_of_its_tenant(store):
    added(store, "p1", "alpha")
    store.add_pair(pair_record("p1"))
    assert store.flush(PATIENCE)
    assert store.sweep(START + 8 * DAY, {"alpha": 7.0}) == 2
    assert store.pair("p1") is None
