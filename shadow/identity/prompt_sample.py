"""The prompt tokens of one pair, the causes of a difference, and the check of a cause against the pairs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptSample:
    """One pair: the shape of its request, and the tokens that both sides counted; characters are those of the JSON.

    `system`: 1 with a system message. `tool_characters` of the tools in whole, `schema_characters` of their parameters alone,
    `text_characters` of all messages. Completion tokens are 0 where not reported; `same_text`: 1 where both answers are equal.
    """

    messages: int
    system: int
    tools: int
    tool_characters: int
    schema_characters: int
    text_characters: int
    reasoning_turns: int
    reasoning_characters: int
    provider_tokens: int
    reference_tokens: int
    provider_completion: int
    reference_completion: int
    same_text: int

    @property
    def difference(self) -> int:
        """Prompt tokens that the provider counts more than the reference."""
        return self.provider_tokens - self.reference_tokens


class TokenCause(StrEnum):
    """The cause of a difference of prompt tokens; a closed set."""

    NONE = "none"
    STUB = "generation_stub"
    CONSTANT = "constant"
    SYSTEM_PROMPT = "hidden_system_prompt"
    SHORTER_FRAME = "missing_constant"
    MESSAGE_FRAME = "message_frame"
    TOOLS_TEMPLATE = "tools_template"
    TOOLS_DROPPED = "tools_dropped"
    SCHEMAS_SHORTENED = "schemas_shortened"
    REASONING_TEMPLATE = "reasoning_template"
    REASONING_DROPPED = "reasoning_dropped"
    BILL = "inflated_usage"
    TOKENIZER = "tokenizer"
    UNEXPLAINED = "unexplained"
    TOO_FEW = "too_few"

    @property
    def is_fault(self) -> bool:
        """Whether the two serve something else: a stub of 0 to 3 tokens is counted or not by convention."""
        return self not in {TokenCause.NONE, TokenCause.STUB, TokenCause.TOO_FEW}


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One candidate: what it would be, the share of all pairs that it explains, and the least share in any kind of request."""

    causes: tuple[TokenCause, ...]
    explained: float
    worst: float
    sentence: str


FEW = 10
"""Pairs of one kind (with tools, without, ...) from which their share is judged separately, so that a few are not outweighed."""
NEAR = 1.0
"""Tokens by which a cause may miss a pair that it explains."""
_KINDS: tuple[Callable[[PromptSample], bool], ...] = (
    lambda _: True,
    lambda sample: sample.tools > 0,
    lambda sample: sample.tools == 0,
    lambda sample: sample.system > 0,
    lambda sample: sample.system == 0,
    lambda sample: sample.reasoning_turns > 0,
    lambda sample: sample.reasoning_turns == 0,
)


def explanation(
    causes: tuple[TokenCause, ...], samples: Sequence[PromptSample], hits: Sequence[bool], sentence: str
) -> Explanation:
    """`hits`: for each sample, whether the causes explain it."""
    kinds = [[hit for sample, hit in zip(samples, hits, strict=True) if of(sample)] for of in _KINDS]
    shares = [sum(kind) / len(kind) for place, kind in enumerate(kinds) if place == 0 or len(kind) >= FEW]
    return Explanation(causes=causes, explained=shares[0], worst=min(shares), sentence=sentence)
