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
