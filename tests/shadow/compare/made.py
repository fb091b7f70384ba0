"""Asks and answers made by hand, in the normal form, for the rooms that compare, check and judge."""

import json
from typing import Any

from proxy.exchange import ChunkTimings, Exchange, Failure, FailureKind, Labels, Request, Response, Role
from shadow.findings.finding import Finding
from shadow.findings.pair import Pair, PairKind
from shadow.reading.completion import Choice, Completion, ProviderError, ToolCall, Unread, UnreadReason, Usage
from shadow.reading.parsed_request import ParsedRequest, Tool
from shadow.reading.parsed_response import ParsedResponse
from shadow.reading.response_timing import ResponseTiming

WEATHER = Tool(
    name="get_weather",
    schema={
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
        "required": ["city"],
        "additionalProperties": False,
    },
)
ABSENT: Any = object()


def ask(**fields: Any) -> ParsedRequest:
    known: dict[str, Any] = {
        "api": "chat_completions",
        "model": "m",
        "stream": True,
        "tools": (WEATHER,),
        "tool_choice": None,
        "temperature": None,
        "seed": None,
        "n": 1,
        "max_tokens": None,
        "messages": ({"role": "user", "content": "What is the weather in Paris?"},),
        "body": {},
        "unread": None,
    }
    return ParsedRequest(**{**known, **fields})


def call(name: str = "get_weather", arguments: str = '{"city": "Paris"}', index: int = 0) -> ToolCall:
    try:
        parsed, invalid = json.loads(arguments), ""
    except ValueError as fault:
        parsed, invalid = None, str(fault)
    return ToolCall(index=index, id=f"call_{index}", name=name, arguments=arguments, parsed=parsed, invalid=invalid, deltas=1)


def choice(
    text: str | None = None,
    calls: tuple[ToolCall, ...] = (),
    *,
    finish: str | None = ABSENT,
    refusal: str | None = None,
    reasoning: str | None = None,
    pieces: tuple[str, ...] | None = None,
    other: tuple[str, ...] = (),
) -> Choice:
    said = "".join(pieces) if pieces is not None else text
    return Choice(
        index=0,
        text=said,
        reasoning=reasoning,
        reasoning_field="reasoning_content" if reasoning else "",
        refusal=refusal,
        tool_calls=calls,
        finish_reason=("tool_calls" if calls else "stop") if finish is ABSENT else finish,
        logprobs=None,
        pieces=pieces if pieces is not None else (said,) if said else (),
        other=other,
    )


def completion(first: Choice, *, tokens: tuple[int | None, int | None] | None = (10, 20), name: str = "", stream: bool = True):
    usage = None
    if tokens is not None:
        usage = Usage(
            prompt_tokens=tokens[0], completion_tokens=tokens[1], total_tokens=None, reasoning_tokens=None, cached_tokens=None
        )
    return Completion(id=name, model="m", fingerprint="", stream=stream, choices=(first,), usage=usage, notes=())


def timing(**fields: Any) -> ResponseTiming:
    known: dict[str, Any] = {
        "head": 0.1,
        "first_chunk": 0.1,
        "first_token": 0.2,
        "total": 1.0,
        "gaps": (0.01, 0.02, 0.03),
        "rate": 50.0,
    }
    return ResponseTiming(**{**known, **fields})


def answer(
    said: Choice | Completion | Unread | str,
    *,
    status: int | None = 200,
    error: ProviderError | None = None,
    failure: FailureKind | None = None,
    target: str = "/v1/chat/completions",
    times: ResponseTiming | None = None,
    stream: bool = True,
) -> ParsedResponse:
    if isinstance(said, str):
        said = choice(said)
    if isinstance(said, Choice):
        said = completion(said, stream=stream)
    return ParsedResponse(
        exchange=exchange(status, failure, target, stream=stream),
        status=status,
        completion=said,
        error=error,
        timing=times or timing(),
    )


def exchange(status: int | None, failure: FailureKind | None, target: str, *, stream: bool) -> Exchange:
    response = None
    if status is not None:
        response = Response(
            status=status, reason="", headers=(), body=b"x", size=1, marks=ChunkTimings([0.1], [1]), head_seconds=0.1
        )
    return Exchange(
        id="e",
        role=Role.PRIMARY,
        started=0.0,
        labels=Labels(route="r", provider="p", reference="q", model="m", stream=stream),
        request=Request(method="POST", target=target, headers=(), body=b"{}", size=2),
        response=response,
        failure=Failure(kind=failure, detail="as it is", after_head=True) if failure else None,
        seconds=1.0,
        overhead=0.0,
    )


def failed(status: int = 500, *, in_stream: bool = False) -> ParsedResponse:
    error = ProviderError(status=status, type="server_error", code="", message="out of luck", in_stream=in_stream)
    said = Unread(why=UnreadReason.NO_RESPONSE, detail="an error")
    return answer(said, status=200 if in_stream else status, error=error)


def unread(why: UnreadReason, **more: Any) -> ParsedResponse:
    return answer(Unread(why=why, detail="for a test"), **more)


def pair(
    subject: ParsedResponse | Choice | str,
    reference: ParsedResponse | Choice | str,
    asked: ParsedRequest | None = None,
    kind: PairKind = PairKind.CROSS,
) -> Pair:
    return Pair(kind=kind, request=asked or ask(), subject=_answer(subject), reference=_answer(reference))


def _answer(said: ParsedResponse | Choice | str) -> ParsedResponse:
    return said if isinstance(said, ParsedResponse) else answer(said)


def parts(found: Finding) -> tuple[str, str, float | None, str, str, str]:
    """What a page shows of a finding: its signal, state and score, both values and the reason."""
    return found.signal.value, found.state.value, found.score, found.subject, found.reference, found.reason
