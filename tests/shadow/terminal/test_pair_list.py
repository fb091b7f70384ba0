"""The list of pairs."""

import json
import re
from dataclasses import replace

import pytest

from shadow.findings.finding import Signal
from shadow.report.evident_signals import EvidentSignals
from shadow.report.text_search import TextHit, searched_text
from shadow.terminal.pair_list import evidence_of, found_lines, pair_lines, pairs_json, pairs_text, result_text, without_evidence
from storage.rows import PairFilter
from tests.records import NOW, Bodiless, add_pair, calling

EVIDENCE = PairFilter(evidence=True)
COUNTS = ("searched", "searched_without_text", "searched_in_part")


@pytest.fixture
def pair(store):
    add_pair(store, "faithful", calling("Oslo"), calling("Oslo"))
    name = add_pair(store, "garbler", calling("Oslo"), calling("Quito"), calling("Quito"))
    assert store.flush(20)
    return name


def test_list_has_whole_ids_and_the_evidence_of_each_pair(store, pair):
    text = pairs_text(pair_lines(store, EVIDENCE), EVIDENCE, width=140, color=False, absence="", options=" --db a.db")
    assert pair in text
    assert "tool arguments" in text
    assert "faithful" not in text
    assert text.endswith(f"Next: sameweights show {pair} --db a.db")
    every = pairs_text(pair_lines(store, PairFilter()), PairFilter(), width=140, color=False, absence="")
    assert "No difference in" in every


def rows(text):
    """The cells of each line that has several."""
    cells = [re.split(r"\s{2,}", line.strip()) for line in text.split("\n")]
    return [row for row in cells if len(row) > 1]


@pytest.mark.parametrize(("wanted", "name"), [(EVIDENCE, "evidence"), (PairFilter(), "result")])
def test_row_has_id_time_provider_model_and_what_the_pair_shows(store, wanted, name):
    pair = add_pair(store, "p", calling("Oslo"), calling("Quito"), calling("Quito"), faults=(Signal.LOST_SPACE,))
    assert store.flush(20)
    text = pairs_text(pair_lines(store, wanted), wanted, width=200, color=False, absence="")
    assert text.startswith("id  ")
    assert f"\n{pair}  " in text
    assert rows(text) == [
        ["id", "when (UTC)", "provider", "model", name],
        [pair, "11-14 22:13:20", "p", "pretend-small", "lost spaces (seen), tool arguments"],
    ]


def test_pair_shows_that_it_could_not_be_compared_in_at_most_160_characters(store, pair):
    (line,) = pair_lines(store, EVIDENCE)
    alone = replace(line, evidence=replace(line.evidence, evidence=(), alone=()))
    for length, shown in ((144, "w" * 144), (145, "w" * 143 + "…")):
        summary = replace(line.summary, pair=replace(line.summary.pair, comparable="w" * length))
        assert result_text(replace(alone, summary=summary)).plain == f"not comparable: {shown}"


def test_difference_that_noise_may_explain_is_no_evidence(store):
    add_pair(store, "p", calling("Oslo"), calling("Quito"), calling("Bergen"))
    assert store.flush(20)
    assert pair_lines(store, EVIDENCE) == ()
    assert "No evidence: " in pairs_text(pair_lines(store, PairFilter()), PairFilter(), width=140, color=False, absence="")


def test_empty_lists_state_what_to_do():
    empty = pairs_text([], EVIDENCE, width=80, color=False, absence="there is no verdict yet")
    assert empty == "No pair is evidence here: there is no verdict yet. --all lists every pair."
    assert pairs_text([], PairFilter(), width=80, color=False, absence="").startswith("No pair matches")


def test_json_holds_objects_and_times(store, pair):
    document = json.loads(pairs_json(pair_lines(store, EVIDENCE)))
    (found,) = document["pairs"]
    assert document["schema"] == "sameweights.pairs/1"
    assert (found["id"], found["comparable"], found["why"]) == (pair, True, None)
    assert found["started_time"] == "2023-11-14T22:13:20.000+00:00"
    assert found["alterations"] == ["the model is called otherwise there"]
    assert found["shape"]["messages"] == 1
    assert found["evidence"] == ["arguments"]


def test_list_without_any_matching_pair_is_not_one_without_evidence(store):
    add_pair(store, "faithful", "Hello", "Hello")
    assert store.flush(20)
    assert without_evidence(store, EVIDENCE) == EVIDENCE
    for narrower in ({"until": NOW}, {"tag": "none"}, {"conversation": "none"}, {"provider": "garbler"}):
        assert without_evidence(store, PairFilter(evidence=True, **narrower)) == PairFilter(**narrower)
    assert without_evidence(store, PairFilter(evidence=True, since=NOW)).evidence


@pytest.mark.promise("reader.terminal")
def test_hostile_answer_takes_one_short_row(store):
    body = {"message": {"content": "x\x1b[2J" + "y" * 1_000_000}, "finish_reason": "\x1b[2J\u202e" * 1_000}
    add_pair(store, "p", body, "Hello", "Hello", model="m" * 100_000)
    assert store.flush(20)
    text = pairs_text(pair_lines(store, PairFilter()), PairFilter(), width=80, color=False, absence="")
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert len(text) < 2_000


def test_checks_of_both_answers_are_read(store, pair):
    (line,) = pair_lines(store, EVIDENCE)
    assert evidence_of(store, line.summary.pair) == line.evidence


def test_longer_texts_than_are_searched_are_stated(store):
    add_pair(store, "faithful", "-" * 250_001, "A gull")
    assert store.flush(20)
    _, searched = found_lines(store, PairFilter(), EvidentSignals(()), searched_text("--search", "heron"))
    text = pairs_text((), PairFilter(), width=140, color=False, absence="", searched=searched)
    assert text.endswith("UTC. Of 1 only the first 250,000 characters of a longer text were searched.")
    document = json.loads(pairs_json((), searched))
    assert [document[name] for name in COUNTS] == [1, 0, 1]


def test_the_document_of_a_search_has_how_many_pairs_have_no_text_and_that_of_a_list_null(store):
    add_pair(Bodiless(store), "faithful", "A heron", "A heron")
    assert store.flush(20)
    _, searched = found_lines(store, PairFilter(), EvidentSignals(()), searched_text("--search", "heron"))
    document = json.loads(pairs_json((), searched))
    assert [document[name] for name in COUNTS] == [1, 1, 0]
    assert [json.loads(pairs_json(()))[name] for name in COUNTS] == [None] * 3


def test_searched_text_is_shown_in_its_surroundings_with_how_many_pairs_were_read(store):
    add_pair(store, "faithful", "A grey heron", "A gull", started=NOW + 1)
    add_pair(store, "faithful", "Hello", "Hello")
    assert store.flush(20)
    lines, searched = found_lines(store, PairFilter(), EvidentSignals(()), searched_text("--search", "HERON"))
    text = pairs_text(lines, PairFilter(), width=140, color=False, absence="", searched=searched)
    assert "provider: A grey heron" in text
    assert "Read the texts of 2 pairs, back to 2023-11-14 22:13:20 UTC." in text
    document = json.loads(pairs_json(lines, searched))
    assert (document["searched"], document["pairs"][0]["found_in"], document["pairs"][0]["excerpt"]) == (
        2,
        "provider",
        "A grey heron",
    )
    none, read = found_lines(store, PairFilter(), EvidentSignals(()), searched_text("--search", "stork"))
    assert pairs_text(none, PairFilter(), width=140, color=False, absence="", searched=read).startswith(
        "None of these pairs holds the text."
    )
    assert json.loads(pairs_json(pair_lines(store, PairFilter())))["searched"] is None


@pytest.fixture
def line(sqlite_store):
    add_pair(sqlite_store, "p", calling("Oslo"), calling("Quito"), calling("Quito"), faults=(Signal.LOST_SPACE,))
    assert sqlite_store.flush(20)
    (found,) = pair_lines(sqlite_store, EVIDENCE)
    return found


def bare(line, **more):
    """The line without anything that is evidence."""
    groups = {"evidence": (), "alone": (), "noise": (), "single": (), "unchecked": (), "same": ()}
    return replace(line, evidence=replace(line.evidence, **{**groups, **more}))


def test_what_a_pair_shows_is_red_with_evidence_and_green_without_a_difference(line):
    noisy = bare(line, noise=line.evidence.evidence)
    assert [result_text(each).style for each in (line, bare(line), noisy)] == ["red", "green", ""]
    incomparable = replace(line.summary, pair=replace(line.summary.pair, comparable="it answered 500"))
    assert result_text(replace(bare(line), summary=incomparable)).style == "yellow"


def test_a_check_without_a_reason_is_named_alone(line):
    [row] = line.evidence.alone
    unnamed = replace(line, evidence=replace(line.evidence, evidence=(), alone=(row._replace(reason=""),)))
    assert result_text(unnamed).plain == "lost spaces"


def test_what_a_pair_shows_has_no_full_stop_at_its_end(line):
    assert result_text(bare(line)).plain == "Nothing could be compared"


@pytest.mark.parametrize(("length", "shown"), [(150, 150), (151, 149)])
def test_what_was_found_is_shown_in_160_characters(line, length, shown):
    hit = TextHit(summary=line.summary, side="provider", excerpt="x" * length)
    assert result_text(replace(line, hit=hit)).plain.count("x") == shown


def test_a_server_behind_a_router_is_named_with_it(line):
    routed = replace(line, summary=replace(line.summary, pair=replace(line.summary.pair, upstream="near")))
    assert "p by near" in pairs_text([routed], EVIDENCE, width=200, color=False, absence="")


def test_a_document_has_the_counts_and_the_hit_of_a_pair(line):
    hit = TextHit(summary=line.summary, side="control", excerpt="a \x1b heron")
    [found] = json.loads(pairs_json([replace(line, hit=hit)]))["pairs"]
    assert (found["found_in"], found["excerpt"]) == ("control", "a [ESC] heron")
    assert (found["matches"], found["differs"]) == (line.summary.matches, line.summary.differs)
    assert (found["not_comparable"], found["not_measured"]) == (line.summary.not_comparable, line.summary.not_measured)
    assert (found["differing"], found["evidence"]) == (list(line.summary.differing), ["lost_space", "arguments"])
    assert found["sentence"].startswith("Evidence: lost spaces (seen), tool arguments.")
    pair = replace(line.summary.pair, alterations="", shape="", comparable="it answered 500")
    [other] = json.loads(pairs_json([replace(line, summary=replace(line.summary, pair=pair))]))["pairs"]
    assert (other["alterations"], other["shape"], other["comparable"], other["why"]) == ([], {}, False, "it answered 500")
    assert (other["found_in"], other["excerpt"]) == (None, None)
