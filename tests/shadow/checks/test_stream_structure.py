import pytest

from shadow.checks.stream_structure import FAULTS, stream_ignored, stream_structure
from shadow.findings.finding import FindingState
from tests.shadow.compare.made import ask, choice, completion


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
