"""Errors between several keys."""

import pytest

from shadow.settings.config_errors import dotted
from shadow.settings.cross_checks import RawConfig, cross_check, listen_port

GOOD = {"base_url": "https://a.example/v1"}


def faults(proxy: dict | None = None, environ: dict | None = None, *, serving: bool = True, **sections) -> list[str]:
    tables = {"proxy": {"providers": {"a": GOOD, "b": {"base_url": "https://b.example/v1"}}, **(proxy or {})}, **sections}
    found = cross_check(RawConfig(tables=tables, environ=environ or {}, serving=serving))
    return [f"{dotted(fault.path)}: {fault.sentence}" for fault in found]


def providers(**fields) -> dict:
    return {"providers": {"a": {**GOOD, **fields}}}


def test_two_good_providers_have_no_fault():
    assert faults({"provider": "a", "reference": "b"}) == []


def test_unknown_names_are_found_wherever_they_stand():
    found = faults({"provider": "c", "routes": [{"name": "r", "provider": "aa", "reference": "zz"}]})
    assert [sentence.split(":")[0] for sentence in found] == [
        "proxy.provider",
        "proxy.routes[0].provider",
        "proxy.routes[0].reference",
    ]
    assert "did you mean 'a'?  (known: a, b)" in found[1]


def test_candidates_of_a_route_are_compared_with_its_reference_or_that_of_the_proxy():
    route = {"name": "r", "provider": "a", "candidates": ["b"]}
    assert faults({"routes": [route]})[0].startswith("proxy.routes[0].candidates: candidates are compared with a reference")
    assert "'b' is the reference of this route" in faults({"reference": "b", "routes": [route]})[0]
    assert "'a' is the provider of this route" in faults({"reference": "b", "routes": [{**route, "candidates": ["a"]}]})[0]
    several = {**route, "candidates": ["b", "c", "d"]}
    found = faults({"routes": [several]}, tournament={"places": 2})
    assert [error.split(":")[0] for error in found] == [
        "proxy.routes[0].candidates[1]",
        "proxy.routes[0].candidates[2]",
        "proxy.routes[0].candidates",
        "proxy.routes[0].candidates",
    ]


PRICED = {"price_input": 1.0}


def named(*priced) -> dict:
    return {name: {"base_url": f"https://{name}.example/v1"} | (PRICED if name in priced else {}) for name in "abcde"}


@pytest.mark.parametrize(
    ("route", "priced", "unpriced"),
    [
        ({"candidates": ["c"]}, "", "bc"),
        ({"candidates": ["c"]}, "b", "c"),
        ({"candidates": ["c"]}, "c", "b"),
        ({"candidates": ["c", "d"]}, "bc", "d"),
        ({"candidates": ["c"], "reference": "e"}, "c", "e"),
        ({"candidates": ["c"]}, "bc", ""),
        ({"candidates": []}, "", ""),
        ({"reference": "e"}, "", ""),
    ],
)
def test_money_of_a_tournament_needs_a_price_of_each_candidate_and_of_its_reference(route, priced, unpriced):
    proxy = {"providers": named(*priced), "reference": "b", "routes": [{"name": "r", "provider": "a", **route}]}
    found = faults(proxy, tournament={"money": 5.0})
    assert [sentence.split(",")[0] for sentence in found] == [
        f"tournament.money: no price of '{name}' is configured" for name in unpriced
    ]
    assert all(sentence.endswith("price_output, or leave tournament.money out") for sentence in found)
    assert faults(proxy, tournament={"money": 0.0}) == faults(proxy) == []


def test_money_of_shadowing_needs_a_price_of_each_reference_and_candidate():
    route = {"name": "r", "provider": "a", "reference": "e", "candidates": ["c"]}
    proxy = {"providers": named("c"), "reference": "b", "routes": [route]}
    found = faults(proxy, shadow={"money": 5.0})
    assert [sentence.split(",")[0] for sentence in found] == [
        f"shadow.money: no price of '{name}' is configured" for name in "be"
    ]


@pytest.mark.parametrize(
    ("budget", "lines"),
    [
        ({"money": 5.0}, ["tenants[1].budget.money: no price of 'b' is configured"]),
        ({"money": 0}, []),
        ({"requests": 5}, []),
        ("money", []),
    ],
)
def test_money_of_a_tenant_needs_a_price_of_each_reference(budget, lines):
    proxy = {"providers": named("c"), "provider": "a", "reference": "b"}
    tenants = [{"name": "x", "key_env": "X"}, {"name": "y", "key_env": "Y", "budget": budget}]
    assert [sentence.split(",")[0] for sentence in faults(proxy, tenants=tenants)] == lines


def test_two_routes_of_one_name_and_two_of_one_target_are_distinguished():
    route = {"name": "r", "model": "k*", "provider": "a"}
    found = faults({"routes": [route, {**route, "name": "s"}, {**route, "provider": "b"}]})
    assert found == [
        "proxy.routes[1].model: the route 'r' sends model 'k*' to 'a' already; this one is never reached",
        "proxy.routes[2].name: two routes are called 'r'; give this one another name",
    ]


def test_no_provider_at_all_cannot_serve_but_can_report():
    assert "no provider at all" in faults({"providers": {}})[0]
    assert faults({"providers": {}}, serving=False) == []


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("a.example/v1", "not an http:// or https:// address"),
        ("ftp://a.example", "not an http:// or https:// address"),
        ("https://", "not an http:// or https:// address"),
        ("https://a.example:99999/v1", "is no address"),
        ("https://me:pw123@a.example/v1", "a user name or a password"),
        ("https://a.example/v1?key=pw123", "a query or a fragment"),
        ("https://a.example/v1#x", "a query or a fragment"),
        ("https://a .example/v1", "not an http:// or https:// address"),
        ("https://" + "ü" * 64, "names a host that is not valid in an address"),
        ("", "not an http:// or https:// address"),
    ],
)
def test_a_base_url_that_cannot_be_one_is_refused_without_its_secrets(url, words):
    [sentence] = faults(providers(base_url=url))
    assert words in sentence
    assert "pw123" not in sentence


def test_a_key_variable_must_be_set_to_serve_and_only_then():
    named = providers(api_key_env="THE_KEY")
    assert "'THE_KEY' is not set" in faults(named)[0]
    assert faults(named, {"THE_KEY": "x"}) == []
    assert faults(named, serving=False) == []


@pytest.mark.parametrize("text", ["sk-0123456789", "sk_live_0123456789"])
def test_a_key_in_place_of_its_name_is_not_shown(text):
    [sentence] = faults(providers(api_key_env=text))
    assert "0123456789" not in sentence


@pytest.mark.parametrize("name", ["v1", "healthz", "metrics", "ui", "Big", "-a", "a/b", "ä", ""])
def test_a_name_that_would_clash_with_a_path_is_refused(name):
    assert len(faults({"providers": {name: GOOD}})) == 1


@pytest.mark.parametrize("text", ["8080", ":8080", "127.0.0.1", "127.0.0.1:70000", "http://x:1", "::1:8080", "a b:1"])
def test_a_listening_address_is_host_and_port(text):
    assert "must be host:port such as 127.0.0.1:8080" in faults({"listen": text})[0]


def test_the_two_ports_may_not_be_one():
    assert "port 9 is the data port already" in faults({"listen": "127.0.0.1:9"}, admin={"listen": "0.0.0.0:9"})[0]
    assert faults({"listen": "127.0.0.1:0"}, admin={"listen": "127.0.0.1:0"}) == []


def test_ports_of_both_families_are_read():
    assert (listen_port("[::1]:80"), listen_port("localhost:0"), listen_port("[::1]")) == (80, 0, None)


@pytest.mark.parametrize("url", ["mysql://me:pw123@db/x", "sqlite:x", "sqlite:///", ""])
def test_an_unknown_store_is_refused(url):
    [sentence] = faults(storage={"url": url})
    assert "no such store" in sentence
    assert "pw123" not in sentence


@pytest.mark.parametrize("url", ["sqlite:///x.db", "sqlite:////var/x.db", "x.db"])
def test_a_file_is_a_store(url):
    assert faults(storage={"url": url}) == []


def test_a_provider_that_is_its_own_reference_needs_a_control_fraction():
    same = {"provider": "a", "reference": "a"}
    assert "one server" in faults(same, shadow={"control_fraction": 0})[0]
    assert faults(same) == []
    twins = {"provider": "a", "reference": "b", "providers": {"a": GOOD, "b": {"base_url": "https://a.example/v1/"}}}
    assert "one server" in faults(twins, shadow={"control_fraction": 0.0})[0]
    twins["providers"]["b"]["base_url"] = "https://A.example:443/v1"
    assert "one server" in faults(twins, shadow={"control_fraction": 0.0})[0]
    twins["providers"]["b"]["models"] = {"*": "other"}
    assert faults(twins, shadow={"control_fraction": 0}) == []


@pytest.mark.parametrize(
    "tables", [{"proxy": 3}, {"proxy": {"routes": "x", "providers": []}}, {"admin": []}, {"proxy": {"providers": {"a": 1}}}]
)
def test_wrong_shapes_are_left_to_the_model_and_break_nothing(tables):
    cross_check(RawConfig(tables=tables, environ={}, serving=False))


@pytest.mark.parametrize("origin", ["https://chat.example", "http://localhost:3000", "app://obsidian.md", "http://[::1]:3000"])
def test_an_origin_is_written_as_a_browser_sends_it(origin):
    assert faults({"origins": [origin]}) == []


@pytest.mark.parametrize(
    "origin", ["chat.example", "https://chat.example/", "https://a.example/x", "https://", "", "https://a b"]
)
def test_a_value_that_is_no_origin_is_refused_with_its_place(origin):
    [sentence] = faults({"origins": ["https://chat.example", origin]})
    assert sentence.startswith("proxy.origins[1]: ")
    assert "is not an origin" in sentence


@pytest.mark.parametrize("origin", ["*", "null"])
def test_any_page_at_all_cannot_be_allowed(origin):
    assert "any web page" in faults({"origins": [origin]})[0]


@pytest.mark.parametrize(
    ("host", "good"), [("llm.example", True), ("::1", True), ("llm.example:8080", False), ("http://x", False)]
)
def test_a_host_is_a_name_alone(host, good):
    found = faults({"hosts": [host]})
    assert (found == []) if good else ("is not a host name" in found[0])


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("hooks.example.com/T0/secretsecret", "'hooks.example.com/...'"),
        ("ftp://hooks.example.com/secretsecret", "'ftp://hooks.example.com/...'"),
        ("https:///secretsecret", "'https:///...'"),
        ("http://", "'http://'"),
        ("https://hooks.example.com:99999/secretsecret", "'https://hooks.example.com:99999/...'"),
        ("https://hooks.example.com:0/secretsecret", "'https://hooks.example.com:0/...'"),
        ("https://hooks .example.com/secretsecret", "'https://hooks .example.com/...'"),
    ],
)
def test_a_webhook_is_an_http_address_with_a_host_and_its_path_is_not_shown(url, shown):
    words = "is not an http:// or https:// address with a host; write it like https://hooks.example.com/alarms"
    assert faults(drift={"webhook": url}) == [f"drift.webhook: {shown} {words}"]
    assert faults(drift={"webhook": url}, serving=False) == faults(drift={"webhook": url})


@pytest.mark.parametrize("url", ["", "http://127.0.0.1:9/hook", "https://hooks.example.com/T0/B0/x?y=z", "https://[::1]/x"])
def test_a_sound_webhook_and_none_are_no_faults(url):
    assert faults(drift={"webhook": url}) == []


def test_the_secret_of_a_webhook_is_a_variable_that_is_set_to_serve():
    drift = {"webhook": "https://hooks.example.com/x", "webhook_secret_env": "HOOK_SECRET"}
    words = "the environment variable 'HOOK_SECRET' is not set; set it to the secret, or leave webhook_secret_env out"
    assert faults(drift=drift) == faults(drift=drift, environ={"HOOK_SECRET": ""}) == [f"drift.webhook_secret_env: {words}"]
    assert faults(drift=drift, environ={"HOOK_SECRET": "x"}) == faults(drift=drift, serving=False) == []
    [said] = faults(drift={"webhook_secret_env": "whsec/abc+def"}, serving=False)
    assert said.endswith("never the secret itself (the text is not shown)")


@pytest.mark.parametrize(("workers", "wrong"), [(8, False), (9, True)])
def test_audit_workers_are_no_more_than_the_places_that_they_share(workers, wrong):
    raw = RawConfig(tables={"shadow": {"audit_workers": workers, "concurrency": 8}}, environ={}, serving=False)
    found = [error.sentence for error in cross_check(raw) if error.path == ("shadow", "audit_workers")]
    words = "9 workers share 8 shadow requests at once, so some could send none; lower it, or raise concurrency"
    assert found == ([words] if wrong else [])
