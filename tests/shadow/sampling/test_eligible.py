import pytest

from shadow.sampling.eligible import Skip, why_not

CHAT = "/v1/chat/completions"


@pytest.mark.promise("effects.once")
@pytest.mark.parametrize("target", [CHAT, "/v1/chat/completions?x=1", "/groq/v1/chat/completions", "/chat/completions/"])
def test_a_plain_chat_completion_may_be_asked_twice(target):
    assert why_not("POST", target, {"model": "m", "messages": [], "n": 3, "store": False, "tools": []}) == ""


@pytest.mark.promise("effects.once")
@pytest.mark.parametrize(
    ("method", "target", "expected"),
    [
        ("GET", CHAT, Skip.NOT_POST),
        ("DELETE", CHAT + "/chatcmpl-1", Skip.UNKNOWN_PATH),
        ("GET", "/v1/models", Skip.UNKNOWN_PATH),
        ("POST", "/v1/files", Skip.UNKNOWN_PATH),
        ("POST", "/v1/completions", Skip.NOT_AUDITED_YET),
        ("POST", "/v1/responses", Skip.NOT_AUDITED_YET),
        ("POST", "/v1/embeddings", Skip.NOT_AUDITED_YET),
        ("POST", "/v1/messages", Skip.NOT_AUDITED_YET),
    ],
)
def test_other_paths_and_methods_are_left_alone(method, target, expected):
    assert why_not(method, target, {}) == expected


@pytest.mark.promise("effects.once")
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"store": True}, Skip.STATEFUL),
        ({"previous_response_id": "r"}, Skip.STATEFUL),
        ({"conversation": {"id": "c"}}, Skip.STATEFUL),
        ({"background": True}, Skip.BACKGROUND),
        ({"tools": [{"type": "function"}, {"type": "web_search"}]}, Skip.SIDE_EFFECTING),
        ({"tools": [{"type": "mcp"}]}, Skip.SIDE_EFFECTING),
        ({"web_search_options": {}}, Skip.SIDE_EFFECTING),
        ({"plugins": [{"id": "web"}]}, Skip.SIDE_EFFECTING),
        ({"audio": {"voice": "x"}}, Skip.NOT_AUDITED_YET),
        ({"modalities": ["text", "audio"]}, Skip.NOT_AUDITED_YET),
        ({"modalities": ["text"], "tools": [{"type": "function"}], "previous_response_id": None}, ""),
        ({"tools": "nonsense", "modalities": 7}, ""),
        (None, Skip.NOT_JSON),
    ],
)
def test_a_body_that_acts_or_is_kept_is_never_sent_again(body, expected):
    assert why_not("POST", CHAT, body) == expected
