"""Requests written out by a chat template and counted by a tokenizer, as two servers do that differ in one thing."""

import json
import random
import re
from dataclasses import dataclass, replace
from typing import Any

from shadow.identity.prompt_sample import PromptSample

WORDS = (
    *("weather", "the", "a", "of", "harbour", "index", "please", "configuration", "result", "and", "transformation", "in", "to"),
    *("quarterly", "report", "42", "1,024", "is", "unbelievable", "network", "error:", "timeout", "/srv/data", "user_id", "ok"),
)


@dataclass(frozen=True)
class Server:
    """How one server writes a request into a prompt, counts it, and reports the counts."""

    start: str = "<s>"
    hidden: str = ""
    default: str = ""
    frame: str = "<|im_start|>{role}\n{text}<|im_end|>\n"
    stub: str = "<|im_start|>assistant\n"
    preamble: str = "# Tools\nYou may call these functions:\n"
    tools: str = "whole"
    reasoning: bool = True
    piece: int = 5
    factor: float = 1.0

    def count(self, text: str) -> int:
        """Words in pieces of so many letters; each mark a token."""
        return sum(-(-len(word) // self.piece) if word[0].isalnum() else 1 for word in re.findall(r"\w+|[^\w\s]", text))

    def prompt(self, request: dict[str, Any]) -> str:
        """The request as the model reads it."""
        messages = request["messages"]
        own = self.default if messages[0]["role"] != "system" else ""
        before = "".join(self.frame.format(role="system", text=text) for text in (self.hidden, own) if text)
        return self.start + before + self._offered(request["tools"]) + "".join(map(self._message, messages)) + self.stub

    def _offered(self, tools: list[dict[str, Any]]) -> str:
        if not tools or self.tools == "none":
            return ""
        return self.preamble + "\n".join(json.dumps(self._tool(tool)) for tool in tools)

    def _tool(self, tool: dict[str, Any]) -> dict[str, Any]:
        if self.tools == "no schemas":
            return {key: value for key, value in tool.items() if key != "parameters"}
        if self.tools == "wordy":
            return {"kind": "a function that may be called", **tool}
        if self.tools == "short schemas":
            properties = {key: {"type": "string"} for key in tool["parameters"]["properties"]}
            return {**tool, "parameters": {"type": "object", "properties": properties}}
        return tool

    def _message(self, message: dict[str, str]) -> str:
        thought = f"<think>{message['reasoning']}</think>" if self.reasoning and message.get("reasoning") else ""
        return self.frame.format(role=message["role"], text=thought + message["text"])

    def reported(self, text: str) -> int:
        """What stands in the usage."""
        return round(self.count(text) * self.factor)


REFERENCE = Server()


def prose(chance: random.Random, words: int) -> str:
    return " ".join(chance.choice(WORDS) for _ in range(words))


def tool(chance: random.Random, number: int) -> dict[str, Any]:
    """One tool with a description and some described parameters."""
    properties = {
        f"{chance.choice(WORDS[:4])}_{place}": {"type": "string", "description": prose(chance, chance.randint(4, 14))}
        for place in range(chance.randint(2, 6))
    }
    described = prose(chance, chance.randint(6, 20))
    return {"name": f"tool_{number}", "description": described, "parameters": {"type": "object", "properties": properties}}


@dataclass(frozen=True)
class Traffic:
    """What an application asks: how often with tools (of `sets` different lists of them), a system message, reasoning."""

    tools: float = 0.5
    sets: int = 4
    system: float = 0.5
    reasoning: float = 0.3
    turns: tuple[int, ...] = (1, 1, 2, 3, 4, 6)
    equal: float = 0.3


def requests(chance: random.Random, traffic: Traffic, count: int) -> list[dict[str, Any]]:
    """So many requests."""
    sets = [[tool(chance, number) for number in range(1 + place * 2)] for place in range(traffic.sets)]
    return [_request(chance, traffic, sets) for _ in range(count)]


def _request(chance: random.Random, traffic: Traffic, sets: list[list[dict[str, Any]]]) -> dict[str, Any]:
    messages = [{"role": "system", "text": prose(chance, chance.randint(5, 60))}] if chance.random() < traffic.system else []
    thinks = chance.random() < traffic.reasoning
    for turn in range(chance.choice(traffic.turns)):
        if turn:
            said = {"role": "assistant", "text": prose(chance, chance.randint(3, 60))}
            messages.append({**said, "reasoning": prose(chance, chance.randint(10, 150))} if thinks else said)
        messages.append({"role": "user", "text": prose(chance, chance.randint(3, 90))})
    return {"messages": messages, "tools": chance.choice(sets) if chance.random() < traffic.tools else []}


def sample(chance: random.Random, provider: Server, request: dict[str, Any], equal: float) -> PromptSample:
    """What is kept of one pair."""
    messages, tools = request["messages"], request["tools"]
    thoughts = [message["reasoning"] for message in messages if message.get("reasoning")]
    one = prose(chance, chance.randint(5, 40))
    other = one if chance.random() < equal else prose(chance, chance.randint(5, 40))
    written = [{key: value for key, value in message.items() if key != "reasoning"} for message in messages]
    return PromptSample(
        messages=len(messages),
        system=int(messages[0]["role"] == "system"),
        tools=len(tools),
        tool_characters=len(json.dumps(tools)) if tools else 0,
        schema_characters=len(json.dumps([each["parameters"] for each in tools])) if tools else 0,
        text_characters=sum(len(json.dumps(message)) for message in written) + sum(map(len, thoughts)),
        reasoning_turns=len(thoughts),
        reasoning_characters=sum(map(len, thoughts)),
        provider_tokens=provider.reported(provider.prompt(request)),
        reference_tokens=REFERENCE.reported(REFERENCE.prompt(request)),
        provider_completion=provider.reported(one),
        reference_completion=REFERENCE.reported(other),
        same_text=int(one == other),
    )


def samples(
    provider: Server, *, seed: int = 1, count: int = 240, traffic: Traffic | None = None, wild: float = 0.0
) -> list[PromptSample]:
    """Pairs of a provider with the reference; a share of them counts anything."""
    chance, traffic = random.Random(seed), traffic or Traffic()
    made = [sample(chance, provider, request, traffic.equal) for request in requests(chance, traffic, count)]
    return [
        replace(one, provider_tokens=max(one.provider_tokens + chance.randint(-200, 200), 1)) if chance.random() < wild else one
        for one in made
    ]


def pair(reference: int, provider: int | None = None, **fields: int) -> PromptSample:
    """A pair by its counts alone: one message without tools, system message or reasoning, but for `fields`."""
    counts = dict.fromkeys(PromptSample.__slots__, 0) | {"messages": 1, "reference_tokens": reference}
    return PromptSample(**(counts | {"provider_tokens": reference if provider is None else provider} | fields))
