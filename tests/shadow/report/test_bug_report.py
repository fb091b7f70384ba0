"""The bug report about one pair: what it holds, what it leaves out, and that nothing recorded can act in a tracker."""

import json
import re
from dataclasses import replace

import pytest

from proxy.exchange import Failure, FailureKind
from shadow.report.bug_report import SHOWN, bug_report
from shadow.report.evident_signals import EvidentSignals, stored_evidence
from storage.rows import PairFilter
from tests.exchanges import asked, exchange, said
from tests.pairs import RestingOn, keep_pair
from tests.records import NOW, fill
from tests.shadow.report.made_report import GARBLER, signal


def report(store, pair_id, evident=None):
    return bug_report(store, store.pair(pair_id), evident or RestingOn("text", "answer_kind"), version="1.2.3")


def fences(text):
    """The fenced parts of a Markdown text, as a reader of Markdown finds them."""
    return [body for _, body in re.findall(r"^(`{3,})\w+\n(.*?)\n\1$", text, re.MULTILINE | re.DOTALL)]


def test_request_both_answers_and_the_second_one_of_the_reference_are_in_it(store):
    text = report(store, keep_pair(store, said("nine"), said("eleven"), said("eleven")))
    request, *answers = fences(text)
    assert request == json.dumps(json.loads(asked()), indent=2)
    assert answers == ["nine", "eleven", "eleven"]
    assert "# candidate answers differently from official" in text
    assert "POST /v1/chat/completions" in text
    assert "Made by sameweights 1.2.3" in text


@pytest.mark.parametrize(("texts", "resting"), [(("nine", "nine", "nine"), ["text"]), (("nine", "eleven", "eleven"), [])])
def test_heading_states_a_difference_only_where_one_is_evidence(store, texts, resting):
    pair = keep_pair(store, *map(said, texts))
    text = report(store, pair, RestingOn(*resting))
    assert text.startswith("# candidate compared with official\n")
    assert re.search(r"## What differs\n\nNo (difference|evidence)", text)


def test_counts_are_those_of_the_verdict(store):
    fill(store)
    evident = stored_evidence(store, NOW + 60)
    pair = next(summary.pair for summary in store.pairs(PairFilter(evidence=True, provider="garbler", standing=evident.standing)))
    card = evident.card(pair)
    text = bug_report(store, pair, evident, version="1")
    assert f"Of {card.requests} requests {card.pairs} were also sent to the reference" in text
    (line,) = [one for one in card.signals if one.signal == "arguments"]
    assert f"| tool arguments | {line.differs / line.differs_of * 100:.0f} % of {line.differs_of} |" in text


def test_fields_of_the_client_and_the_query_are_left_out_and_the_providers_request_id_is_kept(store):
    live = exchange(
        said("nine"),
        headers=(("X-Request-Id", "req_7"), ("set-cookie", "session=1")),
        sent_headers=(("authorization", "Bearer sk-secret"), ("user-agent", "my-app")),
        target="/near/v1/chat/completions?key=sk-secret",
    )
    text = report(store, keep_pair(store, live, said("eleven")))
    assert "sk-secret" not in text
    assert "my-app" not in text
    assert "/near" not in text
    assert "session=1" not in text
    assert "x-request-id req\\_7" in text


def test_verdict_that_is_not_known_leaves_the_counts_out(store):
    text = report(store, keep_pair(store, said("nine"), said("eleven")), EvidentSignals((), built=False))
    assert "## How often" not in text
    assert "## What differs" in text


def test_bodies_that_were_not_kept_are_stated(store):
    text = report(store, keep_pair(store, said("nine"), said("eleven"), bodies="none"))
    assert re.search(r"Its body of \d+ bytes was not kept\.", text)
    assert "Of 2 of 2 answers no body was kept." in text


def test_answer_that_failed_is_stated(store):
    failed = exchange(answered=False, failure=Failure(kind=FailureKind.CONNECT, detail="refused", after_head=False))
    assert "Ended by" in report(store, keep_pair(store, said("nine"), failed))


HOSTILE = "```\n# Not a heading\n````\n@maintainer <img src=x> \x1b[2J \u202e"


@pytest.mark.parametrize("where", ["text", "model"])
def test_recorded_text_stays_in_its_fence_and_controls_stand_by_name(store, where):
    live = exchange(said(HOSTILE), request=asked(HOSTILE)) if where == "text" else exchange(said("x"), model=HOSTILE)
    text = report(store, keep_pair(store, live, said("fine")))
    outside = re.sub(r"^(`{3,})\w+\n.*?\n\1$", "", text, flags=re.MULTILINE | re.DOTALL)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "# Not a heading" not in outside.replace("\\#", "")
    assert "@maintainer" not in outside
    assert "<img" not in outside


@pytest.mark.parametrize(("length", "cut"), [(SHOWN, False), (SHOWN + 1, True)])
def test_text_of_20000_characters_is_whole_and_a_longer_one_is_cut_with_a_sentence(store, length, cut):
    text = report(store, keep_pair(store, said("x" * length), said("fine")))
    assert max(map(len, fences(text))) == SHOWN == 20_000
    assert (f"The first 20,000 of {length:,} characters." in text) == cut


CALL = {"id": "c", "type": "function", "function": {"name": "look", "arguments": '{"at": 1}'}}
ANSWER = (
    "Status 200, 2023-11-14 22:13:20 UTC, 0.50 s; finish reason {}; model as named in the answer pretend-small; "
    "tokens 9 of the prompt and 3 of the answer{}."
)


def calling(store):
    """The report on a pair of which the provider calls a tool and both answers of the reference are a text."""
    live = exchange(
        said(None, message={"tool_calls": [CALL]}, finish_reason="tool_calls"),
        request=asked(),
        headers=(("X-Request-Id", "req_7"), ("content-type", "application/json")),
    )
    return report(store, keep_pair(store, live, said("eleven"), said("eleven")), RestingOn("answer_kind"))


def test_a_whole_report_has_a_part_for_what_differs_the_request_and_each_answer(sqlite_store):
    parts = calling(sqlite_store).split("\n## ")
    assert parts[0] == (
        "# candidate answers differently from official\n\n"
        "The same request for the model pretend-small was sent to both at 2023-11-14 22:13:20 UTC.\n"
    )
    assert parts[1] == (
        "What differs\n\nEvidence: kind of answer (tools:look against text). Both answers of the reference agree there.\n\n"
        "- kind of answer: tools:look here, text there. tools:look against text\n"
    )
    assert parts[2].startswith("Request\n\nPOST /v1/chat/completions\n\n```json\n{\n")
    called = ANSWER.format(r"tool\_calls", r"; x-request-id req\_7")
    assert parts[3] == (
        f"Answer of candidate\n\n{called}\n\n"
        "Tool calls, with their arguments as they were sent:\n\n"
        '```json\n[\n  {\n    "name": "look",\n    "arguments": "{\\"at\\": 1}"\n  }\n]\n```\n'
    )
    assert parts[4:6] == [
        f"{title}\n\n{ANSWER.format('stop', '')}\n\n```text\neleven\n```\n"
        for title in ("Answer of official, the reference", "Second answer of official")
    ]
    assert parts[6].startswith("What this cannot show\n\nThat the answers differ is measured, why is not. ")
    assert parts[6].endswith(
        "\n\nMade by sameweights 1.2.3 from recorded traffic, pair `" + "a" * 32 + "`.\n"
        "No key is recorded; prompt and answers are: read this text before it is sent.\n"
    )


def test_signals_that_agree_and_that_could_not_be_measured_are_counted(sqlite_store):
    counted = re.search(r"not\. (\d+) signals agree, (\d+) could not be measured", calling(sqlite_store))
    states = [row.state for row in sqlite_store.findings(pair_id="a" * 32) if row.comparison == "cross"]
    assert [int(number) for number in counted.groups()] == [
        states.count("match"),
        sum(state in {"not_measured", "not_comparable"} for state in states),
    ]


def test_an_answer_without_text_and_calls_is_stated_as_such(sqlite_store):
    text = report(sqlite_store, keep_pair(sqlite_store, said(""), said("eleven")))
    assert text.count("It holds neither text nor tool calls.") == 1


def test_bodies_of_some_answers_that_were_not_kept_are_counted(sqlite_store):
    pair = keep_pair(sqlite_store, said("nine"), exchange(answered=False), said("eleven"))
    assert "Of 1 of 3 answers no body was kept." in report(sqlite_store, pair)


def test_an_answer_without_counts_names_no_tokens(sqlite_store):
    body = json.loads(said("nine"))
    del body["usage"]
    text = report(sqlite_store, keep_pair(sqlite_store, json.dumps(body).encode(), said("eleven")))
    assert text.count("; tokens ") == 1


FREQUENT = replace(
    GARBLER,
    requests=1_400,
    signals=(signal("answer_kind", "differs", 0.3456, (9, 1)), signal("text", "differs", 0.2, (9, 1))),
)


class Known(RestingOn):
    """A verdict that rests on the text, with its card."""

    def __init__(self, card):
        super().__init__("text")
        self._card = card

    def card(self, pair):
        return self._card


def frequency(store, card):
    pair = keep_pair(store, said("nine"), said("eleven"), said("eleven"))
    return report(store, pair, Known(card)).partition("## How often\n\n")[2].partition("\n\n## ")[0]


def test_how_often_has_the_verdict_the_counts_and_the_signals_that_are_evidence(sqlite_store):
    assert frequency(sqlite_store, FREQUENT) == (
        "garbler differs more than the reference from itself: tool arguments 34 points.\n"
        "Of 1,400 requests 200 were also sent to the reference, and 150 could be compared.\n\n"
        "| signal | differs | the reference from itself | excess, 95 % interval |\n|---|---|---|---|\n"
        "| text | 40 % of 150 | 4.0 % of 50 | +20.0 points \\[+15.0 to +25.0\\] |".replace("\\", "")
    )


@pytest.mark.parametrize(
    ("more", "row"),
    [
        ({"noise": None}, "40 % of 150 | not known | +20.0 points [+15.0 to +25.0]"),
        ({"noise_of": 0}, "40 % of 150 | 4.0 %, estimated | +20.0 points [+15.0 to +25.0]"),
        ({"mismatch": None}, "not known | 4.0 % of 50 | +20.0 points [+15.0 to +25.0]"),
        ({"low": None}, "40 % of 150 | 4.0 % of 50 | +20.0 points"),
        ({"high": None}, "40 % of 150 | 4.0 % of 50 | +20.0 points"),
        ({"excess": 0.0}, "40 % of 150 | 4.0 % of 50 | +0.0 points [+15.0 to +25.0]"),
    ],
)
def test_a_figure_that_is_not_known_is_stated(sqlite_store, more, row):
    card = replace(FREQUENT, signals=(replace(FREQUENT.signals[1], **more),))
    assert frequency(sqlite_store, card).endswith(f"| text | {row} |")


def test_a_signal_without_an_excess_has_no_row(sqlite_store):
    card = replace(FREQUENT, signals=(replace(FREQUENT.signals[1], excess=None),))
    assert "|" not in frequency(sqlite_store, card)
