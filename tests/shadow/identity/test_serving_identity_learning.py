"""How an identity is learned: its baseline, each change in order with its sentence, values that are gone, facets left out."""

import pytest

from shadow.identity.serving_identity import ServingIdentity, id_form, identity_of, kind_of, traits
from tests.shadow.compare.made import answer, choice, completion


def observed(serving, count, revealed, kind=""):
    return [serving.observe(revealed, kind) for _ in range(count)]


def settled(**facets):
    serving = ServingIdentity()
    observed(serving, 20, {"server": "a", **facets})
    return serving


def with_headers(*headers):
    made = answer(completion(choice("a")))
    return made._replace(exchange=made.exchange._replace(response=made.exchange.response._replace(headers=headers)))


def test_nineteen_answers_have_no_identity_and_the_twentieth_gives_it():
    serving = ServingIdentity()
    assert observed(serving, 19, {"server": "a"}) == [None] * 19
    assert serving.identity == ""
    change = serving.observe({"server": "a"})
    assert (change.identity, change.previous, change.changes) == (serving.identity, "", ())


def test_values_within_the_baseline_are_no_change_and_all_belong_to_it():
    serving = ServingIdentity()
    assert observed(serving, 10, {"server": "b"}) + observed(serving, 9, {"server": "a"}) == [None] * 19
    change = serving.observe({"server": "a", "model": "m"})
    assert (change.changes, change.facts) == ((), {"model": ("m",), "server": ("a", "b")})
    assert serving.values("server") == ("b", "a"), "in the order in which they were last seen"
    assert serving.values("via") == ()


def test_answer_that_reveals_nothing_is_not_counted():
    serving = ServingIdentity()
    observed(serving, 19, {"server": "a"})
    assert observed(serving, 5, {}) == [None] * 5
    assert serving.identity == ""
    assert repr(serving) == "<ServingIdentity answers=19 identity='' unsettled=[]>"


def test_each_new_value_is_a_change_with_all_values_before_it():
    serving = settled()
    assert serving.observe({"server": "b"}).changes == ("server: b is new (before: a)",)
    assert serving.observe({"server": "c", "via": "v"}).changes == (
        "server: c is new (before: a, b)",
        "via: v is new (before: nothing)",
    )
    assert serving.observe({"server": "a"}) is None


def test_value_is_gone_after_501_answers_without_it_and_not_before():
    serving = settled()
    first = serving.observe({"server": "b"})
    later = observed(serving, 500, {"server": "b"})
    assert later[:-1] == [None] * 499
    assert (later[-1].previous, later[-1].changes) == (first.identity, ("server: a is no longer seen",))
    assert serving.facts == {"server": ("b",)}


def test_last_value_of_a_facet_is_never_gone():
    serving = settled(via="v")
    assert observed(serving, 600, {"server": "a"}) == [None] * 600
    assert serving.facts == {"server": ("a",), "via": ("v",)}


def test_eight_values_of_a_facet_are_compared_and_a_ninth_leaves_it_out_for_good():
    serving = settled()
    found = [serving.observe({"server": "a", "fingerprint": f"fp_{number}"}) for number in range(9)]
    assert found[7].changes == (f"fingerprint: fp_7 is new (before: {', '.join(f'fp_{number}' for number in range(7))})",)
    assert found[8].changes == ("fingerprint: changes too often, no longer compared",)
    assert found[8].identity == identity_of({"server": ("a",)})
    assert serving.observe({"server": "a", "fingerprint": "fp_9"}) is None
    assert repr(serving) == f"<ServingIdentity answers=30 identity={serving.identity!r} unsettled=['fingerprint']>"


def test_stored_facts_are_a_complete_baseline_of_both_kinds_of_their_api():
    facts = {"id (messages)": ("a",), "server": ("s",)}
    for kind in ("", kind_of("messages", True), kind_of("messages", False), kind_of("", True), kind_of("chat", False)):
        serving = ServingIdentity(facts)
        assert serving.observe({"server": "t"}, kind).changes == ("server: t is new (before: s)",)
    other = ServingIdentity(facts)
    assert observed(other, 20, {"server": "t"}, kind_of("responses", True)) == [None] * 20


def test_stored_value_is_gone_501_answers_after_the_start():
    serving = ServingIdentity({"server": ("a", "b")})
    found = observed(serving, 501, {"server": "b"})
    assert found[:500] == [None] * 500
    assert found[500].changes == ("server: a is no longer seen",)


@pytest.mark.parametrize(
    ("api", "stream", "kind"),
    [("", True, "chat streamed"), ("chat", False, "chat whole"), ("messages", True, "messages streamed")],
)
def test_kind_of_an_answer_is_its_api_and_whether_it_is_streamed(api, stream, kind):
    assert kind_of(api, stream) == kind


def test_identity_is_twelve_hexadecimal_digits_of_the_facts_and_the_same_in_every_version():
    """Stored identities would otherwise all change with an update."""
    assert identity_of({"server": ("a",)}) == "d5a3c3598f90"
    assert identity_of({"server": ("a",)}) != identity_of({"server": ("a", "b")})


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ((("Via", "one"), ("via", "two")), {"via": "one"}),
        ((("cf-ray", "8a1b-FRA"), ("CF-Ray", "9c-AMS")), {"cf-ray": "FRA"}),
        ((("cf-ray", "8a1b"),), {}),
        ((("x-request-id", "a-b"), ("date", "today")), {}),
        ((("server", ""),), {}),
    ],
)
def test_first_value_of_a_listed_header_is_kept_without_the_part_of_the_request(headers, found):
    kept = traits(with_headers(*headers), declared={})
    assert {name: value for name, value in kept.items() if name not in {"model", "id", "usage", "fingerprint"}} == found


def test_value_is_cleaned_before_it_is_cut():
    kept = traits(with_headers(("server", "s" * 130)), declared={}, clean=lambda text: text.replace("s" * 130, "***"))
    assert kept["server"] == "***"


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("msg_01AbCdEf", "msg_letters"),
        ("a-b", "other"),
        ("resp_0a1b2c3d4e", "resp_hex"),
        ("resp_0a1b2c3", "resp_letters"),
        ("gen-123456-a", "gen-digits and letters"),
        ("gen-12345-a", "gen-other"),
        ("chatcmpl-", "chatcmpl-other"),
        ("abc", "letters"),
        ("cmpl.v1:77", "cmpl.other"),
        ("ab-cd-77", "ab-cd-digits"),
    ],
)
def test_form_of_an_id_is_its_prefix_and_what_the_rest_is_made_of(text, form):
    assert id_form(text) == form
