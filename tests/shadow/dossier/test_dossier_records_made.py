"""What a dossier takes of records that are made by hand: whose rows, under which numbers, and which sums come out of them."""

from dataclasses import replace

import pytest

from shadow.dossier.dossier_records import OtherSums, dossier_records, whole_period, without_words
from shadow.report.figures import IdentityLine
from shadow.report.period_records import PeriodRecords
from shadow.report.router_lines import RouterLine
from shadow.report.row_sampling import RowSampling
from storage.judgement_rows import ComparedChecks, CountedPairRow, PairFinishReasons, PayoffSum
from storage.rows import PairGroup, SignalCount, TrafficCount
from tests.shadow.dossier.test_dossier_records import LINE

NONE = PeriodRecords(
    since=1.0, until=9.0, counts=(), traffic=(), drift=(), identities=(), sums=(), reasons=(), endings=(), compared=(),
    ended=(), unread=(),
)  # fmt: skip
PAYOFFS = {"tools": 1, "text": -1, "length": 0}


def group(provider="p", model="m", reference="r", route="default"):
    return PairGroup(route=route, model=model, provider=provider, reference=reference)


def pair(name, *, cluster, model="m", judgement="", payoffs=None, comparable=""):
    states = {"tools": "differ", "text": "match", "seed": "match"}
    return CountedPairRow(
        group=group(model=model), id=name, started=2.0, control_reason="random", comparable=comparable, judgement=judgement,
        cluster=cluster, payoffs=PAYOFFS if payoffs is None else payoffs, cross=states, own=states,
    )  # fmt: skip


def counted(provider, reference="r"):
    return SignalCount(
        group=group(provider, reference=reference), comparison="cross", signal="text", state="match", control_reason="", count=3
    )


def traffic(provider):
    counts = {"requests": 9, "asked": 9, "failures": 0, "errors": 0, "prompt_tokens": 1, "completion_tokens": 1}
    return TrafficCount(provider=provider, model="m", role="primary", **counts)


def identity(provider):
    return IdentityLine(provider=provider, model="m", identity="x", since=1.0, changes=0, latest=(), facts={})


def ending(provider, conversation):
    return PairFinishReasons(
        group=group(provider), conversation=conversation, control_reason="", provider="stop", reference="stop", control=""
    )


def summed(provider, signal="text", plus=1, clusters=1, model="m"):
    return PayoffSum(model, provider, "r", signal, cluster=7, judgement="", pairs=2, plus=plus, minus=0, clusters=clusters)


def test_rows_are_those_of_the_provider_and_of_its_references():
    period = replace(
        NONE,
        counts=(counted("p"), counted("r", "gold"), counted("q"), counted("r", "away")),
        traffic=tuple(map(traffic, ("p", "q", "r", "s", ""))),
        identities=tuple(map(identity, ("p", "q", "r", "s"))),
        drift=(replace(LINE, provider="p", reference="s", sentence="", by=""), replace(LINE, provider="q", reference="gold")),
        reasons=(("p", "m", "r", "why", 1), ("q", "m", "r", "why", 2)),
        ended=(("p", "m", "r", 200, 5), ("q", "m", "r", 200, 6)),
        unread=(("p", "m", "r", 7, 8), ("q", "m", "r", 7, 8)),
    )
    own = dossier_records("p", period, []).period
    assert [row.provider for row in own.traffic] == ["p", "r", "s"]
    assert [line.provider for line in own.identities] == ["p", "r", "s"]
    assert [line.provider for line in own.drift] == ["p"]
    assert (own.reasons, own.ended, own.unread) == (period.reasons[:1], period.ended[:1], period.unread[:1])
    assert [(row.group.provider, row.group.route, row.group.reference) for row in own.counts] == [
        ("p", "default", "r"),
        ("r", "", "another provider"),
        ("r", "", "another provider"),
    ]


def test_a_provider_without_a_reference_keeps_the_rows_without_one():
    own = dossier_records("p", replace(NONE, counts=(counted("p", ""),), traffic=(traffic(""), traffic("q"))), []).period
    assert [row.provider for row in own.traffic] == [""]


def test_how_the_rows_of_the_provider_are_sampled_is_not_that_of_all():
    of_all, of_one = (RowSampling(without_pair=number, kept=3, sentence="") for number in (90, 30))
    assert dossier_records("p", replace(NONE, rows=of_all), [], of_one).period.rows == of_one
    assert dossier_records("p", replace(NONE, rows=of_all), []).period.rows is None


def test_conversations_have_a_number_each_by_model_which_the_finish_reasons_share():
    rows = [pair("a", cluster="x"), pair("b", cluster="y"), pair("c", cluster="x"), pair("d", cluster="x", model="n")]
    found = dossier_records("p", replace(NONE, endings=(ending("p", "y"), ending("q", "y"), ending("p", "z"))), rows)
    assert [row.cluster for row in found.pairs] == [0, 1, 0, 2]
    assert [row.conversation for row in found.period.endings] == ["1", "3"]


def test_pair_has_the_states_of_the_signals_that_count_in_any_pair():
    rows = [pair("a", cluster="x"), pair("b", cluster="y", payoffs={}, judgement="repeated")]
    found = dossier_records("p", NONE, rows)
    assert [(row.id, row.cross, row.own) for row in found.pairs] == [
        (name, {"tools": "differ", "text": "match"}, {"tools": "differ", "text": "match"}) for name in "ab"
    ]
    assert [(row.counts, row.control, row.started) for row in found.pairs] == [("", "random", 2.0), ("repeated", "random", 2.0)]


def test_payoffs_of_the_pairs_come_back_as_sums_of_one_pair_each():
    found = dossier_records("p", replace(NONE, sums=(summed("p"),)), [pair("a", cluster="x"), pair("b", cluster="y")])
    assert (found.period.sums, found.others) == ((), ())
    sums = whole_period(found).sums
    assert [(one.signal, one.cluster, one.pairs, one.plus, one.minus) for one in sums] == [
        (signal, cluster, 1, plus, minus)
        for cluster in (0, 1)
        for signal, plus, minus in (("tools", 1, 0), ("text", 0, 1), ("length", 0, 0))
    ]
    assert {(one.provider, one.model, one.reference, one.judgement, one.clusters) for one in sums} == {("p", "m", "r", "", 1)}


def test_sums_of_others_are_counted_under_numbers_and_each_is_a_cluster_of_its_own():
    sums = (summed("t"), summed("q", clusters=3), summed("q", clusters=2), summed("q", "tools"), summed("q", plus=2), summed("p"))
    found = dossier_records("p", replace(NONE, sums=sums), [])
    assert found.others == tuple(
        OtherSums(other=other, signal=signal, judgement="", pairs=2, plus=plus, minus=0, clusters=clusters)
        for other, signal, plus, clusters in (
            ("other-0", "text", 1, 5), ("other-0", "text", 2, 1), ("other-0", "tools", 1, 1), ("other-1", "text", 1, 1),
        )
    )  # fmt: skip
    again = whole_period(found).sums
    assert [(one.provider, one.cluster, one.clusters) for one in again] == [
        ("other-0", 0, 5), ("other-0", 1, 1), ("other-0", 2, 1), ("other-1", 3, 1),
    ]  # fmt: skip
    assert {(one.model, one.reference, one.pairs) for one in again} == {("", "", 2)}


def test_checks_of_others_are_under_the_numbers_of_their_sums():
    compared = [ComparedChecks(model="m", provider=name, reference="r", conversations=4, votes=()) for name in ("p", "q", "t")]
    own = dossier_records("p", replace(NONE, sums=(summed("t"),), compared=tuple(compared)), []).period.compared
    assert [(one.provider, one.model, one.reference) for one in own] == [
        ("p", "m", "r"), ("other-0", "", ""), ("other-1", "", ""),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        ("q and q-fast moved, not aq or qa", "another provider and another provider moved, not aq or qa"),
        ("r is their reference", "r is their reference"),
    ],
)
def test_names_of_others_are_no_part_of_a_drift_state(sentence, shown):
    line = replace(LINE, provider="p", reference="r", sentence=sentence, why="q", blame_why="q-fast", facts=("q",), by="q")
    others = replace(NONE, drift=(line,), traffic=(traffic("q"),), identities=(identity("q-fast"),), counts=(counted("p"),))
    [found] = dossier_records("p", others, []).period.drift
    other = "another provider"
    assert (found.sentence, found.why, found.blame_why, found.facts, found.by) == (shown, other, other, (other,), other)
    [alone] = dossier_records("p", replace(NONE, drift=(replace(line, by=""),)), []).period.drift
    assert alone.sentence == sentence


def test_reasons_of_not_comparing_are_counted_without_the_words_they_quote():
    quoted = [f"the tool calls cannot be read: {words}" for words in ("secret one", "secret two")]
    period = replace(NONE, reasons=tuple(("p", "m", "r", reason, number) for reason, number in zip(quoted, (2, 3), strict=True)))
    found = without_words(dossier_records("p", period, [pair("a", cluster="x", comparable=quoted[0]), pair("b", cluster="y")]))
    assert "secret" not in repr(found)
    [(*key, _, number)] = found.period.reasons
    assert (key, number) == (["p", "m", "r"], 5)
    assert [row.comparable == "" for row in found.pairs] == [False, True]


def test_routers_are_those_of_the_provider_and_a_name_that_an_identity_alone_has_is_no_part_of_a_drift_state():
    routers = tuple(RouterLine(provider=name, model="m", reference="r", upstreams=()) for name in ("p", "q"))
    line = replace(LINE, provider="p", reference="r", sentence="hidden differs", by="")
    period = replace(NONE, routers=routers, identities=(identity("hidden"),), drift=(line,))
    found = dossier_records("p", period, []).period
    assert found.routers == routers[:1]
    assert [one.sentence for one in found.drift] == ["another provider differs"]
