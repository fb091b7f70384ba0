"""Measures the nanoseconds of CPU that parsing takes per byte of a stream, a row per API and padding.

    .venv/bin/python bench/streams.py [DELTAS]

The least of fifteen readings of one made-up answer of so many deltas (300), framed and padded as the providers do it.
"""

import json
import random
import sys
import time
from collections.abc import Callable, Iterator

from talk import Speaker, exchange

from proxy.exchange import Exchange
from shadow.reading.completion import Completion
from shadow.reading.parsed_response import parse_response

CHANCE = random.Random(7)
IDENTITY = "msg_0f33dc8eeb4f9cc000699ec454c0588197941317eed828e6a9"
Events = list[tuple[str, object]]


def hiding() -> str:
    """Letters in a number of no meaning."""
    return "".join(CHANCE.choices("abcXYZ019", k=CHANCE.randint(1, 16)))


def chat(words: list[str], *, padded: bool) -> Events:
    """An answer of /v1/chat/completions."""

    def event(delta: object, finish: str | None = None) -> dict[str, object]:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return {"id": "chatcmpl-7", "object": "chat.completion.chunk", "created": 1, "model": "bench", "choices": [choice]}

    said = [event({"content": f"{word} "}) | ({"obfuscation": hiding()} if padded else {}) for word in words]
    return [("", each) for each in [event({"role": "assistant", "content": ""}), *said, event({}, "stop")]]


def responses(words: list[str], *, padded: bool) -> Events:
    """An answer of /v1/responses, whose events are numbered."""
    place = {"content_index": 0, "item_id": IDENTITY, "output_index": 0}
    message = {"id": IDENTITY, "type": "message", "role": "assistant", "content": []}
    said: list[dict[str, object]] = [{"type": "response.output_item.added", "item": message, "output_index": 0}]
    said.append({"type": "response.content_part.added", **place, "part": {"type": "output_text", "text": ""}})
    for word in words:
        event = {"type": "response.output_text.delta", "content_index": 0, "delta": f"{word} ", "item_id": IDENTITY}
        said.append(event | {"logprobs": []} | ({"obfuscation": hiding()} if padded else {}) | {"output_index": 0})
    whole = message | {"content": [{"type": "output_text", "text": "".join(f"{word} " for word in words)}]}
    said.append({"type": "response.completed", "response": {"id": "r", "status": "completed", "model": "m", "output": [whole]}})
    return [(str(event["type"]), event | {"sequence_number": number}) for number, event in enumerate(said)]


def messages(words: list[str], **_: bool) -> Events:
    """An answer of /v1/messages, which is padded with spaces where it is written."""
    message = {"id": "m", "type": "message", "role": "assistant", "model": "bench", "content": []}
    said: list[dict[str, object]] = [{"type": "message_start", "message": message}]
    said.append({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}})
    said += [{"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": f"{word} "}} for word in words]
    said.append({"type": "content_block_stop", "index": 0})
    said.append({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": len(words)}})
    return [(str(event["type"]), event) for event in [*said, {"type": "message_stop"}]]


def framed(events: Events, *, spaced: bool) -> list[bytes]:
    """The events as they are sent."""

    def data(event: object) -> str:
        written = json.dumps(event, separators=(",", ":"))
        return written[:-1] + " " * CHANCE.randint(1, 16) + "}" if spaced else written

    return [f"{f'event: {name}' + chr(10) if name else ''}data: {data(event)}\n\n".encode() for name, event in events]


def forms(words: list[str]) -> Iterator[tuple[str, Exchange]]:
    """Each form with its name."""
    makers: list[tuple[str, Callable[..., Events]]] = [
        ("chat/completions", chat),
        ("responses", responses),
        ("messages", messages),
    ]
    for path, make in makers:
        for padded in (False, True):
            body = framed(make(words, padded=padded), spaced=padded and path == "messages")
            live = exchange("1", b'{"stream":true}', [*body, *([b"data: [DONE]\n\n"] if path == "chat/completions" else [])])
            name = f"/v1/{path}, {'padded' if padded else 'plain'}"
            yield name, live._replace(request=live.request._replace(target=f"/v1/{path}"))


def cost(live: Exchange) -> int:
    """Nanoseconds of one reading."""
    began = time.process_time_ns()
    parse_response(live)
    return time.process_time_ns() - began


def main() -> None:
    words = Speaker().words(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
    for name, live in forms(words):
        said = parse_response(live).completion
        assert isinstance(said, Completion), said
        assert said.choices[0].text == "".join(f"{word} " for word in words)
        least = min(cost(live) for _ in range(15))
        size = live.response.size if live.response else 1
        print(f"{least / 1000:9.1f} us  {least / size:6.2f} ns a byte  {name}, {len(words)} deltas, {size:,} bytes")


if __name__ == "__main__":
    main()
