import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.drift.admission import PER_CONVERSATION
from shadow.drift.conversation_units import FEWEST_ALONE, IDLE, PATIENCE, ConversationUnits, OpenConversation, PairPayoffs, units

LATE = 1e9


def pair(started, conversation, payoff=0, signal="arguments"):
    return PairPayoffs(started=float(started), conversation=conversation, payoffs={signal: payoff})


PAIRS = st.lists(
    st.tuples(st.floats(0, 5 * IDLE), st.sampled_from(["", "a", "b", "c", "d"]), st.sampled_from([-1, 0, 1])), max_size=60
).map(lambda drawn: [pair(*each) for each in drawn])


def test_a_conversation_is_the_mean_of_its_pairs():
    (one,) = units([pair(1, "a", 1), pair(2, "a", 0), pair(3, "a", 1), pair(4, "a", 0)], LATE)
    assert (one.pairs, one.opened, one.means) == (4, 1.0, {"arguments": 0.5})


def test_a_signal_counts_in_the_conversations_that_have_it():
    (one,) = units([pair(1, "a", 1), pair(2, "a", -1, "error")], LATE)
    assert one.means == {"arguments": 1.0, "error": -1.0}


@pytest.mark.parametrize(("now", "closed"), [(IDLE - 1, 0), (IDLE, 1)])
def test_a_conversation_is_over_after_thirty_minutes_without_a_pair(now, closed):
    assert len(list(units([pair(0, "a")], now))) == closed
    assert IDLE == 1_800


@pytest.mark.parametrize(("pairs", "closed"), [(9, 0), (10, 1)])
def test_a_conversation_is_over_at_its_tenth_pair(pairs, closed):
    assert len(list(units([pair(place, "a") for place in range(pairs)], pairs))) == closed
    assert PER_CONVERSATION == 10


def test_pairs_beyond_the_tenth_are_not_counted():
    (one,) = units([pair(place, "a", int(place >= 10)) for place in range(20)], LATE)
    assert (one.pairs, one.means) == (10, {"arguments": 0.0})


@pytest.mark.parametrize(("later", "closed"), [(86_399, 0), (86_400, 1)])
def test_the_first_in_line_is_waited_for_a_day(later, closed):
    first = OpenConversation(opened=0.0, last=later - 60.0, pairs=9, total=0)
    assert first.is_over(later) == bool(closed)
    assert PATIENCE == 86_400


def test_units_wait_for_the_conversation_that_opened_first():
    rows = [pair(0, "long"), pair(1, "short"), *(pair(600 * place, "long") for place in range(1, 5))]
    assert not list(units(rows, 1 + IDLE))
    assert [one.pairs for one in units(rows, 2_400 + IDLE)] == [5, 1]


def test_thirty_single_requests_show_that_requests_stand_alone():
    rows = [pair(place, f"c{place}") for place in range(FEWEST_ALONE)]
    assert not list(units(rows[:29], 30.0))
    assert len(list(units(rows, 30.0))) == 30
    assert FEWEST_ALONE == 30


def test_a_second_pair_ends_the_rule_of_requests_that_stand_alone():
    rows = [*(pair(place, f"c{place}") for place in range(30)), pair(31, "c3", 1), pair(32, "new")]
    found = list(units(rows, 40.0))
    assert len(found) == 30
    assert all(one.means == {"arguments": 0.0} for one in found)


def test_requests_without_a_conversation_are_units_at_once():
    assert len(list(units([pair(1, ""), pair(1, ""), pair(2, "")], 2.0))) == 3


@given(pairs=PAIRS, early=st.floats(0, 5 * IDLE), late=st.floats(0, 5 * IDLE))
def test_units_of_a_later_time_begin_with_those_of_an_earlier(pairs, early, late):
    early, late = sorted((early, late))
    before = list(units([each for each in pairs if each.started <= early], early))
    after = list(units([each for each in pairs if each.started <= late], late))
    assert after[: len(before)] == before


@given(pairs=PAIRS)
def test_units_come_in_the_order_in_which_conversations_opened_and_each_once(pairs):
    found = list(units(pairs, LATE))
    assert [one.opened for one in found] == sorted(one.opened for one in found)
    named = {each.conversation for each in pairs if each.conversation}
    assert len(found) == len(named) + sum(not each.conversation for each in pairs)
    assert all(1 <= one.pairs <= 10 and -1 <= one.means["arguments"] <= 1 for one in found)


def taken(made, *pairs):
    return [unit for each in pairs for unit in made.take(each)]


def test_units_that_were_copied_go_on_by_themselves():
    first = ConversationUnits()
    taken(first, pair(1, "a", 1))
    second = first.copied()
    taken(second, pair(2, "a", 0), pair(3, "b", 1))
    assert [(unit.pairs, unit.means["arguments"]) for unit in second.close(LATE)] == [(2, 0.5), (1, 1.0)]
    assert [(unit.pairs, unit.means["arguments"]) for unit in first.close(LATE)] == [(1, 1.0)]


def test_a_copy_knows_which_conversations_were_closed_and_that_requests_do_not_stand_alone():
    first = ConversationUnits()
    taken(first, pair(1, "a"), pair(2, "a"))
    assert len(list(first.close(LATE))) == 1
    second = first.copied()
    assert taken(second, pair(LATE, "a")) == list(second.close(2 * LATE)) == []
    assert taken(second, *(pair(LATE + place, f"c{place}") for place in range(40))) == []


def test_a_conversation_seen_again_after_it_was_closed_shows_that_requests_do_not_stand_alone():
    made = ConversationUnits()
    found = taken(made, *(pair(place, f"c{place}") for place in range(30)), pair(30, "c0"), pair(31, "new"))
    assert len(found) == 30
    assert repr(made) == "<ConversationUnits 30 closed, 1 open>"


def test_a_unit_holds_its_pairs_in_their_order():
    rows = [pair(1, "a", 1), pair(2, "a", 0, "text")]
    [unit] = units(rows, LATE)
    assert unit.members == tuple(rows)
    assert unit.means == {"arguments": 1.0, "text": 0.0}


def test_a_unit_comes_with_the_pair_that_ends_its_conversation():
    made = ConversationUnits()
    assert [len(taken(made, pair(place, "a"))) for place in range(10)] == [0] * 9 + [1]
    assert len(taken(made, pair(10, ""))) == 1
    assert len(taken(made, pair(11, "b"))) == 0
    assert len(taken(made, pair(11 + IDLE, "a"))) == 1, "a pair that counts no more shows that the time has passed"


def test_an_open_conversation_sums_its_payoffs_and_knows_its_latest_pair():
    made = OpenConversation(opened=5.0, last=5.0, pairs=1, total=1)
    for started, payoff in ((9.0, 1), (7.0, -1), (8.0, 1)):
        made.add(started, payoff)
    assert (made.pairs, made.total, made.last) == (4, 2, 9.0)
