"""A later look counts what came since the last one, and shows what a first look would."""

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shadow.choice.arm_evidence import ArmEvidence
from shadow.tournament.candidate_arms import CandidateArm, arm_evidence
from shadow.tournament.known_tournaments import KnownTournament, KnownTournaments
from tests.shadow.tournament.arm_rows import BEGUN, LATER, RECORD, TERMS, row


class Shelf:
    """A store with pairs alone, that counts how many are read."""

    def __init__(self):
        self.judgements, self.kept, self.read = self, [], 0

    def arm_pairs(self, _route, since, until):
        found = sorted(
            (each for each in self.kept if since <= each.started < (until or 1e12)), key=lambda one: (one.started, one.no)
        )
        self.read += len(found)
        return found

    def arm_pairs_sums(self, _route, since, until):
        found = [each for each in self.kept if since <= each.started < until]
        judged = [each.judgement for each in found if each.judgement is not None]
        return len(found), sum(each.no for each in found), len(judged), sum(map(len, judged))


def paid(place, seed=0):
    draw = random.Random(seed * 10_000 + place)
    return row(place, payoff=draw.choice((-1, 0, 0, 1)), conversation=f"talk-{place // 3}", segments=(f"tag={place % 2}",))


def looked(shelf, known, now):
    """The pairs and the evidence at a look, and those of a first look."""
    rows = known.rows(shelf, RECORD)
    arm = CandidateArm(name="host-a", model="kimi", began=BEGUN, place=1, rows=list(rows))
    return (rows, known.evidence(arm, TERMS, now)), (shelf.arm_pairs("", BEGUN, 0.0), arm_evidence(arm, TERMS, now))


def shown(one):
    return (
        one.pairs,
        one.conversations,
        one.same,
        one.odd,
        one.beyond,
        one.moments,
        one.counts,
        one.period,
        [*one.segments.worst()],
    )


def same(first, second):
    return list(first[0]) == list(second[0]) and shown(first[1]) == shown(second[1])


MOVES = st.lists(st.sampled_from(["come", "come", "come", "late", "judge", "forget", "pause"]), min_size=1, max_size=12)


def after(rows, seconds):
    """The rows so many seconds later."""
    return [replace(each, started=each.started + seconds) for each in rows]


@pytest.mark.slow
@settings(deadline=None, max_examples=60)
@given(moves=MOVES, seed=st.integers(0, 5))
def test_each_later_look_shows_what_a_first_look_would(moves, seed):
    shelf, known, place, paused = Shelf(), KnownTournament(), 0, 0
    draw = random.Random(seed)
    for move in moves:
        if move == "come":
            new = after([paid(place + more, seed) for more in range(20)], paused)
            shelf.kept += [replace(each, judgement=None) if more > 15 else each for more, each in enumerate(new)]
            place += 20
        elif move == "pause":
            paused += draw.randint(1, 8) * 3_600
        elif move == "late":
            shelf.kept.append(replace(paid(10_000 + place, seed), started=BEGUN + 60 * draw.randint(1, max(place, 1)) + 0.5))
        elif move == "judge":
            shelf.kept = [replace(each, judgement="") for each in shelf.kept]
        elif shelf.kept:
            del shelf.kept[draw.randrange(len(shelf.kept))]
        assert same(*looked(shelf, known, BEGUN + 60 * place + paused + 1))


def test_a_claim_is_of_the_same_period_at_a_later_look_though_hours_passed_between_conversations():
    shelf, known = Shelf(), KnownTournament()
    for talk in range(80):
        turns = [row(2 * talk + turn, payoff=int(talk >= 60), conversation=f"talk-{talk}") for turn in range(2)]
        shelf.kept += [replace(each, started=BEGUN + 3_600 * talk + 10 * turn) for turn, each in enumerate(turns)]
        if talk >= 59:
            later, first = looked(shelf, known, BEGUN + 3_600 * talk + 20)
            assert later[1].period == first[1].period


def test_what_was_judged_a_quarter_of_an_hour_ago_is_read_once():
    shelf, known = Shelf(), KnownTournament()
    shelf.kept = [paid(place) for place in range(100)]
    known.rows(shelf, RECORD)
    assert (shelf.read, known.cut) == (100, BEGUN + 60 * 99 - 900)
    known.rows(shelf, RECORD)
    assert shelf.read == 100 + 16


def test_a_pair_that_waits_for_the_judge_keeps_all_after_it_unsettled():
    shelf, known = Shelf(), KnownTournament()
    shelf.kept = [replace(paid(place), judgement=None if place == 7 else "") for place in range(100)]
    known.rows(shelf, RECORD)
    assert known.cut == BEGUN + 60 * 7


def test_three_hundred_looks_read_what_was_settled_once():
    shelf, known = Shelf(), KnownTournament()
    shelf.kept = [replace(paid(place), judgement="cached" if place % 2 else "") for place in range(100)]
    for _ in range(301):
        shelf.read = 0
        known.rows(shelf, RECORD)
    assert shelf.read == 16


def test_a_later_look_counts_only_what_is_not_settled(monkeypatch):
    counted, add = [], ArmEvidence.add_pair
    monkeypatch.setattr(ArmEvidence, "add_pair", lambda one, pair: (counted.append(pair), add(one, pair)))
    shelf, known = Shelf(), KnownTournament()
    shelf.kept = [paid(place) for place in range(100)]
    for _ in range(3):
        arm = CandidateArm(name="host-a", model="kimi", began=BEGUN, place=1, rows=list(known.rows(shelf, RECORD)))
        counted.clear()
        known.evidence(arm, TERMS, BEGUN + 60 * 100)
    assert len(counted) == 16


def test_a_pair_that_started_with_the_one_that_waits_is_not_counted_yet():
    waiting = replace(row(2), judgement=None)
    arm = CandidateArm(name="host-a", model="kimi", began=BEGUN, rows=[row(1), waiting, replace(row(3), started=waiting.started)])
    for found in (KnownTournament().evidence(arm, TERMS, LATER), arm_evidence(arm, TERMS, LATER)):
        assert found.pairs == 1


@pytest.mark.parametrize("judgement", ["cached", None])
def test_a_judgement_that_changed_is_seen_at_the_next_look(judgement):
    shelf, known = Shelf(), KnownTournament()
    shelf.kept = [paid(place) for place in range(100)]
    looked(shelf, known, BEGUN + 60 * 100)
    shelf.kept[7] = replace(shelf.kept[7], judgement=judgement)
    assert same(*looked(shelf, known, BEGUN + 60 * 100))


def test_a_cost_is_recomputed_only_with_other_prices():
    known, one = KnownTournament(), row(1)
    providers = {}
    known.cost_of(providers)(one, "host-a")
    assert known.costs == {"host-a": {one.exchange_id: None}}
    known.cost_of(providers)
    assert known.costs
    known.cost_of(dict(providers))
    assert not known.costs


def test_tournaments_that_have_ended_are_forgotten():
    known = KnownTournaments()
    first = known.of(RECORD)
    known.keep([RECORD])
    assert known.of(RECORD) is first
    known.keep([])
    assert known.of(RECORD) is not first


@pytest.mark.parametrize(("newest", "cut"), [(899.0, 0.0), (900.0, 0.0), (901.0, 1.0)])
def test_pairs_are_kept_where_they_began_before_the_quarter_of_an_hour_before_the_newest(newest, cut):
    shelf, known = Shelf(), KnownTournament()
    shelf.kept = [replace(paid(0), started=BEGUN), replace(paid(1), started=BEGUN + newest)]
    assert len(known.rows(shelf, RECORD)) == 2
    assert known.cut == (BEGUN + cut if cut else 0.0)
    assert len(known.settled) == int(cut > 0)


def test_a_look_at_an_empty_tournament_keeps_nothing():
    known = KnownTournament()
    assert (list(known.rows(Shelf(), RECORD)), known.cut, known.settled) == ([], 0.0, [])


def test_pairs_after_the_end_of_a_tournament_are_left_out():
    shelf, known = Shelf(), KnownTournament()
    shelf.kept = [paid(place) for place in range(10)]
    assert len(known.rows(shelf, replace(RECORD, ended=BEGUN + 60 * 4))) == 4


def test_a_deleted_pair_makes_everything_be_read_again_and_nothing_from_before_the_begin():
    shelf, known = Shelf(), KnownTournament()
    shelf.kept = [*after([paid(0)], -60), *(paid(place) for place in range(100))]
    known.rows(shelf, RECORD)
    del shelf.kept[4]
    shelf.read = 0
    assert (len(known.rows(shelf, RECORD)), shelf.read) == (99, 99)


def test_a_cost_is_computed_once_for_each_provider_and_answer():
    known, one, other = KnownTournament(), row(1), row(2)
    providers = {}
    cost = known.cost_of(providers)
    for each in (one, other, one):
        cost(each, "host-a")
    cost(one, "maker")
    assert known.costs == {
        "host-a": {one.exchange_id: None, other.exchange_id: None},
        "maker": {one.exchange_id: None},
    }
