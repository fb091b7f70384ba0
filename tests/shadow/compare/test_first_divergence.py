import pytest

from shadow.compare import first_divergence
from shadow.findings.finding import FindingState
from shadow.findings.pair import PairKind
from tests.shadow.compare.made import ask, call, choice, pair, parts


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


def test_divergence_states_the_lengths_of_both_texts_and_the_common_share_of_the_longer():
    for one, other, score in (("abcd", "abxxxxxx", 0.25), ("abxxxxxx", "abcd", 0.25), ("xa", "ya", 0.0)):
        found = first_divergence.first_divergence(pair(one, other))
        lengths = f"{len(one)} characters", f"{len(other)} characters"
        reason = f"the texts diverge after {int(score * 8)} characters"
        assert parts(found) == ("first_divergence", "differ", score, *lengths, reason)
    assert parts(first_divergence.first_divergence(pair("ab", "ab")))[:3] == ("first_divergence", "match", 1.0)


@pytest.mark.parametrize(("one", "other"), [("", "b"), ("a", " \n"), (None, "b"), ("a", None)])
def test_divergence_needs_text_on_both_sides(one, other):
    found = first_divergence.first_divergence(pair(choice(one), choice(other)))
    assert found.reason == "not both answers write text"


def test_seed_binds_the_text_and_the_calls_and_states_what_each_did():
    seeded = ask(seed=0)
    found = first_divergence.seed(pair("a", choice(calls=(call(),)), seeded, PairKind.SELF))
    reason = "seed 0 does not make the reference repeat its answer"
    assert parts(found) == ("seed", "differ", 0.0, "text", "tools:get_weather", reason)
    one, other = choice(calls=(call(),)), choice(calls=(call(arguments='{"city": "Rome"}'),))
    assert first_divergence.seed(pair(one, other, seeded, PairKind.SELF)).state is FindingState.DIFFER
    assert first_divergence.seed(pair("a", "a")).reason == "the request carries no seed"
    assert first_divergence.seed(pair("a", "a", seeded)).reason == "a seed binds one server to itself, and these are two"
