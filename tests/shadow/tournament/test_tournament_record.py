from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from shadow.choice.tournament_terms import TournamentTerms
from shadow.tournament.tournament_record import record_of, row_of, running, running_routes, running_tournaments, tournaments
from tests.shadow.tournament.arm_rows import RECORD


@given(
    tolerance=st.floats(0.001, 0.5),
    places=st.integers(1, 100),
    money=st.floats(0, 1e6),
    half=st.none() | st.integers(0, 10**9),
    names=st.lists(st.text(max_size=5), max_size=4),
)
def test_a_tournament_comes_back_from_its_row_as_it_was(tolerance, places, money, half, names):
    terms = TournamentTerms(tolerance=tolerance, places=places, signals=("error", "arguments"))
    record = replace(RECORD, terms=terms, money=money, half=half, candidates=tuple(names), kept_since=money)
    assert record_of(row_of(record)) == record


def test_a_tournament_stored_without_the_age_of_its_records_is_read():
    stored = row_of(RECORD)
    assert record_of(replace(stored, plan=stored.plan.replace(',"kept_since":0.0', ""))) == RECORD
    assert "kept_since" in stored.plan


def test_the_running_tournament_of_a_route_is_the_newest_that_has_not_ended():
    ended, first, second = (
        replace(RECORD, id="a", ended=9.0),
        replace(RECORD, id="b"),
        replace(RECORD, id="c", begun=RECORD.begun + 1),
    )
    rows = [row_of(each) for each in (second, ended, first)]
    assert running(rows, "agents").id == "c"
    assert running(rows, "other") is None
    assert running([row_of(ended)], "agents") is None
    assert [each.id for each in running_tournaments([*rows, row_of(replace(first, id="d", route="other"))])] == ["c", "d"]
    assert [each.id for each in tournaments(rows, "agents")][-1] == "c"


def test_rows_of_other_studies_are_no_tournament():
    assert tournaments([replace(row_of(RECORD), kind="replay", policy="", plan="")], "agents") == []


def test_records_of_a_tournament_are_in_the_order_of_their_begin():
    late, early = replace(RECORD, id="late", begun=9.0), replace(RECORD, id="early", begun=1.0)
    assert [each.id for each in tournaments([row_of(late), row_of(early)], "agents")] == ["early", "late"]
    assert running_routes([row_of(late), row_of(replace(early, route="chat", ended=2.0))]) == {"agents"}
