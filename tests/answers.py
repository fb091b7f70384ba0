"""Choices of answers made by hand, as they are read from a body."""

import json

from shadow.reading.completion import Choice, Completion
from shadow.reading.parsed_response import parse_response
from tests.exchanges import exchange


def choice(content=None, *calls, finish="", **members) -> Choice:
    """An answer with a text and calls, each as (id, name, arguments)."""
    made = [{"id": id_, "type": "function", "function": {"name": name, "arguments": arguments}} for id_, name, arguments in calls]
    message = {"role": "assistant", "content": content, **({"tool_calls": made} if calls else {}), **members}
    body = {"choices": [{"index": 0, "message": message, "finish_reason": finish or ("tool_calls" if calls else "stop")}]}
    completion = parse_response(exchange(json.dumps(body).encode())).completion
    assert isinstance(completion, Completion)
    return completion.first
