from shadow.tournament.tournament_text import tournament_text
from tests.shadow.tournament.arm_rows import arm
from tests.shadow.tournament.test_tournament_view import costs, figures


def text(width=120):
    found = figures(arm("host-a"), arm("host-b", excess=0.12), costs={"host-a": costs(0.002)})
    return tournament_text(found, width=width, color=False)


def test_each_candidate_has_its_mark_and_the_rank_follows():
    lines = text(200).splitlines()
    assert lines[0] == "Route agents, since 2026-05-28 20:26:40 UTC: candidates against maker, tolerance 3 points, 5 places."
    assert lines[1] == "Planned: 1,700 requests in half of the cases, 3,600 in nine of ten."
    assert [line[0] for line in lines[3:6]] == ["✓", "✗", "?"]
    assert lines[7] == "Cheapest proven the same: host-a (2.60 a thousand requests)."
    assert lines[8] == "Of all such claims of a tournament, a false one is in at most one of twenty tournaments."


def test_figures_stand_in_a_table_and_no_word_is_best():
    found = text()
    assert "2.60" in found
    assert "0.50 s" in found
    assert "100 %" in found
    assert "not known" in found
    assert "best" not in found


def test_sixty_columns_are_not_exceeded():
    assert max(map(len, text(60).splitlines())) <= 60
