"""Whether a request was carried out with the parameters that it sets, as the response reports them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from shadow.findings.comparability import WHOLE, comparability_of
from shadow.findings.finding import Finding, Signal
from shadow.findings.finding_builders import match_or_differ, not_measured, short
from shadow.reading.completion import Completion
from shadow.reading.parsed_request import ParsedRequest, parse_request
from shadow.reading.parsed_response import ParsedResponse
from shadow.reading.stated_parameters import USAGE_MEMBERS, Value, stated_parameters

_APPLIED_PARAMETERS = Signal.APPLIED_PARAMETERS
OF_TOOLS = frozenset({"tool_choice", "parallel_tool_calls"})
"""Parameters that apply to nothing where no tool is offered."""
UNSET = "the request sets none of the parameters that the answer states"
OF_TIER = frozenset({"service_tier", *USAGE_MEMBERS})
"""What answers of APIs other than `/v1/responses` state."""
OPEN: Mapping[str, frozenset[Value]] = {
    "service_tier": frozenset({"auto"}),
    "reasoning.summary": frozenset({"auto"}),
    "inference_geo": frozenset({"global"}),
    "store": frozenset({True}),
}
"""Values by which a request leaves the choice to the server. `store: true` is among them: an organisation that keeps no data gets
false.
"""
UNKNOWN: Mapping[str, frozenset[Value]] = {"service_tier": frozenset({"auto"}), "inference_geo": frozenset({"not_available"})}
"""Values of an answer that do not state what was applied."""
_STANDARD: Mapping[Value, Value] = dict.fromkeys(("default", "standard", "standard_only", "on_demand"), "default")
ALIASES: Mapping[str, Mapping[Value, Value]] = {"service_tier": _STANDARD}
"""Words of several providers for one value."""
CLOSE = 1e-6
"""The relative difference within which two numbers are one: a float32 holds 0.7 as 0.699999988."""


def applied_parameters(request: ParsedRequest, answer: ParsedResponse) -> Finding:
    """Each parameter that the request sets and the answer states has the same value in both.

    A copy for a reference may be altered, so a difference counts only where the request that was sent sets the value too.
    """
    completion = answer.completion
    if request.unread is not None or not isinstance(completion, Completion) or comparability_of(answer)[0] is not WHOLE:
        return not_measured(_APPLIED_PARAMETERS, "there is no whole answer to a request that could be read")
    if not completion.applied:
        return not_measured(_APPLIED_PARAMETERS, "the answer states no parameters that it was made with")
    if OF_TIER.issuperset(completion.applied) and OF_TIER.isdisjoint(request.sent):
        return not_measured(_APPLIED_PARAMETERS, UNSET)
    asked = stated_parameters(request.sent)
    names = [*_compared(request, asked, completion.applied)]
    if not names:
        return not_measured(_APPLIED_PARAMETERS, UNSET)
    other = [name for name in names if not same(name, asked[name], completion.applied[name])]
    other = [name for name in other if same(name, asked[name], _sent(answer).get(name))] if other else []
    return match_or_differ(
        _APPLIED_PARAMETERS,
        not other,
        _listed(other or names, completion.applied),
        _listed(other or names, asked),
        "; ".join(f"{name} {asked[name]!r} was requested, {completion.applied[name]!r} applied" for name in other[:4]),
    )


def same(name: str, asked: Value | None, applied: Value | None) -> bool:
    """Whether two values are one: numbers as numbers, a boolean is none, words by their aliases."""
    if asked is None or applied is None:
        return asked is applied
    if isinstance(asked, (bool, str)) or isinstance(applied, (bool, str)):
        known = ALIASES.get(name, {})
        return type(asked) is type(applied) and known.get(asked, asked) == known.get(applied, applied)
    return math.isclose(asked, applied, rel_tol=CLOSE, abs_tol=CLOSE)


def _compared(request: ParsedRequest, asked: Mapping[str, Value], applied: Mapping[str, Value]) -> Iterator[str]:
    """The names of the parameters that both sides state and neither leaves open."""
    for name, value in asked.items():
        moot = name in OF_TOOLS and not request.tools
        if name in applied and not moot and value not in OPEN.get(name, ()) and applied[name] not in UNKNOWN.get(name, ()):
            yield name


def _sent(answer: ParsedResponse) -> Mapping[str, Value]:
    """The parameters of the request that was sent for this response."""
    request = answer.exchange.request
    return stated_parameters(parse_request(request.target, request.headers, request.body, request.truncated).sent)


def _listed(names: list[str], values: Mapping[str, Value]) -> str:
    return short(", ".join(f"{name} {values[name]}" for name in names))
