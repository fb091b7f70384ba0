"""Tokens and money of an answer for a budget: as its `usage` counts them, else estimated from its bytes, the most they can be.

A limit must hold where a server counts nothing, so the estimate is high: a token for three bytes of UTF-8, where English text
has about four and Chinese three.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from shadow.pricing.money import money
from shadow.pricing.price_list import PriceList
from shadow.pricing.token_classes import KNOWN, TokenClasses, UsageState, classed_answer
from shadow.reading.completion import Completion
from shadow.reading.parsed_request import ParsedRequest
from shadow.reading.parsed_response import ParsedResponse

BYTES_PER_TOKEN = 3
"""Bytes of UTF-8 that are counted as one token without a reported `usage`."""
_ENCODED = "data:"
"""How a text begins that is a picture or a sound, whose tokens do not follow from its length."""


def answer_cost(request: ParsedRequest, answer: ParsedResponse, provider: str, prices: PriceList) -> tuple[int, float]:
    """Tokens and money of one answer of `provider`; a range counts as its high end.

    What has no price counts with the cost that the answer states, else each class at the highest price there is.
    """
    tokens, exchange = billed_tokens(request, answer), answer.exchange
    model = exchange.labels.model
    if cost := money(tokens, prices.prices(provider, model, exchange.started)):
        return sum(tokens), float(cost.high)
    if (stated := _stated(answer)) is not None:
        return sum(tokens), stated
    most = money(tokens, prices.dearest(provider, model))
    return sum(tokens), float(most.high) if most else 0.0


def _stated(answer: ParsedResponse) -> float | None:
    usage = answer.completion.usage if isinstance(answer.completion, Completion) else None
    return usage.cost if usage else None


def billed_tokens(request: ParsedRequest, answer: ParsedResponse) -> TokenClasses:
    """The classes of an answer's tokens, estimated where they are not known."""
    found = classed_answer(answer.completion, answer.status)
    if found and found.state in KNOWN:
        return found.tokens
    if found and found.state is UsageState.INVALID:
        return TokenClasses(fresh=_prompt_tokens(request), output=_answered(answer))
    prompt, completion = tokens_of(request, answer)
    return TokenClasses(fresh=prompt, output=completion)


def tokens_of(request: ParsedRequest, answer: ParsedResponse) -> tuple[int, int]:
    """Prompt and completion tokens of one answer to `request`; an answer that failed before any content costs none."""
    parsed = answer.completion
    usage = parsed.usage if isinstance(parsed, Completion) else None
    prompt, completion = (usage.prompt_tokens, usage.completion_tokens) if usage else (None, None)
    if answer.status is None or not 200 <= answer.status < 300:
        return prompt or 0, completion or 0
    return _prompt_tokens(request) if prompt is None else prompt, _answered(answer) if completion is None else completion


def _prompt_tokens(request: ParsedRequest) -> int:
    return _tokens(sum(len(text.encode("utf-8", "replace")) for text in _texts([*request.messages, request.body.get("tools")])))


def _answered(answer: ParsedResponse) -> int:
    parsed = answer.completion
    if not isinstance(parsed, Completion):
        return _tokens(len(answer.exchange.response.body) if answer.exchange.response else 0)
    texts = [text for choice in parsed.choices for text in (choice.text, choice.reasoning) if text]
    texts += [text for choice in parsed.choices for call in choice.tool_calls for text in (call.name, call.arguments)]
    return _tokens(sum(len(text.encode("utf-8", "replace")) for text in texts))


def _tokens(size: int) -> int:
    return -(-size // BYTES_PER_TOKEN)


def _texts(values: list[object]) -> Iterator[str]:
    """Every text in the values, however deep, but for pictures and sounds."""
    left = list(values)
    while left:
        value = left.pop()
        if isinstance(value, str):
            if not value.startswith(_ENCODED):
                yield value
        elif isinstance(value, Mapping):
            left += [inner for key, inner in value.items() if key != "data"]
        elif isinstance(value, (list, tuple)):
            left += value
