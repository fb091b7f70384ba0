"""Simulates tournaments through the product's own claims: false ones, what proofs take, calls, prices and traps.

python -m bench.tournaments false-same sticky equal power calls seen price traps segments turns --runs 1000

false-same: five candidates exactly at the tolerance. sticky: the same, in a tenth of the conversations. equal: five equal ones,
any "worse" or "differs". power: pairs until an equal and a worse one are named. calls: what is spent against the printed figure.
seen: the same, where the plan has seen the floor in a few answers of the reference.
price: a worse one named cheapest. traps: the mean payoff of a candidate that is the reference. segments: any one of five
candidates at the tolerance beyond it, or of one that fails as often as the reference. turns: each conversation goes to two of
five candidates.

Requests have five possible actions and a difficulty; payoffs are those of `shadow.drift.payoff` by the labels of the answers.
Seeded; the exit code is 1 when a bar is missed.
"""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from itertools import pairwise, product
from statistics import median, quantiles

import numpy as np
from numpy.typing import NDArray

from shadow.choice.arm_evidence import ArmEvidence
from shadow.choice.candidate_claims import ChoiceVerdict, claims
from shadow.choice.price_order import price_choice
from shadow.choice.segment_evidence import SegmentEvidence
from shadow.choice.tournament_plan import RouteTraffic, SignalTraffic, tournament_plan
from shadow.choice.tournament_terms import TournamentTerms
from shadow.drift.conversation_units import ConversationUnit, PairPayoffs
from shadow.drift.payoff import needs_control, payoffs
from shadow.identity.request_shape import request_shape
from shadow.sampling.sampler import take_turns
from shadow.tournament.route_traffic import seen_floor
from storage.judgement_rows import segment_names
from tests.shadow.compare.made import answer, ask, call, choice, completion, failed, pair

SIGNAL = "answer_kind"
TERMS = TournamentTerms(signals=(SIGNAL,))
DELTA = TERMS.tolerance
FLOORS = (0.005, 0.05, 0.15)
ACTIONS, WRONG = 5, 5
UNITS = 8_000
COIN = 0.1
Labels = NDArray[np.int8]
Rows = list[tuple[str, str, str]]


@cache
def payoff_table() -> Labels:
    """The product's payoff by the labels of r, y and r'; the last place of r' is none."""
    counter = iter(range(10**6))

    def made(label: int):
        return answer(completion(choice(None, (call(f"tool_{label}", "{}"),)), name=f"id-{next(counter)}"))

    table = np.zeros((ACTIONS, WRONG + 1, ACTIONS + 1), dtype=np.int8)
    for r, y, control in product(range(ACTIONS), range(WRONG + 1), range(ACTIONS + 1)):
        first, other, second = made(r), made(y), None if control == ACTIONS else made(control)
        table[r, y, control] = dict(payoffs(ask(), other, first, second)).get(SIGNAL, 0)
        assert needs_control(ask(), other, first) == (r != y)
    return table


@dataclass(frozen=True, slots=True)
class Drawn:
    """Payoffs of each arm by request, which requests asked the reference twice, and the conversation of each."""

    paid: Labels
    twice: NDArray[np.bool_]
    conversation: NDArray[np.int64]


def drawn(seed: int, floor: float, wrong: Sequence[float], n: int, *, length: float = 1, sticky: float = 1.0) -> Drawn:
    """`wrong` is how often each arm gives an answer of its own, in a share `sticky` of its conversations; the first is live."""
    rng = np.random.default_rng([seed, round(floor * 1_000), n])
    sizes = np.minimum(rng.geometric(1 / length, n), 10) if length > 1 else np.ones(n, dtype=np.int64)
    conversation = np.repeat(np.arange(n), sizes)
    whole = 0.6 / floor
    hard = np.minimum(rng.beta(whole * floor, whole * (1 - floor), n), 0.79)
    main = (0.5 + np.sqrt(0.25 + 5 * (0.75 - hard))) / 2.5
    total = len(conversation)
    share = main[conversation]

    def answered() -> Labels:
        return np.where(rng.random(total) < share, 0, rng.integers(1, ACTIONS, total)).astype(np.int8)

    r, control = answered(), answered()
    arms = []
    for rate in wrong:
        bad = rng.random(n) < sticky if sticky < 1 else np.ones(n, dtype=bool)
        own = rng.random(total) < np.where(bad[conversation], rate / sticky, 0.0)
        arms.append(np.where(own, WRONG, answered()).astype(np.int8))
    y = np.array(arms)
    twice = (y != r).any(axis=0) | (rng.random(total) < COIN)
    second = np.where(twice, control, ACTIONS)
    return Drawn(paid=payoff_table()[r, y, second], twice=twice, conversation=conversation)


def worse_by(points: float, floor: float) -> float:
    """How often an arm answers wrong for an excess of `points`: an answer of its own differs always, where the floor does not."""
    return points / (1 - floor)


def feed(arm: ArmEvidence, values: Sequence[int], *, odd: bool = True) -> None:
    """Single requests: each a pair and a unit; equal ones of a stretch together."""
    unit = {value: ConversationUnit(opened=0.0, pairs=1, means={SIGNAL: float(value)}) for value in (-1, 0, 1)}
    pair = {value: PairPayoffs(started=1.0, conversation="", payoffs={SIGNAL: value}) for value in (-1, 0, 1)}
    changes = [0, *(np.flatnonzero(np.diff(values)) + 1).tolist(), len(values)]
    for begin, end in pairwise(changes):
        value = int(values[begin])
        arm.add_unit(unit[value], end - begin)
        if odd:
            for _ in range(end - begin if value else 1):
                arm.add_pair(pair[value])


def feed_conversations(arm: ArmEvidence, values: Labels, conversation: NDArray[np.int64]) -> None:
    """One unit for each conversation, the mean of its pairs; equal ones of a stretch together."""
    begins = np.flatnonzero(np.diff(conversation, prepend=-1))
    counts = np.diff([*begins, len(values)])
    arm.pairs += len(values)
    means = np.add.reduceat(values.astype(int), begins) / counts
    changes = [0, *(np.flatnonzero(np.diff(means)) + 1).tolist(), len(means)]
    for begin, end in pairwise(changes):
        arm.add_unit(ConversationUnit(opened=0.0, pairs=1, means={SIGNAL: float(means[begin])}), end - begin)


def fresh(arms: int) -> dict[str, ArmEvidence]:
    return {f"c{place}": ArmEvidence(terms=TERMS) for place in range(arms)}


def false_same(run: int, floor: float) -> bool:
    """Any of five candidates exactly at the tolerance is ever called the same."""
    found = drawn(run, floor, [0.0, *[worse_by(DELTA, floor)] * 5], UNITS)
    arms = fresh(5)
    for arm, values in zip(arms.values(), found.paid[1:], strict=True):
        feed(arm, values, odd=False)
        arm.pairs = UNITS
    return any(claim.same for claim in claims(arms, TERMS).values())


def false_sticky(run: int, floor: float) -> bool:
    """The same, with all of the excess in a tenth of the conversations, of mean length 8."""
    found = drawn(run, floor, [0.0, *[worse_by(DELTA, floor)] * 5], UNITS, length=8, sticky=0.1)
    arms = fresh(5)
    for arm, values in zip(arms.values(), found.paid[1:], strict=True):
        feed_conversations(arm, values, found.conversation)
    return any(claim.same for claim in claims(arms, TERMS).values())


def false_difference(run: int, floor: float) -> bool:
    """Any of five equal candidates is ever called worse or different."""
    found = drawn(run, floor, [0.0] * 6, UNITS)
    arms = fresh(5)
    for arm, values in zip(arms.values(), found.paid[1:], strict=True):
        feed(arm, values)
    return any(claim.worse or claim.differs for claim in claims(arms, TERMS).values())


def until(run: int, floor: float, excess: float, most: int, reached: Callable[[ChoiceVerdict], bool]) -> float:
    """Pairs until one candidate has a claim, looked at every ten pairs."""
    found = drawn(run, floor, [0.0, worse_by(excess, floor)], most)
    arms = fresh(1)
    for begin in range(0, most, 10):
        feed(arms["c0"], found.paid[1, begin : begin + 10])
        if reached(claims(arms, TERMS)["c0"].verdict):
            return begin + 10
    return float("inf")


def calls_spent(run: int, floor: float, length: float, controls: int = 0) -> float:
    """What is spent until an equal one of five is proven, as a share of the printed figure of nine of ten. The plan knows the
    floor, or has seen it in so many random `controls`.
    """
    seen = int(np.random.default_rng((run, controls)).binomial(controls, floor))
    traffic = RouteTraffic(
        signals={SIGNAL: SignalTraffic(floor=seen_floor(seen, controls) if controls else floor, assumed=False)},
        sampled_per_day=600.0,
        pairs_per_conversation=float(np.minimum(np.random.default_rng(1).geometric(1 / length, 100_000), 10).mean()),
    )
    plan = tournament_plan(TERMS, 5, traffic)
    n = int(max(2 * plan.nine_of_ten, 4_000) / max(traffic.pairs_per_conversation, 1))
    found = drawn(run, floor, [0.0, 0.0, *[worse_by(0.10, floor)] * 4], n, length=length)
    arms = fresh(1)
    begins = np.flatnonzero(np.diff(found.conversation, prepend=-1))
    ends = [*begins[1:].tolist(), len(found.conversation)]
    for place in range(0, len(ends), 10):
        first, last = int(begins[place]), ends[min(place + 9, len(ends) - 1)]
        feed_conversations(arms["c0"], found.paid[1, first:last], found.conversation[first:last])
        if claims(arms, TERMS)["c0"].same:
            return (last * 6 + float(found.twice[:last].sum())) / (plan.candidate_calls + plan.reference_calls)
    return float("inf")


SEGMENTS = tuple(
    (f"prompt={size}", f"tools={'yes' if size % 2 else 'no'}", f"turn={'first' if tag % 2 else 'later'}", f"tag={tag}")
    for size in range(6)
    for tag in range(22)
)
"""Each combination of a request's segments: 32 segments in all."""


def turn_evidence(run: int, floor: float, excesses: Sequence[float], conversations: int) -> dict[str, ArmEvidence]:
    """The evidence of candidates of which each conversation, of mean length 3, goes to two, by the product's own draw."""
    found = drawn(run, floor, [0.0, *[worse_by(points, floor) for points in excesses]], conversations, length=3)
    arms = fresh(len(excesses))
    secret = run.to_bytes(32)
    asked = [take_turns(list(arms), 2, f"talk-{number}", secret) for number in range(conversations)]
    for (name, arm), values in zip(arms.items(), found.paid[1:], strict=True):
        own = np.array([name in names for names in asked])[found.conversation]
        feed_conversations(arm, values[own], found.conversation[own])
    return arms


def false_turn(run: int, floor: float) -> bool:
    """Any of five candidates exactly at the tolerance is called the same, where two of them get a copy."""
    arms = turn_evidence(run, floor, [DELTA] * 5, UNITS)
    return any(claim.same for claim in claims(arms, TERMS).values())


def proven_turn(run: int, floor: float, conversations: int) -> bool:
    """The equal one of five is proven, and none that is 10 points worse is."""
    said = claims(turn_evidence(run, floor, [0.0, *[0.10] * 4], conversations), TERMS)
    return [name for name, claim in said.items() if claim.same] == ["c0"]


def by_segment(run: int, floor: float, wrong: Sequence[float], n: int) -> Iterator[tuple[NDArray[np.int64], ArmEvidence]]:
    """The segments of each request, by their place in SEGMENTS, and the evidence of each arm with these counted."""
    found = drawn(run, floor, [0.0, *wrong], n)
    places = np.random.default_rng([run, 5]).integers(0, len(SEGMENTS), n)
    for values in found.paid[1:]:
        arm = ArmEvidence(terms=TERMS)
        counts = Counter(zip(places.tolist(), values.tolist(), strict=True))
        for (place, value), times in counts.items():
            pair = PairPayoffs(started=1.0, conversation="", payoffs={SIGNAL: value}, segments=SEGMENTS[place])
            unit = ConversationUnit(opened=0.0, pairs=1, means={SIGNAL: float(value)}, members=(pair,))
            arm.segments.add(unit, times)
        yield places, arm


def false_segment(run: int, floor: float, points: float) -> tuple[bool, bool]:
    """(any segment of five candidates exactly at the tolerance beyond it, any interval without the truth), at four looks."""
    beyond = missed = False
    for look in (500, 1_000, 2_000, 4_000):
        for _, arm in by_segment(run, floor, [worse_by(points, floor)] * 5, look):
            shown = list(arm.segments.worst())
            beyond = beyond or any(each.beyond for each in shown)
            missed = missed or any(not each.low <= points <= each.high for each in shown)
    return beyond, missed


@cache
def failing_segments() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The segments of a request that the reference answers, and of one that it fails; the candidate reports no tokens."""
    asked, own = ask(messages=({"role": "user", "content": "x" * 3_600},)), answer(completion(choice("a")))
    references = answer(completion(choice("a"), tokens=(1_500, 1))), failed()
    shapes = [json.loads(request_shape(pair(own, reference, asked))) for reference in references]
    answered, lost = (segment_names(json.dumps(shape["segments"])) for shape in shapes)
    return answered, lost


def false_failing_segment(run: int, rate: float) -> bool:
    """A candidate that fails as often as the reference is beyond the tolerance in a segment, at four looks."""
    rng = np.random.default_rng([run, 6])
    own, other = rng.random(4_000) < rate, rng.random(4_000) < rate
    terms = TournamentTerms(signals=("error",))
    for look in (500, 1_000, 2_000, 4_000):
        evidence = SegmentEvidence(terms)
        for (one, two), times in Counter(zip(own[:look].tolist(), other[:look].tolist(), strict=True)).items():
            paid = {"error": one - two}
            member = PairPayoffs(started=1.0, conversation="", payoffs=paid, segments=failing_segments()[two])
            unit = ConversationUnit(opened=0.0, pairs=1, means={"error": float(one - two)}, members=(member,))
            evidence.add(unit, times)
        if any(each.beyond for each in evidence.worst()):
            return True
    return False


def found_segment(run: int, floor: float, requests: int) -> bool:
    """One tag in five is 20 points worse: it is named after so many requests of the tag."""
    paid = drawn(run, floor, [0.0, worse_by(0.20, floor)], requests).paid[1]
    arm = ArmEvidence(terms=TERMS)
    for value in paid.tolist():
        pair = PairPayoffs(started=1.0, conversation="", payoffs={SIGNAL: value}, segments=("tag=checkout",))
        arm.segments.add(ConversationUnit(opened=0.0, pairs=1, means={SIGNAL: float(value)}, members=(pair,)))
    return any(each.beyond for each in arm.segments.worst())


def price_named(run: int) -> tuple[bool, bool, bool]:
    """(a worse one ever named cheapest, the order of the two equal ones ever said wrongly, at the end still a tie)."""
    floor, n = 0.15, UNITS
    excesses = (0.0, 0.0, 0.03, 0.04, 0.10)
    found = drawn(run, floor, [0.0, *[worse_by(points, floor) for points in excesses]], n)
    arms = fresh(5)
    for arm, values in zip(arms.values(), found.paid[1:], strict=True):
        feed(arm, values, odd=False)
        arm.pairs = n
    said = claims(arms, TERMS)
    proven = [name for name, claim in said.items() if claim.firm]
    rng = np.random.default_rng(run)
    size = rng.lognormal(0, 0.8, n)
    costs = {
        name: {str(place): ("", factor * float(money)) for place, money in enumerate(size * rng.lognormal(0, 0.4, n))}
        for name, factor in zip(arms, (1.0, 1.007, 0.5, 0.4, 0.3), strict=True)
    }
    wrong_order, tie = False, True
    for look in (250, 500, 1_000, 2_000, 4_000, 8_000):
        part = {name: {key: own[key] for key in list(own)[:look]} for name, own in costs.items() if name in {"c0", "c1"}}
        chosen = price_choice(["c0", "c1"], [], part)
        tie = bool(chosen.tie)
        wrong_order = wrong_order or (chosen.cheapest == "c1" and not tie)
    return price_choice(proven, [], costs).cheapest in {"c2", "c3", "c4"}, wrong_order, tie


def trap(floor: float) -> tuple[float, float]:
    """(mean payoff of a candidate that is the reference, reference calls for one candidate pair), live 10 points worse."""
    found = drawn(7, floor, [worse_by(0.10, floor), *[0.0] * 5], 400_000)
    return float(found.paid[1].mean()), (len(found.twice) + float(found.twice.sum())) / len(found.twice) / 5


def over(pool: ProcessPoolExecutor, runs: int, job: Callable[..., object], **fixed: object) -> list[object]:
    return list(pool.map(partial(job, **fixed), range(runs), chunksize=5))


def counted(rows: Rows, name: str, found: Sequence[object], runs: int, share: float = 0.05) -> None:
    """A row of how many runs held a false claim, against `share` of them."""
    wrong = sum(map(bool, found))
    rows.append((name, f"{wrong} of {runs}", f"≤ {share * runs:.0f}"))


def same_rows(pool: ProcessPoolExecutor, runs: int) -> Iterator[tuple[str, str, str]]:
    rows: Rows = []
    for floor in FLOORS:
        counted(rows, f'false "same", floor {floor}', over(pool, runs, false_same, floor=floor), runs)
    yield from rows


def sticky_rows(pool: ProcessPoolExecutor, runs: int) -> Iterator[tuple[str, str, str]]:
    rows: Rows = []
    for floor in FLOORS[:2]:
        counted(rows, f'false "same", sticky, floor {floor}', over(pool, runs, false_sticky, floor=floor), runs)
    yield from rows


def equal_rows(pool: ProcessPoolExecutor, runs: int) -> Iterator[tuple[str, str, str]]:
    rows: Rows = []
    for floor in FLOORS:
        counted(rows, f'false "worse" or "differs", floor {floor}', over(pool, runs, false_difference, floor=floor), runs)
    yield from rows


def is_same(verdict: ChoiceVerdict) -> bool:
    return verdict is ChoiceVerdict.SAME


def is_worse(verdict: ChoiceVerdict) -> bool:
    return verdict is ChoiceVerdict.WORSE


def power_rows(pool: ProcessPoolExecutor, runs: int) -> Iterator[tuple[str, str, str]]:
    for floor, same, worse in zip(FLOORS, (350, 1_400, 4_200), (350, 600, 1_000), strict=True):
        for name, excess, bar, reached in (("equal: same", 0.0, same, is_same), ("10 points: worse", 0.10, worse, is_worse)):
            pairs = [
                float(str(each)) for each in over(pool, runs, until, floor=floor, excess=excess, most=2 * bar, reached=reached)
            ]
            share, nine = sum(each <= bar for each in pairs) / runs, quantiles(pairs, n=10)[8]
            yield (
                f"{name}, floor {floor}: median {median(pairs):,.0f}, nine of ten {nine:,.0f}; by {bar:,}",
                f"{share:.3f}",
                "≥ .90",
            )


def calls_rows(pool: ProcessPoolExecutor, runs: int) -> Iterator[tuple[str, str, str]]:
    for floor, length in product(FLOORS, (1, 3, 8)):
        spent = [float(str(each)) for each in over(pool, runs, calls_spent, floor=floor, length=length)]
        share = sum(each <= 1 for each in spent) / runs
        yield (
            f"calls under the printed figure, floor {floor}, length {length} (median {median(spent):.2f})",
            f"{share:.3f}",
            "≥ .85",
        )


def seen_rows(pool: ProcessPoolExecutor, runs: int) -> Iterator[tuple[str, str, str]]:
    for floor, controls in product(FLOORS, (20, 50, 200)):
        spent = [float(str(each)) for each in over(pool, runs, calls_spent, floor=floor, length=1, controls=controls)]
        share = sum(each <= 1 for each in spent) / runs
        yield f"calls under the printed figure, floor {floor} seen in {controls} controls", f"{share:.3f}", "≥ .85"


def price_rows(pool: ProcessPoolExecutor, runs: int) -> Iterator[tuple[str, str, str]]:
    found = [tuple(each) for each in over(pool, runs, price_named)]
    rows: Rows = []
    counted(rows, "a worse one named cheapest", [each[0] for each in found], runs, 0.01)
    counted(rows, "the order of two 0.7 % apart said wrongly", [each[1] for each in found], runs)
    yield from rows
    yield f"still a tie after {UNITS:,} requests", f"{sum(each[2] for each in found) / runs:.2f}", ""


def trap_rows(_pool: ProcessPoolExecutor, _runs: int) -> Iterator[tuple[str, str, str]]:
    for floor in (0.05, 0.15, 0.30):
        mean, calls = trap(floor)
        yield f"mean payoff of the reference itself, floor {floor}, 400,000 pairs", f"{abs(mean):.4f}", "≤ .003"
        yield (
            f"reference calls for one candidate pair at 5 candidates, floor {floor}",
            f"{calls:.2f}",
            "≤ .35" if floor < 0.3 else "",
        )


def turn_rows(pool: ProcessPoolExecutor, runs: int) -> Iterator[tuple[str, str, str]]:
    rows: Rows = []
    for floor in FLOORS:
        counted(rows, f'false "same", two of five in turn, floor {floor}', over(pool, runs, false_turn, floor=floor), runs)
    yield from rows
    for floor, conversations in zip(FLOORS, (900, 2_000, 4_500), strict=True):
        share = sum(map(bool, over(pool, runs, proven_turn, floor=floor, conversations=conversations))) / runs
        yield f"equal alone proven after {conversations:,} conversations, two of five in turn, floor {floor}", f"{share:.3f}", ""


def segment_rows(pool: ProcessPoolExecutor, runs: int) -> Iterator[tuple[str, str, str]]:
    for floor, points in product(FLOORS, (DELTA, 0.0)):
        found = [tuple(each) for each in over(pool, runs, false_segment, floor=floor, points=points)]
        rows: Rows = []
        title = f"{points * 100:g} points in each of 32 segments, floor {floor}"
        counted(rows, f"any segment beyond the tolerance, {title}", [each[0] for each in found], runs)
        counted(rows, f"any interval of a segment without the truth, {title}", [each[1] for each in found], runs)
        yield from rows
    failing: Rows = []
    for rate in (0.05, 0.1, 0.2):
        title = f"any segment of an equal one beyond the tolerance, both fail {rate * 100:g} % of the requests"
        counted(failing, title, over(pool, runs, false_failing_segment, rate=rate), runs)
    yield from failing
    for floor, requests in zip(FLOORS, (150, 250, 350), strict=True):
        share = sum(map(bool, over(pool, runs, found_segment, floor=floor, requests=requests))) / runs
        yield f"a tag 20 points worse is named after {requests} requests of it, floor {floor}", f"{share:.3f}", ""


PARTS = {
    "false-same": same_rows,
    "sticky": sticky_rows,
    "equal": equal_rows,
    "power": power_rows,
    "calls": calls_rows,
    "seen": seen_rows,
    "price": price_rows,
    "traps": trap_rows,
    "segments": segment_rows,
    "turns": turn_rows,
}


def met(measured: str, bar: str) -> bool:
    if not bar:
        return True
    value, limit = float(measured.split(maxsplit=1)[0]), float(bar.split()[1])
    return value <= limit if bar.startswith("≤") else value >= limit


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], default=[], help="all of them by default")
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args()
    good = True
    print("| | measured | bar | |\n|---|---:|---:|---|")
    with ProcessPoolExecutor(asked.jobs) as pool:
        for part in asked.parts or PARTS:
            begun = time.monotonic()
            for name, measured, bar in PARTS[part](pool, asked.runs):
                good = good and met(measured, bar)
                print(f"| {name} | {measured} | {bar} | {'' if met(measured, bar) else 'MISSED'} |", flush=True)
            print(f"{part}: {asked.runs} runs, {time.monotonic() - begun:.0f} s", file=sys.stderr)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
