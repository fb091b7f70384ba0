"""Names that no record has."""

import pytest

from proxy.exchange import Role
from shadow.findings.finding import Signal
from shadow.report.known_names import check_known, filter_names, known_names, unknown_names
from shadow.settings.config_errors import ConfigError
from storage.rows import PairFilter, PairGroup, SignalCount, TrafficCount
from tests.conformance import exchange_record, pair_record
from tests.records import NOW, add_live, add_pair


@pytest.fixture
def recorded(store):
    add_pair(store, "garbler", "Hello", "Hello", model="m")
    assert store.flush(20)
    return store


def test_every_unknown_name_is_reported_with_the_known_ones(recorded):
    with pytest.raises(ConfigError) as caught:
        check_known(recorded, provider="garblr", model="n")
    assert caught.value.errors == (
        "--provider: no record has this provider: 'garblr'; did you mean 'garbler'?  (known: garbler)",
        "--model: no record has this model: 'n'  (known: m)",
    )


def test_known_names_pass_and_so_does_a_list_with_a_row(recorded, store):
    check_known(recorded, provider="garbler", model="m")
    check_known(recorded, provider="anything", found=True)


def test_nothing_is_unknown_in_an_empty_database(store):
    check_known(store, provider="p", model="m", route="r")


def test_candidate_is_a_known_provider_and_a_reference_is_none(store):
    add_pair(store, "north", "Hello", "Hello", role=Role.CANDIDATE)
    assert store.flush(20)
    assert known_names(store, "provider") == ["north"]


def test_reference_and_route_are_known_by_what_was_compared(recorded):
    found = unknown_names(recorded, {"reference": "oficial", "route": "defalt"})
    assert found == (
        "--reference: no record has this reference: 'oficial'; did you mean 'official'?  (known: official)",
        "--route: no record has this route: 'defalt'; did you mean 'default'?  (known: default)",
    )


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("upstream", "upstream: no record has this upstream: 'nort'; did you mean 'north'?  (known: north, south)"),
        ("tag", "tag: no record has this tag: 'nort'; did you mean 'north'?  (known: north, south)"),
        ("tenant", "tenant: no record has this tenant: 'nort'; did you mean 'north'?  (known: north, south)"),
        ("conversation", "conversation: no record has this conversation: 'nort'"),
    ],
)
def test_each_name_of_a_request_is_looked_up_in_the_records(store, kind, sentence):
    assert unknown_names(store, {kind: "nort"}, flag="") == (), "nothing is unknown in an empty database"
    for name in ("south", "north", "south"):
        own = {"upstream": "", "tag": "", "conversation": "", "tenant": ""} | {kind: name}
        in_pair = {each: own[each] for each in ("upstream", "conversation")}
        number = f"{name}-{len(store.pairs(PairFilter()))}"
        store.add_exchange(exchange_record(number, **own))
        store.add_pair(pair_record(number, **in_pair))
        assert store.flush(20)
    assert unknown_names(store, {kind: "nort"}, flag="") == (sentence,)
    assert unknown_names(store, {kind: "north"}, flag="") == ()


def test_tag_of_a_segment_is_a_name_and_other_segments_are_none(store):
    add_pair(store, "garbler", "Hello", "Hello", tag="nightly")
    assert store.flush(20)
    (sentence,) = unknown_names(store, filter_names(PairFilter(segment="tag=nightl")))
    assert sentence.endswith("'tag=nightl'; did you mean 'tag=nightly'?  (known: tag=nightly)")
    for segment in ("tag=nightly", "tools=no"):
        assert unknown_names(store, filter_names(PairFilter(segment=segment))) == ()


def test_reader_of_one_tenant_gets_no_name_of_another(store):
    for tenant in ("one", "two"):
        store.add_exchange(exchange_record(tenant, tenant=tenant, tag=f"tag-{tenant}"))
        store.add_pair(pair_record(tenant))
    assert store.flush(20)
    assert unknown_names(store, {"tag": "tag-two"}, tenants=("one",)) == ("--tag: no record has this tag: 'tag-two'",)
    assert unknown_names(store, {"tag": "tag-one"}, tenants=("one",)) == ()


def test_of_recorded_names_at_most_20_are_listed(store):
    for number in range(21):
        store.add_exchange(exchange_record(f"e{number}", tag=f"tag-{number:02}"))
    assert store.flush(20)
    (sentence,) = unknown_names(store, {"tag": "x"})
    assert sentence.endswith("tag-19)")


def test_each_kind_has_the_names_that_were_recorded(recorded):
    assert [known_names(recorded, kind) for kind in ("provider", "model", "alarm", "stranger")] == [["garbler"], ["m"], [], []]
    assert known_names(recorded, "pair") == ["latest"], "since no pair differs"


def test_twenty_newest_pairs_with_evidence_and_the_latest_are_offered(store):
    names = [add_pair(store, "p", "Hello", "Hello", faults=(Signal.LOST_SPACE,), started=NOW + place) for place in range(21)]
    assert store.flush(20)
    assert known_names(store, "pair") == ["latest", *names[:0:-1]]


def test_twenty_providers_are_listed_where_more_are_known(store):
    for place in range(21):
        add_live(store, f"p{place:02}")
    assert store.flush(20)
    (sentence,) = unknown_names(store, {"provider": "stranger"})
    assert ("p19" in sentence, "p20" in sentence) == (True, False)


def test_names_of_a_filter_are_all_that_a_record_may_have():
    wanted = PairFilter(
        provider="p", model="m", route="r", upstream="u", tag="t", tenant="n", conversation="c", segment="tools=no"
    )
    assert filter_names(wanted) == {
        "provider": "p",
        "model": "m",
        "route": "r",
        "upstream": "u",
        "tag": "t",
        "tenant": "n",
        "conversation": "c",
        "segment": "",
    }


class Named:
    """A store with the names of traffic and of counts alone."""

    def __init__(self, rows=(), counts=()):
        self._rows, self._counts = rows, counts

    def traffic(self, *_):
        return self._rows

    def signal_counts(self, *_):
        return self._counts


def traffic(provider, role, model="m"):
    counts = {"requests": 1, "asked": 1, "failures": 0, "errors": 0, "prompt_tokens": 0, "completion_tokens": 0}
    return TrafficCount(provider=provider, model=model, role=role, **counts)


def test_providers_and_models_are_those_of_the_application_and_its_candidates():
    reader = Named([traffic("p", "primary"), traffic("c", "candidate", "n"), traffic("r", "shadow", "x")])
    assert (known_names(reader, "provider"), known_names(reader, "model")) == (["c", "p"], ["m", "n"])
    assert unknown_names(reader, {"provider": "p", "model": ""}) == ()
    assert unknown_names(Named(), {"provider": "p"}) == ()


def test_routes_and_references_are_those_that_are_named():
    counts = [
        SignalCount(
            group=PairGroup(route=route, model="m", provider="p", reference="r"),
            comparison="cross",
            signal="text",
            state="match",
            control_reason="",
            count=1,
        )
        for route in ("b", "", "a", "b")
    ]
    assert (known_names(Named(counts=counts), "route"), known_names(Named(counts=counts), "reference")) == (["a", "b"], ["r"])
