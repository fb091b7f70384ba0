from shadow.compare import sameness
from shadow.compare.finding import State
from shadow.compare.pair import Kind
from tests.shadow.compare.made import ask, call, choice, pair


def test_the_first_divergence_is_a_position_and_never_a_text():
    found = sameness.first_divergence(pair("abcd secret", "abcx"))
    assert (found.state, found.score, found.reason) == (State.DIFFER, 3 / 11, "the texts part after 3 characters")
    assert "secret" not in f"{found}"
    assert sameness.first_divergence(pair("same", "same")).state is State.MATCH
    assert sameness.first_divergence(pair("same", "same and more")).reason == "the texts part after 4 characters"
    assert sameness.first_divergence(pair(choice(calls=(call(),)), "b")).state is State.NOT_MEASURED


def test_a_seed_is_held_against_the_same_server_only():
    seeded = ask(seed=7)
    assert sameness.seed(pair("a", "a", seeded, Kind.SELF)).state is State.MATCH
    assert sameness.seed(pair("a", "b", seeded, Kind.SELF)).reason == "seed 7 does not make the reference repeat its answer"
    assert sameness.seed(pair("a", "b", seeded)).state is State.NOT_MEASURED
    assert sameness.seed(pair("a", "b", kind=Kind.SELF)).state is State.NOT_MEASURED
