import pytest

from shadow.checks.check import CHECKS, LEG_CHECKS, check
from shadow.compare.finding import Aspect, State
from shadow.reading.completion import Unread, Why
from tests.shadow.compare.made import answer, ask, call, choice, failed, unread


@pytest.mark.parametrize(
    "leg",
    [
        answer("hello"),
        answer(choice(calls=(call("x", "{"),))),
        failed(),
        failed(in_stream=True),
        unread(Why.BROKEN),
        answer(choice(None)),
    ],
)
def test_every_check_speaks_once_and_gives_its_reason(leg):
    found = check(ask(), leg)
    assert [finding.aspect for finding in found] == [aspect for aspect, _ in (*CHECKS, *LEG_CHECKS)]
    assert all((finding.state is State.MATCH) == (finding.reason == "") for finding in found)


def test_an_answer_that_broke_fails_one_check_and_leaves_the_others():
    found = {finding.aspect: finding.state for finding in check(ask(), unread(Why.BROKEN))}
    assert found.pop(Aspect.BROKEN_STREAM) is State.DIFFER
    assert set(found.values()) == {State.NOT_MEASURED}


def test_a_request_that_could_not_be_read_leaves_its_answer_unchecked():
    asked = ask(unread=Unread(why=Why.NOT_JSON, detail="no JSON at byte 0"))
    found = check(asked, answer("hello"))
    assert found[0].reason == "the request could not be read: no JSON at byte 0"


def test_the_name_that_a_provider_was_asked_by_is_the_one_that_counts():
    said = answer("hello")
    for asked, sent_as, state in (("m", "", State.MATCH), ("n", "", State.DIFFER), ("n", "m", State.MATCH)):
        found = check(ask(model=asked), said, sent_as=sent_as)
        assert next(finding.state for finding in found if finding.aspect is Aspect.ECHOED_MODEL) is state


def test_each_check_gives_the_finding_of_its_own_entry_and_no_aspect_stands_twice():
    entries = [aspect for aspect, _ in (*CHECKS, *LEG_CHECKS)]
    assert len(set(entries)) == len(entries)
    assert {judge.__name__ for _, judge in CHECKS} == {aspect.value for aspect, _ in CHECKS}
