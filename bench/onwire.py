"""Builds answers as bytes and runs the checks on them, along the path of live traffic."""

import json
from collections.abc import Callable, Sequence

from proxy.exchange import ChunkTimings, Exchange, Labels, Request, Response, Role
from shadow.checks.registry import check
from shadow.demo.loose_json import Object
from shadow.demo.pretended_model import PretendedCall
from shadow.demo.wire_format import WireChoice, WireResponse, completion_body, completion_chunks, prompt_tokens
from shadow.findings.finding import Finding, FindingState
from shadow.reading.parsed_request import ParsedRequest, parse_request
from shadow.reading.parsed_response import ParsedResponse, parse_response

MODEL = "pretend-small"
TARGET = "/v1/chat/completions"
Mangle = Callable[[list[Object]], list[Object]]
"""Changes the JSON objects of an answer: one of a whole answer, many of a stream."""


def spoken(
    pieces: Sequence[str] = ("Yes", ",", " it", " is", "."),
    *,
    calls: Sequence[PretendedCall] = (),
    reasoning: Sequence[str] = (),
    ids: Sequence[str] = (),
    finish: str = "",
    index: int = 0,
    size: int = 6,
) -> WireChoice:
    """One choice; the arguments of its calls come in pieces of `size` characters."""
    called = tuple(tuple(c.arguments[at : at + size] for at in range(0, len(c.arguments), size)) for c in calls)
    return WireChoice(
        index=index,
        reasoning=tuple(reasoning),
        pieces=() if calls else tuple(pieces),
        calls=tuple(calls),
        called=called,
        ids=tuple(ids) or tuple(f"call_{position}f3a" for position in range(len(calls))),
        finish=finish or ("tool_calls" if calls else "stop"),
    )


def answered(body: Object, choices: Sequence[WireChoice], mangle: Mangle | None = None) -> bytes:
    """The bytes of a 2xx answer to `body`, streamed where it asks for that."""
    answer = WireResponse(
        id="chatcmpl-0f3a",
        created=1_760_000_000,
        model=str(body["model"]),
        fingerprint="fp_3c1",
        choices=tuple(choices),
        prompt_tokens=prompt_tokens(body),
    )
    streamed = body.get("stream") is True
    options = body.get("stream_options")
    with_usage = isinstance(options, dict) and options.get("include_usage") is True
    objects = [*completion_chunks(answer, with_usage=with_usage)] if streamed else [completion_body(answer)]
    return written(mangle(objects) if mangle else objects, streamed=streamed)


def written(objects: Sequence[Object], *, streamed: bool) -> bytes:
    """One JSON body, or the events of a stream with its [DONE]."""
    if not streamed:
        return json.dumps(objects[0]).encode()
    return b"".join(b"data: " + json.dumps(one).encode() + b"\n\n" for one in objects) + b"data: [DONE]\n\n"


def exchange(body: Object, answer: bytes, *, status: int = 200) -> Exchange:
    """What the proxy would have handed over."""
    asked = json.dumps(body).encode()
    kind = "text/event-stream" if answer.startswith(b"data:") else "application/json"
    return Exchange(
        id="0",
        role=Role.PRIMARY,
        started=0.0,
        labels=Labels(
            route="default",
            provider="p",
            reference="r",
            model=str(body.get("model")),
            stream=body.get("stream") is True,
        ),
        request=Request(method="POST", target=TARGET, headers=(), body=asked, size=len(asked)),
        response=Response(
            status=status,
            reason="",
            headers=(("content-type", kind),),
            body=answer,
            size=len(answer),
            marks=ChunkTimings([0.2], [len(answer)]),
            head_seconds=0.1,
        ),
        failure=None,
        seconds=1.0,
        overhead=0.0,
    )


def understood(body: Object, answer: bytes, *, status: int = 200) -> tuple[ParsedRequest, ParsedResponse]:
    """Both directions, read."""
    made = exchange(body, answer, status=status)
    return parse_request(TARGET, (), made.request.body, truncated=False), parse_response(made)


def faults(body: Object, answer: bytes, *, status: int = 200) -> list[Finding]:
    """What the checks find wrong."""
    return [finding for finding in check(*understood(body, answer, status=status)) if finding.state is FindingState.DIFFER]
