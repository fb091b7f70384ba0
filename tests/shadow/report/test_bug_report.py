"""The bug report about one pair: what it holds, what it leaves out, and that nothing recorded can act in a tracker."""

import json
import re

import pytest

from proxy.exchange import Failure, FailureKind
from shadow.report.bug_report import SHOWN, bug_report
from shadow.report.evident_signals import EvidentSignals, stored_evidence
from storage.rows import PairFilter
from tests.exchanges import asked, exchange, said
from tests.pairs import RestingOn, keep_pair
from tests.records import NOW, fill


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
