from dataclasses import replace

import pytest

from shadow.checks.identity import CHANGES, echoed_model, serving_change
from shadow.compare.finding import State
from tests.shadow.compare.made import ask, choice, completion


@pytest.mark.parametrize(
    ("asked", "named", "state"),
    [
        ("gpt-4o", "gpt-4o", State.MATCH),
        ("gpt-4o", "gpt-4o-2024-08-06", State.MATCH),
        ("gpt-4-0613", "gpt-4-0613", State.MATCH),
        ("gpt-4-0613", "gpt-4-0314", State.DIFFER),
        ("gpt-4o", "gpt-4o-mini", State.DIFFER),
        ("moonshotai/Kimi-K2-Instruct", "accounts/x/models/kimi-k2-instruct", State.MATCH),
        ("llama-3.3-70b:free", "meta-llama/Llama-3.3-70B", State.MATCH),
        ("qwen3:8b", "qwen3-8b", State.MATCH),
        ("qwen3-4b-q8_0", "qwen3-4b-q8_0.gguf", State.MATCH),
        ("qwen3-32b", "qwen3-32b-awq", State.DIFFER),
        ("deepseek-v3", "deepseek-v2", State.DIFFER),
        ("x", "", State.NOT_MEASURED),
        ("openrouter/auto", "gpt-4o", State.NOT_MEASURED),
        ("", "gpt-4o", State.NOT_MEASURED),
    ],
)
def test_the_model_that_was_asked_for_answers(asked, named, state):
    found = echoed_model(ask(model=asked), replace(completion(choice("a")), model=named))
    assert found.state is state


def test_a_name_of_any_length_is_taken_apart():
    for name in ("m" * 150, "m" * 5_000):
        for asked, state in ((f"router/{name}", State.MATCH), (f"{name}-2", State.DIFFER)):
            assert echoed_model(ask(model=asked), replace(completion(choice("a")), model=name)).state is state


@pytest.mark.parametrize("note", CHANGES)
def test_one_stream_comes_from_one_server(note):
    said = completion(choice("a"))
    assert serving_change(ask(), said).state is State.MATCH
    assert serving_change(ask(), replace(said, notes=(note,))).reason == note
    assert serving_change(ask(), replace(said, stream=False)).state is State.NOT_MEASURED
