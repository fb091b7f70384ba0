import pytest

from shadow.identity.serving_identity import ServingIdentity, id_form, identity_of, kind_of, traits
from shadow.reading.completion import Unread, UnreadReason
from shadow.reading.provider_error import error_of_body
from tests.shadow.compare.made import answer, choice, completion


def parsed(name="chatcmpl-0a1b2c3d4e5f", headers=(), fingerprint="fp_1"):
    made = answer(completion(choice("a"), name=name)._replace(fingerprint=fingerprint))
    return made._replace(exchange=made.exchange._replace(response=made.exchange.response._replace(headers=headers)))


def settled():
    serving = ServingIdentity()
    changes = [serving.observe({"server": "a"}) for _ in range(20)]
    assert changes[:-1] == [None] * (20 - 1)
    return serving, changes[-1]


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("chatcmpl-9f86d081884c7d65", "chatcmpl-hex"),
        ("gen-1732264000-AbCdEf", "gen-digits and letters"),
        ("cmpl-550e8400-e29b-41d4-a716-446655440000", "cmpl-uuid"),
        ("0193", "digits"),
        ("chatcmpl-AbC9", "chatcmpl-letters"),
        ("???", "other"),
        ("", ""),
    ],
)
def test_an_id_is_known_by_its_form(text, form):
    assert id_form(text) == form


def test_answer_reveals_its_model_its_form_and_the_listed_headers():
    headers = (("Server", "cloudflare"), ("cf-ray", "8a1b-FRA"), ("x-request-id", "r1"), ("Via", "1.1 google"))
    found = traits(parsed(headers=headers), declared={"quantization": "fp8", "tier": ""})
    assert found == {
        "model": "m",
        "fingerprint": "fp_1",
        "id": "chatcmpl-hex",
        "usage": "prompt_tokens, completion_tokens",
        "server": "cloudflare",
        "cf-ray": "FRA",
        "via": "1.1 google",
        "declared quantization": "fp8",
    }


@pytest.mark.parametrize(("length", "kept"), [(120, "s" * 120), (121, "s" * 119 + "…")])
def test_a_value_is_kept_up_to_120_characters(length, kept):
    assert traits(parsed(headers=(("Server", "s" * length),)), declared={})["server"] == kept


def test_the_form_of_another_api_is_no_change_of_the_server():
    made = parsed(name="resp_08a1f3")
    request = made.exchange.request._replace(target="/v1/responses")
    found = traits(made._replace(exchange=made.exchange._replace(request=request)), declared={})
    assert {facet: found[facet] for facet in ("id (responses)", "usage (responses)")} == {
        "id (responses)": id_form("resp_08a1f3"),
        "usage (responses)": "prompt_tokens, completion_tokens",
    }
    assert "id" not in found


def test_refusal_for_length_reveals_the_limit_and_other_failures_do_not():
    body = b'{"error": {"message": "This model\'s maximum context length is 32,768 tokens. However ..."}}'
    refused = answer(Unread(why=UnreadReason.ERROR, detail="?"), status=400, error=error_of_body(400, body))
    assert traits(refused, declared={"tier": "free"}) == {"context_limit": "32768"}
    broken = answer(Unread(why=UnreadReason.ERROR, detail="?"), status=500, error=error_of_body(500, b"over 99999 tokens"))
    assert traits(broken, declared={}) == {}


def test_the_first_picture_is_no_change():
    serving, first = settled()
    assert (first.previous, first.changes, first.facts) == ("", (), {"server": ("a",)})
    assert first.identity == serving.identity == identity_of({"server": ("a",)})
    assert serving.observe({"server": "a"}) is None


def test_a_new_value_is_a_change_and_one_long_unseen_another():
    serving, first = settled()
    change = serving.observe({"server": "b"})
    assert (change.previous, change.changes) == (first.identity, ("server: b is new (before: a)",))
    later = [serving.observe({"server": "b"}) for _ in range(500)]
    (gone,) = [change for change in later if change]
    assert (gone.changes, gone.facts) == (("server: a is no longer seen",), {"server": ("b",)})


def test_facet_that_never_settles_is_left_out():
    serving, _ = settled()
    changes = [serving.observe({"server": "a", "fingerprint": f"fp_{number}"}) for number in range(3 * 8)]
    assert not any(changes[8 + 1 :])
    assert serving.facts == {"server": ("a",)}


def test_what_was_kept_is_the_first_picture_of_the_next_run():
    serving = ServingIdentity({"server": ("a",)})
    assert serving.identity == identity_of({"server": ("a",)})
    assert serving.observe({"server": "a"}) is None
    assert serving.observe({"server": "b"}).previous == identity_of({"server": ("a",)})


def test_the_first_answers_of_another_api_are_no_change_and_what_is_new_after_them_is():
    serving, first = settled()
    kind = kind_of("messages", stream=True)
    assert [serving.observe({"id (messages)": "msg_letters", "server": "b"}, kind) for _ in range(20)] == [None] * 20
    assert serving.identity == first.identity
    change = serving.observe({"id (messages)": "uuid", "server": "b"}, kind)
    assert change.changes == ("id (messages): uuid is new (before: msg_letters)",)
    assert change.facts["server"] == ("a", "b")


def test_a_header_that_comes_only_later_is_a_change():
    serving, _ = settled()
    assert serving.observe({"server": "a", "via": "1.1 g"}).changes == ("via: 1.1 g is new (before: nothing)",)


def test_the_first_limit_that_is_stated_is_no_change_and_another_one_is():
    serving, _ = settled()
    assert serving.observe({"context_limit": "8192"}) is None
    assert serving.observe({"context_limit": "4096"}).changes == ("context_limit: 4096 is new (before: 8192)",)


def test_later_run_has_the_kinds_of_the_earlier_one():
    serving = ServingIdentity({"id": ("a",), "id (messages)": ("b",)})
    assert serving.observe({"id": "c"}, kind_of("chat", stream=True)) is not None
    assert serving.observe({"id (responses)": "c"}, kind_of("responses", stream=True)) is None


def test_the_region_that_an_answer_states_is_part_of_the_identity_and_its_cost_is_not():
    made = parsed()
    usage = made.completion.usage._replace(cost=0.01, cache_write_tokens=7)
    found = traits(made._replace(completion=made.completion._replace(applied={"inference_geo": "us"}, usage=usage)), declared={})
    assert found["inference_geo"] == "us"
    assert found["usage"] == "prompt_tokens, completion_tokens"
    unstated = made._replace(completion=made.completion._replace(applied={"inference_geo": "not_available"}))
    assert "inference_geo" not in traits(unstated, declared={})
    serving, _ = settled()
    assert serving.observe({"inference_geo": "us"}) is None
    assert serving.observe({"inference_geo": "global"}).changes == ("inference_geo: global is new (before: us)",)


def test_an_identity_is_twelve_hex_digits_of_the_facts_in_their_order():
    found = [identity_of(facts) for facts in ({"a": ("x",), "b": ()}, {"a": ("x",), "b": ("",)}, {"a": ("y",), "b": ()})]
    assert len(set(found)) == 3
    assert all(len(each) == 12 and int(each, 16) >= 0 for each in found)
    assert identity_of({"a": ("x",), "b": ()}) == found[0]
