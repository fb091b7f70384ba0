"""A report as JUnit XML."""

from dataclasses import replace
from xml.etree import ElementTree as ET

from shadow.report.build_report import build
from shadow.report.report_junit import as_junit
from tests.records import NOW, add_pair, fill
from tests.shadow.report.made_report import whole


def test_each_verdict_is_a_case_and_missing_evidence_never_passes(store):
    fill(store)
    suite = ET.fromstring(as_junit(build(store, 0.0, NOW + 60)))[0]
    states = {case.get("classname"): [child.tag for child in case] for case in suite}
    assert states == {
        "garbler": ["failure"],
        "squeezer": ["failure"],
        "newcomer": ["skipped"],
        "loner": ["error"],
        "faithful": ["system-out"],
    }
    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "5", "failures": "2", "errors": "1", "skipped": "1"
    }  # fmt: skip


def test_each_of_21_models_is_a_case_although_other_faces_show_the_20_worst(filled):
    cards = tuple(replace(filled.report.cards[0], model=f"model-{number:02}") for number in range(21))
    suite = ET.fromstring(as_junit(replace(filled.report, cards=cards)))[0]
    assert [case.get("name")[:8] for case in suite] == [card.model for card in cards]
    assert suite.get("failures") == "21"


def test_hostile_names_stay_text(store):
    add_pair(store, "p", "Hello", "Hello", model='"><\x1b[2J\ufffe')
    assert store.flush(20)
    case = ET.fromstring(as_junit(build(store, 0.0, NOW + 60)))[0][0]
    assert case.get("name").startswith('"><[ESC][2J')


def test_document_is_declared_and_its_root_is_named():
    text = as_junit(whole())
    assert text.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="sameweights">\n  <testsuite ')
    assert text.endswith("</testsuites>\n")
