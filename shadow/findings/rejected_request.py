"""Why a server rejects a request as it is, in a few fixed words: its context, a member, a model, thinking it cannot check.

The words hold nothing of the request but the name of one of its own members, so that they may be stored whatever else may not.
"""

from __future__ import annotations

import re

from shadow.findings.error_classes import ErrorClass, classify_error
from shadow.reading.completion import ProviderError
from shadow.reading.parsed_request import ParsedRequest

REJECTING = frozenset({ErrorClass.BAD_PARAMETER, ErrorClass.CONTEXT_OVERFLOW})
"""Classes of errors by which a server rejects this request as it is."""
QUESTION_MEMBERS = frozenset({"model", "messages", "input", "prompt"})
"""Members that a message mentions without meaning that they are wrong; only a field of the error can state that."""
_QUOTED = re.compile(r"['\"`]([A-Za-z_][\w.\[\]]{1,40})['\"`]")
_NAMED = re.compile(
    r"\b(temperature|top_p|top_k|n|stop|seed|max_tokens|max_completion_tokens|logit_bias|logprobs|top_logprobs|tools?|tool_choice"
    r"|response_format|reasoning_effort|parallel_tool_calls|stream_options|presence_penalty|frequency_penalty)\b"
)
_NO_SUCH = frozenset({404, 405})
"""Statuses that concern the address, where they do not concern the model."""
_ROOT = re.compile(r"[A-Za-z_]\w{0,60}")
_MODEL = re.compile(
    r"model.{0,120}(does not exist|not found|not (be )?available|no(t have)? access|not (support|serv)ed|unknown)"
    r"|(unknown|no such|invalid|unsupported) model|model_not_found|access to (the |this )?model",
    re.IGNORECASE | re.DOTALL,
)
_THINKING = re.compile(
    r"signature.{0,60}thinking|thinking.{0,60}signature|redacted_thinking|encrypted.?content|reasoning item",
    re.IGNORECASE | re.DOTALL,
)
_LIMIT = re.compile(
    r"(?:maximum context length (?:is|of)|context size \(|maximum sequence length of|context length|token limit:?|must be <="
    r"|maximum number of tokens allowed \(|context window of|>)\s*\(?(?:of |is |of this model is )?(\d[\d,]{2,9})"
    r"|context length of (?:this|the) model is (\d[\d,]{2,9})",
    re.IGNORECASE,
)


def stated_limit(error: ProviderError | None) -> str:
    """The limit, in tokens, that a refusal for length names; "" for none."""
    if error is None or classify_error(error) is not ErrorClass.CONTEXT_OVERFLOW:
        return ""
    found = _LIMIT.search(error.message)
    return (found[1] or found[2]).replace(",", "") if found else ""


def rejection_reason(request: ParsedRequest, error: ProviderError) -> str:
    """`context` with the limit, `thinking`, `model`, `parameter` with its name, or `request`; "" for any other error."""
    kind = classify_error(error)
    if kind not in REJECTING:
        return ""
    if kind is ErrorClass.CONTEXT_OVERFLOW:
        return f"context {stated_limit(error)}".strip()
    if _THINKING.search(error.message):
        return "thinking"
    member = rejected_member(request, error)
    if member == "model" or _MODEL.search(f"{error.code} {error.message}"):
        return "model"
    if error.status in _NO_SUCH:
        return ""
    return f"parameter {member}" if member in request.sent else "request"


def rejected_member(request: ParsedRequest, error: ProviderError) -> str:
    """The member of the request that an error means, by its own field, else by the words of the message; "" where none is meant.

    A name that the request holds is preferred. A refusal over the context means no member, whatever words it uses.
    """
    if classify_error(error) is ErrorClass.CONTEXT_OVERFLOW:
        return ""
    if field := _ROOT.match(error.param):
        return field[0]
    if _MODEL.search(error.message):
        return "model"
    quoted = [found[1] for found in _QUOTED.finditer(error.message)]
    named = [root[0] for name in (*quoted, *_NAMED.findall(error.message)) if (root := _ROOT.match(name))]
    meant = [name for name in named if name not in QUESTION_MEMBERS]
    return next((name for name in meant if name in request.sent), meant[0] if meant else "")
