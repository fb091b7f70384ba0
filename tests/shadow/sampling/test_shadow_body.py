import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.sampling.shadow_body import REMOVED, greedy_body, shadow_body

VALUES = st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.text(max_size=6) | st.lists(st.integers(), max_size=3)
BODIES = st.dictionaries(st.sampled_from([*REMOVED, "model", "messages", "seed", "größe", "x"]), VALUES, max_size=9)


@given(BODIES, st.sampled_from(["", "other", 'a"b', "größe"]), st.sampled_from([None, 0, 3]), st.booleans())
def test_copy_is_the_request_without_removed_members_and_with_the_given_model(body, model, indent, plain):
    raw = json.dumps(body, indent=indent, ensure_ascii=plain).encode()
    made = shadow_body(raw, model)
    expected = {key: value for key, value in body.items() if key not in REMOVED}
    if model:
        expected["model"] = model
    assert json.loads(made.body) == expected
    assert (made.body == raw) == (made.alterations == ())
    assert sum(sentence.split(" removed")[0] in REMOVED for sentence in made.alterations) == len(set(REMOVED) & set(body))


def test_every_other_byte_stays_as_it_was_sent():
    raw = (
        b'{ "seed":12345678901234567890123,\n"user" : "ann",  "model":"gpt-x" ,'
        b'"text":"\\ud800 \\u00e9", "f": 1e400, "store": false }\n'
    )
    made = shadow_body(raw, "llama")
    assert made.body == b'{ "seed":12345678901234567890123,\n"model":"llama" ,"text":"\\ud800 \\u00e9", "f": 1e400 }\n'
    assert made.alterations[0] == 'model "gpt-x" sent as "llama"'
    assert [sentence.split(" ")[0] for sentence in made.alterations[1:]] == ["user", "store"]


def test_a_removed_value_stands_in_no_reason():
    made = shadow_body(b'{"model": "m", "user": "ann@example.com", "metadata": {"k": "secret"}}', "")
    assert "ann" not in " ".join(made.alterations)
    assert "secret" not in " ".join(made.alterations)


def test_a_body_of_the_same_model_is_the_same_bytes():
    raw = b'  {"model" : "m"}'
    assert shadow_body(raw, "m") == shadow_body(raw, "")
    assert shadow_body(raw, "m").body is raw


def test_repeated_and_escaped_keys_are_found_each_time():
    made = shadow_body(b'{"model":"a","us\\u0065r":1,"model":"b","user":2}', "c")
    assert made.body == b'{"model":"c","model":"c"}'


def test_a_request_without_a_model_gets_one():
    assert json.loads(shadow_body(b"{}", "m").body) == {"model": "m"}
    made = shadow_body(b'{"user": 1}', "m")
    assert json.loads(made.body) == {"model": "m"}
    assert "added" in made.alterations[-1]


def test_a_body_that_is_no_json_object_cannot_be_shadowed():
    with pytest.raises(ValueError, match="not a JSON object"):
        shadow_body(b"[1]", "m")


@pytest.mark.parametrize("sent", [b'{"model": "m", "input": "hi"}', b'{"store": true, "model": "m", "input": "hi"}'])
def test_copy_of_a_responses_request_sets_store_to_false(sent):
    made = shadow_body(sent, "", "/v1/responses?x=1")
    assert json.loads(made.body) == {"store": False, "model": "m", "input": "hi"}
    assert made.alterations[-1].startswith("store false added")
    assert "store" not in json.loads(shadow_body(sent, "", "/v1/completions").body)


def test_greedy_copy_sets_temperature_zero_and_keeps_the_rest():
    assert greedy_body(b'{"model": "m", "temperature" : 0.8, "n":1}') == b'{"model": "m", "temperature" : 0, "n":1}'
    assert json.loads(greedy_body(b'{"model": "m"}')) == {"model": "m", "temperature": 0}
    assert greedy_body(b"{}") == b'{"temperature": 0}'


def test_a_copy_for_the_provider_that_got_the_request_keeps_each_member_where_it_stood():
    sent = b'{"user": "u", "model": "m", "store": true, "metadata": {}, "input": "x"}'
    made = shadow_body(sent, "n", "/v1/responses", removed={})
    assert made.body == b'{"user": "u", "model": "n", "store": false, "metadata": {}, "input": "x"}'
    assert set(made.alterations) == {'model "m" sent as "n"', "store true sent as false"}
    assert shadow_body(sent.replace(b"true", b"false"), "m", "/v1/responses", removed={}).alterations == ()
    assert shadow_body(sent, "", "/v1/chat/completions", removed={}).body == sent
