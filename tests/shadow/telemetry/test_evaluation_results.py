"""Findings become events of the span whose answer they evaluate; what was not measured is none."""

from shadow.telemetry.evaluation_results import EvaluatedAnswer, pair_span, pair_span_id, result_events
from shadow.telemetry.trace_context import span_id, trace_context
from storage.rows import FindingRow, PairRow

CONTEXT = trace_context((), "live")
ANSWER = EvaluatedAnswer(exchange_id="live", response_id="chatcmpl-1")


def finding(signal, state, comparison="cross", score=None, reason=""):
    return FindingRow("live", "p", comparison, signal, state, score, reason, "", "")


FINDINGS = [
    finding("text", "match", score=1.0),
    finding("arguments", "differ", score=0.25, reason="Paris against London"),
    finding("tools", "not_comparable", reason="no call"),
    finding("seed", "not_measured"),
    finding("text", "differ", "self"),
]
PAIR = PairRow(
    id="p",
    started=1.0,
    route="r",
    model="m",
    provider="a",
    reference="b",
    conversation="",
    request_fingerprint="",
    subject_id="live",
    reference_id="s",
    control_id="c",
    control_reason="random",
    comparable="",
    alterations="[]",
)


def events(*, content=False):
    return list(result_events(FINDINGS, CONTEXT, ANSWER, seconds=9.0, content=content))


def test_each_measured_finding_is_an_event_of_the_evaluated_span():
    made = events()
    assert {(each.name, each.trace_id, each.span_id, each.seconds) for each in made} == {
        ("gen_ai.evaluation.result", CONTEXT.trace_id, span_id("live"), 9.0)
    }
    assert made[1].attributes == {
        "gen_ai.evaluation.name": "arguments",
        "gen_ai.evaluation.score.label": "differ",
        "gen_ai.evaluation.score.value": 0.25,
        "gen_ai.response.id": "chatcmpl-1",
        "sameweights.comparison": "cross",
        "sameweights.pair.id": "p",
    }
    labels = [each.attributes["gen_ai.evaluation.score.label"] for each in made]
    assert labels == ["match", "differ", "not_comparable", "differ"]


def test_explanation_may_quote_an_answer_and_is_there_only_with_content():
    assert "gen_ai.evaluation.explanation" not in events()[1].attributes
    assert events(content=True)[1].attributes["gen_ai.evaluation.explanation"] == "Paris against London"


def test_span_of_a_pair_lists_what_differs_and_what_the_reference_differs_in_from_itself():
    made = pair_span(PAIR, FINDINGS, CONTEXT, between=(7.0, 9.0))
    assert (made.name, made.parent_id, made.started, made.ended) == ("compare a with b", span_id("live"), 7.0, 9.0)
    assert made.span_id != span_id("p")
    got = {name.removeprefix("sameweights."): value for name, value in made.attributes.items()}
    assert (got["signals.differing"], got["reference.differing"], got["control.reason"]) == (("arguments",), ("text",), "random")
    assert (got["signals.match"], got["signals.differ"], got["signals.not_comparable"], got["comparable"]) == (1, 1, 1, True)


def test_span_of_a_pair_has_an_id_of_its_own_beside_that_of_its_live_exchange():
    assert pair_span_id("a") == span_id("a", "pair") != span_id("a")
