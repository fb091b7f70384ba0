import pytest

from shadow.demo.prompt_cache import PromptCache
from shadow.demo.wire_format import prompt_tokens

TOOLS = [{"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}]


def asked(*texts, tools=TOOLS):
    roles = ("user", "assistant")
    return {"model": "m", "tools": tools, "messages": [{"role": roles[n % 2], "content": text} for n, text in enumerate(texts)]}


def test_a_first_request_reads_nothing_and_one_with_the_same_tools_reads_these():
    cache = PromptCache()
    assert cache.read(asked("Weather in Rome?")) == 0
    assert cache.read(asked("Weather in Oslo?")) == prompt_tokens(asked()) > 0
    assert cache.read(asked("Weather in Oslo?", tools=[])) == 0


def test_a_later_turn_reads_what_the_turn_before_began_with():
    cache = PromptCache()
    cache.read(asked("one", "two", "three"))
    assert cache.read(asked("one", "two", "three", "four", "five")) == prompt_tokens(asked("one", "two"))
    assert cache.read(asked("one", "other", "three")) == prompt_tokens(asked("one"))


def test_what_is_read_is_less_than_the_prompt():
    cache = PromptCache()
    for _ in range(2):
        assert cache.read(asked("one")) < prompt_tokens(asked("one"))


@pytest.mark.slow
def test_the_oldest_beginnings_are_dropped():
    cache = PromptCache()
    cache.read(asked("first", "a", tools=[]))
    for number in range(20_000):
        cache.read(asked(f"{number}", "a", tools=[]))
    assert cache.read(asked("first", "a", tools=[])) == 0


def test_cache_shows_how_many_beginnings_it_knows():
    cache = PromptCache()
    cache.read(asked("one", "two", "three"))
    assert repr(cache) == "<PromptCache 3 beginnings>"
