"""`plan` with the requests a day that are given, with those of the records, and without any."""

import time

import pytest

from storage.opening import open_store
from storage.storage_config import StorageConfig
from tests.records import add_live

DAY = 86_400


@pytest.fixture
def three_days(tmp_path):
    """A database with 30 requests on each of the last three whole days."""
    return whole_days(tmp_path, 3)


def whole_days(tmp_path, days):
    """A database with 30 requests on each of the last `days` whole days; its path."""
    path = tmp_path / "days.db"
    store = open_store(StorageConfig(url=f"sqlite:///{path}"))
    today = time.time() // DAY * DAY
    for day in range(1, days + 1):
        for place in range(30):
            add_live(store, "maker", "x", started=today - day * DAY + place)
    assert store.flush(20)
    store.close()
    return str(path)


def test_requests_a_day_come_from_the_records_and_the_first_line_states_from_how_many_days(run, three_days):
    code, out, _ = run("plan", "--db", three_days)
    words = " ".join(out.split())
    assert code == 0
    assert words.startswith("30 requests a day (recorded of maker serving ")
    assert "median of the last 3 whole days of UTC; --per-day overrides)" in words


def test_one_day_is_stated_without_a_second_space(run, tmp_path):
    _, out, _ = run("plan", "--db", whole_days(tmp_path, 1))
    assert "  " not in out.splitlines()[0]
    assert "median of 1 whole day of UTC;" in " ".join(out.split())


def test_flag_overrides_the_records(run, three_days):
    _, out, _ = run("plan", "--db", three_days, "--per-day", "10000")
    assert out.startswith("10000 requests a day, ")


def test_records_without_a_whole_day_need_the_flag(run, tmp_path):
    path = tmp_path / "new.db"
    store = open_store(StorageConfig(url=f"sqlite:///{path}"))
    add_live(store, "maker", "x", started=time.time())
    store.close()
    code, _, err = run("plan", "--db", str(path))
    assert (code, err) == (2, "plan: give the requests a day with --per-day N: the records hold no whole day of UTC yet\n")


def test_absent_database_is_named_where_the_requests_a_day_are_not_given(run):
    code, _, err = run("plan", "--db", "none.db")
    assert code == 2
    assert err.startswith("plan: give the requests a day with --per-day N: ")
    assert "none.db" in err
    assert run("plan", "--db", "none.db", "--per-day", "10000")[0] == 0


@pytest.mark.parametrize("flag", ["--per-day", "--days", "--price"])
def test_number_too_large_for_one_is_refused(run, flag):
    code, out, err = run("plan", "--per-day", "10", flag, "1e400")
    assert (code, out) == (2, "")
    assert err == f"{flag}: inf is not a number to plan with; write one such as 1000\n"


def test_provider_without_a_request_on_most_days_needs_the_flag(run, tmp_path):
    path = tmp_path / "rare.db"
    store = open_store(StorageConfig(url=f"sqlite:///{path}"))
    today = time.time() // DAY * DAY
    add_live(store, "maker", "x", started=today - 3 * DAY)
    store.close()
    code, _, err = run("plan", "--db", str(path))
    assert code == 2
    assert "on most of the last 3 whole days of UTC no provider and model had a request" in err


def test_later_lines_of_a_narrow_terminal_stand_behind_six_spaces(run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    lines = run("plan", "--per-day", "10000")[1].splitlines()
    assert lines[:3] == [
        "10000 requests a day, 5.0% compared, noise 10.0%:",
        "    3 points: about 8,337 pairs (16.7 days) in half of the",
        "      cases, 16,536 pairs (33.1 days) in nine of ten",
    ]
