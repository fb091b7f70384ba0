"""Finds a text in the request or the answer of an exchange, in the normal form, so that no chunk cuts it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from shadow.reading.completion import Completion
from shadow.reading.parsed_request import ParsedRequest
from shadow.reading.parsed_response import ParsedResponse

AROUND = 100
"""Characters shown on either side of a found text."""


class TextPattern(NamedTuple):
    """A text to be found, whatever the case of its letters; every other character stands for itself."""

    pattern: re.Pattern[str]

    def excerpt(self, texts: Iterator[str]) -> str:
        """The first of `texts` that holds it, cut to its surroundings; "" where none does."""
        for text in texts:
            if found := self.pattern.search(text):
                return text[max(0, found.start() - AROUND) : found.end() + AROUND]
        return ""


def text_pattern(text: str) -> TextPattern:
    """The pattern of a text; white space stands for any white space."""
    words = [re.escape(word) for word in text.split()]
    return TextPattern(re.compile(r"\s+".join(words), re.IGNORECASE))


def request_texts(request: ParsedRequest) -> Iterator[str]:
    """The texts of the messages, the newest first, because earlier ones are found in the pairs that they began."""
    for message in reversed(request.messages):
        content = message.get("content")
        if isinstance(content, str):
            yield content
        for part in content if isinstance(content, list) else ():
            if isinstance(part, Mapping) and isinstance(part.get("text"), str):
                yield part["text"]


def answer_texts(answer: ParsedResponse) -> Iterator[str]:
    """The texts of each choice, its reasoning and refusal, and its tool calls with their arguments."""
    if not isinstance(answer.completion, Completion):
        return
    for choice in answer.completion.choices:
        yield from filter(None, (choice.text, choice.reasoning, choice.refusal))
        for call in choice.tool_calls:
            yield f"{call.name} {call.arguments}"
