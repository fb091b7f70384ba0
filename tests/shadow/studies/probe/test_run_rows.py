"""Runs as rows and back."""

import json
from dataclasses import replace

from shadow.studies.measured_run import MeasuredRun, RunOutcome
from shadow.studies.probe.run_rows import measured_of, misses_of, recorded_rows, run_row
from shadow.studies.worlds.world import AnswerSource
from tests.shadow.studies.probe.made_runs import result, run

MEASURED = MeasuredRun(
    provider="p",
    task="t",
    block=3,
    position=7,
    outcome=RunOutcome.PARTIAL,
    score=0.5,
    points=2.5,
    of=5.0,
    tries=2,
    detail="not touched: b",
    steps=4,
    calls=("x", "y"),
    touched=("a",),
    prompt_tokens=100,
    completion_tokens=9,
    seconds=1.5,
    first_token=0.2,
    tool_seconds=0.5,
)


def row(*results, clean=str):
    return run_row(run(*results), MEASURED, clean=clean)


def test_a_measured_run_comes_back_as_it_was():
    back = measured_of(row(result("x")))
    assert {name: getattr(back, name) for name in MEASURED.__slots__ if name != "block"} == {
        name: getattr(MEASURED, name) for name in MEASURED.__slots__ if name != "block"
    }


def test_a_row_has_when_its_run_began_and_a_run_without_a_request_took_no_time():
    assert (row().begun, row().seconds) == (5.0, 1.5)
    assert run_row(run(), replace(MEASURED, seconds=None), clean=str).seconds == 0.0


def test_calls_without_a_count_of_misses_left_no_recording():
    """A row that another version stored."""
    assert misses_of([replace(row(result("x")), world="{}")], "p") == (0, 1)


def test_results_are_cleaned_before_they_are_stored():
    stored = row(result("x", notes=("n",), altered=("m",)), clean=lambda text: text.replace("t", "*")).results[0]
    assert (stored.text, stored.source, json.loads(stored.alterations)) == ("*", "recorded", ["n", "m"])


def test_a_detail_is_cleaned_before_it_is_cut():
    whole = "x" * 290 + " secret-token"
    detail = run_row(run(), replace(MEASURED, detail=whole), clean=lambda text: text.replace("secret-token", "[T]")).detail
    assert detail == "x" * 290 + " [T]"
    assert [len(run_row(run(), replace(MEASURED, detail="x" * size), clean=str).detail) for size in (300, 301)] == [300, 300]


def test_recorded_arguments_are_cleaned_as_their_results_are():
    (call,) = recorded_rows(run(result("x")), lambda text: f"<{text}>")
    assert (call.arguments, call.text) == ("<{}>", "<t>")


def test_misses_are_counted_over_the_runs_of_one_provider():
    rows = [row(result("x"), result("y", AnswerSource.UNSEEN)), row(result("x"), result("y", AnswerSource.REFUSED, fault="f"))]
    assert misses_of(rows, "p") == (1, 3)
    assert misses_of(rows, "q") == (0, 0)


def test_only_calls_that_reached_a_tool_are_recorded():
    rows = recorded_rows(run(result("x"), result("y", AnswerSource.REFUSED, fault="f")), str.upper)
    assert [(one.name, one.text) for one in rows] == [("x", "T")]


def test_half_of_a_surrogate_pair_in_a_recording_is_stored_as_a_question_mark():
    """A file of JSON may hold one as an escape, and no database can."""
    odd = result("x")
    made = replace(odd, call=replace(odd.call, written='{"a": "\ud800"}'), answer=replace(odd.answer, text="t\ud800"))
    assert row(made).results[0].text == "t?"
    (call,) = recorded_rows(run(made), str)
    assert (call.arguments, call.text) == ('{"a": "?"}', "t?")
