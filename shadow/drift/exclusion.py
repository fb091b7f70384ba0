"""Why a pair counts for less than it might: a closed list, each with its sentence, so that what was left out is counted and said.

Each reason is found without asking who of the two answers is whose: a pair that is left out for one side only would bias.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from proxy.exchange import FailureKind
from shadow.compare.gate import Standing, said, standing
from shadow.reading.answer import Answer
from shadow.reading.ask import Ask

LONG = 1_000
"""Characters from which two sampled texts are not the same by chance."""
WARM = 0.5
"""Temperature from which they are not."""


class Exclusion(StrEnum):
    """A reason, as a label; NONE is no reason."""

    NONE = ""
    REQUEST_UNREAD = "request_unread"
    CLIENT_GONE = "client_gone"
    CUT = "cut"
    BARRED = "barred"
    PROVIDER_FAILED = "provider_failed"
    REFERENCE_FAILED = "reference_failed"
    CONTROL_FAILED = "control_failed"
    SEED = "seed"
    NO_CONTROL = "no_control"
    CACHED = "cached"
    SAME_SERVER = "same_server"
    CACHING_REFERENCE = "caching_reference"
    REPEATED = "repeated"
    CONVERSATION_FULL = "conversation_full"
    TOO_MANY_GROUPS = "too_many_groups"
    FIRST_CHOICE_ONLY = "first_choice_only"
    GREEDY_TEXT = "greedy_text"


SENTENCES: Mapping[Exclusion, str] = {
    Exclusion.NONE: "",
    Exclusion.REQUEST_UNREAD: "the request could not be read",
    Exclusion.CLIENT_GONE: "the client left before the answer was whole",
    Exclusion.CUT: "an answer was not seen whole",
    Exclusion.BARRED: "an answer was barred for a key, a bill or a rate",
    Exclusion.PROVIDER_FAILED: "the provider failed: that counts for the signal error alone",
    Exclusion.REFERENCE_FAILED: "the reference failed: that counts for the signal error alone",
    Exclusion.CONTROL_FAILED: "the second reference answer failed",
    Exclusion.SEED: "the request carries a seed, which makes the reference's answers alike",
    Exclusion.NO_CONTROL: "no second reference answer was asked",
    Exclusion.CACHED: "an answer came from a cache",
    Exclusion.SAME_SERVER: "the provider and the reference are the same server",
    Exclusion.CACHING_REFERENCE: "answers come from a cache, so the tests of agreement are off",
    Exclusion.REPEATED: "the same request was counted within the last 24 hours",
    Exclusion.CONVERSATION_FULL: "ten pairs of this conversation were counted within the last 24 hours",
    Exclusion.TOO_MANY_GROUPS: "as many groups as `drift.groups` allows are judged already, and its group is none of them",
    Exclusion.FIRST_CHOICE_ONLY: "several answers were asked for: only the first of each was compared",
    Exclusion.GREEDY_TEXT: "the temperature is 0: texts are not compared, since healthy engines part in long ones",
}

REMARKS = frozenset({Exclusion.FIRST_CHOICE_ONLY, Exclusion.GREEDY_TEXT})
"""These leave a part of a pair out, never the pair."""


def why_silent(ask: Ask, y: Answer, r: Answer) -> Exclusion:
    """Why no second reference answer could tell anything of these two; NONE when one could."""
    if ask.unread is not None:
        return Exclusion.REQUEST_UNREAD
    if why := why_not_whole(y, r):
        return why
    return Exclusion.NONE if ask.seed is None else Exclusion.SEED


def why_not_whole(y: Answer, r: Answer) -> Exclusion:
    """Which fate of the two answers leaves nothing to compare."""
    if any(leg.exchange.failure is not None and leg.exchange.failure.kind is FailureKind.CLIENT_GONE for leg in (y, r)):
        return Exclusion.CLIENT_GONE
    fates = standing(y)[0], standing(r)[0]
    if Standing.UNSEEN in fates:
        return Exclusion.CUT
    if Standing.BARRED in fates:
        return Exclusion.BARRED
    if fates[1] is Standing.FAILED:
        return Exclusion.REFERENCE_FAILED
    return Exclusion.PROVIDER_FAILED if fates[0] is Standing.FAILED else Exclusion.NONE


def why_cached(ask: Ask, *whole: Answer) -> Exclusion:
    """Whether any of these whole answers came from a cache: by its head, by an id that another has, or by a long text that
    another has although the temperature is high. In no order.
    """
    ids = [found for leg in whole if (found := said(leg).id)]
    if len(set(ids)) < len(ids) or any(_cached_by_its_head(leg) for leg in whole):
        return Exclusion.CACHED
    texts = [text for leg in whole if len(text := said(leg).first.text or "") >= LONG]
    warm = ask.temperature is None or ask.temperature >= WARM
    return Exclusion.CACHED if warm and len(set(texts)) < len(texts) else Exclusion.NONE


def remarks(ask: Ask) -> tuple[Exclusion, ...]:
    """What of any pair of this request is not compared."""
    several = (Exclusion.FIRST_CHOICE_ONLY,) if ask.n > 1 else ()
    return (*several, Exclusion.GREEDY_TEXT) if ask.temperature == 0 else several


def _cached_by_its_head(leg: Answer) -> bool:
    """As shared caches say it (RFC 9111, section 5.1; x-cache is a custom of theirs)."""
    response = leg.exchange.response
    heads = {name.lower(): value.strip().lower() for name, value in response.headers} if response else {}
    return "hit" in heads.get("x-cache", "") or heads.get("age", "0") not in {"", "0"}
