"""Who serves is learned from answers, kept by rows, and known again after a restart."""

import json
from dataclasses import replace

from proxy.config import Provider, ProxyConfig
from shadow.config import Config
from shadow.identity.serving import WARM_UP
from shadow.reading.answer import read
from shadow.servings import KEPT, Servings
from tests.exchanges import exchange, said

CONFIG = Config(proxy=ProxyConfig(providers={"near": Provider(base_url="http://localhost:1/v1", quantization="fp8")}))


def answered(fingerprint: str, **more):
    body = json.loads(said("Hello."))
    live = exchange(json.dumps({**body, "system_fingerprint": fingerprint}).encode())
    return replace(live, provider="near", model="m", **more)


def observed(servings: Servings, fingerprint: str, times: int, **more):
    found = []
    for _ in range(times):
        live = answered(fingerprint, **more)
        found += servings.observe(live, read(live))
    return found


def test_the_first_picture_is_a_row_and_a_change_another():
    servings = Servings(CONFIG)
    (first,) = observed(servings, "fp_a", WARM_UP)
    assert (first.provider, first.model, first.previous, first.changes) == ("near", "m", "", "[]")
    assert json.loads(first.facts)["declared quantization"] == ["fp8"]
    (changed,) = observed(servings, "fp_b", 3, started=7.0)
    assert (changed.previous, changed.started) == (first.identity, 7.0)
    assert json.loads(changed.changes) == ["fingerprint: fp_b is new (before: fp_a)"]


def test_a_restart_knows_what_was_kept_and_only_tells_what_is_new():
    (first,) = observed(Servings(CONFIG), "fp_a", WARM_UP)
    again = Servings(CONFIG, [first])
    assert observed(again, "fp_a", 50) == []
    (changed,) = observed(again, "fp_b", 1)
    assert changed.previous == first.identity


def test_facts_that_cannot_be_read_begin_anew():
    (first,) = observed(Servings(CONFIG), "fp_a", WARM_UP)
    assert len(observed(Servings(CONFIG, [replace(first, facts="[1]")]), "fp_a", WARM_UP)) == 1


def test_names_that_clients_make_up_are_bounded():
    servings = Servings(CONFIG)
    for number in range(2 * KEPT):
        live = replace(answered("fp"), model=f"m{number}")
        servings.observe(live, read(live))
    assert len(servings._known) == KEPT
