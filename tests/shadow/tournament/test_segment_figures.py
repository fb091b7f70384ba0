"""What is printed of segments: a tag in which a candidate is beyond the tolerance, though it is the same on the whole."""

import pytest

from shadow.choice.candidate_claims import ChoiceVerdict
from shadow.tournament.segment_figures import STATEMENT, has_segments, segment_sentence, tag_rows
from shadow.tournament.tournament_markdown import tournament_markdown
from shadow.tournament.tournament_text import tournament_text
from tests.shadow.tournament.arm_rows import arm, row
from tests.shadow.tournament.made_figures import candidate, segment
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


@pytest.mark.slow
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


def beyond(*excesses):
    """A candidate that is beyond the tolerance in so many segments, by so much in each."""
    segments = tuple(segment(f"tag=t{place}", excess, beyond=True) for place, excess in enumerate(excesses))
    return candidate("host-a", ChoiceVerdict.SAME, segments=segments)


@pytest.mark.parametrize(
    ("excesses", "order", "more"),
    [
        ((0.1, 0.3, 0.2), ["t1", "t2", "t0"], ""),
        ((0.1, -0.3, 0.2), ["t1", "t2", "t0"], ""),
        ((0.1, 0.3, 0.2, 0.4), ["t3", "t1", "t2"], ", and 1 more"),
    ],
)
def test_the_three_largest_segments_are_listed_the_largest_first(excesses, order, more):
    found = segment_sentence(beyond(*excesses))
    assert [words.partition(" ")[0] for words in found.split("tag=")[1:]] == order
    assert found.endswith(f", 1,200 requests){more}.")
    assert "-" not in found.replace("host-a", "")


def test_the_size_of_a_difference_for_the_better_is_printed_without_its_sign():
    assert "(kind of answer, about 30 points, 1,200 requests)" in segment_sentence(beyond(-0.3))


def test_a_row_is_that_of_a_configured_tag_and_no_other_segment():
    one = candidate("host-a", ChoiceVerdict.SAME, segments=(segment("tools=yes", 0.1), segment("tag=pay", 0.1)))
    assert [(found.name, each.segment) for found, each in tag_rows([one])] == [("host-a", "tag=pay")]


@pytest.mark.parametrize(
    ("segments", "shown"),
    [
        ((), False),
        ((segment("tools=yes", 0.1),), False),
        ((segment("tools=yes", 0.1, beyond=True),), True),
        ((segment("tag=pay", 0.0),), True),
    ],
)
def test_the_statement_belongs_beside_a_tag_and_beside_what_is_beyond(segments, shown):
    assert (
        has_segments([candidate("host-b", ChoiceVerdict.SAME), candidate("host-a", ChoiceVerdict.SAME, segments=segments)])
        is shown
    )
