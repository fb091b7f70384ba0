"""Who serves is learned from answers, kept by rows, and known again after a restart."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.provider_config import Provider, ProxyConfig
from shadow.identity.serving_identity import revealed, traits
from shadow.pipeline.identity_observer import IdentityObserver
from shadow.privacy.redact import Redactor
from shadow.reading.parsed_response import parse_response
from shadow.settings.top_level_config import Config
from tests.exchanges import exchange, labelled, said

CONFIG = Config(proxy=ProxyConfig(providers={"near": Provider(base_url="http://localhost:1/v1", quantization="fp8")}))


def learning(known=()):
    return IdentityObserver(CONFIG, known, clean=Redactor().text)


def answered(fingerprint: str, **more):
    body = json.loads(said("Hello."))
    live = exchange(json.dumps({**body, "system_fingerprint": fingerprint}).encode())
    return labelled(live._replace(**more), provider="near", model="m")


def observed(servings: IdentityObserver, fingerprint: str, times: int, **more):
    found = []
    for _ in range(times):
        live = answered(fingerprint, **more)
        found += servings.observe(live, parse_response(live))
    return found


def test_the_first_picture_is_a_row_and_a_change_another():
    servings = learning()
    (first,) = observed(servings, "fp_a", 20)
    assert (first.provider, first.model, first.previous, first.changes) == ("near", "m", "", "[]")
    assert json.loads(first.facts)["declared quantization"] == ["fp8"]
    (changed,) = observed(servings, "fp_b", 3, started=7.0)
    assert (changed.previous, changed.started) == (first.identity, 7.0)
    assert json.loads(changed.changes) == ["fingerprint: fp_b is new (before: fp_a)"]


def test_restart_reads_what_was_kept_and_reports_only_what_is_new():
    (first,) = observed(learning(), "fp_a", 20)
    again = learning([first])
    assert observed(again, "fp_a", 50) == []
    (changed,) = observed(again, "fp_b", 1)
    assert changed.previous == first.identity


def test_unreadable_facts_start_again():
    (first,) = observed(learning(), "fp_a", 20)
    assert len(observed(learning([replace(first, facts="[1]")]), "fp_a", 20)) == 1


@given(
    st.lists(st.sampled_from(["fp_a", "fp_b", "", "f" * 120, "f" * 121, "f" * 2_000]), max_size=6),
    st.sampled_from(["m", "m" * 900]),
    st.sampled_from(["nginx", "s" * 121, "Bearer abcdefghijklmnop"]),
)
def test_traits_that_are_remembered_are_those_of_each_answer(fingerprints, model, server):
    servings, clean = learning(), Redactor().text
    for fingerprint in fingerprints:
        live = labelled(answered(fingerprint), model=model)
        live = live._replace(response=live.response._replace(headers=(("Server", server),)))
        answer = parse_response(live)
        declared = {"quantization": "fp8", "tier": "", "context": ""}
        assert servings.traits_of(live, answer).traits == traits(answer, declared=declared, clean=clean)


def test_names_that_clients_make_up_are_bounded():
    servings = learning()
    for number in range(2 * 256):
        live = labelled(answered("fp"), model=f"m{number}")
        servings.observe(live, parse_response(live))
    assert len(servings._known) == 256


def test_a_credential_in_a_model_name_a_fingerprint_or_a_header_is_learned_as_asterisks():
    secret = "sk-proj-abcdefghijklmnopqrstuvwx"
    live = answered(f"fp {secret}")
    # so long a value is cut: what is left of the secret then would look like none
    live = live._replace(response=live.response._replace(headers=(("server", f"{'x' * 110} {secret}"),)))
    servings = learning()
    rows = [row for _ in range(20) for row in servings.observe(labelled(live, model=f"m/{secret}"), parse_response(live))]
    assert [(row.model, json.loads(row.facts)["fingerprint"]) for row in rows] == [
        ("m/" + "*" * len(secret), ["fp " + "*" * len(secret)])
    ]
    assert secret[:8] not in repr(rows)
    again = learning(rows)
    assert [row for _ in range(20) for row in again.observe(labelled(live, model=f"m/{secret}"), parse_response(live))] == []


def test_what_a_new_configuration_declares_is_a_change():
    servings = learning()
    observed(servings, "fp", 20)
    more = Provider(base_url="http://localhost:1/v1", quantization="int4")
    servings.reload(Config(proxy=ProxyConfig(providers={"near": more})))
    (changed,) = observed(servings, "fp", 1)
    assert json.loads(changed.changes) == ["declared quantization: int4 is new (before: fp8)"]


def test_the_names_that_answered_to_a_name_are_known_from_the_first_answer_on():
    servings = learning()
    live = answered("fp_a")
    assert servings.names(live) == ()
    servings.observe(live, parse_response(live))
    assert servings.names(live) == (parse_response(live).completion.model,)
    assert servings.names(labelled(live, model="another")) == ()


def test_deployment_in_the_path_is_the_requested_model():
    servings = learning()
    live = answered("fp_a")
    there = live._replace(request=live.request._replace(target="/openai/deployments/harbour/chat/completions"))
    servings.observe(there, parse_response(there))
    assert servings.names(live) == ()
    assert servings.names(labelled(there, model="elsewhere")) == (parse_response(live).completion.model,)


def test_change_that_another_process_stored_is_no_change_here():
    (first,) = observed(learning(), "fp_a", 20)
    one, other = learning([first]), learning([first])
    (change,) = observed(one, "fp_b", 1)
    assert other.adopt([change]) == [change]
    assert observed(other, "fp_b", 3) == []
    assert other.adopt([change]) == [], "it is known by now"


def test_first_identity_is_taken_over_while_the_own_is_incomplete_or_there_is_none():
    (first,) = observed(learning(), "fp_a", 20)
    begun, none = learning(), learning()
    observed(begun, "fp_a", 19)
    for servings in (begun, none):
        assert servings.adopt([first]) == [first]
        assert observed(servings, "fp_a", 20) == []


def test_own_change_that_is_not_stored_yet_is_not_undone_by_what_is_stored():
    (first,) = observed(learning(), "fp_a", 20)
    servings = learning([first])
    observed(servings, "fp_b", 1)
    assert servings.adopt([first]) == []
    assert observed(servings, "fp_b", 3) == []


def test_identities_of_others_displace_none_that_is_known_here():
    servings = learning()
    for number in range(256):
        live = labelled(answered("fp"), model=f"m{number}")
        servings.observe(live, parse_response(live))
    (first,) = observed(learning(), "fp_a", 20)
    assert servings.adopt([first]) == []


@pytest.mark.parametrize(("length", "cleanings"), [(1_000, 1), (1_001, 2)])
def test_traits_that_come_again_are_cleaned_once_where_they_and_the_model_have_a_thousand_characters(length, cleanings):
    cleaned = []
    servings = IdentityObserver(CONFIG, clean=lambda text: cleaned.append(text) or text)
    live = answered("f" * 300)
    beside = len("".join(revealed(parse_response(live))))
    live = labelled(live, model="m" * (length - beside))
    for _ in range(2):
        servings.traits_of(live, parse_response(live))
    assert cleaned.count("f" * 300) == cleanings


@pytest.mark.parametrize(("length", "cleanings"), [(200, 1), (201, 2)])
def test_name_of_a_model_that_comes_again_is_cleaned_once_up_to_200_characters(length, cleanings):
    cleaned = []
    servings = IdentityObserver(CONFIG, clean=lambda text: cleaned.append(text) or text)
    live = labelled(answered("fp"), model="m" * length)
    for _ in range(2):
        assert servings.traits_of(live, parse_response(live)).model == "m" * 200
    assert cleaned.count("m" * length) == cleanings
