"""One row for each provider and model."""

from dataclasses import replace

import pytest

from shadow.report.figures import ReferenceLine
from shadow.report.report_html import as_html
from shadow.report.report_markdown import as_markdown
from shadow.report.report_text import render
from shadow.report.verdict_rows import (
    MARKS,
    WORDS,
    display_name,
    headline,
    left_out,
    reference_headlines,
    unmeasured_lines,
    verdict_row,
    verdict_rows,
)
from shadow.report.verdict_text import verdict_text
from shadow.verdict.evidence import EvidenceSide, PeriodCoverage, Shortfall
from shadow.verdict.verdict_value import DetectablePower, ReasonGround, VerdictWord
from tests.shadow.report.made_report import FAITHFUL, GARBLER, LONER, NEWCOMER, card, check, gap, reason, verdict


@pytest.fixture
def cards(filled):
    return filled.report.cards


def test_rows_name_state_and_worst_finding_with_its_size(cards):
    rows = {row.provider: row for row in verdict_rows(cards)}
    garbler, squeezer, faithful = rows["garbler"], rows["squeezer"], rows["faithful"]
    assert (garbler.mark, garbler.state, garbler.signal, garbler.pairs) == ("✗", "differs", "arguments", 80)
    assert garbler.finding.startswith("sends different tool arguments 34 points [")
    assert squeezer.state == "faulty answers"
    assert squeezer.finding == "lost spaces in 50 % of 80 answers (reference 0 %)"
    assert faithful.finding.endswith("or more in kind of answer would have shown")
    assert rows["newcomer"].finding == "too few pairs (1, at least 20 needed)"
    assert [rows[name].is_open for name in ("newcomer", "loner", "faithful", "garbler")] == [True, True, False, False]


def test_provider_that_differs_and_is_faulty_has_both_in_its_state(cards):
    (garbler,) = (card for card in cards if card.provider == "garbler")
    (squeezer,) = (card for card in cards if card.provider == "squeezer")
    both = replace(garbler.verdict, reasons=(*garbler.verdict.reasons, *squeezer.verdict.reasons))
    assert verdict_row(replace(garbler, verdict=both)).state == "differs, faulty answers"


def test_every_verdict_has_a_mark_and_a_word():
    assert set(MARKS) == set(WORDS) == set(VerdictWord)


@pytest.mark.parametrize(
    ("words", "alone", "sentence"),
    [
        ("", "", "No request in this period"),
        ("NMWU", "", "No difference from the reference seen in 1, 1 undecided, 2 not measured"),
        ("", "F", "1 has faulty answers"),
        ("D", "WW", "1 of 1 differs from the reference, 2 have no reference"),
        ("S", "", "1 is suspect"),
        (
            "DDFFSSNNNUU",
            "WN",
            "2 of 5 differ from the reference, 2 have faulty answers, 2 are suspect, 2 undecided, 2 have no reference",
        ),
        ("SN", "", "No difference from the reference seen in 1, 1 is suspect"),
        ("UM", "W", "No verdict yet, 1 undecided, 1 not measured, 1 has no reference"),
        ("MW", "W", "Nothing is measured yet"),
        ("", "W", "Nothing is measured yet"),
    ],
)
def test_headline_counts_each_row_once_under_what_its_evidence_holds(cards, words, alone, sentence):
    names = dict(zip("DFSUNMW", VerdictWord, strict=True))
    row = verdict_row(cards[0])
    held = [replace(row, word=names[word]) for word in words] + [replace(row, word=names[word], reference="") for word in alone]
    assert headline(held) == sentence


def test_name_has_the_model_only_where_a_provider_serves_several(cards):
    one, two = cards[0], replace(cards[0], model="other\x1b[2J")
    assert display_name(one, [one]) == one.provider
    assert display_name(two, [one, two]) == f"{one.provider} other[ESC][2J"


def test_what_was_not_measured_is_counted(cards):
    lines = unmeasured_lines(cards)
    assert "1 of 242 requests have no pair" in lines
    assert any("signals in no pair: " in line for line in lines)


def test_pairs_with_every_reference_are_pairs_of_the_requests(cards):
    one = replace(cards[0], requests=2_000, pairs=1_000)
    other = replace(one, reference="second")
    assert "have no pair" not in "".join(unmeasured_lines([one, other]))
    assert "1 of 2,000 requests have no pair" in unmeasured_lines([one, replace(other, pairs=999)])


def test_request_has_no_reference_only_where_its_model_has_none(cards):
    one = replace(cards[0], requests=2_000, pairs=1_000)
    none = replace(one, reference="", pairs=0)
    for held in ([one, none], [none, one]):
        assert unmeasured_lines(held)[0] == "1,000 of 2,000 requests have no pair"
        assert "have no reference" not in "".join(unmeasured_lines(held))
    assert unmeasured_lines([none])[0] == f"2,000 requests have no reference ({one.provider})"


def test_nothing_is_missing_where_there_is_no_card():
    assert unmeasured_lines(()) == ()


FACES = {
    "text": lambda report: render(report, width=100, color=False),
    "short text": lambda report: verdict_text(report.cards, report.references, period="", now=0.0, width=100, color=False),
    "markdown": as_markdown,
    "html": as_html,
}


@pytest.mark.slow
@pytest.mark.parametrize("face", FACES)
def test_a_report_shows_the_20_worst_models_and_states_how_many_there_are(filled, face):
    card = filled.report.cards[0]
    shown = {}
    for models in (20, 21, 2_000):
        cards = tuple(replace(card, model=f"model-{number:04}") for number in range(models))
        references = tuple(ReferenceLine(reference="r", model=each.model, state="failing", sentence="fails") for each in cards)
        shown[models] = FACES[face](replace(filled.report, cards=cards, references=references))
    assert "--json" not in shown[20]
    assert "2,000 providers and models" in shown[2_000] or "1,980 more: --json shows all" in shown[2_000]
    assert "model-0019" in shown[2_000]
    assert "model-0020" not in shown[2_000]
    assert len(shown[2_000]) < len(shown[20]) + 200


def test_sentence_on_what_is_left_out_begins_at_the_21st_row():
    assert left_out(20) == ""
    assert left_out(21) == "The 20 worst of 21 providers and models are shown; sameweights report --json has all."


def test_at_most_5_findings_about_references_are_shown_and_the_others_counted():
    lines = [ReferenceLine(reference="r", model=f"m{number}", state="failing", sentence="fails") for number in range(1_006)]
    assert reference_headlines(lines[:5]) == tuple(line.headline for line in lines[:5])
    assert reference_headlines(lines)[5:] == ("1,001 more of the references and their models",)


def test_a_reference_stands_in_a_name_where_a_provider_has_several():
    other, none = replace(GARBLER, reference="second"), replace(GARBLER, reference="")
    assert display_name(GARBLER, [GARBLER, other]) == "garbler against official"
    assert display_name(none, [GARBLER, none]) == "garbler"
    assert display_name(replace(other, model="n"), [GARBLER, replace(other, model="n")]) == "garbler n against second"
    assert display_name(GARBLER, [GARBLER, replace(FAITHFUL, model="n", reference="second")]) == "garbler"


def row_of(*reasons, word=VerdictWord.DIFFERS, **more):
    return verdict_row(card("p", verdict(word, "sentence: because; wait", *reasons), **more))


@pytest.mark.parametrize(
    ("subjects", "words"),
    [
        (("a",), "a differ"),
        (("a", "a"), "a differ"),
        (("a", "b"), "a differ, and 1 more signal"),
        (("a", "b", "c", "b"), "a differ, and 2 more signals"),
    ],
)
def test_further_signals_of_the_deciding_word_are_counted(subjects, words):
    others = (reason("x", word=VerdictWord.FAULTY), reason("y", ReasonGround.DISCOVERY))
    assert row_of(*map(reason, subjects), *others).finding == words


@pytest.mark.parametrize(
    ("ground", "signal"),
    [
        (ReasonGround.SIGNAL, "s"),
        (ReasonGround.DRIFT, "s"),
        (ReasonGround.CHECK, "s"),
        (ReasonGround.THRESHOLD, "s"),
        (ReasonGround.CLOSER, "s"),
        (ReasonGround.TOLERANCE, "s"),
        (ReasonGround.DISCOVERY, "last"),
        (ReasonGround.FEW, "last"),
    ],
)
def test_the_signal_of_a_row_is_that_of_the_first_reason_about_one(ground, signal):
    assert row_of(reason("s", ground), reason("last")).signal == signal
    assert row_of().signal == ""


@pytest.mark.parametrize(
    ("ground", "lines", "words"),
    [
        (ReasonGround.CHECK, (check("usage"),), "usage missing or wrong in 42 % of 100 answers (reference 0 %)"),
        (ReasonGround.THRESHOLD, (check("usage", reference_answers=0),), "usage missing or wrong in 42 % of 100 answers"),
        (
            ReasonGround.CHECK,
            (check("usage", answers=1, faulty=1),),
            "usage missing or wrong in 100 % of 1 answer (reference 0 %)",
        ),
        (ReasonGround.CHECK, (check("stop"),), "usage differ"),
        (ReasonGround.SIGNAL, (check("usage"),), "usage differ"),
    ],
)
def test_a_check_is_stated_by_its_share_of_the_answers(ground, lines, words):
    found = row_of(reason("usage", ground, VerdictWord.FAULTY), word=VerdictWord.FAULTY, checks=lines)
    assert found.finding == words


@pytest.mark.parametrize(
    ("word", "finding"),
    [
        (VerdictWord.UNDECIDED, "because"),
        (VerdictWord.NOT_MEASURED, "because"),
        (VerdictWord.WAITING, "because"),
        (VerdictWord.SUSPECT, ""),
        (VerdictWord.NONE_SEEN, ""),
    ],
)
def test_what_is_not_decided_is_found_in_the_sentence_alone(word, finding):
    assert row_of(word=word).finding == finding


@pytest.mark.parametrize(("smallest", "finding"), [(None, ""), (0.06, "6 points or more in text would have shown")])
def test_what_would_have_shown_is_stated_where_it_is_known(smallest, finding):
    power = DetectablePower(signal="text", pairs=200, odd=5, smallest=smallest)
    assert verdict_row(card("p", verdict(VerdictWord.NONE_SEEN, "none", power=power))).finding == finding


def test_the_note_about_a_bad_server_is_known_of_the_row():
    notes = (
        reason("worse", ReasonGround.IDENTITY),
        reason("upstream", ReasonGround.UPSTREAM),
        reason("worse", ReasonGround.UPSTREAM),
    )
    found = verdict_row(card("p", verdict(VerdictWord.NONE_SEEN, "none", notes=notes)))
    assert (found.notes, found.worse_upstream) == (("worse differ", "upstream differ", "worse differ"), "worse differ")
    assert verdict_row(card("p", verdict(VerdictWord.NONE_SEEN, "none", notes=notes[:2]))).worse_upstream == ""


def test_requests_without_a_pair_and_without_a_reference_are_counted_by_provider_and_model():
    more = [replace(LONER, provider=name, requests=1) for name in ("d", "c", "b", "a")]
    assert unmeasured_lines([NEWCOMER, *more]) == ("8 of 13 requests have no pair", "4 requests have no reference (a, b, c)")
    assert unmeasured_lines([replace(LONER, requests=1)]) == ("1 request has no reference (loner)",)
    assert unmeasured_lines([replace(LONER, requests=0)]) == ()
    assert unmeasured_lines([replace(NEWCOMER, requests=1, pairs=1)]) == ()


@pytest.mark.parametrize(
    ("names", "line"),
    [
        (("text",), "1 signal in no pair: text"),
        (("text", "tools", "seed"), "3 signals in no pair: seed, text, tools chosen"),
        (("text", "tools", "seed", "stop", "error"), "5 signals in no pair: errors, seed, stop ignored and 2 more"),
    ],
)
def test_signals_in_no_pair_are_named_up_to_three(names, line):
    one = replace(FAITHFUL, requests=200, gaps=tuple(map(gap, names)))
    assert unmeasured_lines([one]) == (line,)
    assert unmeasured_lines([one, replace(one, model="n", pairs=0, requests=0, gaps=())]) == (line,)
    assert unmeasured_lines([one, replace(one, model="n", gaps=())]) == ()


@pytest.mark.parametrize("missing", [gap("text", "not_comparable"), gap("text", pairs=199)])
def test_a_signal_that_some_pair_shows_is_not_named(missing):
    assert unmeasured_lines([replace(FAITHFUL, requests=200, gaps=(missing,))]) == ()


def test_six_findings_about_references_are_five_and_one_more():
    lines = [ReferenceLine(reference="r", model=f"m{number}", state="failing", sentence="fails") for number in range(6)]
    assert reference_headlines(lines)[5:] == ("1 more of the references and their models",)


@pytest.mark.parametrize(("word", "reference", "alone"), [(VerdictWord.FAULTY, "", False), (VerdictWord.NONE_SEEN, "r", False)])
def test_a_row_that_is_adverse_or_has_a_reference_is_judged(word, reference, alone):
    found = verdict_row(card("p", verdict(word, "x"), reference=reference))
    assert ("no reference" in headline([found])) is alone


def lost(number, side=EvidenceSide.PROVIDER):
    return Shortfall(cause="429", side=side, pairs=number, sentence=f"it refused in {number}", remedy="lower the sample")


def with_lost(provider, *causes):
    coverage = PeriodCoverage(requests=200, asked=200, compared=0, shortfalls=causes)
    return card(provider, verdict(VerdictWord.NOT_MEASURED, "not measured", coverage=coverage), requests=200)


@pytest.mark.parametrize("causes", [3, 4])
def test_the_three_most_frequent_causes_of_lost_pairs_are_stated_with_the_side_that_lost_them(causes):
    sides = (lost(10), lost(30), lost(20, EvidenceSide.REFERENCE), lost(5))[:causes]
    lines = unmeasured_lines([with_lost("p", *sides[:2]), with_lost("q", *sides[2:])])
    assert lines == (
        "30 of 200 pairs of p (p): it refused in 30; lower the sample",
        "20 of 200 pairs of q (official): it refused in 20; lower the sample",
        "10 of 200 pairs of p (p): it refused in 10; lower the sample",
    )
