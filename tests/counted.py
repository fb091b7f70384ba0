"""Pairs of which the token counts alone matter, put into a real store and judged."""

import json
import random

from shadow.identity.prompt_sample import PromptSample
from storage.rows import PairGroup
from storage.store import Store
from tests.payoffs import GROUP, add
from tests.shadow.judging.test_judge import JudgeRun


def shape(reference: int, provider: int, **fields: int) -> str:
    """The stored shape of a request with these prompt tokens."""
    counts = {**dict.fromkeys(PromptSample.__slots__, 0), "messages": 1, "text_characters": 4 * reference}
    return json.dumps({**counts, "provider_tokens": provider, "reference_tokens": reference, **fields})


def sizes(pairs: int, seed: int = 1) -> list[int]:
    """Prompt tokens of so many requests, from 300 on."""
    draw = random.Random(seed)
    return [max(300, int(draw.lognormvariate(7.3, 0.9))) for _ in range(pairs)]


def count(store: Store, shapes: list[str], *, prefix: str = "pair", at: float = 0.0, group: PairGroup = GROUP) -> None:
    """One pair for each shape, a second apart, each a conversation of its own; stored and judged."""
    for number, each in enumerate(shapes):
        name = f"{prefix}-{number}"
        add(store, name, started=at + number, group=group, shape=each, conversation=name, fingerprint=name, flush=False)
    assert store.flush(30)
    run = JudgeRun(store).all()
    run.judge.close()
