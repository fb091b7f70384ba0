"""A number and its noun in the sentences of every face."""

import re
from pathlib import Path

import pytest

import shadow
from shadow.findings.number_words import number_of, verb_of
from shadow.judging.judging_text import judging_sentence
from shadow.pages.audit_cost import AuditCost
from shadow.pricing.period_money import period_money
from shadow.pricing.price_list import PriceList
from shadow.report.text_search import TextSearch, how_far
from shadow.tournament.candidate_arms import CandidateArm
from shadow.tournament.standing_reasons import deletion_reason
from shadow.tournament.tournament_spending import TournamentSpent, spent_notes
from storage.judgement_rows import JudgingState
from tests.shadow.tournament.arm_rows import row

FREE = period_money([], PriceList({}))
SENTENCES = {
    "cost of the audit": lambda number: AuditCost(requests=number, tokens=number, money=FREE).sentence,
    "pairs that wait": lambda number: judging_sentence("judged here", JudgingState(waiting=number, waited=3.0)),
    "texts that were read": lambda number: how_far(TextSearch(hits=(), read=number, silent=0, cut=0, last=None, more=False)),
    "deleted pairs": lambda number: str(deletion_reason(CandidateArm(name="a", model="m", began=0.0, rows=[row(1)]), 0, number)),
    "calls without a price": lambda number: " ".join(spent_notes(TournamentSpent(money=1.0, unpriced=number), 0.0)),
}
ONE = re.compile(r"\b1 (?:answered )?(?:requests|tokens|pairs|calls|(?:pair|call)(?: of this tournament)? (?:wait|are|were))\b")
SEVERAL = re.compile(r"\b[02] (?:answered )?(?:request|token|pair|call)\b")
NOUNS = "request|pair|answer|conversation|exchange|record|row|call|token|study|run|day|hour|signal"
WRITTEN = re.compile(rf"\{{[^{{}}]*:,\}} (?:{NOUNS})s\b")
NEVER_ONE = {
    "presentation/call_tables.py",
    "measures/answer_action.py",
    "report/bug_report.py",
    "mcp_server/pair_tools.py",
}
"""Modules whose sentences are of numbers above a bound, or of several things at once."""


@pytest.mark.parametrize(("number", "words"), [(0, "0 requests"), (1, "1 request"), (2, "2 requests"), (2_000, "2,000 requests")])
def test_one_has_the_singular_and_every_other_number_the_plural(number, words):
    assert number_of(number, "request") == words


def test_plural_without_an_s_is_given():
    assert [number_of(number, "entry", "entries") for number in (1, 2)] == ["1 entry", "2 entries"]
    assert [verb_of(number, "waits", "wait") for number in (0, 1, 2)] == ["wait", "waits", "wait"]


@pytest.mark.parametrize("sentence", SENTENCES)
def test_sentences_of_none_one_and_two_have_the_noun_and_the_verb_of_their_number(sentence):
    shown = [SENTENCES[sentence](number) for number in (0, 1, 2)]
    assert re.search(r"\b1\b", shown[1])
    assert not ONE.search(shown[1])
    assert not any(SEVERAL.search(each) for each in (shown[0], shown[2]))


def test_no_module_writes_a_plural_behind_a_number_that_may_be_one():
    folder = Path(shadow.__file__).parent
    texts = {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in folder.rglob("*.py")}
    found = {name for name, text in texts.items() if WRITTEN.search(text) and not name.startswith("demo/")}
    assert found == NEVER_ONE
