"""Pseudonymises an answer and its request: none of their words is left, and comparisons have the same results; pure.

Canonical form: a chat completion again, which the same readers read and the same comparators compare. A text becomes the set of
its words under a key, each occurrence by another name, in no order, padded to its length; the first stands for it whole. The
outcome of the rules on words (refusal, question back, reasoning) is kept as a fixed phrase. The key lives in one process and is
derived for each conversation: the answers of a pair stay comparable, and after the process has ended no word can be tested
against the pseudonyms.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

import orjson

from shadow.findings.error_classes import ErrorClass, classify_error
from shadow.measures.ask_back import asks_back
from shadow.measures.json_values import canonical
from shadow.measures.refusal_in_words import refuses_in_words
from shadow.measures.schema_validation import INVALID_JSON, SCHEMA_MISMATCH
from shadow.measures.text_similarity import CHARACTERS_FROM, LONGEST_WORD, WORDS_FROM
from shadow.reading.completion import Choice, Completion, ProviderError, ToolCall, Usage
from shadow.reading.media_hashes import SHORTEST
from shadow.reading.parsed_exchange import ParsedExchange

NAME = 4
"""Characters of a word's name: 20 bits, so that one word in a thousand is taken for another; short, as words are."""
REFUSES, ASKS_BACK, REASONS = "I cannot", "?", "<think>"
MISMATCH = "\u0000mismatch"
"""The key that a pseudonymised call has when its arguments broke their schema, and that no pseudonymised schema allows."""
KEPT_PARAMETERS = frozenset(
    {
        *("model", "stream", "temperature", "top_p", "seed", "n", "max_tokens", "max_completion_tokens", "logprobs"),
        *("top_logprobs", "parallel_tool_calls", "presence_penalty", "frequency_penalty", "reasoning_effort", "service_tier"),
    }
)
"""Parameters that do not reveal the content of the request; they stay when they are numbers, booleans or short words."""
_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_ERRORS = {
    ErrorClass.RATE_LIMIT: "rate limit",
    ErrorClass.TOOL_USE_FAILED: "tool_use_failed",
    ErrorClass.SAFETY: "content filter",
    ErrorClass.CONTEXT_OVERFLOW: "context length",
    ErrorClass.AUTH: "authentication",
}


class Pseudonymiser:
    """Pseudonymises what belongs to one conversation; `key` is the process's own secret, of 16 to 64 bytes."""

    def __init__(self, key: bytes, conversation: str) -> None:
        self._key = blake2b(conversation.encode("utf-8", "surrogatepass"), key=key, digest_size=32).digest()

    def request(self, parsed: ParsedExchange) -> bytes | None:
        """The request, pseudonymised; None when it could not be read."""
        request = parsed.request
        if request.unread:
            return None
        body: dict[str, Any] = {key: value for key, value in request.body.items() if key in KEPT_PARAMETERS and _plain(value)}
        body["messages"] = [self._message(message) for message in request.messages]
        if request.tools:
            body["tools"] = [_tool(tool.name, declared=tool.schema is not None) for tool in request.tools]
        return orjson.dumps(_storable(body))

    def response(self, parsed: ParsedExchange, outcomes: Sequence[str]) -> bytes | None:
        """The answer, pseudonymised; None when it is empty or made of vectors.

        `outcomes` are the schema classes of its first choice's calls.
        """
        completion, error = parsed.answer.completion, parsed.answer.error
        if isinstance(completion, Completion) and completion.vectors:
            return None  # a vector reveals the text that it was made of
        if isinstance(completion, Completion):
            return orjson.dumps(_storable(self._completion(completion, outcomes)))
        return orjson.dumps(_storable(_error(error))) if error else None

    def text(self, text: str) -> str:
        """A text as the sorted names of its words, as long as it was where that can be."""
        if not text.strip():
            return text
        words = self._parts(text)
        seen: Counter[str] = Counter()
        names = []
        for word in words:
            seen[word] += 1
            names.append(self._name(f"{word}\u0000{seen[word]}", NAME))
        first = REASONS if text.lstrip().startswith(REASONS) else ""
        opening = [REFUSES] if refuses_in_words(text) else []
        hidden = " ".join([*opening, self._name(text, 12), *sorted(names)])
        ending = ASKS_BACK if asks_back(text) else ""
        return first + hidden.ljust(len(text) - len(first) - len(ending)) + ending

    @staticmethod
    def _parts(text: str) -> list[str]:
        """The units by which the likeness of two texts is measured: words, or characters where words are not spaced."""
        words = text[:WORDS_FROM].split()
        unspaced = min(len(text), WORDS_FROM) > LONGEST_WORD * max(len(words), 1) + LONGEST_WORD
        return list(text[:CHARACTERS_FROM]) if unspaced else words

    def _name(self, value: str, length: int) -> str:
        number = int.from_bytes(blake2b(value.encode("utf-8", "surrogatepass"), key=self._key, digest_size=16).digest(), "big")
        return "".join(_ALPHABET[number >> 5 * place & 31] for place in range(length))

    def _message(self, message: Mapping[str, Any]) -> dict[str, Any]:
        role, content, calls = message.get("role"), message.get("content"), message.get("tool_calls")
        hidden: dict[str, Any] = {"role": role if isinstance(role, str) and len(role) <= 20 else ""}
        if content is not None:
            hidden["content"] = self._value(content)
        if isinstance(calls, list):
            hidden["tool_calls"] = [self._value(call) for call in calls]
        if message.get("reasoning_content"):
            hidden["reasoning_content"] = self._value(message["reasoning_content"])
        return hidden

    def _completion(self, completion: Completion, outcomes: Sequence[str]) -> dict[str, Any]:
        choices = [self._choice(choice, outcomes if choice is completion.first else ()) for choice in completion.choices]
        body: dict[str, Any] = {"id": "", "object": "chat.completion", "model": completion.model, "choices": choices}
        if completion.fingerprint:
            body["system_fingerprint"] = completion.fingerprint
        return body | ({"usage": _usage(completion.usage)} if completion.usage else {})

    def _choice(self, choice: Choice, outcomes: Sequence[str]) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": None if choice.text is None else self.text(choice.text)}
        if choice.reasoning is not None:
            message[choice.reasoning_field or "reasoning_content"] = self.text(choice.reasoning)
        if choice.refusal is not None:
            message["refusal"] = self.text(choice.refusal)
        if choice.tool_calls:
            classes = [*outcomes, *[""] * len(choice.tool_calls)]
            message["tool_calls"] = [self._call(call, kind) for call, kind in zip(choice.tool_calls, classes, strict=False)]
        hidden: dict[str, Any] = {"index": choice.index, "message": message, "finish_reason": choice.finish_reason}
        if choice.logprobs is not None:
            tokens = [{"token": self._name(each.token, NAME), "logprob": each.logprob} for each in choice.logprobs]
            hidden["logprobs"] = {"content": tokens}
        return hidden

    def _call(self, call: ToolCall, outcome: str) -> dict[str, Any]:
        return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": self._arguments(call, outcome)}}

    def _arguments(self, call: ToolCall, outcome: str) -> str:
        if outcome == INVALID_JSON or call.invalid:
            return "{" + self._name(call.arguments, 12)
        try:
            hidden = self._value(call.parsed)
        except RecursionError:
            hidden = self._name(call.arguments, 12)
        if outcome == SCHEMA_MISMATCH:
            hidden = {**(hidden if isinstance(hidden, dict) else {"": hidden}), MISMATCH: True}
        return json.dumps(hidden)

    def _value(self, value: Any) -> Any:
        """A JSON value of the same form: keys and leaves are names, and equal meanings have equal names."""
        if isinstance(value, dict):
            return {self._name(key, 8): self._value(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._value(item) for item in value]
        if value is None or isinstance(value, bool):
            return value
        wordy = isinstance(value, str) and len(value) > 200 and not _is_media(value)
        return self.text(value) if wordy else self._name(canonical(value), 12)


def _is_media(text: str) -> bool:
    """Whether it is not readable text, such as base64: words of its length would carry no information and take its room."""
    return len(text) >= SHORTEST and text[:SHORTEST].isascii() and " " not in text[:SHORTEST]


def _tool(name: str, *, declared: bool) -> dict[str, Any]:
    forbids = {"not": {"type": "object", "required": [MISMATCH]}}
    return {"type": "function", "function": {"name": name, **({"parameters": forbids} if declared else {})}}


def _usage(usage: Usage) -> dict[str, Any]:
    counts = {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
    }
    body: dict[str, Any] = {name: count for name, count in counts.items() if count is not None}
    if usage.reasoning_tokens is not None:
        body["completion_tokens_details"] = {"reasoning_tokens": usage.reasoning_tokens}
    cache = {"cached_tokens": usage.cached_tokens, "cache_write_tokens": usage.cache_write_tokens}
    if known := {name: count for name, count in cache.items() if count is not None}:
        body["prompt_tokens_details"] = known
    return body if usage.cost is None else {**body, "cost": usage.cost}


def _error(error: ProviderError) -> dict[str, Any]:
    stated = {"type": error.type, "code": error.code}
    kept = {name: value for name, value in stated.items() if value and len(value) <= 40 and value.isascii() and " " not in value}
    return {"error": {**kept, "message": _ERRORS.get(classify_error(error), "")}}


def _plain(value: Any) -> bool:
    return isinstance(value, (bool, int, float)) or (isinstance(value, str) and len(value) <= 64)


def _storable(value: Any) -> Any:
    """Without lone surrogates and numbers that the quick writer refuses."""
    return json.loads(json.dumps(value).encode("utf-8", "replace"), parse_constant=str, parse_int=_count)


def _count(digits: str) -> int | str:
    number = int(digits[:40])
    return number if -(2**63) <= number < 2**64 else digits[:40]
