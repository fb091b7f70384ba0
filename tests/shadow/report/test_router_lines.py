"""Routers of a period: their servers by name, at the level of the report, with their part of the traffic and the changes."""

import random

import pytest

from shadow.report.build_report import build, build_verdicts
from shadow.report.drift_lines import drift_lines
from shadow.report.router_lines import router_lines
from shadow.verdict.verdict_value import VerdictWord
from tests.conformance import exchange_record
from tests.payoffs import add
from tests.shadow.drift.leaning import payoffs
from tests.shadow.judging.test_judge import JudgeRun

pytestmark = pytest.mark.slow


def routed(store, count, *, bad="", names="abcd", floor=0.1, judged=True):
    """Pairs of a router that takes its servers at random; those of `bad` lean by 30 points."""
    draw = random.Random(2)
    for number in range(count):
        name = draw.choice(names)
        [value] = payoffs(draw, 1, floor=floor, excess=0.3 if name == bad else 0.0)
        found = (("answer_kind", value), ("arguments", value), ("error", 0))
        more = {"started": number * 60.0, "upstream": name, "conversation": f"c{number}"}
        add(store, f"pair-{number}", payoffs=found, flush=False, **more)
    assert store.flush(60)
    if judged:
        JudgeRun(store).all().judge.close()


def answers(store, turns):
    """Live answers of a router: (conversation, server, prompt tokens, cached ones of them)."""
    for number, (conversation, upstream, prompt, cached) in enumerate(turns):
        row = exchange_record(f"{number:032x}").exchange
        row = row._replace(provider="p", model="m", conversation=conversation, upstream=upstream, started=float(number))
        row = row._replace(prompt_tokens=prompt, cached_tokens=cached)
        store.add_exchange(exchange_record(row.id)._replace(exchange=row, tool_calls=(), findings=()))
    assert store.flush(20)


def test_bad_server_is_named_while_the_router_as_a_whole_shows_no_difference(store):
    routed(store, 1_300, bad="b", names="bacdeacdea", floor=0.235)
    report = build(store, 0.0, 1e6)
    [router] = report.routers
    assert {line.upstream: line.verdict for line in router.upstreams if line.verdict == "worse"} == {"b": "worse"}
    [card] = [card for card in report.cards if card.provider == "p"]
    assert card.verdict.word is VerdictWord.NONE_SEEN
    assert card.verdict.notes[0].phrase.startswith("of its 5 upstreams b is worse by more than 2 points: tool arguments, about ")
    assert build_verdicts(store, 0.0, 1e6).routers == report.routers


def test_conversation_that_may_go_on_counts_in_a_report_as_it_is(store):
    routed(store, 40, names="a")
    for number in range(2):
        add(store, f"open-{number}", payoffs=(("arguments", 0),), started=2_400.0 + number, conversation="open", upstream="a")
    [router] = router_lines(store, 0.0, 2_500.0, drift_lines(store))
    assert router.upstreams[0].conversations == 41


def test_names_without_a_group_of_their_own_are_other(store):
    routed(store, 400, names=[f"s{number:02d}" for number in range(40)])
    [router] = router_lines(store, 0.0, 1e6, drift_lines(store))
    assert len(router.upstreams) == 33
    assert [line.upstream for line in router.upstreams].count("other") == 1


def test_before_any_pair_is_judged_the_first_names_are_distinguished(store):
    routed(store, 400, names=[f"s{number:02d}" for number in range(40)], judged=False)
    [router] = router_lines(store, 0.0, 1e6, drift_lines(store))
    assert len(router.upstreams) == 33


def test_store_without_a_router_has_no_line(store):
    add(store, "one")
    assert router_lines(store, 0.0, 1e6, drift_lines(store)) == ()


def test_pairs_outside_the_period_are_left_out(store):
    routed(store, 10)
    [router] = router_lines(store, 60.0, 120.0, drift_lines(store))
    assert sum(line.pairs for line in router.upstreams) == 1


def test_conversations_that_change_their_server_are_counted_with_their_cached_tokens(store):
    turns = [("x", "a", 100, 0), ("x", "a", 100, 80), ("x", "b", 100, 10), ("y", "a", 100, 0), ("y", "a", 100, 60)]
    answers(store, [*turns, ("alone", "a", 100, 0), ("z", "a", 50, 0), ("z", "unnamed", 50, 0), ("z", "a", 100, None)])
    add(store, "pair", payoffs=(("arguments", 0),), upstream="a")
    [router] = router_lines(store, 0.0, 1e6, drift_lines(store))
    assert (router.conversations, router.changed) == (3, 1)
    assert (router.cached_after_change, router.cached_else) == (0.1, 0.7)
    [line] = router.upstreams
    assert line.share == pytest.approx(7 / 9)


def test_server_that_is_the_same_in_every_signal_lacks_no_pairs(store):
    routed(store, 700, names="a", floor=0.0)
    [router] = router_lines(store, 0.0, 1e6, drift_lines(store))
    [line] = router.upstreams
    assert (line.verdict, line.missing, line.missing_pairs, line.needed) == ("same", "", 0, None)
