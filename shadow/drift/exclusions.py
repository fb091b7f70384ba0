"""`Exclusion`: the closed list of reasons why parts of a pair do not count, each with the sentence that a report prints.

Each reason but one is symmetric in the two answers, because excluding pairs by one side alone would bias. The exception are
the headers by which the reference shows a cache: a cached answer is a draw like any other, but r and r' would be the same draw.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from proxy.exchange import FailureKind
from proxy.routing.header_rules import CACHES
from shadow.findings.comparability import Comparability, comparability_of, completion_of
from shadow.reading.parsed_request import ParsedRequest
from shadow.reading.parsed_response import ParsedResponse

LONG = 1_000
"""Characters from which two sampled texts are not the same by chance."""
WARM = 0.5
"""Temperature from which two sampled texts differ."""

CACHE_FIELDS = tuple(name.decode() for name in CACHES)
"""Header fields in which a cache that answered writes the word `hit`."""


class Exclusion(StrEnum):
    """A reason, as a label; NONE is no reason."""

    NONE = ""
    REQUEST_UNREAD = "request_unread"
    CLIENT_GONE = "client_gone"
    CUT = "cut"
    DENIED = "denied"
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
    Exclusion.CUT: "an answer was not recorded whole",
    Exclusion.DENIED: "the call was rejected: key, billing or rate limit (401, 402, 403, 429)",
    Exclusion.PROVIDER_FAILED: "the provider failed: that counts for the signal error alone",
    Exclusion.REFERENCE_FAILED: "the reference failed: that counts for the signal error alone",
    Exclusion.CONTROL_FAILED: "the second reference answer failed",
    Exclusion.SEED: "the request sets a seed, which makes the reference's answers alike",
    Exclusion.NO_CONTROL: "no second reference answer was requested",
    Exclusion.CACHED: "an answer of the reference came from a cache",
    Exclusion.SAME_SERVER: "the provider and the reference are the same server: there is no drift between them",
    Exclusion.CACHING_REFERENCE: "answers of the reference come from a cache, so the tests of agreement are off",
    Exclusion.REPEATED: "the same request was counted within the last 24 hours",
    Exclusion.CONVERSATION_FULL: "ten pairs of this conversation were counted within the last 24 hours",
    Exclusion.TOO_MANY_GROUPS: "the limit `drift.groups` is reached, and this group is not among those judged",
    Exclusion.FIRST_CHOICE_ONLY: "the request sets `n`: only the first answer of each side was compared",
    Exclusion.GREEDY_TEXT: "the temperature is 0: texts are not compared, because healthy engines diverge in long ones",
}

REMARKS = frozenset({Exclusion.FIRST_CHOICE_ONLY, Exclusion.GREEDY_TEXT})
"""These exclude a part of a pair, never the pair."""


def why_no_tiebreak(request: ParsedRequest, y: ParsedResponse, r: ParsedResponse) -> Exclusion:
    """Why no second reference answer could settle these two; NONE when one could."""
    if request.unread is not None:
        return Exclusion.REQUEST_UNREAD
    if why := why_not_whole(y, r):
        return why
    return Exclusion.NONE if request.seed is None else Exclusion.SEED


def why_not_whole(y: ParsedResponse, r: ParsedResponse) -> Exclusion:
    """The failure that leaves nothing to compare; NONE where both answers are whole."""
    if any(answer.exchange.failure is not None and answer.exchange.failure.kind is FailureKind.CLIENT_GONE for answer in (y, r)):
        return Exclusion.CLIENT_GONE
    fates = comparability_of(y)[0], comparability_of(r)[0]
    if Comparability.UNRECORDED in fates:
        return Exclusion.CUT
    if Comparability.DENIED in fates:
        return Exclusion.DENIED
    if fates[1] is Comparability.FAILED:
        return Exclusion.REFERENCE_FAILED
    return Exclusion.PROVIDER_FAILED if fates[0] is Comparability.FAILED else Exclusion.NONE


def why_cached(request: ParsedRequest, y: ParsedResponse, *reference: ParsedResponse) -> Exclusion:
    """Whether an answer of the `reference` came from a cache: by its head, by an id that another answer has, or by a long text
    that another has although the temperature is high.

    Only the reference's own heads count (RFC 9111, 5.1). A provider's cache leaves r and r' independent of each other, and what
    a provider writes in its headers must not decide which of its answers are judged, and it cannot foresee ids and texts of r
    and r'.
    """
    whole = (y, *reference)
    ids = [found for answer in whole if (found := completion_of(answer).id)]
    if len(set(ids)) < len(ids) or any(_cached_by_header(answer) for answer in reference):
        return Exclusion.CACHED
    texts = [text for answer in whole if len(text := completion_of(answer).first.text or "") >= LONG]
    warm = request.temperature is None or request.temperature >= WARM
    return Exclusion.CACHED if warm and len(set(texts)) < len(texts) else Exclusion.NONE


def remarks(request: ParsedRequest) -> tuple[Exclusion, ...]:
    """The parts of any pair of this request that are not compared."""
    several = (Exclusion.FIRST_CHOICE_ONLY,) if request.n > 1 else ()
    return (*several, Exclusion.GREEDY_TEXT) if request.temperature == 0 else several


def _cached_by_header(answer: ParsedResponse) -> bool:
    """Whether a shared cache marked the response: Age (RFC 9111, 5.1), Cache-Status (RFC 9211), or a field of `CACHE_FIELDS`."""
    response = answer.exchange.response
    heads = {name.lower(): value.strip().lower() for name, value in response.headers} if response else {}
    return any("hit" in heads.get(name, "") for name in CACHE_FIELDS) or heads.get("age", "0") not in {"", "0"}
