"""Whether the answer names the requested model, and the same model and server from the first event to the last."""

from __future__ import annotations

import re
from collections.abc import Collection

from shadow.checks.model_names import Likeness, likeness
from shadow.findings.finding import Finding, Signal
from shadow.findings.finding_builders import match_or_differ, not_measured, short
from shadow.reading.completion import Completion
from shadow.reading.parsed_request import ParsedRequest
from shadow.reading.response_notes import FINGERPRINT_CHANGED, ID_CHANGED, MODEL_CHANGED

_ECHOED_MODEL = Signal.ECHOED_MODEL
_SERVING_CHANGE = Signal.SERVING_CHANGE
NAMED_ONCE = "a whole answer names its server once"
CHANGES = (MODEL_CHANGED, ID_CHANGED, FINGERPRINT_CHANGED)
_ANY = frozenset({"", "auto", "default", "latest", "model", "model-router", "router"})
"""Names that leave the choice of a model to the provider."""
DEPLOYMENT = re.compile(r"/deployments/([^/?]+)/")
"""Where a path names the deployment that answers, as Azure's do: a name that its user chose."""
ALIASED = "is a name of the provider's own"


def echoed_model(request: ParsedRequest, completion: Completion) -> Finding:
    """The answer names the requested model; vendors, regions, dates and spelling are no difference.

    A request without a date leaves the snapshot to the server; two dates must be the same. A name that cannot be compared with
    the other is the provider's own: one answer alone cannot decide it, and `changed_alias` judges it by earlier ones.
    """
    if not completion.model:
        return not_measured(_ECHOED_MODEL, "the answer names no model")
    if request.model.rpartition("/")[2].casefold() in _ANY:
        return not_measured(_ECHOED_MODEL, "the request names no particular model")
    like = likeness(request.model, completion.model)
    if like is Likeness.SAME:
        return match_or_differ(_ECHOED_MODEL, True, completion.model, request.model, "")
    asked, named = short(repr(request.model), 80), short(repr(completion.model), 80)
    if like is Likeness.ALIAS:
        return not_measured(_ECHOED_MODEL, f"{asked} {ALIASED}, and {named} answers: only a change of it would be a fault")
    reason = f"{asked} was requested, {named} answers"
    return match_or_differ(_ECHOED_MODEL, False, completion.model, request.model, reason)


def changed_alias(found: Finding, completion: Completion, known_as: Collection[str]) -> Finding:
    """A name of the provider's own stands for one model: the finding, judged by the names that answered to it before."""
    if not known_as or ALIASED not in found.reason:
        return found
    if any(completion.model == name or likeness(name, completion.model) is Likeness.SAME for name in known_as):
        return match_or_differ(_ECHOED_MODEL, True, completion.model, "", "")
    before = ", ".join(sorted(short(repr(name), 80) for name in known_as)[:3])
    reason = f"{short(repr(completion.model), 80)} answers, where {before} did since the first answer"
    return match_or_differ(_ECHOED_MODEL, False, completion.model, before, reason)


def serving_change(_request: ParsedRequest, completion: Completion) -> Finding:
    """One answer comes from one server: its id, its model and its fingerprint stay what they are."""
    if not completion.stream:
        return not_measured(_SERVING_CHANGE, NAMED_ONCE)
    found = [note for note in completion.notes if note in CHANGES]
    return match_or_differ(_SERVING_CHANGE, not found, f"{len(found)} changes", "", "; ".join(found))
