import pytest

from shadow.compare import first_divergence
from shadow.findings.finding import FindingState
from shadow.findings.pair import PairKind
from tests.shadow.compare.made import ask, call, choice, pair


def test_the_first_divergence_is_a_position_and_never_a_text():
    found = first_divergence.first_divergence(pair("abcd secret", "abcx"))
    assert (found.state, found.score, found.reason) == (FindingState.DIFFER, 3 / 11, "the texts diverge after 3 characters")
    assert "secret" not in f"{found}"
    assert first_divergence.first_divergence(pair("same", "same")).state is FindingState.MATCH
    assert first_divergence.first_divergence(pair("same", "same and more")).reason == "the texts diverge after 4 characters"
    assert first_divergence.first_divergence(pair(choice(calls=(call(),)), "b")).state is FindingState.NOT_MEASURED


def test_seed_is_compared_on_the_same_server_only():
    seeded = ask(seed=7)
    assert first_divergence.seed(pair("a", "a", seeded, PairKind.SELF)).state is FindingState.MATCH
    assert (
        first_divergence.seed(pair("a", "b", seeded, PairKind.SELF)).reason
        == "seed 7 does not make the reference repeat its answer"
    )
    assert first_divergence.seed(pair("a", "b", seeded)).state is FindingState.NOT_MEASURED
    assert first_divergence.seed(pair("a", "b", kind=PairKind.SELF)).state is FindingState.NOT_MEASURED


@pytest.mark.parametrize(("place", "state"), [(19_999, "differ"), (20_000, "match")])
def test_the_first_20_000_characters_are_looked_at(place, state):
    text = "x" * 20_001
    assert first_divergence.first_divergence(pair(text, text[:place] + "y" + text[place + 1 :])).state == state


@pytest.mark.parametrize("same", range(10))
@pytest.mark.parametrize("others", [0, 1, 8])
def test_common_start_ends_at_the_first_character_that_differs(same, others):
    assert first_divergence.common_start("a" * same + "b" * others, "a" * same + "c" * 3) == same
