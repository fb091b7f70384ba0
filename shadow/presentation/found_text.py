"""Finds a text in the request or the answer of an exchange, in the normal form, so that no chunk cuts it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from shadow.reading.completion import Completion
from shadow.reading.parsed_request import ParsedRequest
from shadow.reading.parsed_response import ParsedResponse

AROUND = 100
"""Characters shown on either side of a found text."""
SEARCHED = 250_000
"""Characters of one request or answer that are searched, which bounds the time of one."""


class TextPattern(NamedTuple):
    """A text to be found, whatever the case of its letters; every other character stands for itself."""

    pattern: re.Pattern[str]

    def excerpt(self, texts: Iterable[str]) -> str:
        """The first of `texts` that holds it within the first `SEARCHED` characters of all, cut to its surroundings, each run of
        white space as one blank; "" where none does.
        """
        left = SEARCHED
        for text in texts:
            if found := self.pattern.search(text, 0, left):
                return _surroundings(text, found.start(), found.end())
            left -= len(text)
            if left <= 0:
                return ""
        return ""


def text_pattern(text: str) -> TextPattern:
    """The pattern of a text; white space stands for any white space."""
    words = [re.escape(word) for word in text.split()]
    # possessive, because no shorter run of white space can be followed by a word
    return TextPattern(re.compile(r"\s++".join(words), re.IGNORECASE))


def _surroundings(text: str, start: int, end: int) -> str:
    before = _collapsed(text[max(0, start - 10 * AROUND) : start])
    after = _collapsed(text[end : end + 10 * AROUND])
    return before[-AROUND:] + _collapsed(text[start:end]) + after[:AROUND]


def _collapsed(text: str) -> str:
    return re.sub(r"\s+", " ", text)


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
