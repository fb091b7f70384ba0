"""What a dossier keeps of records that are made by hand: its own rows, numbers in place of names, and sums of the others."""

from dataclasses import replace

from shadow.dossier.dossier_records import CountedPair, OtherSums, dossier_records, whole_period, without_words
from shadow.report.figures import IdentityLine
from shadow.report.router_lines import RouterLine
from shadow.report.row_sampling import RowSampling
from storage.judgement_rows import ComparedChecks, CountedPairRow, PairFinishReasons, PayoffSum
from storage.rows import PairGroup, SignalCount
from tests.shadow.dossier.test_dossier_records import LINE
from tests.shadow.report.test_build_report_made import NOTHING, row


def group(provider="own", reference="official", model="m", route="agents"):
    return PairGroup(route=route, model=model, provider=provider, reference=reference)


def pair(name, cluster="talk", **more):
    made = CountedPairRow(
        group=group(), id=name, started=5.0, control_reason="random", comparable="", judgement="", cluster=cluster,
        payoffs={"text": 1}, cross={"text": "differ", "tools": "match"}, own={"text": "match", "tools": "match"},
    )  # fmt: skip
    return replace(made, **more)


def count(provider, reference, route="agents"):
    return SignalCount(
        group=group(provider, reference, route=route),
        comparison="check",
        signal="usage",
        state="match",
        control_reason="",
        count=3,
    )


def summed(provider, cluster, plus=0, minus=0, clusters=1):
    return PayoffSum(
        model="m", provider=provider, reference="official", signal="text", cluster=cluster, judgement="", pairs=2, plus=plus,
        minus=minus, clusters=clusters,
    )  # fmt: skip


def test_pairs_of_one_conversation_have_its_number_and_the_states_of_what_was_scored():
    other_model = group(model="n")
    rows = [pair("a"), pair("b", "walk"), pair("c"), pair("d", group=other_model), pair("e", judgement="seed", comparable="why")]
    found = dossier_records("own", NOTHING, rows).pairs
    assert [(one.id, one.cluster) for one in found] == [("a", 0), ("b", 1), ("c", 0), ("d", 2), ("e", 0)]
    assert found[0] == CountedPair(
        id="a", started=5.0, route="agents", model="m", reference="official", cluster=0, control="random", comparable="",
        counts="", payoffs={"text": 1}, cross={"text": "differ"}, own={"text": "match"},
    )  # fmt: skip
    assert (found[4].counts, found[4].comparable) == ("seed", "why")


def test_rows_are_those_of_the_provider_and_its_references_and_a_reference_has_no_route_or_reference_of_its_own():
    period = replace(
        NOTHING,
        counts=(count("own", "official"), count("official", "gold", "to-gold"), count("rival", "official")),
        traffic=(row("own"), row("official"), row("rival"), row("gold")),
        reasons=(("own", "m", "official", "why", 2), ("rival", "m", "official", "why", 9)),
        ended=(("own", "m", "official", 200, 2), ("rival", "m", "official", 200, 2)),
        unread=(("rival", "m", "not_held", 1, 2), ("own", "m", "not_held", 3, 4)),
        endings=(
            PairFinishReasons(
                group=group(), conversation="talk", control_reason="", provider="stop", reference="stop", control=""
            ),
            PairFinishReasons(
                group=group("rival"), conversation="talk", control_reason="", provider="stop", reference="stop", control=""
            ),
        ),
    )
    sampling = RowSampling(without_pair=9, kept=3, sentence="rows are sampled")
    found = dossier_records("own", period, [pair("a", "walk"), pair("b")], sampling).period
    assert [(one.group.provider, one.group.reference, one.group.route) for one in found.counts] == [
        ("own", "official", "agents"),
        ("official", "another provider", ""),
    ]
    assert [one.provider for one in found.traffic] == ["own", "official"]
    assert (found.reasons, found.ended, found.unread) == (period.reasons[:1], period.ended[:1], period.unread[1:])
    assert [(one.group.provider, one.conversation) for one in found.endings] == [("own", "1")]
    assert (found.sums, found.rows) == ((), sampling)


def test_alarms_are_those_of_the_provider_and_name_no_other():
    alarm = replace(
        LINE, provider="own", why="as rival does", blame_why="rivals too", sentence="rival: x", by="rival", facts=("rival",)
    )
    period = replace(NOTHING, drift=(alarm, replace(alarm, provider="rival")), traffic=(row("rival"), row("own")))
    [found] = dossier_records("own", period, []).period.drift
    assert (found.why, found.blame_why, found.sentence) == ("as another provider does", "rivals too", "another provider: x")
    assert (found.by, found.facts) == ("another provider", ("another provider",))
    alone = replace(NOTHING, drift=(replace(alarm, by=""),))
    assert dossier_records("own", alone, []).period.drift == alone.drift


def test_payoffs_of_others_are_counted_alike_under_a_number_and_those_of_the_provider_left_out():
    period = replace(
        NOTHING,
        sums=(
            summed("rival", 1, plus=1),
            summed("rival", 2, plus=1, clusters=3),
            summed("rival", 3, minus=1),
            summed("another", 4),
            summed("own", 5, plus=2),
        ),
        compared=(
            ComparedChecks(model="m", provider="own", reference="official", conversations=4, votes=()),
            ComparedChecks(model="m", provider="rival", reference="official", conversations=5, votes=()),
        ),
    )
    found = dossier_records("own", period, [])
    assert found.others == (
        OtherSums(other="other-0", signal="text", judgement="", pairs=2, plus=0, minus=0, clusters=1),
        OtherSums(other="other-1", signal="text", judgement="", pairs=2, plus=0, minus=1, clusters=1),
        OtherSums(other="other-1", signal="text", judgement="", pairs=2, plus=1, minus=0, clusters=4),
    )
    assert [(one.provider, one.model, one.reference, one.conversations) for one in found.period.compared] == [
        ("own", "m", "official", 4),
        ("other-1", "", "", 5),
    ]


def test_period_has_the_payoffs_of_the_pairs_and_of_the_others_again():
    payoffs = {"text": 1, "tools": -1, "length": 0}
    period = replace(NOTHING, sums=(summed("rival", 7, plus=1, clusters=3), summed("third", 8)))
    records = dossier_records("own", period, [pair("a"), pair("b", "walk", payoffs=payoffs, judgement="seed")])
    sums = whole_period(records).sums
    own = [(one.signal, one.cluster, one.judgement, one.pairs, one.plus, one.minus, one.clusters) for one in sums[:4]]
    assert own == [
        ("text", 0, "", 1, 1, 0, 1),
        ("text", 1, "seed", 1, 1, 0, 1),
        ("tools", 1, "seed", 1, 0, 1, 1),
        ("length", 1, "seed", 1, 0, 0, 1),
    ]
    assert {(one.provider, one.model, one.reference) for one in sums[:4]} == {("own", "m", "official")}
    others = [(one.provider, one.model, one.reference, one.cluster, one.pairs, one.plus, one.clusters) for one in sums[4:]]
    assert others == [("other-0", "", "", 0, 2, 1, 3), ("other-1", "", "", 1, 2, 0, 1)]


def test_reasons_without_their_quotes_are_counted_together():
    quoting = "the reference returned no complete response (failed): error 400 {}: no"
    reasons = tuple(("own", "m", "official", quoting.format(word), 2) for word in ("'Oslo'", "'Quito'"))
    records = dossier_records("own", replace(NOTHING, reasons=reasons), [pair("a", comparable=reasons[0][3])])
    found = without_words(records)
    assert sum(number for *_, number in found.period.reasons) == 4
    assert {key[:3] for key in found.period.reasons} == {("own", "m", "official")}
    assert "Oslo" not in repr(found)
    assert "Oslo" in repr(records)


def identity(provider):
    return IdentityLine(provider=provider, model="m", identity="hash", since=1.0, changes=0, latest=(), facts={})


def test_identities_and_routers_are_those_of_the_provider_and_of_references_that_an_alarm_names():
    period = replace(
        NOTHING,
        identities=tuple(map(identity, ("own", "judged", "rival"))),
        routers=tuple(RouterLine(provider=name, model="m", reference="official", upstreams=()) for name in ("own", "rival")),
        drift=(
            replace(LINE, provider="own", reference="judged", sentence="rival and hidden differ", by=""),
            replace(LINE, provider="rival", reference="theirs"),
        ),
        traffic=(row("theirs"),),
        sums=(summed("hidden", 1),),
    )
    found = dossier_records("own", period, []).period
    assert [line.provider for line in found.identities] == ["own", "judged"]
    assert [line.provider for line in found.routers] == ["own"]
    assert [line.sentence for line in found.drift] == ["another provider and another provider differ"]
    assert found.traffic == ()


def test_name_that_an_identity_alone_has_is_replaced_too():
    period = replace(
        NOTHING, identities=(identity("rival"),), drift=(replace(LINE, provider="own", sentence="rival differs", by=""),)
    )
    [line] = dossier_records("own", period, []).period.drift
    assert line.sentence == "another provider differs"
