"""One process at a time: the lease kept by renewals, lost to another process, and not taken in haste after a gap."""

import pytest

from shadow.judging.judge_lease import Holding, JudgeLease
from storage.store import StoreError

LASTS = 30.0
"""Seconds of a lease in SQLite, whose clock is the caller's."""


@pytest.fixture
def leases(sqlite_store):
    """Two processes at one store, of which the first has the lease since 100."""
    one, other = (JudgeLease(sqlite_store.judgements, name, clock=lambda: 0.0) for name in ("one", "other"))
    assert one.hold(100.0) is Holding.TAKEN
    return one, other


def looks(lease, begin, end):
    """What a process finds that looks each second."""
    return [lease.hold(float(now)) for now in range(begin, end)]


def test_lease_that_is_renewed_is_kept_and_never_anothers(leases):
    one, other = leases
    for now in range(101, 200):
        one.renew(float(now))
        assert other.hold(float(now)) is Holding.NONE
        assert one.hold(float(now)) is Holding.KEPT


def test_lease_of_a_process_that_ended_is_taken_once_it_has_run_out_and_not_a_second_before(leases):
    _, other = leases
    found = looks(other, 100, 131)
    assert set(found[:-1]) == {Holding.NONE}
    assert found[-1] is Holding.TAKEN


def test_lease_that_was_released_is_taken_at_the_next_look(leases):
    one, other = leases
    one.release()
    assert other.hold(100.5) is Holding.TAKEN
    one.renew(101.0)
    assert not one.is_sure, "what was released is not renewed"


def test_lease_that_has_run_out_is_still_its_holders_while_no_other_process_took_it(leases):
    one, _ = leases
    assert one.hold(1_000.0) is Holding.KEPT


def test_holder_is_to_read_the_store_again_when_another_process_has_judged_in_between(leases, sqlite_store):
    one, _ = leases
    assert sqlite_store.judgements.claim("third", 140.0, LASTS)
    one.renew(141.0)
    assert not one.is_sure
    sqlite_store.judgements.release("third")
    one.renew(142.0)
    assert not one.is_sure, "a renewal alone takes nothing, because the judge has to read the store first"
    assert looks(one, 143, 146) == [Holding.NONE, Holding.NONE, Holding.TAKEN]


def test_holder_whose_write_was_refused_is_to_read_the_store_again(leases):
    one, _ = leases
    one.lose()
    assert not one.is_sure
    assert one.hold(100.1) is Holding.TAKEN


@pytest.mark.parametrize(("gap", "found"), [(2.0, Holding.TAKEN), (2.1, Holding.NONE)])
def test_lease_that_ran_out_in_a_gap_of_more_than_two_seconds_is_left_to_its_holder_at_first(leases, gap, found):
    _, other = leases
    assert other.hold(129.0) is Holding.NONE
    assert other.hold(129.0 + gap) is found


@pytest.mark.parametrize(("later", "found"), [(1.4, Holding.NONE), (1.5, Holding.TAKEN)])
def test_holder_has_a_second_and_a_half_to_renew_after_the_gap(leases, later, found):
    _, other = leases
    other.hold(129.0)
    assert other.hold(140.0) is Holding.NONE
    assert other.hold(140.0 + later) is found


def test_holder_that_renews_after_the_gap_keeps_its_lease(leases):
    one, other = leases
    other.hold(129.0)
    assert other.hold(140.0) is Holding.NONE
    one.renew(141.0)
    assert looks(other, 141, 150) == [Holding.NONE] * 9
    assert one.hold(150.0) is Holding.KEPT


@pytest.mark.parametrize("now", [0.0, 1e9])
def test_clock_that_was_set_keeps_no_holder_from_renewing(leases, now):
    one, _ = leases
    assert one.hold(now) is Holding.KEPT


def test_clock_that_was_set_back_while_a_gap_settles_does_not_lock_a_process_out(leases):
    one, other = leases
    one.renew(9_000.0)
    assert other.hold(9_000.0) is Holding.NONE
    one.release()
    assert looks(other, 200, 203) == [Holding.NONE, Holding.NONE, Holding.TAKEN]


@pytest.mark.parametrize(("passed", "sure"), [(29.9, True), (30.0, False)])
def test_lease_is_sure_until_it_may_have_run_out_by_the_own_clock(sqlite_store, passed, sure):
    clock = [7.0]
    lease = JudgeLease(sqlite_store.judgements, "one", clock=lambda: clock[0])
    lease.hold(100.0)
    clock[0] += passed
    assert lease.is_sure is sure


def test_store_that_is_away_leaves_the_lease_as_it_was(leases, sqlite_store, monkeypatch):
    one, _ = leases

    def away(*_):
        raise StoreError("away")

    monkeypatch.setattr(type(sqlite_store.judgements), "renew", away)
    one.renew(110.0)
    with pytest.raises(StoreError):
        one.hold(110.0)
    monkeypatch.undo()
    assert one.hold(111.0) is Holding.KEPT


def test_second_look_at_the_same_moment_is_no_gap(leases):
    _, other = leases
    assert looks(other, 129, 130) + looks(other, 129, 131) == [Holding.NONE, Holding.NONE, Holding.TAKEN]


@pytest.mark.parametrize(("now", "held"), [(99.9, False), (100.0, True), (129.9, True), (130.0, False)])
def test_lease_is_held_from_its_renewal_until_it_has_run_out(leases, now, held):
    one, other = leases
    assert (one.holds(now), other.holds(now)) == (held, False)


def test_repr_shows_whether_it_is_held(leases):
    one, other = leases
    assert repr(one) == "<JudgeLease one held, renewed at 100.0>"
    assert repr(other) == "<JudgeLease other not held, renewed at -inf>"
