"""A set of names has one number in every process and is stored once."""

from contextlib import closing

from hypothesis import given
from hypothesis import strategies as st

from storage.sqlite import passed_checks
from storage.sqlite.connection import create_file, open_writing
from storage.sqlite.migrations import migrate

NAMES = st.lists(st.text(max_size=8), max_size=6).map(tuple)


@given(NAMES, NAMES)
def test_number_is_the_same_exactly_where_the_names_are(one, other):
    numbers = passed_checks.set_number(one), passed_checks.set_number(other)
    assert (numbers[0] == numbers[1]) == (one == other)
    assert all(0 <= number < 2**63 for number in numbers)


def test_number_is_that_of_every_release():
    assert [passed_checks.set_number(names) for names in ((), ("usage",), ("usage", "stop"))] == [
        0,
        3_270_293_131_481_296_478,
        6_877_836_008_070_780_821,
    ]


def test_set_that_is_stored_already_is_stored_once(tmp_path):
    create_file(tmp_path / "rows.db")
    with closing(open_writing(tmp_path / "rows.db", 1.0)) as conn:
        migrate(conn)
        for _ in range(2):
            passed_checks.add(conn, [("usage",), (), ("usage", "stop")])
        assert conn.execute("SELECT count(*) FROM check_sets").fetchone() == (2,)
