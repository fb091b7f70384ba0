from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.studies.outputs.study_junit import as_junit, junit_cases
from shadow.studies.outputs.study_report import study_report
from shadow.studies.study_policy import StudyPolicy
from shadow.studies.verdicts.study_verdict import StudyWord
from tests.shadow.studies.outputs.made import HOSTILE, facts, probe_report
from tests.shadow.studies.simulated import study, succeeds


def cases(text: str) -> list[tuple[str, str, str]]:
    """(candidate, rule, state) of each case."""
    root = ET.fromstring(text)
    return [
        (case.get("classname"), case.get("name"), next((one.tag for one in case if one.tag != "system-out"), "passed"))
        for case in root.iter("testcase")
    ]


def test_a_case_is_a_candidate_and_a_rule_with_its_state():
    found = cases(as_junit(probe_report()))
    rule = "no lower than maker by more than allowed"
    assert ("openrouter", rule, "failure") in found
    assert ("twin", rule, "passed") in found
    assert ("small", rule, "error") in found
    assert ("twin", "fails no more often than maker", "passed") in found


def test_an_undecided_candidate_is_skipped_with_its_sentence():
    result, runs = study(
        {"maker": succeeds(1.0), "near": succeeds(1.0)}, policy=StudyPolicy(allowed_drop=0.3), passes=3, reference="maker"
    )
    root = ET.fromstring(as_junit(study_report(facts(), result, runs)))
    (skipped,) = root.iter("skipped")
    assert skipped.get("message", "").startswith("3 pairs: no verdict with fewer than 6")


def test_the_counts_of_a_suite_are_those_of_its_cases():
    (suite,) = ET.fromstring(as_junit(probe_report())).iter("testsuite")
    states = [state for _, _, state in cases(as_junit(probe_report()))]
    names = {"failures": "failure", "errors": "error", "skipped": "skipped"}
    counted = {"tests": len(states), **{name: states.count(state) for name, state in names.items()}}
    assert {name: int(suite.get(name, "-1")) for name in counted} == counted
    assert (suite.get("time"), suite.get("timestamp")) == ("734.500", "2026-09-21T14:13:20")


@given(st.text(st.characters(codec=None), min_size=1, max_size=20).map(lambda text: f"{text}x"))
def test_any_name_makes_a_document_that_can_be_read(name: str):
    result, runs = study({"maker": succeeds(1.0), name: succeeds(1.0)}, policy=StudyPolicy(), passes=1, reference="maker")
    assert len(cases(as_junit(study_report(facts(), result, runs)))) == 2


@pytest.mark.parametrize("text", [HOSTILE, "\x00\x01", "]]>", "\ufffe\uffff"])
def test_a_hostile_name_ends_no_attribute_and_no_element(text: str):
    found = cases(as_junit(probe_report(text, detail=text)))
    assert len(found) == len(cases(as_junit(probe_report())))


@pytest.mark.parametrize(
    ("word", "errors_worse", "state"),
    [
        (StudyWord.PASS, False, ""),
        (StudyWord.PASS, True, "failure"),
        (StudyWord.UNDECIDED, True, "failure"),
        (StudyWord.COMPARED, True, ""),
        (StudyWord.COMPARED, False, ""),
    ],
)
def test_a_candidate_that_fails_more_often_is_a_failure_unless_it_is_only_compared(word, state, *, errors_worse: bool):
    verdict = probe_report().result.verdicts[0]
    figures = replace(verdict.figures, runs=12, failed=3, void=2)
    _, errors = junit_cases(replace(verdict, word=word, errors_worse=errors_worse, figures=figures))
    assert (errors.state, errors.message) == (state, "3 of 10 runs failed")


def test_a_candidate_without_a_pair_has_no_case_about_errors():
    verdict = probe_report().result.verdicts[0]
    assert [len(list(junit_cases(replace(verdict, pairs=pairs)))) for pairs in (0, 1)] == [1, 2]


def test_a_case_that_passed_has_its_sentence_and_a_study_that_runs_has_no_duration():
    report = replace(probe_report(), facts=facts(ended=None))
    root = ET.fromstring(as_junit(report))
    assert root.get("time") == "0.000"
    passed = [case for case in root.iter("testcase") if case.get("classname") == "twin"]
    assert [case.findtext("system-out") for case in passed] == [
        next(one.sentence for one in report.result.verdicts if one.candidate == "twin"),
        "0 of 20 runs failed",
    ]
