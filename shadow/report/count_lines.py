"""Reads whether each provider counts more tokens than its reference for the same words: the judge's tests, put into words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from shadow.drift.count_detector import CountSide, CountStanding
from shadow.findings.number_words import number_of
from shadow.identity.chat_template import FEWEST, MOST
from shadow.identity.extra_tokens import (
    SAME_WORDS,
    ExtraShape,
    ExtraTokens,
    extra_completion_tokens,
    extra_prompt_tokens,
)
from shadow.identity.prompt_sample import PromptSample
from shadow.identity.request_shape import counted_sample
from shadow.measures.token_allowance import PROMPT_ALLOWANCE
from shadow.report.drift_lines import DriftLine, of_providers
from shadow.verdict.phrases import moment
from storage.store import Reader

SHAPES = 20_000
"""Newest pairs of a period that the words are made from."""
LEAST_EQUAL = 0.01
"""Share of the pairs whose words must be equal, before completions are known to count no more."""
NOT_MEASURABLE = "cached and reasoning tokens: not measurable, because they cannot be counted from outside"
PLURAL: Mapping[CountSide, str] = {CountSide.PROMPT: "prompts", CountSide.COMPLETION: "completions"}

Key = tuple[str, str, str]


class CountState(StrEnum):
    """What is known of a provider's counts."""

    MORE = "more"
    NONE_SEEN = "none_seen"
    NOT_YET_KNOWN = "not_yet_known"


@dataclass(frozen=True, slots=True, kw_only=True)
class CountLine:
    """The counts of one `side` ("prompt" or "completion") of a provider against its reference, for the same words.

    `pairs` were judged of `of` pairs with counts. With more tokens: `since` when (epoch seconds), and over the newest `requests`
    of the period the `shape` in which they lie and the `share` of tokens more, which cost `month` money a month (None where
    that is not known). `sentence` states all of it.
    """

    provider: str
    model: str
    reference: str
    side: str
    state: str
    pairs: int
    of: int
    since: float | None
    requests: int
    shape: str
    share: float | None
    sentence: str
    month: float | None = None


def count_lines(reader: Reader, drift: Iterable[DriftLine], since: float, until: float) -> tuple[CountLine, ...]:
    """A line for each provider, model, reference and side; the store is read only where more tokens are counted."""
    pooled = pooled_standings(drift)
    wanted = {key for key, found in pooled.items() if any(standing.found for standing in found)}
    samples = _samples(reader, wanted, since, until) if wanted else {}
    return tuple(_line(key, standing, samples.get(key, ())) for key, found in pooled.items() for standing in found)


def pooled_standings(drift: Iterable[DriftLine]) -> Mapping[Key, Sequence[CountStanding]]:
    """The standing of each side for all routes together, by provider, model and reference, in the order of their names."""
    standings: dict[Key, dict[CountSide, list[CountStanding]]] = defaultdict(lambda: defaultdict(list))
    for line in of_providers(drift):
        for standing in line.counts:
            standings[line.provider, line.model, line.reference][standing.side].append(standing)
    return {key: [_pooled(found) for found in sides.values()] for key, sides in sorted(standings.items())}


def _pooled(found: Sequence[CountStanding]) -> CountStanding:
    """One standing for all routes: more where any route has more, and then the largest ratio of those."""
    more = [standing for standing in found if standing.found]
    return CountStanding(
        side=found[0].side,
        pairs=sum(standing.pairs for standing in found),
        of=sum(standing.of for standing in found),
        found=min((standing.found for standing in more), default=0.0),
        sizes=tuple(dict.fromkeys(size for standing in more for size in standing.sizes)),
        recent_ratio=max(standing.recent_ratio for standing in more or found),
    )


def _samples(reader: Reader, wanted: set[Key], since: float, until: float) -> Mapping[Key, Sequence[PromptSample]]:
    """The newest samples of these keys, oldest first; of each those that a description of either side looks at."""
    found: dict[Key, list[PromptSample]] = defaultdict(list)
    equal: dict[Key, int] = defaultdict(int)
    for group, shape in reader.identity_queries.shapes(since, until, SHAPES):
        key = (group.provider, group.model, group.reference)
        if key in wanted and (sample := counted_sample(shape)):
            equal[key] += sample.same_text
            if len(found[key]) < MOST or (sample.same_text and equal[key] <= MOST):
                found[key].append(sample)
    return {key: samples[::-1] for key, samples in found.items()}


_DESCRIBED: Mapping[CountSide, Callable[[Sequence[PromptSample]], ExtraTokens]] = {
    CountSide.PROMPT: extra_prompt_tokens,
    CountSide.COMPLETION: extra_completion_tokens,
}


def _line(key: Key, standing: CountStanding, samples: Sequence[PromptSample]) -> CountLine:
    extra = _DESCRIBED[standing.side](samples) if standing.found else None
    described = extra is not None and extra.shape not in {ExtraShape.TOO_FEW, ExtraShape.NONE}
    state = _state(standing)
    return CountLine(
        provider=key[0],
        model=key[1],
        reference=key[2],
        side=standing.side.value,
        state=state.value,
        pairs=standing.pairs,
        of=standing.of,
        since=standing.found or None,
        requests=extra.requests if extra else 0,
        shape=extra.shape.value if extra else "",
        share=extra.share if extra and described else None,
        sentence=f"{PLURAL[standing.side]}: {_phrase(standing, state, extra)}",
    )


def _state(standing: CountStanding) -> CountState:
    if standing.found:
        return CountState.MORE
    seldom = standing.side is CountSide.COMPLETION and standing.pairs < LEAST_EQUAL * standing.of
    return CountState.NOT_YET_KNOWN if standing.pairs < FEWEST or seldom else CountState.NONE_SEEN


def _phrase(standing: CountStanding, state: CountState, extra: ExtraTokens | None) -> str:
    if extra is not None:
        return f"{_more(extra)}; found {moment(standing.found)} UTC"
    if state is CountState.NONE_SEEN:
        return f"no more tokens seen {SAME_WORDS} ({number_of(standing.pairs, 'request')})"
    if standing.side is CountSide.PROMPT:
        return f"not yet known: {standing.pairs} of {FEWEST} comparable prompts of {PROMPT_ALLOWANCE.least} tokens and more"
    return f"not yet known: the words were equal in {standing.pairs:,} of {number_of(standing.of, 'pair')}"


def _more(extra: ExtraTokens) -> str:
    """What the period shows of tokens that were found to be more."""
    if extra.shape is ExtraShape.TOO_FEW:
        return f"more tokens {SAME_WORDS}; the period has {extra.phrase} to describe them"
    if extra.shape is ExtraShape.NONE:
        return f"more tokens {SAME_WORDS} until lately; in this period {extra.phrase}"
    return extra.phrase
