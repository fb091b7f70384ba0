"""One stored exchange as a span with the attributes of the OpenTelemetry GenAI conventions 0.1.0. Pure.

Rule: without `content` no attribute holds text of a prompt or of an answer; stop sequences are text of the client.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from proxy.exchange import Role
from proxy.provider_config import Provider
from shadow.reading.completion import Completion, Unread, Usage
from shadow.reading.parsed_exchange import ParsedExchange
from shadow.reading.parsed_request import ParsedRequest
from shadow.telemetry.genai_messages import input_messages, output_messages, tool_definitions
from shadow.telemetry.span_values import Attributes, AttributeValue, EventValue, SpanKind, SpanValue
from shadow.telemetry.trace_context import TraceContext, span_id
from storage.rows import ExchangeRow

OPERATIONS = {
    **dict.fromkeys(("chat", "messages", "responses"), "chat"),
    "completions": "text_completion",
    "embeddings": "embeddings",
}
"""`gen_ai.operation.name` by API; exchanges of other paths are no spans."""
KNOWN_PROVIDERS = {
    "api.openai.com": "openai",
    "openai.azure.com": "azure.ai.openai",
    "api.anthropic.com": "anthropic",
    "api.deepseek.com": "deepseek",
    "api.groq.com": "groq",
    "api.mistral.ai": "mistral_ai",
    "api.moonshot.ai": "moonshot_ai",
    "api.moonshot.cn": "moonshot_ai",
    "api.perplexity.ai": "perplexity",
    "api.x.ai": "x_ai",
    "api.cohere.ai": "cohere",
    "api.cohere.com": "cohere",
    "generativelanguage.googleapis.com": "gcp.gemini",
    "aiplatform.googleapis.com": "gcp.vertex_ai",
}
"""`gen_ai.provider.name` by the end of the host; another host has the name that the configuration gives its provider."""
NUMBERS = ("temperature", "top_p", "frequency_penalty", "presence_penalty")
COUNTS = ("top_k", "seed")
SHORT = 200
MOST_STOPS = 100
"""Stop sequences of a request that are sent, each cut to `SHORT` characters."""
LARGEST = 2**63


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanPlace:
    """Where a span stands: its trace, the id of its parent, and the pair that it belongs to ("" for a live exchange)."""

    context: TraceContext
    parent_id: bytes
    pair_id: str = ""


def exchange_span(
    row: ExchangeRow,
    parsed: ParsedExchange,
    place: SpanPlace,
    provider: Provider | None,
    *,
    content: bool,
    events: tuple[EventValue, ...] = (),
) -> SpanValue | None:
    """The span of one exchange; None where its path belongs to no API that is read."""
    operation = OPERATIONS.get(parsed.request.api)
    if operation is None:
        return None
    error = error_type(row)
    attributes = {**genai_attributes(row, parsed), **_server(row, provider), **_own(row, place)}
    if content:
        attributes |= _content(parsed)
    return SpanValue(
        trace_id=place.context.trace_id,
        span_id=span_id(row.id),
        parent_id=place.parent_id,
        name=_name(operation, row),
        kind=SpanKind.CLIENT,
        started=row.started,
        ended=row.started + row.seconds,
        attributes=attributes,
        error=error,
        events=events,
    )


def genai_attributes(row: ExchangeRow, parsed: ParsedExchange) -> dict[str, AttributeValue]:
    """What one exchange asked for and what its answer was, by the names of the conventions: counts, settings and states."""
    operation, error = OPERATIONS.get(parsed.request.api), error_type(row)
    found: dict[str, AttributeValue] = {"gen_ai.operation.name": operation} if operation else {}
    found |= _asked(row, parsed.request)
    found |= _answered(row, parsed)
    return found | ({"error.type": error} if error else {})


def _name(operation: str, row: ExchangeRow) -> str:
    """As the conventions have it, with the role of a span that is not the application's own."""
    role = "" if row.role == Role.PRIMARY.value else f"({row.role})"
    return " ".join(filter(None, (operation, row.model, role)))


def error_type(row: ExchangeRow) -> str:
    """The failure that ended an exchange, or the status of an error response, as text; "" for none."""
    return row.failure or (str(row.status) if row.status is not None and row.status >= 400 else "")


def _server(row: ExchangeRow, provider: Provider | None) -> Attributes:
    address = urlsplit(provider.base_url) if provider else None
    host = (address.hostname or "") if address else ""
    known = next((name for end, name in KNOWN_PROVIDERS.items() if host == end or host.endswith(f".{end}")), "")
    found: dict[str, AttributeValue] = {"gen_ai.provider.name": known or row.provider}
    if address and host:
        found |= {"server.address": host, "server.port": address.port or (443 if address.scheme == "https" else 80)}
    return found


def _asked(row: ExchangeRow, request: ParsedRequest) -> Attributes:
    sent = request.sent
    found: dict[str, AttributeValue] = {}
    if row.model:
        found["gen_ai.request.model"] = row.model
    if row.stream:
        found["gen_ai.request.stream"] = True
    if request.max_tokens is not None and abs(request.max_tokens) < LARGEST:
        found["gen_ai.request.max_tokens"] = request.max_tokens
    if request.n != 1 and abs(request.n) < LARGEST:
        found["gen_ai.request.choice.count"] = request.n
    found |= {f"gen_ai.request.{name}": float(sent[name]) for name in NUMBERS if _is_number(sent.get(name))}
    found |= {f"gen_ai.request.{name}": int(sent[name]) for name in COUNTS if _is_number(sent.get(name))}
    return found | dict(_worded(request))


def _worded(request: ParsedRequest) -> Iterator[tuple[str, AttributeValue]]:
    """What a request asks for by a word of its API; a word of another length is none."""
    sent = request.sent
    reasoning, form = sent.get("reasoning"), sent.get("response_format")
    level = sent.get("reasoning_effort", reasoning.get("effort") if isinstance(reasoning, dict) else None)
    kind = form.get("type") if isinstance(form, dict) else None
    if isinstance(level, str) and len(level) <= 20:
        yield "gen_ai.request.reasoning.level", level
    if isinstance(kind, str):
        yield "gen_ai.output.type", "json" if kind.startswith("json") else "text"
    if isinstance(sent.get("previous_response_id"), str):
        yield "gen_ai.request.previous_response.id", sent["previous_response_id"][:SHORT]


def _answered(row: ExchangeRow, parsed: ParsedExchange) -> Attributes:
    found: dict[str, AttributeValue] = {}
    completion = parsed.answer.completion
    if row.status is not None:
        found["http.response.status_code"] = row.status
    if row.echoed_model:
        found["gen_ai.response.model"] = row.echoed_model
    if row.stream and row.first_chunk is not None:
        found["gen_ai.response.time_to_first_chunk"] = row.first_chunk
    if isinstance(completion, Completion):
        found |= _finished(completion)
        found |= _usage(completion.usage) if completion.usage else {}
        return found
    # because the bodies may not be kept, and the row has the first choice's
    found |= {"gen_ai.response.finish_reasons": (row.finish_reason,)} if row.finish_reason else {}
    usage = Usage(
        prompt_tokens=row.prompt_tokens,
        completion_tokens=row.completion_tokens,
        total_tokens=None,
        reasoning_tokens=None,
        cached_tokens=row.cached_tokens,
        cache_write_tokens=row.cache_write_tokens,
    )
    return found | _usage(usage)


def _finished(completion: Completion) -> Attributes:
    found: dict[str, AttributeValue] = {}
    if completion.id:
        found["gen_ai.response.id"] = completion.id[:SHORT]
    if not completion.vectors:
        reasons = tuple((choice.finish_reason or "error")[:SHORT] for choice in completion.choices)
        found["gen_ai.response.finish_reasons"] = reasons
    return found


def _usage(usage: Usage) -> dict[str, AttributeValue]:
    counts = {
        "input_tokens": usage.prompt_tokens,
        "output_tokens": usage.completion_tokens,
        "reasoning.output_tokens": usage.reasoning_tokens,
        "cache_read.input_tokens": usage.cached_tokens,
        "cache_write.input_tokens": usage.cache_write_tokens,
    }
    return {f"gen_ai.usage.{name}": count for name, count in counts.items() if count is not None and 0 <= count < LARGEST}


def _own(row: ExchangeRow, place: SpanPlace) -> Attributes:
    """What the conventions have no name for."""
    named = {
        "sameweights.exchange.id": row.id,
        "sameweights.role": "live" if row.role == Role.PRIMARY.value else row.role,
        "sameweights.provider": row.provider,
        "sameweights.reference": row.reference,
        "sameweights.route": row.route,
        "sameweights.upstream": row.upstream,
        "sameweights.tag": row.tag,
        "sameweights.conversation": row.conversation,
        "sameweights.pair.id": place.pair_id,
        "sameweights.unread": row.unread,
    }
    found: dict[str, AttributeValue] = {name: value for name, value in named.items() if value}
    if row.first_token is not None:
        found["sameweights.time_to_first_token"] = row.first_token
    return found


def _content(parsed: ParsedExchange) -> Attributes:
    instructions, messages, cut = input_messages(parsed.request)
    completion: Completion | Unread = parsed.answer.completion
    answered, short = output_messages(completion) if isinstance(completion, Completion) else ("", False)
    tools, few = tool_definitions(parsed.request)
    named = {
        "gen_ai.system_instructions": instructions,
        "gen_ai.input.messages": messages,
        "gen_ai.output.messages": answered,
        "gen_ai.tool.definitions": tools,
    }
    found: dict[str, AttributeValue] = {name: value for name, value in named.items() if value}
    sent = _stops(parsed.request.sent)
    stops = tuple(text[:SHORT] for text in sent[:MOST_STOPS])
    found |= {"gen_ai.request.stop_sequences": stops} if stops else {}
    return found | ({"sameweights.content_cut": True} if cut or short or few or list(stops) != sent else {})


def _stops(sent: Mapping[str, object]) -> list[str]:
    stop = sent.get("stop", sent.get("stop_sequences"))
    listed = [stop] if isinstance(stop, str) else stop
    return [text for text in listed if isinstance(text, str)] if isinstance(listed, list) else []


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < LARGEST
