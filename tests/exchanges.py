"""Exchanges made by hand, for tests that need one without a wire."""

import json

from proxy.exchange import ChunkTimings, Exchange, Failure, Labels, Request, Response, Role
from shadow.privacy.privacy_policy import PrivacyPolicy
from shadow.privacy.redact import Redactor


def exchange(
    body: bytes = b"",
    status: int = 200,
    request: bytes = b"",
    *,
    id: str = "0" * 32,  # noqa: A002 - the field is called so
    role: Role = Role.PRIMARY,
    provider: str = "candidate",
    reference: str = "official",
    headers: tuple[tuple[str, str], ...] = (("content-type", "application/json"),),
    marks: ChunkTimings | None = None,
    failure: Failure | None = None,
    answered: bool = True,
    target: str = "/v1/chat/completions",
    sent_headers: tuple[tuple[str, str], ...] = (),
    **more,
) -> Exchange:
    """An answered exchange with `body`; omitted values are those of an ordinary chat completion."""
    response = Response(
        status=status,
        reason="OK",
        headers=headers,
        body=body,
        size=len(body),
        marks=ChunkTimings([0.25], [len(body)]) if marks is None else marks,
        head_seconds=0.2,
    )
    labels = {"route": "default", "provider": provider, "reference": reference, "model": "pretend-small"}
    labels |= {name: more.pop(name) for name in Labels._fields if name in more}
    fields = {
        "id": id,
        "role": role,
        "started": 1_700_000_000.0,
        "labels": Labels(**labels),
        "request": Request(method="POST", target=target, headers=sent_headers or headers, body=request, size=len(request)),
        "response": response if answered else None,
        "failure": failure,
        "seconds": 0.5,
        "overhead": 0.001,
    }
    return Exchange(**{**fields, **more})


def labelled(made: Exchange, **labels) -> Exchange:
    """The exchange with other labels."""
    return made._replace(labels=made.labels._replace(**labels))


def said(text: str = "Hello there", **choice) -> bytes:
    """The body of a whole chat completion with `text`."""
    message = {"role": "assistant", "content": text, **choice.pop("message", {})}
    return json.dumps(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "model": "pretend-small",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop", **choice}],
            "usage": {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12},
        }
    ).encode()


def asked(text: str = "Say hello", **more) -> bytes:
    """The body of a chat completion request."""
    return json.dumps({"model": "pretend-small", "messages": [{"role": "user", "content": text}], **more}).encode()


def guard(bodies: str = "full", *patterns: str) -> PrivacyPolicy:
    """A guard with a key of its own."""
    return PrivacyPolicy(redactor=Redactor(patterns), key=b"0123456789abcdef", bodies=bodies)
