"""The tables of studies in either engine: pairs of a tournament that were deleted are counted, whatever deleted them."""

import pytest

from storage.erasure_choice import ErasureChoice
from storage.study_rows import StudyRequestRow, StudyRow
from tests.conformance import DAY, PATIENCE, START, exchange_record, pair_record

MIDNIGHT = START // DAY * DAY


def study(name, begun, ended=0.0, route="agents", kind="tournament"):
    return StudyRow(
        id=name, kind=kind, name=route, begun=begun, plan="{}", policy="{}", seed=0, version="1", ended=ended, outcome=""
    )


def put(store, place, started, route="agents"):
    """A pair of its own conversation and tag; the id begins with the moment, which decides its day."""
    name = f"{int(started * 1_000):012x}{place:020x}"
    labels = {"started": started, "route": route, "conversation": f"chat-{place}"}
    assert store.add_exchange(exchange_record(name, tag=f"tag-{place}", **labels))
    assert store.add_pair(pair_record(name, reference_id=f"{name[:-2]}f{place}", **labels))


@pytest.fixture
def six(store):
    """A tournament of two hours in the middle of six pairs, an hour after another; beside it another route's and a replay."""
    store.studies.begin(study("mine", START + 3_600, START + 3 * 3_600))
    store.studies.begin(study("runs", START + 3_600))
    store.studies.begin(study("other", START, route="chat"))
    store.studies.begin(study("replay", START, kind="replay"))
    for place in range(6):
        put(store, place, START + place * 3_600)
    put(store, 6, START + 2 * 3_600, route="chat")
    assert store.flush(PATIENCE)
    return store


def deleted(store):
    return {each.id: store.studies.deleted_pairs(each.id) for each in store.studies.studies()}


NONE = {"mine": 0, "runs": 0, "other": 0, "replay": 0}


@pytest.mark.parametrize(
    ("chosen", "counted"),
    [
        (ErasureChoice(conversation="chat-0"), {}),
        (ErasureChoice(conversation="chat-1"), {"mine": 1, "runs": 1}),
        (ErasureChoice(tag="tag-2"), {"mine": 1, "runs": 1}),
        (ErasureChoice(conversation="chat-3"), {"runs": 1}),
        (ErasureChoice(conversation="chat-6"), {"other": 1}),
        (ErasureChoice(before=START + 3_600), {}),
        (ErasureChoice(before=START + 3_601), {"mine": 1, "runs": 1}),
        (ErasureChoice(before=START + 6 * 3_600), {"mine": 2, "runs": 5, "other": 1}),
    ],
)
def test_deleted_pairs_count_in_each_tournament_of_their_route_from_its_begin_until_before_its_end(six, chosen, counted):
    assert deleted(six) == NONE
    six.forget(chosen)
    assert deleted(six) == {**NONE, **counted}


def test_a_second_deletion_is_added_and_a_deleted_study_has_no_count(six):
    for place in (1, 2, 4):
        six.forget(ErasureChoice(conversation=f"chat-{place}"))
    assert deleted(six) == {**NONE, "mine": 2, "runs": 3}
    six.studies.forget("mine")
    assert six.studies.deleted_pairs("mine") == 0


def test_a_sweep_of_a_day_counts_its_pairs(store):
    """PostgreSQL drops whole days, of which a trigger sees no row."""
    store.studies.begin(study("mine", MIDNIGHT + 60))
    for place, moment in enumerate((59, 60, 7_200, DAY + 60)):
        put(store, place, MIDNIGHT + moment)
    assert store.flush(PATIENCE)
    assert store.sweep(MIDNIGHT + 31 * DAY) == 6
    assert deleted(store) == {"mine": 2}


def test_study_has_not_ended_and_a_request_is_sent_once_unless_stated():
    begun = StudyRow(id="s", kind="replay", name="n", begun=1.0, plan="", policy="", seed=1, version="1")
    request = StudyRequestRow(key="k", row_id="r", target="t", repeat=0, block=0, state="asked", exchange_id="x")
    assert (begun.ended, begun.outcome, request.tries) == (0.0, "", 1)
