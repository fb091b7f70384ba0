"""shortfalls(): why pairs could not be compared, counted by cause and side, each with a sentence and what to do."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from shadow.verdict.evidence import EvidenceSide, Shortfall

REASON = re.compile(
    r"the (provider|reference) (?:gave no whole answer|returned no complete response)"
    r" \((?:refused: (context|thinking|model|parameter|request) ?(\w*)|\w+)\)"
    r"(?:: (?:status |error )?(\w+))?"
)
"""Why a side has no complete response; `gave no whole answer` and `barred` are the words of 0.1.0."""
UNREAD = "the request could not be read"
APIS = "two different APIs"

SENTENCES: Mapping[str, tuple[str, str]] = {
    "401": ("refused with 401 (key)", "check its key"),
    "402": ("refused with 402 (billing)", "check its account"),
    "403": ("refused with 403 (permission)", "check what its key may do"),
    "404": ("refused with 404 (no such model or path)", "check its base_url and its name for the model"),
    "407": ("was refused by an outbound proxy with 407", "check the proxy's credentials"),
    "429": ("refused with 429 (rate limit)", "lower the sample or raise its rate limit"),
    "too_large": ("sent a body too large to be read", "raise `shadow.max_body`"),
    "truncated": ("sent a body that was recorded only in part", "raise `proxy.limits.audit_body`"),
    "not_held": ("sent a body for which there was no room", "raise `proxy.limits.audit_held`"),
    "encoding": ("sent a body in an unsupported encoding", "nothing to do: the pair is left out"),
    "not_json": ("sent a body that is not JSON", "inspect one of these pairs"),
    "not_sse": ("sent a body that is not an event stream", "inspect one of these pairs"),
    "wrong_shape": ("sent a body of unknown form", "inspect one of these pairs"),
    "client_gone": ("was cut off because the client left", "nothing to do: the pair is left out"),
    "stale": (
        "closed a reused connection before it answered",
        "if this persists, check its server or the load balancer before it",
    ),
    "dns": ("was not found (DNS)", "check its base_url"),
    "connect": ("could not be reached", "check its base_url"),
    "tls": ("could not be reached (TLS)", "check its base_url"),
}
"""What a side did, and what to do, by the first word of the stored reason; any other status is printed as its number."""


def shortfalls(reasons: Mapping[str, int]) -> tuple[Shortfall, ...]:
    """The causes of these reasons (each with its pairs), the most frequent first."""
    found: Counter[tuple[EvidenceSide, str]] = Counter()
    for reason, pairs in reasons.items():
        found[_cause(reason)] += pairs
    ordered = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    return tuple(_shortfall(side, cause, pairs) for (side, cause), pairs in ordered)


def _cause(reason: str) -> tuple[EvidenceSide, str]:
    if known := REASON.match(reason):
        refused = f"{known[2]} {known[3]}".strip() if known[2] else ""
        return EvidenceSide(known[1]), refused or (known[4] or "other").lower()
    kind = "unread_request" if reason.startswith(UNREAD) else "other_api" if reason.startswith(APIS) else "other"
    return EvidenceSide.UNKNOWN, kind


def _shortfall(side: EvidenceSide, cause: str, pairs: int) -> Shortfall:
    if side is EvidenceSide.UNKNOWN:
        what, remedy = _REQUESTS.get(cause, _REQUESTS["other"])
        return Shortfall(cause=cause, side=side, pairs=pairs, sentence=f"{what} in {pairs}", remedy=remedy)
    if refused := _refused(cause):
        what, remedy = refused
        return Shortfall(cause=cause, side=side, pairs=pairs, sentence=f"the {side.value} {what} in {pairs}", remedy=remedy)
    status = f"answered with status {cause}" if cause.isdigit() else f"failed ({cause.replace('_', ' ')})"
    what, remedy = SENTENCES.get(cause, (status, "inspect one of these pairs"))
    return Shortfall(cause=cause, side=side, pairs=pairs, sentence=f"the {side.value} {what} in {pairs}", remedy=remedy)


def refused_for(cause: str) -> str:
    """What a refusal is about, in a few words (`context 8,192`, `the member top_k`); "" where the cause is no refusal."""
    kind, _, detail = cause.partition(" ")
    if kind == "context":
        return f"context {int(detail):,}" if detail.isdecimal() else "context"
    if kind == "parameter":
        return f"the member {detail}"
    return {"thinking": "earlier thinking", "model": "the model", "request": "the request"}.get(kind, "")


def _refused(cause: str) -> tuple[str, str] | None:
    about = refused_for(cause)
    if not about:
        return None
    kind, _, detail = cause.partition(" ")
    remedies = {
        "context": "nothing to do: these prompts are longer; a reference with more context may take them",
        "parameter": f'`drop = ["{detail}"]` or `rename` in its table adapts the copies',
        "thinking": "`strip_thinking = true` in its table removes it from the copies",
        "model": "check its name for the model (`models`), and that its key may use it",
        "request": "inspect one of these pairs",
    }
    return f"refused ({about})", remedies[kind]


_REQUESTS: Mapping[str, tuple[str, str]] = {
    "unread_request": ("the request could not be read", "inspect one of these pairs"),
    "other_api": ("the two answered by different APIs", "use the same path for both"),
    "other": ("the two could not be compared", "inspect one of these pairs"),
}
