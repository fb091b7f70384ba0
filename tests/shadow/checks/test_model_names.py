"""Two names of models, as people and providers write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.checks.model_names import Likeness, likeness


@pytest.mark.parametrize(
    ("asked", "named", "expected"),
    [
        ("claude-sonnet-4-0", "claude-sonnet-4-20250514", Likeness.SAME),
        ("anthropic/claude-haiku-4.5", "anthropic/claude-4.5-haiku-20251001", Likeness.SAME),
        ("openllmetry-testing", "gpt-4.1-mini-2025-04-14", Likeness.ALIAS),
        ("davinci-002", "davinci:2023-07-21-v2", Likeness.SAME),
        ("deepseek-chat", "deepseek-v4-flash", Likeness.ALIAS),
        ("deepseek-reasoner", "deepseek-v4-flash", Likeness.ALIAS),
        ("text-embedding-ada-002", "text-embedding-ada-002-v2", Likeness.SAME),
        ("databricks-claude-3-7-sonnet", "us.anthropic.claude-3-7-sonnet-20250219-v1:0", Likeness.SAME),
        ("anthropic/claude-sonnet-4.6", "anthropic/claude-4.6-sonnet-20260217", Likeness.SAME),
        ("grok-4-fast", "grok-4-fast-reasoning", Likeness.SAME),
        ("gpt-5.6", "gpt-5.6-sol", Likeness.ALIAS),
        ("meta-llama/Llama-3.1-8B-Instruct", "llama3.1-8b", Likeness.SAME),
        ("moonshotai/Kimi-K2-Instruct-0905:groq", "moonshotai/kimi-k2-instruct-0905", Likeness.SAME),
        ("gpt-3.5-turbo-instruct", "gpt-3.5-turbo-instruct:20230824-v2", Likeness.SAME),
        ("gpt-4.1-mini", "moonshotai/kimi-k2", Likeness.OTHER),
        ("openllmetry-testing", "gpt-35-turbo", Likeness.ALIAS),
        ("grok-3-mini", "grok-3-mini-high", Likeness.SAME),
        ("gpt-4-vision-preview", "gpt-4-1106-vision-preview", Likeness.SAME),
        ("Cohere-embed-v3-english", "embed-english-v3.0", Likeness.SAME),
        ("pixtral-12b", "ministral-14b-latest", Likeness.OTHER),
        ("google/gemini-2.0-flash-exp:free", "x-ai/grok-4", Likeness.OTHER),
        ("Qwen/Qwen2.5-VL-7B-Instruct", "Qwen2.5-VL-72B-Instruct", Likeness.OTHER),
        ("llama3.3-70b", "llama-3.3-70b", Likeness.SAME),
        ("embedding", "text-embedding-3-large", Likeness.ALIAS),
        ("gpt-4o", "gpt-4o-mini", Likeness.OTHER),
        ("gpt-4o-mini", "gpt-4o-2024-08-06", Likeness.OTHER),
        ("gpt-4o", "gpt-4", Likeness.OTHER),
        ("gpt-4", "gpt-4o", Likeness.OTHER),
        ("gpt-4", "gpt-4-0613", Likeness.SAME),
        ("gpt-4-turbo-preview", "gpt-4-0125-preview", Likeness.ALIAS),
        ("gpt-4o-2024-05-13", "gpt-4o-2024-08-06", Likeness.OTHER),
        ("gpt-4o", "gpt-4o-2024-08-06", Likeness.SAME),
        ("gpt-35-turbo", "gpt-3.5-turbo-0125", Likeness.SAME),
        ("gpt-35-turbo-16k", "gpt-3.5-turbo", Likeness.SAME),
        ("gpt-4.1", "gpt-4.1-nano-2025-04-14", Likeness.OTHER),
        ("Qwen/Qwen2.5-7B-Instruct", "Qwen/Qwen2.5-72B-Instruct", Likeness.OTHER),
        ("Qwen/Qwen2.5-7B-Instruct", "Qwen/Qwen2.5-7B-Instruct-AWQ", Likeness.OTHER),
        ("meta-llama/Llama-3.3-70B-Instruct", "meta-llama/Llama-3.3-70B-Instruct-FP8", Likeness.OTHER),
        ("llama3.1:8b", "llama3.1:8b-instruct-q4_K_M", Likeness.OTHER),
        ("llama3.2", "llama3.2:3b", Likeness.SAME),
        ("llama3.2:3b", "llama3.2:1b", Likeness.OTHER),
        ("llama3.2:latest", "llama3.2", Likeness.SAME),
        ("meta-llama/Llama-3.1-8B-Instruct", "meta-llama/Llama-3.1-8B", Likeness.OTHER),
        ("meta-llama/Llama-3.1-8B", "meta-llama/Llama-3.1-8B-Instruct", Likeness.OTHER),
        ("llama-3.1-8b", "Meta-Llama-3.1-8B-Instruct", Likeness.SAME),
        ("Qwen3-8B-Base", "Qwen3-8B-Instruct", Likeness.OTHER),
        ("accounts/fireworks/models/llama-v3p1-8b-instruct", "meta-llama/Llama-3.1-8B-Instruct", Likeness.SAME),
        ("accounts/fireworks/models/llama-v3p1-8b-instruct", "meta-llama/Llama-3-8B-Instruct", Likeness.OTHER),
        ("meta.llama3-1-70b-instruct-v1:0", "Meta-Llama-3.1-70B-Instruct", Likeness.SAME),
        ("mistral.mistral-large-2402-v1:0", "mistral-large-2402", Likeness.SAME),
        ("mistral-small-latest", "mistral-large-2411", Likeness.OTHER),
        ("mistral-large-latest", "mistral-large-2411", Likeness.SAME),
        ("claude-3-5-sonnet@20240620", "claude-3-5-sonnet-20240620", Likeness.SAME),
        ("claude-3-5-sonnet", "claude-3-sonnet-20240229", Likeness.OTHER),
        ("claude-opus-4-1", "claude-opus-4.1", Likeness.SAME),
        ("claude-opus-4-1", "claude-opus-4-20250514", Likeness.OTHER),
        ("deepseek-v3", "deepseek-v3.1", Likeness.OTHER),
        ("deepseek-v3", "deepseek-v2", Likeness.OTHER),
        ("deepseek-ai/DeepSeek-V3", "deepseek-v3-0324", Likeness.SAME),
        ("deepseek/deepseek-chat-v3-0324", "deepseek/deepseek-chat-v3", Likeness.SAME),
        ("deepseek-r1", "deepseek-r1-distill-qwen-7b", Likeness.OTHER),
        ("deepseek-r1-0528", "deepseek-r1", Likeness.SAME),
        ("moonshotai/kimi-k2:exacto", "moonshotai/kimi-k2", Likeness.SAME),
        ("openai/gpt-oss-120b:groq", "gpt-oss-120b", Likeness.SAME),
        ("gpt-oss-120b", "gpt-oss-20b", Likeness.OTHER),
        ("gpt-oss:20b", "gpt-oss-20b", Likeness.SAME),
        ("o3", "o4-mini", Likeness.OTHER),
        ("o3-mini", "o3-mini-2025-01-31", Likeness.SAME),
        ("o3", "o3-mini", Likeness.OTHER),
        ("gemini-2.5-pro-preview-05-06", "gemini-2.5-pro", Likeness.SAME),
        ("gemini-flash-latest", "gemini-2.5-flash", Likeness.SAME),
        ("gemini-1.5-flash", "gemini-1.5-flash-002", Likeness.SAME),
        ("models/gemini-2.5-flash", "gemini-2.5-flash", Likeness.SAME),
        ("text-embedding-3-small", "text-embedding-3-large", Likeness.OTHER),
        ("my-gpt4o", "gpt-4o-2024-08-06", Likeness.SAME),
        ("my-gpt4o", "gpt-4o-mini", Likeness.OTHER),
        ("ft:gpt-4o-mini-2024-07-18:org::id", "gpt-4o-mini-2024-07-18", Likeness.OTHER),
        ("ft:gpt-4o-mini-2024-07-18:org::id", "ft:gpt-4o-mini-2024-07-18:org::id", Likeness.SAME),
        ("CodeLlama-7b", "code-llama-7b", Likeness.SAME),
        ("glm-4.5", "glm-4.5v", Likeness.OTHER),
        ("glm-4.5", "glm-4.5-air", Likeness.OTHER),
        ("glm-4.5-air", "zai-org/GLM-4.5-Air", Likeness.SAME),
        ("us.deepseek.r1-v1:0", "deepseek-r1", Likeness.SAME),
        ("openai.gpt-oss-120b-1:0", "gpt-oss-120b", Likeness.SAME),
        ("anthropic/claude-3.7-sonnet:thinking", "anthropic/claude-3.7-sonnet", Likeness.SAME),
        ("prod-chat", "gpt-4o", Likeness.ALIAS),
        ("gpt-4o", "prod-chat", Likeness.ALIAS),
        ("acme-large-2", "acme-large-3", Likeness.OTHER),
        ("qwen-plus", "qwen-plus-2025-07-28", Likeness.SAME),
        ("qwen-plus", "qwen-max", Likeness.OTHER),
        ("llama-3.3-70b-versatile", "llama-3.3-70b-versatile", Likeness.SAME),
        ("kimi-k2-0905-preview", "kimi-k2-0905-preview", Likeness.SAME),
        ("kimi-k2", "kimi-k2.5", Likeness.OTHER),
        ("grok-4", "grok-4-0709", Likeness.SAME),
        ("command-r", "command-r-08-2024", Likeness.SAME),
        ("command-r", "command-r-plus", Likeness.OTHER),
        ("command-a-03-2025", "command-r-08-2024", Likeness.OTHER),
        ("mixtral-8x7b-instruct", "mixtral-8x22b-instruct", Likeness.OTHER),
        ("qwen3-30b-a3b", "qwen3-235b-a22b", Likeness.OTHER),
        ("@cf/meta/llama-3.1-8b-instruct", "@cf/meta/llama-3.1-8b-instruct-fp8", Likeness.OTHER),
        ("ep-20250101-abc", "doubao-pro-32k", Likeness.ALIAS),
        ("gpt-4.1-mini", "gpt-4.1-mini-2025-04-14", Likeness.SAME),
        ("phi-4", "microsoft/Phi-4-mini-instruct", Likeness.OTHER),
        ("gemma-2-9b-it", "gemma2-9b", Likeness.SAME),
        ("google/gemma-3-27b-it", "gemma-3-27b", Likeness.OTHER),
        ("nova-pro", "amazon.nova-pro-v1:0", Likeness.SAME),
        ("nova-pro", "amazon.nova-lite-v1:0", Likeness.OTHER),
        ("gpt-4o", "acme-4o-large", Likeness.ALIAS),
        ("acme-4o-large", "gpt-4o", Likeness.ALIAS),
        ("acme-2", "zeta-3", Likeness.ALIAS),
        ("acme-2", "acme-2-beta", Likeness.SAME),
        ("acme-2", "acme-2-wave", Likeness.ALIAS),
        ("qwen2.5", "qwen", Likeness.ALIAS),
        ("qwen2.5-7b", "qwen2.5", Likeness.ALIAS),
        ("qwen", "qwen2.5", Likeness.SAME),
        ("gpt-4o-0513", "gpt-4o-20240513", Likeness.SAME),
        ("gpt-4o-20240513", "gpt-4o-0513", Likeness.SAME),
        ("gpt-4o-0513", "gpt-4o-20240806", Likeness.OTHER),
        ("gpt", "gpt-4o", Likeness.ALIAS),
        ("gpt-mini", "gpt-nano", Likeness.OTHER),
        ("gpt-latest", "gpt-4o", Likeness.ALIAS),
        ("gpt-mini-latest", "gpt-4o-mini", Likeness.ALIAS),
        ("o1", "o1-preview", Likeness.SAME),
        ("chatgpt-4o-latest", "gpt-4o", Likeness.SAME),
        ("qwen3-8b", "qwen3-8b-base", Likeness.SAME),
        ("qwen3-8b-instruct", "qwen3-8b-base", Likeness.OTHER),
        ("qwen3-8b-base", "qwen3-8b-instruct", Likeness.OTHER),
        ("gemma-2-9b", "gemma-2-9b-it", Likeness.SAME),
        ("google/gemma-2-9b", "gemma-2-9b-it", Likeness.OTHER),
        ("llama-3.1-8b-fp16", "llama-3.1-8b", Likeness.SAME),
        ("llama-3.1-8b-int4", "llama-3.1-8b-int8", Likeness.OTHER),
        ("gemini-1.5-pro-001", "gemini-1.5-pro-002", Likeness.OTHER),
        ("gemini-1.5-pro-001", "gemini-1.5-pro", Likeness.SAME),
        ("embed-v3.0", "embed-v3", Likeness.SAME),
        ("ft:gpt-4o:org::id", "gpt-4o", Likeness.OTHER),
        ("model\\gpt-4o", "gpt-4o", Likeness.SAME),
        ("gpt_4o", "gpt-4o", Likeness.SAME),
        ("gpt-4o:8b", "gpt-4o", Likeness.ALIAS),
        ("llama-3.1-8b:instruct", "llama-3.1-8b-instruct", Likeness.SAME),
        ("google/llama-3.1-8b:instruct", "google/llama-3.1-8b:base", Likeness.OTHER),
    ],
)
def test_two_names_are_of_one_model_or_of_two_or_one_is_the_providers_own(asked, named, expected):
    assert likeness(asked, named) is expected


NAME = st.text(st.sampled_from("abq4o37.-_:/@v"), max_size=30) | st.text(max_size=300)


@given(NAME, NAME)
def test_any_two_names_have_a_likeness_and_a_name_is_like_itself(one, other):
    assert likeness(one, other) in Likeness
    assert likeness(one, one) is Likeness.SAME
    assert likeness(f"router/{one}", one.upper()) in Likeness


NAMES = ["gpt-4o", "claude-sonnet-4-5", "qwen2.5-72b-instruct", "deepseek-v3.1"]


@given(st.sampled_from(NAMES), st.sampled_from(["2024-08-06", "20240806"]))
def test_vendor_region_date_tier_and_case_are_no_difference(name, date):
    for written in (f"{name}-{date}", f"us.vendor/{name.upper()}", f"{name}:free", f"{name}:exacto", f"openai/{name}-latest"):
        assert likeness(name, written) is Likeness.SAME
        assert likeness(written, name) is Likeness.SAME


@given(st.sampled_from([1, 3, 7, 8, 32, 70, 72, 405]), st.sampled_from([1, 3, 7, 8, 32, 70, 72, 405]))
def test_two_sizes_are_two_models(one, other):
    expected = Likeness.SAME if one == other else Likeness.OTHER
    assert likeness(f"Qwen/Qwen2.5-{one}B-Instruct", f"qwen2.5-{other}b-instruct") is expected


def test_a_date_is_the_same_with_and_without_its_hyphens():
    assert likeness("openai/gpt-4o-2024-08-06", "gpt-4o-20240806") is Likeness.SAME
    assert likeness("openai/gpt-4o-2024-08-06", "gpt-4o-20240807") is Likeness.OTHER


@pytest.mark.parametrize("vendor", ["a/", "a/" * 210])
def test_what_the_requested_name_leaves_open_the_other_may_state_and_not_the_reverse(vendor):
    assert likeness(f"{vendor}claude", "claude-4") is Likeness.SAME
    assert likeness(f"{vendor}claude-4", "claude") is Likeness.ALIAS


@pytest.mark.parametrize(("named", "expected"), [("gpt-4-0613", Likeness.SAME), ("gpt-4-0314", Likeness.OTHER)])
def test_of_two_dates_one_that_is_shared_is_enough(named, expected):
    assert likeness("x/gpt-4-0613-2024-08-06", named) is expected
