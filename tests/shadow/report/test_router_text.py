"""The sentences about the servers behind a router: which is worse, what is not yet known, what could hide, what changes cost."""

from dataclasses import replace

import pytest

from shadow.report.figures import Scorecard
from shadow.report.report_text import printed
from shadow.report.router_lines import RouterLine, UpstreamLine
from shadow.report.router_text import upstream_sentence, upstream_table, with_router
from shadow.report.verdict_rows import WORSE_UPSTREAM
from shadow.verdict.verdict_value import DetectablePower, ReasonGround, VerdictReason
from tests.verdicts import QUIET

NOW = 1_700_000_000.0


def line(upstream="deepx", verdict="undecided", **more) -> UpstreamLine:
    fields = {
        "share": 0.12,
        "pairs": 210,
        "conversations": 200,
        "signal": "arguments" if verdict in {"worse", "differs"} else "",
        "worse": verdict == "worse",
        "size": 0.31 if verdict == "worse" else None,
        "low": 0.2 if verdict == "worse" else None,
        "high": 0.4 if verdict == "worse" else None,
        "since": None,
        "missing": "arguments",
        "missing_pairs": 210,
        "needed": 1_600,
    }
    return UpstreamLine(upstream=upstream, verdict=verdict, **{**fields, **more})


def router(*lines: UpstreamLine, **more) -> RouterLine:
    return RouterLine(provider="hub", model="m", reference="r", upstreams=lines, **more)


def card(smallest=None):
    power = DetectablePower(signal="arguments", pairs=100, odd=5, smallest=smallest)
    counts = {"pairs": 9, "compared": 9, "requests": 9}
    empty = {"signals": (), "checks": (), "gaps": (), "reasons": ()}
    return Scorecard(provider="hub", reference="r", model="m", verdict=replace(QUIET, power=power), **counts, **empty)


def sentences(of, smallest=None):
    """The notes that the card of a router has of its servers."""
    return tuple(note.phrase for note in with_router(card(smallest), [of], NOW).verdict.notes)


def test_bad_server_is_named_with_its_size_start_and_part_of_the_traffic():
    found = sentences(router(line(verdict="worse", since=NOW - 60), line("near", "same")))
    [sentence] = found
    assert sentence == (
        "of its 2 upstreams deepx is worse by more than 2 points: tool arguments, about 31 points, since 22:12 UTC today "
        "(12 % of your traffic)"
    )


def test_difference_without_a_size_states_that_the_size_is_not_yet_known():
    sentence = upstream_sentence(line(verdict="differs"), NOW)
    assert sentence == "deepx differs in tool arguments (12 % of your traffic); whether by more than 2 points is not yet known"


def test_servers_that_are_not_yet_known_state_how_many_pairs_they_need():
    found = sentences(router(line("a"), line("b", missing_pairs=340), line("c", "same")))
    assert found == (
        "of its 3 upstreams none is found to differ, 1 is proven the same",
        "2 are not yet known (210 of about 1,600 pairs, 340 of about 1,600 pairs)",
    )


def test_server_without_a_foreseen_end_states_its_pairs_alone():
    assert upstream_sentence(line("a", needed=None), NOW) == "a is not yet known (210 pairs)"


@pytest.mark.parametrize(("unnamed", "stated"), [(20, False), (21, True)])
def test_router_that_names_no_server_in_a_fifth_of_the_pairs_is_stated(unnamed, stated):
    found = sentences(router(line("a", "same", pairs=100 - unnamed), line("unnamed", pairs=unnamed)))
    assert any("does not say who answered" in sentence for sentence in found) is stated


@pytest.mark.parametrize(("smallest", "shows"), [(0.06, "from 50 points on"), (0.12, "at no size"), (0.5, "at no size")])
def test_fault_that_one_server_could_hide_is_what_the_whole_shows_by_its_part(smallest, shows):
    found = sentences(router(line("a")), smallest)
    assert f"in the router as a whole a fault of a alone (12 % of the traffic) would show {shows}" in found


def test_changes_of_server_are_stated_with_the_cached_share_after_them():
    more = {"conversations": 50, "changed": 19, "cached_after_change": 0.21, "cached_else": 0.74}
    found = sentences(router(line("a", "same"), **more))
    assert found[-1] == "38 % of conversations changed upstream; cached share 21 % after a change, 74 % without"


def test_changes_of_providers_without_a_cache_state_no_cached_share():
    more = {"conversations": 4, "changed": 1, "cached_after_change": 0.0, "cached_else": 0.0}
    assert sentences(router(line("a", "same"), **more))[-1] == "25 % of conversations changed upstream"


def test_changes_without_cached_tokens_are_stated_alone():
    assert sentences(router(line("a", "same"), conversations=50, changed=0))[-1] == ("0 % of conversations changed upstream")


def test_hostile_name_stays_on_one_line_and_short():
    name = "\x1b[2J<b>" + "x" * 60
    sentence = upstream_sentence(line(name, "same"), NOW)
    assert "\x1b" not in sentence
    assert len(sentence) < 120
    table = printed([upstream_table([router(line(name, "worse"))], NOW)], width=100, color=False)
    assert "\x1b" not in table


def test_card_of_another_provider_has_no_note_of_a_router():
    other = replace(card(), provider="near")
    assert with_router(other, [router(line())], NOW) is other


@pytest.mark.parametrize(("verdict", "subject"), [("worse", WORSE_UPSTREAM), ("differs", WORSE_UPSTREAM), ("same", "upstream")])
def test_notes_of_servers_decide_nothing_and_stand_before_the_others(verdict, subject):
    other = VerdictReason(word=QUIET.word, ground=ReasonGround.IDENTITY, subject="prompt", phrase="more")
    before = replace(card().verdict, notes=(other,))
    whole = replace(card(), verdict=before)
    noted = with_router(whole, [router(line(verdict=verdict), line("b"))], NOW).verdict
    assert [note.subject for note in noted.notes] == [subject, "upstream", "prompt"]
    assert {note.ground for note in noted.notes[:-1]} == {ReasonGround.UPSTREAM}
    assert replace(noted, notes=before.notes) == before


@pytest.mark.parametrize(
    ("verdicts", "sentence"),
    [
        (("undecided",), "of its 1 upstream none is found to differ, none is proven the same"),
        (("same", "same"), "of its 2 upstreams none is found to differ, 2 are proven the same"),
    ],
)
def test_a_router_without_a_bad_server_states_how_many_are_the_same(verdicts, sentence):
    assert sentences(router(*(line(f"s{place}", verdict) for place, verdict in enumerate(verdicts))))[0] == sentence


@pytest.mark.parametrize(("count", "more"), [(3, ()), (4, ("1 more of its upstreams are worse or differ",)), (5, ("2 more",))])
def test_three_bad_servers_are_named_the_worst_first_and_the_others_counted(count, more):
    bad = [line("d", "differs", size=0.9)] + [line(f"w{place}", "worse", size=0.1 * place) for place in range(1, count)]
    found = sentences(router(*bad))
    names = [f"w{place}" for place in range(count - 1, 0, -1)] + ["d"]
    assert found[0].startswith(f"of its {count} upstreams {names[0]} is worse")
    assert [sentence.split()[0] for sentence in found[1:3]] == names[1:3]
    assert [sentence[: len(more[0])] if more else "" for sentence in found[3:]] == list(more)


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (1, "1 is not yet known (210 of about 1,600 pairs)"),
        (3, f"3 are not yet known ({', '.join(['210 of about 1,600 pairs'] * 3)})"),
        (4, f"4 are not yet known ({', '.join(['210 of about 1,600 pairs'] * 3)}, …)"),
    ],
)
def test_three_open_servers_are_counted_in_pairs(count, words):
    named = [line(f"s{place}") for place in range(count)]
    assert sentences(router(*named, line("unnamed", pairs=1), line("other", pairs=1)))[1] == words


@pytest.mark.parametrize(("smallest", "share", "shown"), [(None, 0.12, False), (0.06, None, False), (0.06, 0.0, False)])
def test_nothing_is_stated_of_a_fault_that_could_hide_without_its_figures(smallest, share, shown):
    found = sentences(router(line("a", share=share)), smallest)
    assert any("in the router as a whole" in sentence for sentence in found) is shown


def test_the_fault_that_could_hide_is_that_of_the_open_server_with_the_most_traffic():
    found = sentences(router(line("a", share=0.1), line("b", share=0.4), line("c", "same", share=0.5)), 0.1)
    assert found[-1] == "in the router as a whole a fault of b alone (40 % of the traffic) would show from 25 points on"


@pytest.mark.parametrize(("conversations", "changed", "words"), [(0, 0, None), (1, 1, "100 % of conversations changed upstream")])
def test_changes_are_stated_where_a_conversation_has_several_turns(conversations, changed, words):
    found = sentences(router(line("a", "same"), conversations=conversations, changed=changed))
    assert (found[-1] if len(found) > 1 else None) == words


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"size": None}, "deepx is worse by more than 2 points: tool arguments (12 % of your traffic)"),
        ({"size": -0.31}, "deepx is worse by more than 2 points: tool arguments, about 31 points (12 % of your traffic)"),
        ({"share": None}, "deepx is worse by more than 2 points: tool arguments, about 31 points"),
    ],
)
def test_a_worse_server_has_what_is_known_of_it(more, words):
    assert upstream_sentence(line(verdict="worse", **more), NOW) == words


def test_the_same_and_the_open_are_sentences():
    assert upstream_sentence(line("a", "same", pairs=1), NOW) == "a is the same within 3 points of conversations (1 pair)"
    assert upstream_sentence(line("a", needed=1, missing_pairs=0), NOW) == "a is not yet known (0 of about 1 pair)"


def test_a_name_is_cut_at_forty_characters_and_a_worse_server_is_red():
    table = upstream_table([router(line("x" * 41, "worse"), line("x" * 40, share=None, pairs=1_200))], NOW)
    assert [row.style for row in table.rows] == ["red", ""]
    assert [column.header for column in table.columns] == ["provider", "upstream", "traffic", "pairs", ""]
    assert list(table.columns[1].cells) == ["x" * 39 + "…", "x" * 40]
    assert [list(column.cells) for column in table.columns[2:4]] == [["12 %", "-"], ["210", "1,200"]]


def test_a_bad_server_without_a_size_stands_behind_one_with_a_size():
    found = sentences(router(line("a", "worse", size=None), line("b", "worse", size=-0.5)))
    assert [sentence.partition(" is worse")[0] for sentence in found[:2]] == ["of its 2 upstreams b", "a"]
