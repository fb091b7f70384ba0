"""What `storage copy` copies, states and refuses; the copying is pretended."""

import io

import pytest

from storage import store_copy

TARGET = "postgresql://user:secret@127.0.0.1:1/records"


@pytest.fixture
def copied(monkeypatch):
    """What was copied where, as (source, target); three tables are passed on the way."""
    calls = []

    def copy(source, target, progress):
        calls.append((f"{source}", target))
        for table, rows in (("exchanges", 1_234), ("pairs", 1), ("studies", 0)):
            progress(table, rows)
        return {"exchanges": 1_234, "pairs": 1, "studies": 0}

    monkeypatch.setattr(store_copy, "copy_store", copy)
    return calls


def test_copied_rows_are_counted_and_the_next_step_is_named(run, copied):
    code, out, err = run("storage", "copy", "sameweights.db", TARGET)
    assert (code, err) == (0, "")
    assert " ".join(out.split()) == "1,235 rows copied, 1,234 of them exchanges; now set url in [storage]"
    assert copied[0][0].endswith("sameweights.db")
    assert copied[0][1] == TARGET


def test_address_of_the_target_may_stand_in_a_variable(run, copied, monkeypatch):
    monkeypatch.setenv("RECORDS_URL", TARGET)
    assert run("storage", "copy", "sameweights.db", "env:RECORDS_URL")[0] == 0
    assert copied[0][1] == TARGET


@pytest.mark.parametrize("value", [None, ""])
def test_variable_that_is_not_set_is_refused(run, copied, monkeypatch, value):
    monkeypatch.delenv("RECORDS_URL", raising=False)
    if value is not None:
        monkeypatch.setenv("RECORDS_URL", value)
    assert run("storage", "copy", "sameweights.db", "env:RECORDS_URL") == (2, "", "TO: the variable RECORDS_URL is not set\n")
    assert copied == []


@pytest.mark.parametrize(("terminal", "shown"), [(True, "exchanges: 1,234 rows\npairs: 1 row\n"), (False, "")])
def test_each_table_with_rows_is_a_line_on_a_terminal(run, copied, monkeypatch, terminal, shown):
    error = io.StringIO()
    error.isatty = lambda: terminal
    monkeypatch.setattr("sys.stderr", error)
    assert run("storage", "copy", "sameweights.db", TARGET)[0] == 0
    assert error.getvalue() == shown
