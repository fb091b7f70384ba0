import pytest

from shadow.checks.logprobs import logprobs, top_logprobs
from shadow.findings.finding import FindingState, Signal
from shadow.reading.completion import Logprob
from tests.shadow.compare.made import ask, choice, completion, parts

ASKED = {"logprobs": True, "top_logprobs": 2}


def said(*tops, text="a"):
    items = tuple(Logprob(token="a", logprob=-1.0, top=top) for top in tops)
    return completion(choice(text)._replace(logprobs=items or None))


@pytest.mark.parametrize(
    ("check", "body", "answer", "state"),
    [
        (logprobs, {}, said(), FindingState.NOT_MEASURED),
        (logprobs, {"logprobs": False}, said(), FindingState.NOT_MEASURED),
        (logprobs, ASKED, said(text=None), FindingState.NOT_MEASURED),
        (logprobs, ASKED, said(), FindingState.DIFFER),
        (logprobs, ASKED, said(0), FindingState.MATCH),
        (top_logprobs, {"logprobs": True}, said(0), FindingState.NOT_MEASURED),
        (top_logprobs, {"top_logprobs": 2}, said(0), FindingState.NOT_MEASURED),
        (top_logprobs, ASKED, said(), FindingState.NOT_MEASURED),
        (top_logprobs, {"logprobs": True, "top_logprobs": 0}, said(0), FindingState.NOT_MEASURED),
        (top_logprobs, {"logprobs": True, "top_logprobs": 1}, said(0), FindingState.DIFFER),
        (top_logprobs, ASKED, said(0, 0), FindingState.DIFFER),
        (top_logprobs, ASKED, said(1, 1), FindingState.DIFFER),
        (top_logprobs, ASKED, said(1, 2), FindingState.MATCH),
    ],
)
def test_requested_log_probabilities_are_present(check, body, answer, state):
    assert check(ask(body=body), answer).state is state


@pytest.mark.parametrize(
    ("check", "body", "answer", "signal", "reason"),
    [
        (logprobs, {}, said(), Signal.LOGPROBS, "the request sets no logprobs"),
        (logprobs, ASKED, said(text=None), Signal.LOGPROBS, "the answer has no text"),
        (logprobs, ASKED, said(), Signal.LOGPROBS, "logprobs were requested and none came"),
        (top_logprobs, {}, said(0), Signal.TOP_LOGPROBS, "the request sets no top_logprobs"),
        (top_logprobs, ASKED, said(), Signal.TOP_LOGPROBS, "no logprobs came at all"),
        (top_logprobs, ASKED, said(1, 0), Signal.TOP_LOGPROBS, "at most 1 of 2 alternatives came with a token"),
    ],
)
def test_a_finding_names_its_signal_and_why(check, body, answer, signal, reason):
    found = check(ask(body=body), answer)
    assert (found.signal, found.reason) == (signal, reason)


def test_log_probabilities_are_counted_and_their_alternatives_compared():
    assert parts(logprobs(ask(body=ASKED), said(0, 0))) == ("logprobs", "match", 1.0, "2", "", "")
    assert parts(logprobs(ask(body=ASKED), said()))[:5] == ("logprobs", "differ", 0.0, "0", "")
    assert parts(top_logprobs(ask(body=ASKED), said(1, 2))) == ("top_logprobs", "match", 1.0, "2", "2", "")
    assert parts(top_logprobs(ask(body=ASKED), said(0, 1)))[:5] == ("top_logprobs", "differ", 0.0, "1", "2")
    assert parts(top_logprobs(ask(body=ASKED), said(5)))[:5] == ("top_logprobs", "match", 1.0, "5", "2")


@pytest.mark.parametrize("asked", [True, "2", None, 0, -1, 2.0])
def test_alternatives_that_were_not_requested_by_a_number_are_not_measured(asked):
    body = {"logprobs": True, "top_logprobs": asked}
    assert top_logprobs(ask(body=body), said(0)).reason == "the request sets no top_logprobs"
