import pytest

from shadow.sampling.eligibility import SkipReason, skip_reason

CHAT = "/v1/chat/completions"
RESPONSES = "/v1/responses"
MESSAGES = "/v1/messages"


@pytest.mark.promise("effects.once")
@pytest.mark.parametrize(
    ("target", "body"),
    [
        (RESPONSES, {"input": "hi", "tools": [{"type": "function", "name": "f"}, {"type": "custom", "name": "g"}]}),
        (RESPONSES, {"input": [{"role": "user", "content": [{"type": "input_text", "text": "hi"}]}], "store": True}),
        (RESPONSES, {"input": [{"type": "reasoning", "content": [{"type": "reasoning_text", "text": "so"}]}]}),
        (RESPONSES, {"input": "hi", "tools": [{"type": "tool_search"}, {"type": "namespace", "tools": [{"type": "function"}]}]}),
        (RESPONSES, {"input": "hi", "tools": [{"type": "local_shell"}, {"type": "apply_patch"}]}),
        (RESPONSES, {"input": ["hi"]}),
        (CHAT, {"messages": [], "tools": [{"type": "custom", "custom": {"name": "run"}}]}),
        (MESSAGES, {"messages": [], "tools": [{"type": "tool_search_tool_regex_20251119", "name": "s"}, {"name": "f"}]}),
        ("/v1/completions", {"prompt": "Once"}),
        ("/v1/embeddings", {"input": "Once"}),
        (MESSAGES, {"messages": [], "tools": [{"name": "f"}, {"type": "custom", "name": "g"}, {"type": "bash_20250124"}]}),
        (MESSAGES, {"messages": [{"content": [{"type": "thinking", "thinking": "so"}, "x"]}, "y"]}),
    ],
)
def test_plain_request_of_another_api_may_be_sent_twice(target, body):
    assert skip_reason("POST", target, body) == ""


@pytest.mark.promise("effects.once")
@pytest.mark.parametrize(
    ("target", "body", "expected"),
    [
        (RESPONSES, {"input": [{"type": "item_reference", "id": "msg_1"}]}, SkipReason.STATEFUL),
        (RESPONSES, {"input": [{"role": "user"}, {"type": "item_reference", "id": "msg_1"}, "x"]}, SkipReason.STATEFUL),
        (RESPONSES, {"input": [{"type": "reasoning", "id": "rs_1", "summary": []}]}, SkipReason.STATEFUL),
        (RESPONSES, {"input": [{"type": "reasoning", "id": "rs_1", "encrypted_content": "gAAA"}]}, SkipReason.STATEFUL),
        (RESPONSES, {"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "f"}]}]}, SkipReason.STATEFUL),
        (RESPONSES, {"input": [{"type": "function_call_output", "output": [{"file_id": "f"}]}]}, SkipReason.STATEFUL),
        (RESPONSES, {"input": "hi", "previous_response_id": "resp_1"}, SkipReason.STATEFUL),
        (RESPONSES, {"input": "hi", "conversation": "conv_1"}, SkipReason.STATEFUL),
        (RESPONSES, {"prompt": {"id": "pmpt_1"}}, SkipReason.STATEFUL),
        (RESPONSES, {"input": "hi", "background": True}, SkipReason.BACKGROUND),
        (RESPONSES, {"input": "hi", "tools": [{"type": "web_search"}]}, SkipReason.SIDE_EFFECTING),
        (RESPONSES, {"input": "hi", "tools": [{"type": ["function"]}]}, SkipReason.SIDE_EFFECTING),
        (RESPONSES, {"input": "hi", "tools": [{"type": "namespace", "tools": [{"type": "mcp"}]}]}, SkipReason.SIDE_EFFECTING),
        (RESPONSES, {"input": "hi", "tools": [{"type": "shell"}]}, SkipReason.SIDE_EFFECTING),
        (RESPONSES, {"input": "hi", "tools": [{"type": "function_shell"}]}, SkipReason.SIDE_EFFECTING),
        (MESSAGES, {"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, SkipReason.SIDE_EFFECTING),
        (MESSAGES, {"mcp_servers": [{"type": "url"}]}, SkipReason.SIDE_EFFECTING),
        (MESSAGES, {"container": "c1"}, SkipReason.STATEFUL),
        (
            MESSAGES,
            {"messages": [{"content": [{"type": "document", "source": {"type": "file", "file_id": "f"}}]}]},
            SkipReason.STATEFUL,
        ),
        (MESSAGES, {"messages": [{"content": "hi"}, {"content": [{"type": "redacted_thinking"}]}]}, SkipReason.STATEFUL),
    ],
)
def test_a_request_of_another_api_that_acts_or_builds_on_what_is_kept_is_never_sent_again(target, body, expected):
    assert skip_reason("POST", target, body) == expected


@pytest.mark.promise("effects.once")
@pytest.mark.parametrize("target", [CHAT, "/v1/chat/completions?x=1", "/groq/v1/chat/completions", "/chat/completions/"])
def test_plain_chat_completion_may_be_sent_twice(target):
    assert skip_reason("POST", target, {"model": "m", "messages": [], "n": 3, "store": False, "tools": []}) == ""


@pytest.mark.promise("effects.once")
@pytest.mark.parametrize(
    ("method", "target", "expected"),
    [
        ("GET", CHAT, SkipReason.NOT_POST),
        ("DELETE", CHAT + "/chatcmpl-1", SkipReason.UNKNOWN_PATH),
        ("GET", "/v1/models", SkipReason.UNKNOWN_PATH),
        ("POST", "/v1/files", SkipReason.UNKNOWN_PATH),
        ("POST", "/v1/responses/resp_1/cancel", SkipReason.UNKNOWN_PATH),
        ("POST", "/v1/responses/input_tokens", SkipReason.UNKNOWN_PATH),
        ("POST", "/v1/threads/t1/messages", SkipReason.UNKNOWN_PATH),
        ("POST", "/v1/messages/batches", SkipReason.UNKNOWN_PATH),
    ],
)
def test_other_paths_and_methods_are_left_alone(method, target, expected):
    assert skip_reason(method, target, {}) == expected


@pytest.mark.promise("effects.once")
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"store": True}, SkipReason.STATEFUL),
        ({"previous_response_id": "r"}, SkipReason.STATEFUL),
        ({"conversation": {"id": "c"}}, SkipReason.STATEFUL),
        ({"background": True}, SkipReason.BACKGROUND),
        ({"tools": [{"type": "function"}, {"type": "web_search"}]}, SkipReason.SIDE_EFFECTING),
        ({"tools": [{"type": "mcp"}]}, SkipReason.SIDE_EFFECTING),
        ({"web_search_options": {}}, SkipReason.SIDE_EFFECTING),
        ({"plugins": [{"id": "web"}]}, SkipReason.SIDE_EFFECTING),
        ({"audio": {"voice": "x"}}, SkipReason.NOT_AUDITED_YET),
        ({"modalities": ["text", "audio"]}, SkipReason.NOT_AUDITED_YET),
        ({"modalities": ["text"], "tools": [{"type": "function"}], "previous_response_id": None}, ""),
        ({"tools": "nonsense", "modalities": 7}, ""),
        (None, SkipReason.NOT_JSON),
    ],
)
def test_a_body_that_acts_or_is_kept_is_never_sent_again(body, expected):
    assert skip_reason("POST", CHAT, body) == expected


SIGNED = {"type": "thinking", "thinking": "t", "signature": "s"}


@pytest.mark.parametrize(
    ("target", "body"),
    [
        ("/v1/messages", {"messages": [{"role": "assistant", "content": [SIGNED]}]}),
        ("/v1/messages", {"messages": [{"role": "assistant", "content": [{"type": "redacted_thinking", "data": "x"}]}]}),
        ("/v1/chat/completions", {"messages": [{"role": "assistant", "content": "", "thinking_blocks": [SIGNED]}]}),
        ("/v1/responses", {"input": [{"type": "reasoning", "encrypted_content": "x"}]}),
    ],
)
def test_thinking_that_only_its_author_can_check_goes_nowhere_unless_it_is_taken_out_or_can_be_checked(target, body):
    assert skip_reason("POST", target, body) == "stateful"
    assert skip_reason("POST", target, body, thinking=True) == ""


def test_thinking_without_a_signature_is_sent():
    body = {"messages": [{"role": "assistant", "content": [{"type": "thinking", "thinking": "t", "signature": ""}]}]}
    assert skip_reason("POST", "/v1/messages", body) == ""
