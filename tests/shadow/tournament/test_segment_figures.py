"""What is printed of segments: a tag in which a candidate is beyond the tolerance, though it is the same on the whole."""

from shadow.choice.candidate_claims import ChoiceVerdict
from shadow.tournament.segment_figures import STATEMENT, has_segments, segment_sentence
from shadow.tournament.tournament_markdown import tournament_markdown
from shadow.tournament.tournament_text import tournament_text
from tests.shadow.tournament.arm_rows import arm, row
from tests.shadow.tournament.test_tournament_view import figures, shown

SEARCH, CHECKOUT = ("tag=search", "tools=yes"), ("tag=checkout", "tools=no")


def mixed(name="host-a"):
    """The same on the whole: one request in sixty is of a tag in which each answer is the odd one."""
    rows = arm(name, 3_000, floor=0.01, segments=SEARCH)
    for place in range(59, 3_000, 60):
        rows[place] = row(place, name, 1, segments=CHECKOUT)
    return rows


def test_a_tag_beyond_the_tolerance_is_named_where_the_whole_is_the_same():
    one = shown(figures(mixed()))["host-a"]
    assert one.verdict is ChoiceVerdict.SAME
    assert segment_sentence(one) == (
        "host-a is beyond the tolerance in tag=checkout (kind of answer, about 100 points, 50 requests), "
        "tools=no (kind of answer, about 100 points, 50 requests)."
    )


def test_the_statement_and_a_row_for_each_tag_are_in_the_text_and_in_markdown():
    found = figures(mixed(), arm("host-b", segments=SEARCH))
    text = tournament_text(found, width=200, color=False)
    assert STATEMENT in text
    assert "  host-a is beyond the tolerance in tag=checkout" in text
    (line,) = (line for line in text.splitlines() if line.startswith("host-a") and "checkout" in line.split())
    assert "+100.0" in line
    rows = [line for line in tournament_markdown(found).splitlines() if line.startswith("|")]
    assert [row.count("checkout") for row in rows[-3:]] == [1, 0, 0]


def test_without_tags_and_without_a_difference_nothing_of_segments_is_printed():
    found = figures(arm("host-a", segments=("tools=yes",)))
    assert not has_segments(found.candidates)
    assert [each.segment for each in shown(found)["host-a"].segments] == ["tools=yes"]
    assert STATEMENT not in tournament_text(found, width=200, color=False)


def test_more_than_three_segments_are_counted():
    names = ("greedy=no", "stream=no", "tag=a", "tools=no", "turn=first")
    one = shown(figures(arm("host-b", excess=0.3, segments=names)))["host-b"]
    assert segment_sentence(one).endswith(", and 2 more.")
