"""Which signals a verdict rests on, and that nothing else of a pair is evidence."""

import pytest
from prometheus_client import CollectorRegistry

from shadow.pages.page_set import PageSet
from shadow.presentation.pair_evidence import NO_VERDICT, NOT_BEYOND, NOT_BUILT, NOT_IN_SIGNAL, evidence_sentence
from shadow.report.build_report import scorecards
from shadow.report.evident_signals import EvidentSignals, RenewedEvidence, evident_signals, stored_evidence, verdict_period
from shadow.settings.top_level_config import Config
from shadow.terminal.pair_list import evidence_of, pair_lines
from shadow.verdict.verdict_value import ReasonGround, VerdictWord
from storage.rows import PairFilter
from tests.reading import Reading
from tests.records import NOW, add_pair, calling, fill
from tests.shadow.report.made_report import FAITHFUL, GARBLER, LONER, NEWCOMER, card, reason, signal, verdict

DAY = 86_400.0
EVIDENCE = PairFilter(evidence=True, limit=1_000)


@pytest.fixture
def noisy(store):
    """A faithful provider whose reference differs from itself in 12 of 60 controls, as it does: the ids of the pairs in which
    the provider differs while the reference agrees with itself.
    """
    found = []
    for number in range(60):
        first, second, third = (calling(f"Oslo {number if place == number % 5 else 0}") for place in range(3))
        name = add_pair(store, "faithful", first, second, third)
        found += [name] if number % 5 == 0 and number else []
    assert store.flush(20)
    return found


def test_verdict_rests_on_the_signals_and_checks_that_stand_out(store):
    fill(store)
    found = stored_evidence(store, NOW + 60)
    assert {(provider, signal) for provider, _, _, signal in found.standing} >= {
        ("garbler", "arguments"),
        ("squeezer", "lost_space"),
    }
    assert not [one for one in found.standing if one[0] in {"faithful", "newcomer", "loner"}]


def test_pair_of_a_provider_without_an_adverse_verdict_is_no_evidence(store, noisy):
    evident = stored_evidence(store, NOW + 60)
    assert {one.pair.id for one in store.pairs(EVIDENCE)} == {*noisy}
    assert evident.standing == ()
    assert pair_lines(store, EVIDENCE, evident) == ()


@pytest.mark.slow
def test_sentence_states_how_often_the_reference_differs_from_itself(store, noisy):
    evident = stored_evidence(store, NOW + 60)
    found = evidence_of(store, store.pair(noisy[0]), evident)
    assert found.found == 0
    sentence = evidence_sentence(found)
    assert "the reference differs from itself in 40 % of its controls" in sentence
    assert "over all pairs the provider does not stand out from the noise" in sentence


@pytest.mark.slow
def test_faithful_provider_has_no_red_pair_on_any_page(store, noisy):
    pages = PageSet(store, Config(), CollectorRegistry(), now=lambda: NOW + 60)
    assert "no provider stands out" in Reading(pages.pairs.page({})).text
    page = pages.pair.page(noisy[0])
    assert "✗" not in page
    assert "does not stand out from the noise" in page
    conversation = store.pair(noisy[0]).conversation
    assert "✗" not in pages.conversation.page(conversation)


@pytest.mark.slow
def test_pairs_of_the_provider_that_differs_stay_evidence_beside_a_faithful_one(store, noisy):
    names = [add_pair(store, "garbler", calling(f"Rome {number}"), calling("Oslo"), calling("Oslo")) for number in range(60)]
    assert store.flush(20)
    evident = stored_evidence(store, NOW + 60)
    assert {line.summary.pair.id for line in pair_lines(store, EVIDENCE, evident)} == {*names}
    assert set(store.page_queries.newest_evidence(1_000, evident.standing)) < set(store.page_queries.newest_evidence(1_000))
    assert len(store.page_queries.newest_evidence(1_000, evident.standing)) == len(names)
    pages = PageSet(store, Config(), CollectorRegistry(), now=lambda: NOW + 60)
    assert "✗" in pages.pair.page(names[0])
    assert names[-1] in pages.pairs.page({})


@pytest.mark.slow
def test_signals_of_a_pair_whose_provider_has_no_card_are_none(store, noisy):
    found = EvidentSignals(()).of(store.pair(noisy[0]))
    assert (found.signals, found.noise) == (frozenset(), {})


def test_evidence_is_read_again_after_60_seconds_and_not_after_59(store):
    clock = [NOW]
    evident = RenewedEvidence(store, lambda: clock[0])
    first = evident()
    clock[0] = NOW + 59
    assert evident() is first
    clock[0] = NOW + 60
    assert (second := evident()) is not first
    clock[0] = NOW - 3_600  # set back
    assert evident() is not second


@pytest.mark.slow
def test_pair_is_no_evidence_while_the_verdict_is_not_built(store, noisy):
    pages, unbuilt = PageSet(store, Config(), CollectorRegistry(), now=lambda: NOW + 60), EvidentSignals((), built=False)
    assert "are being built" in pages.pairs.page({}, unbuilt)
    page = pages.pair.page(noisy[0], {}, unbuilt)
    assert "✗" not in page
    assert "the verdict over all pairs is not built yet" in page


@pytest.mark.slow
def test_pair_of_a_provider_that_differs_in_another_signal_states_that(store, noisy):
    for number in range(60):
        add_pair(store, "garbler", calling(f"Rome {number}"), calling("Oslo"), calling("Oslo"))
    assert store.flush(20)
    name = add_pair(store, "garbler", "One", "Two", "Two")
    assert store.flush(20)
    evident = stored_evidence(store, NOW + 60)
    assert evident.of(store.pair(name)).signals
    assert evident.of(store.pair(name)).why == "over all pairs the provider does not stand out in this signal"


@pytest.mark.parametrize("pairs", [1, 0])
def test_pair_without_enough_evidence_over_all_pairs_states_that_there_is_no_verdict_yet(store, pairs):
    name = add_pair(store, "newcomer", "One", "Two", "Two")
    assert store.flush(20)
    evident = stored_evidence(store, NOW + 60) if pairs else EvidentSignals(())
    sentence = evidence_sentence(evidence_of(store, store.pair(name), evident))
    assert "there is no verdict about the provider yet" in sentence
    assert "stand out" not in sentence


def empty_list(store, **query: str) -> str:
    return Reading(PageSet(store, Config(), CollectorRegistry(), now=lambda: NOW + 60).pairs.page(query)).text


def test_empty_list_states_that_there_is_no_verdict_yet_where_none_is(store):
    add_pair(store, "newcomer", "One", "Two", "Two")
    assert store.flush(20)
    assert "No evidence: over all pairs there is no verdict yet." in empty_list(store)
    assert "No evidence with this filter: over all pairs there is no verdict yet." in empty_list(store, provider="newcomer")


@pytest.mark.slow
def test_empty_list_states_that_some_providers_have_no_verdict_yet(store, noisy):
    add_pair(store, "newcomer", "One", "Two", "Two")
    assert store.flush(20)
    assert "about some of the providers there is no verdict yet" in empty_list(store)
    assert "no provider stands out from the noise" in empty_list(store, provider="faithful")


@pytest.mark.slow
def test_empty_list_of_a_provider_that_differs_states_that_no_verdict_rests_on_its_pairs(store, noisy):
    for number in range(60):
        add_pair(store, "garbler", calling(f"Rome {number}"), calling("Oslo"), calling("Oslo"))
    assert store.flush(20)
    page = empty_list(store, provider="garbler", signal="answer_kind")
    assert "no verdict rests on a difference that the reference confirms in these pairs" in page


@pytest.mark.parametrize(
    ("since", "until", "period"),
    [
        *((each, "", each) for each in ("1h", "24h", "7d", "all")),
        ("24h", "now", "24h"),
        ("24h", "1h", "all"),
        ("2h", "", "all"),
        ("2026-01-31", "", "all"),
        ("", "", "all"),
    ],
)
def test_verdict_is_that_of_the_list_where_its_period_is_offered_else_of_all_records(since, until, period):
    assert verdict_period(since, until) == period


@pytest.mark.slow
def test_evidence_of_a_day_is_by_the_verdicts_of_that_day(store):
    fill(store)
    assert stored_evidence(store, NOW + 60, "24h").standing
    assert stored_evidence(store, NOW + 2 * DAY, "24h").standing == ()
    assert stored_evidence(store, NOW + 2 * DAY, "2h").standing == stored_evidence(store, NOW + 60).standing


@pytest.mark.parametrize("compared", [0, 2])
def test_errors_are_evidence_whether_or_not_another_pair_was_compared(store, compared):
    failed = [add_pair(store, "p", b'{"error": {"message": "Oh"}}', "Hello", "Hello", status=500) for _ in range(30)]
    for _ in range(compared):
        add_pair(store, "p", "Hello", "Hello", "Hello")
    assert store.flush(20)
    [card] = scorecards(store, 0.0, NOW + 60)
    assert (card.verdict.word, card.compared) == (VerdictWord.DIFFERS, compared)
    assert {line.summary.pair.id for line in pair_lines(store, EVIDENCE, EvidentSignals([card]))} == {*failed}


def of_reasons(*reasons, word=VerdictWord.DIFFERS, **more):
    lines = (signal("text", "x"), signal("calls_tool_rate", "x"))
    return card("p", verdict(word, "x", *reasons), **{"signals": lines, **more})


@pytest.mark.parametrize(
    ("found", "signals"),
    [
        (of_reasons(reason("tools"), reason("usage", ReasonGround.CHECK, VerdictWord.FAULTY)), {"tools", "usage"}),
        (of_reasons(reason("finish_length")), {"finish_reason"}),
        (of_reasons(reason("x", ReasonGround.DISCOVERY)), {"text", "calls_tool"}),
        (of_reasons(reason("tools", word=VerdictWord.SUSPECT), reason("text")), {"text"}),
        (of_reasons(reason("x", ReasonGround.DISCOVERY, VerdictWord.SUSPECT)), set()),
        (of_reasons(reason("error"), compared=0), {"error"}),
        (of_reasons(reason("usage", ReasonGround.CHECK, VerdictWord.FAULTY), pairs=0), set()),
    ],
)
def test_a_verdict_rests_on_the_subjects_of_its_adverse_reasons(found, signals):
    assert evident_signals(found) == signals
    assert EvidentSignals([found]).standing == tuple(sorted(("p", "m", "official", name) for name in signals))


@pytest.mark.parametrize(
    ("word", "why"),
    [
        (VerdictWord.NONE_SEEN, NOT_BEYOND),
        (VerdictWord.DIFFERS, NOT_IN_SIGNAL),
        (VerdictWord.FAULTY, NOT_IN_SIGNAL),
        (VerdictWord.SUSPECT, NO_VERDICT),
        (VerdictWord.UNDECIDED, NO_VERDICT),
    ],
)
def test_why_other_signals_are_no_evidence_follows_the_verdict(sqlite_store, word, why):
    name = add_pair(sqlite_store, "p", "Hello", "Hello", model="m")
    assert sqlite_store.flush(20)
    pair = sqlite_store.pair(name)
    lines = (signal("text", "x", noise=0.2), signal("refusal_rate", "x", noise=0.3), signal("tools", "x", noise=0.0))
    found = EvidentSignals([of_reasons(reason("text"), word=word, signals=lines)]).of(pair)
    assert (found.why, dict(found.noise)) == (why, {"text": 0.2, "refusal": 0.3})
    assert EvidentSignals([]).of(pair).why == NO_VERDICT
    assert EvidentSignals([], built=False).of(pair).why == NOT_BUILT


@pytest.mark.parametrize(
    ("cards", "provider", "model", "words"),
    [
        ([], "", "", "there is no verdict yet"),
        ([NEWCOMER], "", "", "there is no verdict yet"),
        ([NEWCOMER, FAITHFUL], "", "", "about some of the providers there is no verdict yet"),
        ([NEWCOMER, FAITHFUL], "faithful", "", "no provider stands out from the noise of its reference"),
        ([FAITHFUL, GARBLER], "", "", "no verdict rests on a difference that the reference confirms in these pairs"),
        ([FAITHFUL, GARBLER], "", "n", "there is no verdict yet"),
        ([FAITHFUL, GARBLER], "faithful", "m", "no provider stands out from the noise of its reference"),
        ([FAITHFUL, LONER], "", "", "no provider stands out from the noise of its reference"),
    ],
)
def test_why_no_pair_is_evidence_follows_the_verdicts_about_the_provider_and_model(cards, provider, model, words):
    assert EvidentSignals(cards).absence(provider, model) == words


@pytest.mark.parametrize(
    ("since", "until", "period"),
    [
        ("", "", "all"),
        ("7d", "", "7d"),
        ("24h", "now", "24h"),
        ("24h", "1h", "all"),
        ("2h", "", "all"),
        ("all", "now", "all"),
    ],
)
def test_the_period_of_a_verdict_is_that_of_the_list_up_to_now_or_all(since, until, period):
    assert verdict_period(since, until) == period


def test_evidence_shows_how_many_signals_of_how_many_cards_it_has():
    found = EvidentSignals([of_reasons(reason("text"))])
    assert repr(found) == f"<EvidentSignals {len(found.standing)} of 1 cards>"
    assert repr(RenewedEvidence(None, lambda: NOW)) == "<RenewedEvidence <EvidentSignals 0 of 0 cards>>"
