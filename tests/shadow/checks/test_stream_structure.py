import pytest

from shadow.checks.stream_structure import FAULTS, stream_ignored, stream_structure
from shadow.findings.finding import FindingState
from tests.shadow.compare.made import ask, choice, completion, parts


def test_whole_response_is_not_measured_for_stream_structure():
    assert stream_structure(ask(), completion(choice("a"), stream=False)).state is FindingState.NOT_MEASURED


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_of_a_stream_differs_with_its_name(fault):
    found = stream_structure(ask(), completion(choice("a"))._replace(notes=("something else", fault)))
    assert (found.state, found.reason) == (FindingState.DIFFER, fault)


def test_oddity_that_misleads_no_client_matches():
    said = completion(choice("a"))._replace(notes=("an event carried no data", "usage came inside a choice"))
    assert stream_structure(ask(), said).state is FindingState.MATCH


def test_choices_with_a_gap_in_their_indices_differ():
    said = completion(choice("a"))._replace(choices=(choice("a")._replace(index=1), choice("b")._replace(index=3)))
    assert stream_structure(ask(), said).reason == "the indices of the choices are 1, 3"


@pytest.mark.parametrize(("asked", "came"), [(True, False), (False, True), (True, True), (False, False)])
def test_stream_or_whole_other_than_requested_differs(asked, came):
    found = stream_ignored(ask(stream=asked), completion(choice("a"), stream=came))
    assert found.state is (FindingState.MATCH if asked == came else FindingState.DIFFER)


def test_the_faults_of_a_stream_are_listed_in_300_characters_at_most():
    said = completion(choice("a"))._replace(notes=FAULTS)
    found = stream_structure(ask(), said)
    assert (found.reason, found.subject) == ("; ".join(FAULTS)[:300], f"{len(FAULTS)} faults of form")
    assert len("; ".join(FAULTS)) > 300


def test_faults_of_form_are_counted_and_listed_in_a_fixed_order():
    said = completion(choice("a"))
    assert parts(stream_structure(ask(), said)) == ("stream_structure", "match", 1.0, "0 faults of form", "", "")
    found = stream_structure(ask(), said._replace(notes=(FAULTS[3], FAULTS[0])))
    reason = f"{FAULTS[0]}; {FAULTS[3]}"
    assert parts(found) == ("stream_structure", "differ", 0.0, "2 faults of form", "", reason)
    assert stream_structure(ask(), said._replace(stream=False)).reason == "not a stream"
    gap = said._replace(choices=tuple(choice("a")._replace(index=index) for index in range(1, 11)))
    assert stream_structure(ask(), gap).reason == "the indices of the choices are 1, 2, 3, 4, 5, 6, 7, 8"
    two = said._replace(choices=tuple(choice("a")._replace(index=index) for index in range(2)))
    assert stream_structure(ask(), two).state is FindingState.MATCH


def test_form_of_the_answer_is_stated_against_the_requested_one():
    found = stream_ignored(ask(stream=True), completion(choice("a"), stream=False))
    reason = "a stream was requested, a whole answer came"
    assert parts(found) == ("stream_ignored", "differ", 0.0, "a whole answer", "a stream", reason)
    back = stream_ignored(ask(stream=False), completion(choice("a")))
    assert back.reason == "a whole answer was requested, a stream came"
