"""The serving identity: what responses reveal about their server, as a set of values for each facet, and when that changes.

A value not seen before is a change, with its date; one that has not been seen for 500 answers is a change too. The first answers
of a kind (an API, whole or streamed) set the baseline and are no change, nor is the first limit that a refusal states. A facet
whose values never settle (a fingerprint for each request) is left out, because it identifies no server.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import chain, compress
from operator import attrgetter

from proxy.exchange import Headers
from shadow.findings.finding_builders import short
from shadow.findings.rejected_request import stated_limit
from shadow.reading.apis import api_of
from shadow.reading.completion import Completion, Usage
from shadow.reading.parsed_response import ParsedResponse

HEADERS = (
    *("server", "via", "x-powered-by", "openai-version", "openai-processing-region", "x-region", "x-served-by"),
    *("x-ms-region", "x-ms-deployment-name", "x-ms-is-spilled-over", "x-zero-data-retention", "x-ppl-region"),
)
"""Response headers that describe a server and not a request; no other header is read."""
COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens", "reasoning_tokens", "cached_tokens")
"""The counts of a usage by whose presence servers are distinguished; a cost, or what went into a cache, is of one request."""
WARM_UP = 20
"""Answers of one kind that set the baseline; after them a new value of a facet is a change."""
LIMIT, REGION = "context_limit", "inference_geo"
STATED = frozenset({LIMIT, REGION})
"""Facets that only some answers show: their first value is no change, because the value before is unknown."""
FORGOTTEN = 500
"""Answers without a value after which the value is gone."""
UNSETTLED = 8
"""Values of one facet beyond which it is not a trait of the server."""
LONGEST = 120

Facts = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityChange:
    """From here on another server answers, or the same one differently; the baseline has no `changes` and no `previous`."""

    identity: str
    previous: str
    changes: tuple[str, ...]
    facts: Facts


def traits(answer: ParsedResponse, *, declared: Mapping[str, str], clean: Callable[[str], str] = str) -> Mapping[str, str]:
    """What one whole answer reveals about its server, by facet; `declared` is set by the configuration (quantization, tier).

    `clean` removes from a value what may not be stored, before it is cut.
    """
    return cleaned(revealed(answer), declared, clean)


def revealed(answer: ParsedResponse) -> tuple[str, ...]:
    """What one whole answer reveals about its server as it came: a facet, its value, the next facet; a value may be empty."""
    completion = answer.completion
    if not isinstance(completion, Completion) or answer.exchange.response is None:
        return LIMIT, stated_limit(answer.error)
    spoken = api_of(answer.exchange.request.target)
    of_api = f" ({spoken})" if spoken not in ("", "chat") else ""
    region = str(completion.applied.get(REGION, ""))
    return (
        *("model", completion.model, "provider", completion.provider, "fingerprint", completion.fingerprint),
        *(f"id{of_api}", id_form(completion.id), f"usage{of_api}", _usage(completion.usage)),
        *(REGION, "" if region == "not_available" else region),
        *_headers(answer.exchange.response.headers),
    )


def cleaned(found: tuple[str, ...], declared: Mapping[str, str], clean: Callable[[str], str]) -> Mapping[str, str]:
    """What `revealed` found, and what is `declared` of a server that it found, as it may be stored."""
    values = dict(zip(found[::2], found[1::2], strict=True))
    if LIMIT not in values:
        values |= {f"declared {name}": value for name, value in declared.items()}
    return {facet: short(clean(value), LONGEST) for facet, value in values.items() if value}


def id_form(text: str) -> str:
    """The form of an id, not the id: its prefix, and what its rest is made of (`chatcmpl-` then hex of 32, a UUID ...)."""
    if not text:
        return ""
    prefix = _PREFIX.match(text)
    rest = text[prefix.end() :] if prefix else text
    form = _FORM.fullmatch(rest)
    return f"{prefix.group() if prefix else ''}{_FORMS[form.lastindex - 1] if form and form.lastindex else 'other'}"


_PREFIX = re.compile(r"(?:[A-Za-z]{2,16}[-_.:])+")
_FORMS = ("uuid", "digits", "hex", "digits and letters", "letters")
_FORM = re.compile(
    r"([0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12})|(\d+)|([0-9a-f]{8,})|(\d{6,}-[A-Za-z0-9]+)|([A-Za-z0-9]+)"
)
"""A group for each of `_FORMS`; the first that fits names the form."""


def _usage(usage: Usage | None) -> str:
    """Which counts are reported."""
    return "" if usage is None else _reported(tuple([count is not None for count in _counts(usage)]))


_counts = attrgetter(*COUNTS)


@cache
def _reported(which: tuple[bool, ...]) -> str:
    return ", ".join(compress(COUNTS, which))


def _headers(headers: Headers) -> list[str]:
    """The first value of each header of the list, after its name, without the part that identifies a request."""
    found: dict[str, str] = {}
    for name, value in headers:
        if name.lower() in HEADERS:
            found.setdefault(name.lower(), value)
        if name.lower() == "cf-ray" and "-" in value:
            found.setdefault("cf-ray", value.rpartition("-")[2])
    return [*chain.from_iterable(found.items())]


class ServingIdentity:
    """The identity of one provider for one model, learned from its answers in their order."""

    def __init__(self, facts: Facts | None = None) -> None:
        """`facts` as an earlier run stored them; the baseline is then complete."""
        self._count = WARM_UP if facts else 0
        self._seen: defaultdict[str, OrderedDict[str, int]] = defaultdict(OrderedDict)
        self._seen |= {facet: OrderedDict.fromkeys(values, WARM_UP) for facet, values in (facts or {}).items()}
        apis = {_api_of(facet) for facet in facts or ()}
        self._kinds = Counter({kind: WARM_UP for api in apis for kind in ("", kind_of(api, False), kind_of(api, True))})
        self._unsettled: set[str] = set()
        self._identity = identity_of(self.facts) if facts else ""

    def __repr__(self) -> str:
        return f"<ServingIdentity answers={self._count} identity={self._identity!r} unsettled={sorted(self._unsettled)}>"

    @property
    def facts(self) -> Facts:
        """The values of each facet, both sorted."""
        return {facet: tuple(sorted(values)) for facet, values in sorted(self._seen.items()) if values}

    def values(self, facet: str) -> tuple[str, ...]:
        """The values of one facet, in the order in which they were last seen."""
        return tuple(self._seen.get(facet, ()))

    @property
    def identity(self) -> str:
        """The hash of the facts as last reported; "" until the baseline is complete."""
        return self._identity

    def observe(self, revealed: Mapping[str, str], kind: str = "") -> IdentityChange | None:
        """Take in what one answer of a `kind` (see `kind_of`) reveals, and return the change it makes, if any."""
        if not revealed:
            return None
        self._count += 1
        self._kinds[kind] += 1
        known = self._kinds[kind] > WARM_UP
        changes = [sentence for facet, value in revealed.items() if (sentence := self._value(facet, value, known=known))]
        changes += self._forgotten()
        if self._count < WARM_UP or not (changes or not self._identity):
            return None
        previous, self._identity = self._identity, identity_of(self.facts)
        if self._identity == previous:
            return None
        return IdentityChange(
            identity=self._identity, previous=previous, changes=tuple(changes) if previous else (), facts=self.facts
        )

    def _value(self, facet: str, value: str, *, known: bool) -> str:
        """Record one value; a sentence when it is new, of a kind that is `known`, and not the first of `STATED`."""
        if facet in self._unsettled:
            return ""
        seen = self._seen[facet]
        first = facet in STATED and not seen
        before = "" if value in seen else ", ".join(seen) or "nothing"
        seen[value] = self._count
        seen.move_to_end(value)
        if len(seen) > UNSETTLED:
            self._unsettled.add(facet)
            seen.clear()
            return f"{facet}: changes too often, no longer compared"
        return f"{facet}: {value} is new (before: {before})" if before and known and not first else ""

    def _forgotten(self) -> list[str]:
        """Remove values that were not found for long although their facet was; each is a change."""
        gone = []
        for facet, seen in self._seen.items():
            while len(seen) > 1 and self._count - next(iter(seen.values())) > FORGOTTEN:
                value, _ = seen.popitem(last=False)
                gone.append(f"{facet}: {value} is no longer seen")
        return gone


def kind_of(api: str, stream: bool) -> str:
    """The kind of an answer; each kind has its own baseline."""
    return f"{api or 'chat'} {'streamed' if stream else 'whole'}"


def _api_of(facet: str) -> str:
    """The API in whose answers a facet occurs, by its name."""
    return facet.rpartition("(")[2].removesuffix(")") if facet.endswith(")") else "chat"


def identity_of(facts: Facts) -> str:
    """12 hex digits that are equal for equal facts."""
    return hashlib.sha256(json.dumps({name: list(values) for name, values in facts.items()}).encode()).hexdigest()[:12]
