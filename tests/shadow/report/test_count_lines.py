"""Token counts from a real store: more, none seen, not yet known, each as a sentence."""

from dataclasses import replace

import pytest

from shadow.drift.count_detector import CountSide, CountStanding
from shadow.report.build_report import as_json, as_text, build
from shadow.report.count_lines import count_lines, pooled_standings
from shadow.report.drift_lines import drift_lines
from tests.counted import count, shape, sizes
from tests.most_rows import MostRows
from tests.payoffs import GROUP
from tests.shadow.report.test_drift_table import CALM


def lines(store, since=0.0):
    return {line.side: line for line in count_lines(store, drift_lines(store), since, 1e9)}


def test_two_percent_on_every_prompt_are_found_and_stated_in_proportion(store):
    count(store, [shape(size, round(1.02 * size)) for size in sizes(60)])
    found = lines(store)["prompt"]
    assert (found.state, found.shape, found.requests, found.pairs) == ("more", "proportion", 60, 60)
    assert found.share == pytest.approx(0.02, abs=0.001)
    assert found.sentence == (
        "prompts: 2.0% more tokens than the reference counts for the same words (60 requests, in proportion to length); "
        "found 1970-01-01 00:00:24 UTC"
    )


def test_a_longer_template_is_stated_as_one(store):
    count(store, [shape(size, size + 27) for size in sizes(120)])
    found = lines(store)["prompt"]
    assert (found.state, found.shape) == ("more", "template")
    assert "27 tokens more" in found.sentence


def test_equal_counts_are_none_seen_and_completions_without_equal_words_are_not_yet_known(store):
    count(store, [shape(size, size) for size in sizes(40)])
    found = lines(store)
    assert found["prompt"].state == "none_seen"
    assert found["prompt"].sentence == "prompts: no more tokens seen than the reference counts for the same words (40 requests)"
    assert found["completion"].state == "not_yet_known"
    assert found["completion"].sentence == "completions: not yet known: the words were equal in 0 of 40 pairs"
    assert found["prompt"].share is None
    assert found["prompt"].since is None


@pytest.mark.parametrize(("pairs", "state"), [(19, "not_yet_known"), (20, "none_seen")])
def test_prompts_are_known_from_twenty_pairs_on(store, pairs, state):
    count(store, [shape(size, size) for size in sizes(pairs)])
    found = lines(store)["prompt"]
    assert found.state == state
    assert ("19 of 20 comparable prompts of 300 tokens and more" in found.sentence) == (pairs == 19)


@pytest.mark.slow
@pytest.mark.parametrize(("others", "state"), [(2_480, "not_yet_known"), (2_475, "none_seen")])
def test_completions_are_known_where_the_words_of_one_pair_in_a_hundred_are_equal(store, others, state):
    equal = shape(400, 400, same_text=1, provider_completion=150, reference_completion=150)
    count(store, [equal] * 25 + [shape(400, 400)] * others)
    assert lines(store)["completion"].state == state


def test_routes_of_one_provider_are_one_line(store):
    count(store, [shape(size, round(1.05 * size)) for size in sizes(30)])
    count(store, [shape(size, size) for size in sizes(30)], prefix="quiet", at=100.0, group=replace(GROUP, route="quiet"))
    found = lines(store)["prompt"]
    assert (found.state, found.pairs) == ("more", 60)


def test_ratio_of_pooled_routes_is_that_of_a_route_which_counts_more(store):
    count(store, [shape(size, round(1.02 * size)) for size in sizes(60)])
    count(store, [shape(size, round(1.4 * size)) for size in sizes(3)], prefix="few", at=100.0, group=replace(GROUP, route="few"))
    [(prompt, _)] = pooled_standings(drift_lines(store)).values()
    assert prompt.found
    assert prompt.recent_ratio == pytest.approx(1.02, abs=0.001)


def test_largest_ratio_is_that_of_all_routes_where_none_counts_more(store):
    count(store, [shape(size, size) for size in sizes(30)])
    count(store, [shape(size, round(1.4 * size)) for size in sizes(3)], prefix="few", at=100.0, group=replace(GROUP, route="few"))
    [(prompt, _)] = pooled_standings(drift_lines(store)).values()
    assert not prompt.found
    assert prompt.recent_ratio == pytest.approx(1.4, abs=0.001)


def test_a_period_without_the_requests_states_that_it_cannot_describe_them(store):
    count(store, [shape(size, round(1.05 * size)) for size in sizes(30)])
    found = lines(store, since=1_000.0)["prompt"]
    assert (found.state, found.share) == ("more", None)
    assert "the period has 0 of 20 comparable requests to describe them" in found.sentence


@pytest.mark.slow
def test_the_report_has_the_sentence_in_its_text_and_its_json(store):
    count(store, [shape(size, round(1.02 * size)) for size in sizes(60)])
    report = build(store, 0.0, 1e9)
    text = " ".join(as_text(report).split())
    assert "token counts" in text
    assert "prompts: 2.0% more tokens" in text
    assert "cached and reasoning tokens: not measurable" in text
    assert '"shape": "proportion"' in as_json(report)
    assert "fraud" not in text


class Shapes:
    """A store with the shapes of pairs alone, the newest first, that counts how often they are read."""

    def __init__(self, *shapes):
        self.identity_queries, self._shapes, self.read = self, shapes, 0

    def shapes(self, *_):
        self.read += 1
        return [(GROUP, each) for each in self._shapes]


def standing(side=CountSide.PROMPT, **more):
    return CountStanding(**{"side": side, "pairs": 40, "of": 60, "found": 0.0, "sizes": (), "recent_ratio": 1.0, **more})


def drifting(*standings, **more):
    names = {name: getattr(GROUP, name) for name in ("route", "model", "provider", "reference")}
    return replace(CALM, **{**names, "counts": standings, **more})


def test_the_store_is_read_where_more_tokens_are_counted_alone():
    quiet, loud = Shapes(), Shapes()
    count_lines(quiet, [drifting(standing())], 0.0, 0.0)
    count_lines(loud, [drifting(standing(found=9.0))], 0.0, 0.0)
    assert (quiet.read, loud.read) == (0, 1)


def test_more_tokens_stay_more_where_the_period_shows_none():
    same = Shapes(*[shape(size, size) for size in sizes(40)])
    (line,) = count_lines(same, [drifting(standing(found=24.0, recent_ratio=1.02))], 0.0, 0.0)
    assert (line.state, line.since, line.shape, line.share, line.requests) == ("more", 24.0, "none", None, 40)
    assert line.sentence.startswith(
        "prompts: more tokens than the reference counts for the same words until lately; in this period "
    )
    assert line.sentence.endswith("; found 1970-01-01 00:00:24 UTC")


def test_the_newest_samples_of_the_provider_are_described():
    more = Shapes(*[shape(size, round(1.02 * size)) for size in sizes(60)])
    other = drifting(standing(), provider="q")
    first, second = count_lines(more, [other, drifting(standing(found=24.0))], 0.0, 0.0)
    assert (first.provider, first.state, first.requests, first.shape, first.since) == ("p", "more", 60, "proportion", 24.0)
    assert (second.provider, second.state, second.requests, second.shape, second.since) == ("q", "none_seen", 0, "", None)


@pytest.mark.parametrize(
    ("side", "pairs", "of", "state"),
    [
        (CountSide.PROMPT, 19, 9_000, "not_yet_known"),
        (CountSide.PROMPT, 20, 9_000, "none_seen"),
        (CountSide.COMPLETION, 20, 2_000, "none_seen"),
        (CountSide.COMPLETION, 20, 2_001, "not_yet_known"),
        (CountSide.COMPLETION, 19, 19, "not_yet_known"),
    ],
)
def test_no_more_tokens_are_seen_from_twenty_pairs_on_of_completions_in_one_of_a_hundred(side, pairs, of, state):
    (line,) = count_lines(Shapes(), [drifting(standing(side, pairs=pairs, of=of))], 0.0, 0.0)
    assert (line.state, line.side, line.pairs, line.of) == (state, side.value, pairs, of)


def test_standings_of_several_routes_are_one_for_each_side():
    prompt, completion = CountSide.PROMPT, CountSide.COMPLETION
    lines = [
        drifting(standing(prompt, found=9.0, sizes=("a", "b"), recent_ratio=1.1), standing(completion, recent_ratio=0.9)),
        drifting(standing(prompt, found=5.0, sizes=("b", "c"), recent_ratio=1.2), route="other"),
        drifting(standing(prompt, sizes=("z",), recent_ratio=9.0), route="third"),
        drifting(standing(prompt, found=1.0), upstream="server"),
        drifting(standing(prompt), provider="a"),
    ]
    found = pooled_standings(lines)
    assert [key[0] for key in found] == ["a", "p"]
    assert found["p", GROUP.model, GROUP.reference] == [
        CountStanding(side=prompt, pairs=120, of=180, found=5.0, sizes=("a", "b", "c"), recent_ratio=1.2),
        CountStanding(side=completion, pairs=40, of=60, found=0.0, sizes=(), recent_ratio=0.9),
    ]


def test_of_a_long_period_the_newest_20_000_request_shapes_alone_are_read(sqlite_store):
    count(sqlite_store, [shape(size, size + 27) for size in sizes(120)])
    reader = MostRows(sqlite_store)
    count_lines(reader, drift_lines(sqlite_store), 0.0, 1e9)
    assert reader.most["shapes"] == [20_000]
