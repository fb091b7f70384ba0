"""Generates the same agent traffic on every run: requests that grow turn by turn, streamed answers, and their exchanges."""

import itertools
import json
import random

from proxy.exchange import ChunkTimings, Exchange, Labels, Request, Response, Role

SYLLABLES = [
    "ka",
    "lo",
    "mi",
    "ter",
    "ve",
    "sun",
    "da",
    "por",
    "ling",
    "est",
    "ra",
    "to",
    "ne",
    "bi",
    "shu",
    "ol",
    "qua",
    "ri",
    "fen",
    "mo",
]


PROMPT_TOKENS = 30_000
"""What every answer reports: more than the longest request has words, as a provider does that cuts none."""


class Speaker:
    """Writes pseudo-words with the frequencies of a language, so that compression finds about what it finds in real text."""

    def __init__(self, seed: int = 7) -> None:
        self._chance = random.Random(seed)
        self._words = ["".join(self._chance.choices(SYLLABLES, k=self._chance.randint(1, 4))) for _ in range(4_000)]
        self._weights = list(itertools.accumulate(1 / (rank + 3) for rank in range(4_000)))

    def words(self, count: int) -> list[str]:
        return self._chance.choices(self._words, cum_weights=self._weights, k=count)

    def text(self, count: int) -> str:
        return " ".join(self.words(count))


def tools(speaker: Speaker, count: int = 8) -> list[dict[str, object]]:
    """Function tools of four text arguments each."""
    made: list[dict[str, object]] = []
    for number in range(count):
        properties = {key: {"type": "string", "description": speaker.text(8)} for key in ("path", "query", "mode", "note")}
        parameters = {"type": "object", "properties": properties, "required": ["path"], "additionalProperties": False}
        function = {"name": f"tool_{number}", "description": speaker.text(25), "parameters": parameters}
        made.append({"type": "function", "function": function})
    return made


def turns(speaker: Speaker, count: int) -> list[bytes]:
    """The request bodies of one agent: all messages again, and the next."""
    messages: list[dict[str, object]] = [{"role": "system", "content": speaker.text(300)}]
    offered = tools(speaker)
    said = []
    for turn in range(count):
        messages.append(
            {"role": "user" if turn % 3 == 0 else "tool", "content": speaker.text(80), "tool_call_id": f"call_{turn}"}
        )
        said.append(json.dumps({"model": "bench", "messages": messages, "tools": offered, "stream": True}).encode())
        messages.append({"role": "assistant", "content": speaker.text(60)})
    return said


def stream(speaker: Speaker, chunks: int, *, call: bool = False) -> list[bytes]:
    """The events of one streamed answer, one word a chunk, with usage at its end."""
    words = speaker.words(chunks)
    if call:
        begin = {
            "tool_calls": [
                {"index": 0, "id": "call_1", "type": "function", "function": {"name": "tool_1", "arguments": '{"path":"'}}
            ]
        }
        deltas = [begin, *({"tool_calls": [{"index": 0, "function": {"arguments": f" {word}"}}]} for word in words)]
        deltas.append({"tool_calls": [{"index": 0, "function": {"arguments": '"}'}}]})
    else:
        deltas = [{"role": "assistant", "content": ""}, *({"content": f"{word} "} for word in words)]
    frame: dict[str, object] = {"id": "chatcmpl-7", "object": "chat.completion.chunk", "created": 1, "model": "bench"}
    events = [{**frame, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    events.append({**frame, "choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls" if call else "stop"}]})
    usage = {"prompt_tokens": PROMPT_TOKENS, "completion_tokens": chunks, "total_tokens": PROMPT_TOKENS + chunks}
    events.append({**frame, "choices": [], "usage": usage})
    return [*(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events), b"data: [DONE]\n\n"]


def exchange(
    name: str, body: bytes, events: list[bytes], *, started: float = 1.8e9, conversation: str = "", role: Role = Role.PRIMARY
) -> Exchange:
    """One exchange as the data plane would hand it over: a mark for each event."""
    ends = list(itertools.accumulate(map(len, events)))
    json_headers, sse = (("Content-Type", "application/json"),), (("Content-Type", "text/event-stream"),)
    marks = ChunkTimings([0.3 + 0.0213731 * n for n in range(len(ends))], ends)
    return Exchange(
        id=name,
        role=role,
        started=started,
        labels=Labels(route="default", provider="near", reference="far", model="bench", stream=True, conversation=conversation),
        request=Request(method="POST", target="/v1/chat/completions", headers=json_headers, body=body, size=len(body)),
        response=Response(
            status=200, reason="OK", headers=sse, body=b"".join(events), size=ends[-1], marks=marks, head_seconds=0.25
        ),
        failure=None,
        seconds=0.4 + 0.0213731 * len(events),
        overhead=0.0004,
    )


def small(speaker: Speaker, name: str) -> Exchange:
    """One whole answer: about 1 KB asked, 0.5 KB answered."""
    asked = {"model": "bench", "messages": [{"role": "user", "content": speaker.text(130)}]}
    message = {"role": "assistant", "content": speaker.text(30)}
    usage = {"prompt_tokens": 400, "completion_tokens": 60, "total_tokens": 460}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    answer = {"id": name, "object": "chat.completion", "created": 1, "model": "bench", "choices": [choice], "usage": usage}
    body, said = json.dumps(asked).encode(), json.dumps(answer).encode()
    made = exchange(name, body, [said])
    headers = (("Content-Type", "application/json"),)
    response = made.response._replace(headers=headers) if made.response else None
    return made._replace(response=response, labels=made.labels._replace(stream=False), seconds=0.31)
