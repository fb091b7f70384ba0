"""Vectors compared with vectors: direction, length, shape, sameness."""

import math
import random
import struct
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.compare import embedding_vectors
from shadow.compare.comparators import compare
from shadow.findings.api_coverage import VECTOR_SIGNALS
from shadow.findings.finding import FindingState, Signal
from shadow.findings.pair import Pair, PairKind
from shadow.reading.completion import Vector
from tests.shadow.compare.made import answer, ask, choice, completion, pair, parts

SIGNALS = {
    Signal.VECTOR_DIMENSION: embedding_vectors.dimension,
    Signal.VECTOR_COSINE: embedding_vectors.cosine,
    Signal.VECTOR_NORM: embedding_vectors.norm,
    Signal.VECTOR_EXACTNESS: embedding_vectors.exactness,
}
NUMBERS = st.lists(st.floats(width=32, allow_nan=True, allow_infinity=True), min_size=1, max_size=6)


def embedded(*made: list[float]):
    found = tuple(Vector(index=index, packed=struct.pack(f"<{len(each)}f", *each)) for index, each in enumerate(made))
    said = completion(choice(None, finish=None), tokens=(3, None), stream=False)
    return answer(said._replace(vectors=found), target="/v1/embeddings")


def held(one, other, kind: PairKind = PairKind.CROSS) -> Pair:
    asked = ask(api="embeddings", stream=False, tools=())
    return Pair(kind=kind, request=asked, subject=embedded(*one), reference=embedded(*other))


def states(one, other) -> dict[str, str]:
    return {signal.value.removeprefix("vector_"): judge(held(one, other)).state.value for signal, judge in SIGNALS.items()}


def test_the_same_vectors_match_in_everything():
    assert set(states([[1, 2], [3, 4]], [[1, 2], [3, 4]]).values()) == {"match"}


@pytest.mark.parametrize(
    ("other", "differing"),
    [
        ([[1.0, 2.0000002]], {"exactness"}),
        ([[2, 4]], {"norm", "exactness"}),
        ([[2, -1]], {"cosine", "exactness"}),
        ([[1.0, 2.6]], {"cosine", "norm", "exactness"}),
        ([[1, 2, 0]], {"dimension"}),
        ([[1, 2], [1, 2]], {"dimension"}),
    ],
)
def test_each_signal_names_its_own_difference(other, differing):
    found = states([[1, 2]], other)
    assert {signal for signal, state in found.items() if state == "differ"} == differing
    if "dimension" in differing:
        assert {found[signal] for signal in ("cosine", "norm", "exactness")} == {"not_comparable"}


def test_the_worst_vector_counts_and_is_named():
    found = embedding_vectors.cosine(held([[1, 0], [1, 0], [1, 1]], [[1, 0], [0, 1], [1, 1]]))
    assert found.reason == "the cosine is 0.000000 at vector 1, under 0.999"
    assert (found.score, found.subject) == (0.0, "0.000000")
    assert embedding_vectors.exactness(held([[1, 0]], [[0, 0]])).score == 0.5


@given(NUMBERS, st.data())
def test_the_cosine_is_the_one_of_the_book(one, data):
    other = data.draw(st.lists(st.floats(-100, 100, width=32), min_size=len(one), max_size=len(one)))
    found = embedding_vectors.cosine(held([one], [other]))
    lengths = math.hypot(*one) * math.hypot(*other)
    if not all(map(math.isfinite, one)) or not lengths:
        assert found.state is FindingState.NOT_COMPARABLE
        return
    if max(map(abs, one)) < 1e6 and min(math.hypot(*one), math.hypot(*other)) > 1e-3:
        expected = sum(mine * its for mine, its in zip(one, other, strict=True)) / lengths
        assert found.score == pytest.approx(max(expected, 0.0), abs=1e-5)


@given(st.lists(NUMBERS, min_size=1, max_size=3), st.lists(NUMBERS, min_size=1, max_size=3))
def test_no_vectors_make_it_raise_and_each_finding_is_in_order(one, other):
    for judge in SIGNALS.values():
        found = judge(held(one, other))
        assert found.score is None or 0 <= found.score <= 1
        assert (found.state is FindingState.MATCH) == (found.reason == "")


def test_a_vector_of_length_0_has_no_direction():
    assert embedding_vectors.cosine(held([[1, 0], [0, 0]], [[1, 0], [0, 0]])).reason.startswith("vector 1 is of length 0")


def test_answers_without_vectors_are_not_measured():
    for signal, judge in SIGNALS.items():
        found = judge(pair("a", "b"))
        assert (found.signal, found.state) == (signal, FindingState.NOT_MEASURED)
    assert embedding_vectors.dimension(held([[1]], [])).state is FindingState.DIFFER


def test_embeddings_are_compared_as_vectors_and_in_nothing_else():
    found = {finding.signal: finding.state for finding in compare(held([[1, 2]], [[1, 2]])).findings}
    also = {Signal.ERROR, Signal.ERROR_CLASS, Signal.PARAMETERS, Signal.PROMPT_TOKENS, Signal.FIRST_CHUNK, Signal.TOTAL}
    assert {signal for signal, state in found.items() if state is FindingState.MATCH} == VECTOR_SIGNALS | also
    assert {state for signal, state in found.items() if signal not in VECTOR_SIGNALS | also} == {FindingState.NOT_MEASURED}
    plain = {finding.signal: finding.state for finding in compare(pair("a", "a")).findings}
    assert {plain[signal] for signal in VECTOR_SIGNALS} == {FindingState.NOT_MEASURED}


def test_a_control_pair_is_held_alike():
    assert embedding_vectors.cosine(held([[1, 0]], [[1, 0.01]], PairKind.SELF)).state is FindingState.MATCH


@pytest.mark.parametrize(("size", "read"), [(100_000, 2), (66_667, 2), (100_001, 1), (200_001, 1)])
def test_200_000_components_are_read_and_the_finding_states_it(size, read):
    along, across = [1.0] + [0.0] * (size - 1), [0.0] * (size - 1) + [1.0]
    found = embedding_vectors.cosine(held([along] * 3, [*[along] * read, *[across] * (3 - read)]))
    assert (found.state, found.subject) == (FindingState.MATCH, f"1.000000; the first {read} of 3 vectors were compared")
    assert embedding_vectors.cosine(held([along] * read, [along] * read)).subject == "1.000000", "where all of them were"


def test_as_many_vectors_are_read_as_components_of_the_first_make_200_000():
    long = [1.0] + [0.0] * 100_000
    assert (
        embedding_vectors.cosine(held([long, [1.0]], [long, [-1.0]])).subject
        == "1.000000; the first 1 of 2 vectors were compared"
    )
    assert embedding_vectors.cosine(held([[1.0], long], [[1.0], long])).subject == "1.000000"


def spread(seed: int, size: int = 256, about: list[float] | None = None, share: float = 1.0) -> list[float]:
    draw = random.Random(seed)
    noise = [draw.gauss(0, 1) for _ in range(size)]
    return noise if about is None else [(1 - share) * mine + share * its for mine, its in zip(about, noise, strict=True)]


def name(*made: list[float]) -> str:
    return embedding_vectors.direction(embedded(*made).completion.vectors)


def test_a_direction_has_one_name_in_every_process():
    assert name([1.0, -2.0, 0.5]) == "1 x 3: 1010000100100110"
    assert not embedding_vectors.direction(())


def test_near_directions_bear_one_name_and_far_ones_others():
    sets = [spread(seed) for seed in range(60)]
    near = sum(name(one) == name(spread(99, about=one, share=0.003)) for one in sets)
    far = sum(name(one) == name(other) for one, other in pairwise(sets))
    assert near >= 50
    assert far == 0
    assert name(sets[0]) != name(sets[0], sets[1]), "the shape is a part of the name"
    assert name([10 * component for component in sets[0]]) == name(sets[0])


def test_lists_of_vectors_of_several_sizes_in_another_order_are_of_two_shapes():
    one, other = [[1.0, 2.0], [1.0], [1.0]], [[1.0, 2.0], [1.0], [1.0, 2.0]]
    for judge in (embedding_vectors.cosine, embedding_vectors.norm, embedding_vectors.exactness):
        assert judge(held(one, other)).state is FindingState.NOT_COMPARABLE


@pytest.mark.parametrize(
    ("judge", "other", "expected"),
    [
        (
            embedding_vectors.dimension,
            [[1, 2], [3, 4]],
            ("vector_dimension", "differ", 0.0, "1 x 2", "2 x 2", "1 x 2 against 2 x 2"),
        ),
        (
            embedding_vectors.cosine,
            [[-1, -2]],
            ("vector_cosine", "differ", 0.0, "-1.000000", "1.000000", "the cosine is -1.000000 at vector 0, under 0.999"),
        ),
        (
            embedding_vectors.norm,
            [[4, 8]],
            (
                "vector_norm",
                "differ",
                0.25,
                "0.250000",
                "1.000000",
                "one length to the other is 0.250000 at vector 0, under 0.99",
            ),
        ),
        (
            embedding_vectors.exactness,
            [[1, 3]],
            (
                "vector_exactness",
                "differ",
                0.5,
                "0.500000",
                "1.000000",
                "the share of equal components is 0.500000 at vector 0, under 1",
            ),
        ),
        (embedding_vectors.exactness, [[1, 2]], ("vector_exactness", "match", 1.0, "1.000000", "1.000000", "")),
    ],
)
def test_each_signal_of_vectors_states_the_worst_likeness_and_its_bound(judge, other, expected):
    assert parts(judge(held([[1, 2]], other))) == expected


def test_vectors_of_two_shapes_are_named_on_both_sides():
    found = embedding_vectors.cosine(held([[1, 2], [1]], [[1, 2]]))
    reason = "the vectors are of two shapes: 2 x 2 or 1 against 1 x 2"
    assert parts(found) == ("vector_cosine", "not_comparable", None, "2 x 2 or 1", "1 x 2", reason)
    assert embedding_vectors.cosine(held([], [[1, 2]])).reference == "1 x 2"
    assert embedding_vectors.cosine(held([[1, 2]], [])).reference == "none"


@pytest.mark.parametrize("which", [0, 1])
def test_vector_without_a_length_is_named_by_its_place_on_either_side(which):
    sides = [[[1, 0], [1, 0]], [[1, 0], [1, 0]]]
    sides[which][1] = [0, 0]
    reason = "vector 1 is of length 0, or holds what is no number"
    assert embedding_vectors.cosine(held(*sides)).reason == reason
    sides[which][1] = [math.inf, 0]
    assert embedding_vectors.norm(held(*sides)).reason == reason


def test_zero_vectors_are_of_one_length_and_equal_in_their_components():
    found = states([[0, 0]], [[0, 0]])
    assert (found["norm"], found["exactness"], found["cosine"]) == ("match", "match", "not_comparable")


@pytest.mark.parametrize(("angle", "state"), [(0.0446, "match"), (0.0449, "differ")])
def test_vectors_point_the_same_way_from_a_cosine_of_0_999_on(angle, state):
    assert states([[1, 0]], [[math.cos(angle), math.sin(angle)]])["cosine"] == state


@pytest.mark.parametrize(("length", "state"), [(0.9901, "match"), (0.9899, "differ"), (1.01, "match"), (1.0102, "differ")])
def test_vectors_are_of_one_length_from_a_ratio_of_0_99_on(length, state):
    assert states([[1, 0]], [[length, 0]])["norm"] == state


def test_one_component_in_many_that_differs_is_no_exact_vector():
    one, other = [0.0] * 100_000, [0.0] * 99_999 + [1.0]
    found = embedding_vectors.exactness(held([[1.0, *one]], [[1.0, *other]]))
    assert (found.state, found.score < 1) == (FindingState.DIFFER, True)


def test_cosine_of_nearly_opposite_vectors_is_no_less_than_nothing():
    found = embedding_vectors.cosine(held([[1, 0]], [[0, 1]]))
    assert (found.subject, found.score) == ("0.000000", 0.0)


def test_direction_is_that_of_the_first_vector_and_of_its_first_4096_components():
    one = spread(7, size=4_096)
    assert name([*one, 0.0]).partition(": ")[2] == name([*one, 9e9]).partition(": ")[2]
    assert name([*one[:-1], 9e9]) != name(one)
    assert name([1.0, 2.0], [3.0]).partition(": ")[0] == "2 x 2 or 1"
    assert len(name([1.0]).partition(": ")[2]) == 16
    assert name([0.0]).partition(": ")[2] == "0" * 16
