"""The list of pairs, and a pair by a part of its id, are those of SQLite."""

import pytest

from storage.rows import PairFilter
from tests.payoffs import add
from tests.storage.postgres.same_records import BEGIN, COUNT, STEP, id_at

pytestmark = pytest.mark.slow
STANDING = (("near", "small", "official", "text"), ("far", "large", "official", "lost_space"))
MIDDLE = id_at(BEGIN + COUNT // 2 * STEP, "a", COUNT // 2)


@pytest.mark.parametrize(
    "wanted",
    [
        PairFilter(limit=1_000),
        PairFilter(limit=3),
        PairFilter(provider="near", model="small", route="default", limit=1_000),
        PairFilter(tag="canary", conversation="talk-2", limit=1_000),
        PairFilter(segment="tools=yes", limit=1_000),
        PairFilter(upstream="one", limit=1_000),
        PairFilter(upstream="other", limit=1_000),
        PairFilter(since=BEGIN + 20_000.0, until=BEGIN + 40_000.0, limit=1_000),
        PairFilter(before_id=MIDDLE, limit=5),
        PairFilter(after_id=MIDDLE, limit=5),
        PairFilter(signal="text", state="differ", limit=1_000),
        PairFilter(signal="lost_space", state="match", limit=1_000),
        PairFilter(signal="lost_space", limit=1_000),
        PairFilter(signal="usage", state="differ", limit=1_000),
        PairFilter(state="differ", limit=1_000),
        PairFilter(evidence=True, limit=1_000),
        PairFilter(evidence=True, signal="arguments", limit=1_000),
        PairFilter(evidence=True, standing=STANDING, limit=1_000),
        PairFilter(evidence=True, standing=(), limit=1_000),
    ],
    ids=repr,
)
def test_filtered_pairs_are_those_of_sqlite(both, wanted):
    one, other = (store.pairs(wanted) for store in both)
    assert one == other
    assert one or wanted.standing == ()


@pytest.mark.parametrize("part", [MIDDLE, MIDDLE[:10], MIDDLE[-9:], "0" * 8, "0000000a", "%", "abc", "\0" * 9])
def test_candidates_of_a_part_of_an_id_are_those_of_sqlite(both, part):
    one, other = both
    assert one.candidates(part, 4) == other.candidates(part, 4)
    assert one.pair(part) == other.pair(part)


@pytest.mark.parametrize(
    ("part", "found"),
    [
        ("beginnin", ["beginning-of-one", "beginning-of-an-end"]),
        ("beginni", []),
        ("-end", ["beginning-of-an-end"]),
        ("end", []),
        ("beginning-of-one", ["beginning-of-one"]),
    ],
)
def test_pairs_are_found_by_eight_characters_of_their_beginning_and_by_four_of_their_end(postgres_store, part, found):
    for started, name in enumerate(("beginning-of-an-end", "beginning-of-one")):
        add(postgres_store, name, started=float(started))
    assert [row.id for row in postgres_store.candidates(part, 9)] == found
    assert [row.id for row in postgres_store.candidates(part, 1)] == found[:1]
    assert (postgres_store.pair(part) is not None) == (len(found) == 1)


def test_findings_of_every_pair_are_those_of_sqlite(both):
    one, other = both
    for summary in one.pairs(PairFilter(limit=50)):
        assert one.findings(pair_id=summary.pair.id) == other.findings(pair_id=summary.pair.id)
