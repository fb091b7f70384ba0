"""Routers of a period: their servers by name, at the level of the report, with their part of the traffic and the changes."""

import random
from dataclasses import replace

import pytest

from shadow.report.build_report import build, build_verdicts
from shadow.report.drift_lines import drift_lines
from shadow.report.router_lines import router_lines
from shadow.verdict.verdict_value import VerdictWord
from storage.judgement_rows import RoutedPairRow, UpstreamShare, UpstreamTurns
from tests.conformance import exchange_record
from tests.most_rows import MostRows
from tests.payoffs import add
from tests.shadow.drift.leaning import payoffs
from tests.shadow.judging.test_judge import JudgeRun
from tests.shadow.report.test_drift_table import ALARM, CALM


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


@pytest.mark.slow
def test_bad_server_is_named_while_the_router_as_a_whole_shows_no_difference(store):
    routed(store, 1_300, bad="b", names="bacdeacdea", floor=0.235)
    report = build(store, 0.0, 1e6)
    [router] = report.routers
    assert {line.upstream: line.verdict for line in router.upstreams if line.verdict == "worse"} == {"b": "worse"}
    [card] = [card for card in report.cards if card.provider == "p"]
    assert card.verdict.word is VerdictWord.NONE_SEEN
    assert card.verdict.notes[0].phrase.startswith("of its 5 upstreams b is worse by more than 2 points: tool arguments, about ")
    assert build_verdicts(store, 0.0, 1e6).routers == report.routers


@pytest.mark.slow
def test_conversation_that_may_go_on_counts_in_a_report_as_it_is(store):
    routed(store, 40, names="a")
    for number in range(2):
        add(store, f"open-{number}", payoffs=(("arguments", 0),), started=2_400.0 + number, conversation="open", upstream="a")
    [router] = router_lines(store, 0.0, 2_500.0, drift_lines(store))
    assert router.upstreams[0].conversations == 41


@pytest.mark.slow
def test_names_without_a_group_of_their_own_are_other(store):
    routed(store, 400, names=[f"s{number:02d}" for number in range(40)])
    [router] = router_lines(store, 0.0, 1e6, drift_lines(store))
    assert len(router.upstreams) == 33
    assert [line.upstream for line in router.upstreams].count("other") == 1


@pytest.mark.slow
def test_before_any_pair_is_judged_the_first_names_are_distinguished(store):
    routed(store, 400, names=[f"s{number:02d}" for number in range(40)], judged=False)
    [router] = router_lines(store, 0.0, 1e6, drift_lines(store))
    assert len(router.upstreams) == 33


@pytest.mark.slow
def test_store_without_a_router_has_no_line(store):
    add(store, "one")
    assert router_lines(store, 0.0, 1e6, drift_lines(store)) == ()


@pytest.mark.slow
def test_pairs_outside_the_period_are_left_out(store):
    routed(store, 10)
    [router] = router_lines(store, 60.0, 120.0, drift_lines(store))
    assert sum(line.pairs for line in router.upstreams) == 1


@pytest.mark.slow
def test_conversations_that_change_their_server_are_counted_with_their_cached_tokens(store):
    turns = [("x", "a", 100, 0), ("x", "a", 100, 80), ("x", "b", 100, 10), ("y", "a", 100, 0), ("y", "a", 100, 60)]
    answers(store, [*turns, ("alone", "a", 100, 0), ("z", "a", 50, 0), ("z", "unnamed", 50, 0), ("z", "a", 100, None)])
    add(store, "pair", payoffs=(("arguments", 0),), upstream="a")
    [router] = router_lines(store, 0.0, 1e6, drift_lines(store))
    assert (router.conversations, router.changed) == (3, 1)
    assert (router.cached_after_change, router.cached_else) == (0.1, 0.7)
    [line] = router.upstreams
    assert line.share == pytest.approx(7 / 9)


@pytest.mark.slow
def test_server_that_is_the_same_in_every_signal_lacks_no_pairs(store):
    routed(store, 700, names="a", floor=0.0)
    [router] = router_lines(store, 0.0, 1e6, drift_lines(store))
    [line] = router.upstreams
    assert (line.verdict, line.missing, line.missing_pairs, line.needed) == ("same", "", 0, None)


class Routed:
    """A store with the pairs, the answers and the turns of routers alone."""

    def __init__(self, rows, shares=(), turns=()):
        self.judgements, self._rows, self._shares, self._turns = self, rows, shares, turns

    def routed_pairs(self, *_):
        return self._rows

    def upstream_shares(self, *_):
        return self._shares

    def upstream_turns(self, *_):
        return self._turns


def pair(at, upstream="a", payoff=0, **more):
    fields = {"provider": "p", "model": "m", "reference": "r", "started": at * 60.0, "conversation": f"c{at}", "judgement": ""}
    return RoutedPairRow(**{**fields, "upstream": upstream, "payoffs": {"arguments": payoff}, **more})


def share(upstream, answers, **more):
    return UpstreamShare(**{"provider": "p", "model": "m", "upstream": upstream, "answers": answers, **more})


def server(drift=CALM, **more):
    return replace(drift, provider="p", model="m", reference="r", **more)


def test_a_server_has_its_part_of_the_answers_its_pairs_and_what_it_lacks():
    shares = [share("a", 30), share("b", 50), share("a", 20), share("a", 900, provider="q")]
    [router] = router_lines(Routed([pair(0), pair(1), pair(2, "b")], shares), 0.0, 0.0, ())
    first, second = router.upstreams
    assert [(line.upstream, line.share, line.pairs, line.conversations) for line in (first, second)] == [
        ("a", 0.5, 2, 2),
        ("b", 0.5, 1, 1),
    ]
    assert (first.verdict, first.worse, first.signal, first.size, first.low, first.high, first.since) == (
        *("undecided", False, ""),
        *[None] * 4,
    )
    assert (first.missing, first.missing_pairs, second.missing_pairs, first.needed > 2) == ("arguments", 2, 1, True)
    assert (router.provider, router.model, router.reference, router.conversations, router.changed) == ("p", "m", "r", 0, 0)
    assert (router.cached_after_change, router.cached_else, router.unknown) == (None, None, 0.0)


def test_a_router_without_an_answer_of_the_period_has_no_parts():
    [router] = router_lines(Routed([pair(0)]), 0.0, 0.0, ())
    assert router.upstreams[0].share is None


def test_a_bad_server_has_its_size_and_when_its_alarm_began():
    lines = [server(ALARM, upstream="a", since=7.0), server(ALARM, upstream="b", since=9.0), server(since=5.0)]
    lines.append(replace(ALARM, upstream="a", since=1.0))
    [router] = router_lines(Routed([pair(at, payoff=1) for at in range(60)]), 0.0, 0.0, lines)
    (line,) = router.upstreams
    assert (line.verdict, line.worse, line.signal, line.since) == ("worse", True, "arguments", 7.0)
    assert (line.size, line.low < 1.0 == line.high) == (1.0, True)


@pytest.mark.parametrize(
    ("judgement", "payoffs", "pairs"),
    [
        ("", {"arguments": 0}, 1),
        ("repeated", {"arguments": 0}, 0),
        ("caching_reference", {"arguments": 0}, 0),
        ("caching_reference", {"arguments": 0, "completion_tokens": 0}, 1),
        ("", {}, 0),
    ],
)
def test_pairs_that_do_not_count_are_left_out(judgement, payoffs, pairs):
    found = router_lines(Routed([pair(0, judgement=judgement, payoffs=payoffs)]), 0.0, 0.0, ())
    assert sum(line.pairs for router in found for line in router.upstreams) == pairs


def test_names_without_a_judged_group_are_other_with_the_answers_of_all_of_them():
    rows = [pair(0), pair(1, "b"), pair(2, "c"), pair(3, "unnamed")]
    shares = [share("a", 10), share("b", 20), share("c", 30), share("unnamed", 40)]
    [router] = router_lines(Routed(rows, shares), 0.0, 0.0, [server(upstream="a")])
    assert [(line.upstream, line.pairs, line.share) for line in router.upstreams] == [
        ("a", 1, 0.1),
        ("other", 2, 0.5),
        ("unnamed", 1, 0.4),
    ]
    assert router.unknown == 0.75


@pytest.mark.parametrize(("names", "others"), [(32, 0), (33, 1), (40, 8)])
def test_the_first_names_are_distinguished_where_none_was_judged(names, others):
    rows = [pair(at, f"s{at}") for at in range(names)] + [pair(90, "s0")]
    [router] = router_lines(Routed(rows), 0.0, 0.0, [server()])
    assert {line.upstream: line.pairs for line in router.upstreams}.get("other", 0) == others
    assert router.upstreams[0].pairs == 2


def test_turns_of_a_router_have_their_cached_shares():
    turns = [
        UpstreamTurns(provider="p", model="m", conversations=5, changed=2, after_change=(100, 10), without_change=(400, 300)),
        UpstreamTurns(provider="q", model="m", conversations=9, changed=9, after_change=(0, 0), without_change=(1, 1)),
    ]
    rows = [pair(0), pair(1, provider="q")]
    first, second = router_lines(Routed(rows, (), turns), 0.0, 0.0, ())
    assert (first.conversations, first.changed, first.cached_after_change, first.cached_else) == (5, 2, 0.1, 0.75)
    assert (second.provider, second.cached_after_change, second.cached_else) == ("q", None, 1.0)


def test_of_a_long_period_the_newest_pairs_and_answers_of_routers_alone_are_read(sqlite_store):
    routed(sqlite_store, 3)
    reader = MostRows(sqlite_store)
    router_lines(reader, 0.0, 1e6, ())
    assert reader.most == {"routed_pairs": [20_000], "upstream_shares": [100_000], "upstream_turns": [100_000]}
