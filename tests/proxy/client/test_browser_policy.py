"""proxy.client.browser_policy: which requests a web page of another site made, by what its browser states."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.client.browser_policy import BrowserPolicy, host_name, is_loopback
from proxy.provider_config import ProxyConfig
from proxy.routing.header_rules import HeaderFields
from tests.wires import ask, ok, plane, post, scripted

POLICY = BrowserPolicy(
    origins=frozenset({"https://chat.example", "app://obsidian.md"}), hosts=frozenset({"llm.example"}), listen="works.local"
)
OPEN = BrowserPolicy()


def objection(policy=POLICY, *, loopback=True, host=b"127.0.0.1:8080", **named):
    fields = [(b"Host", host)] if host is not None else []
    for name, values in named.items():
        fields += [(name.replace("_", "-").encode(), value) for value in (values if isinstance(values, list) else [values])]
    return policy.objection(HeaderFields.of(fields), loopback=loopback)


def test_a_client_that_is_no_browser_has_no_objection():
    assert objection() == ""
    assert objection(sec_fetch_mode=b"cors") == "", "as Node's fetch sends it"
    assert objection(host=None) == "", "as HTTP/1.0 may leave it out"


@pytest.mark.parametrize("site", [b"cross-site", b"same-site", b"Cross-Site", b"unheard-of", b""])
def test_a_page_of_another_site_is_refused_without_an_origin(site):
    assert "another site" in objection(sec_fetch_site=site)


@pytest.mark.parametrize("site", [b"same-origin", b"none", b"NONE"])
def test_what_the_user_typed_and_own_pages_pass(site):
    assert objection(sec_fetch_site=site) == ""


@pytest.mark.parametrize(
    "origin",
    [
        b"http://127.0.0.1:80",
        b"https://127.0.0.1:443",
        b"https://evil.example",
        b"null",
        b"http://localhost:3000",
        b"http://127.0.0.1:8081",
        b"",
        b"file://",
        b"http://[",
        b"x",
    ],
)
def test_a_foreign_origin_is_refused(origin):
    assert "proxy.origins" in objection(origin=origin)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        (b"http://127.0.0.1:8080", b"127.0.0.1:8080"),
        (b"http://localhost", b"localhost:80"),
        (b"http://localhost:80", b"localhost"),
        (b"https://localhost", b"localhost:443"),
        (b"https://localhost:443", b"localhost"),
        (b"https://llm.example", b"llm.example"),
        (b"http://[::1]:8080", b"[::1]:8080"),
        (b"https://CHAT.example", b"localhost"),
        (b"app://obsidian.md", b"localhost"),
    ],
)
def test_an_allowed_origin_and_that_of_this_port_pass(origin, host):
    assert objection(origin=origin, host=host) == ""


def test_an_allowed_origin_may_be_another_site():
    assert objection(origin=b"https://chat.example", sec_fetch_site=b"cross-site") == ""


def test_an_own_origin_that_calls_itself_another_site_is_refused():
    assert objection(origin=b"http://127.0.0.1:8080", sec_fetch_site=b"cross-site")


def test_a_request_with_an_allowed_and_a_foreign_origin_is_refused():
    assert objection(origin=[b"https://chat.example", b"https://evil.example"])


@pytest.mark.parametrize("host", [b"evil.example", b"evil.example:8080", b"localhost.evil.example", b"x", b"chat.example", b"@"])
def test_on_loopback_a_foreign_name_is_refused(host):
    assert "proxy.hosts" in objection(host=host)
    assert "proxy.hosts" in objection(host=host, origin=b"http://" + host)


@pytest.mark.parametrize(
    "host",
    [
        *(b"localhost", b"LOCALHOST:8080", b"localhost.", b"a.localhost:1", b"[::1]:8080", b"127.1.2.3", b"10.0.0.5:8080"),
        *(b"llm.example:1", b"works.local", b"host.docker.internal:8080", b"host.containers.internal"),
    ],
)
def test_on_loopback_its_own_names_and_any_address_pass(host):
    assert objection(host=host) == ""


def test_away_from_loopback_a_name_counts_where_names_are_configured():
    assert objection(OPEN, loopback=False, host=b"proxy") == ""
    assert "proxy.hosts" in objection(loopback=False, host=b"proxy")
    assert objection(loopback=False, host=b"llm.example") == ""


def test_a_quotation_is_short_and_shows_no_control_characters():
    why = objection(origin=b"https://" + b"e" * 1_000 + b"\x9b")
    assert len(why) < 300
    assert why.isprintable()


@given(st.binary(max_size=60), st.binary(max_size=60), st.binary(max_size=20))
def test_any_bytes_in_the_fields_of_a_browser_get_a_decision(origin, host, site):
    assert isinstance(objection(origin=origin, host=host, sec_fetch_site=site), str)


def test_the_configuration_gives_names_in_lower_case():
    policy = BrowserPolicy.of(ProxyConfig(listen="Works.local:8080", origins=("https://Chat.example",), hosts=("LLM.example",)))
    assert policy == BrowserPolicy(
        origins=frozenset({"https://chat.example"}), hosts=frozenset({"llm.example"}), listen="works.local"
    )


@pytest.mark.parametrize(
    ("address", "loopback"),
    [
        *(("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("::ffff:127.0.0.1", True), ("fe80::1%lo", False)),
        *(("10.0.0.1", False), ("::ffff:10.0.0.1", False), ("nonsense", False)),
    ],
)
def test_loopback_addresses_of_either_family_are_known(address, loopback):
    assert is_loopback(address) is loopback


def test_a_host_is_known_without_port_and_brackets():
    assert [host_name(host) for host in ("A:1", "[::1]:80", "[::1", "b.")] == ["a", "::1", "::1", "b"]


FOREIGN = (b"Origin: https://evil.example", b"Sec-Fetch-Site: cross-site")


async def asked(*fields, keys=(), **config):
    """A foreign page's request, for which the providers in `keys` have one: the status, the provider's requests, the exchange."""
    async with scripted(None, ok()) as provider:
        providers = {
            name: {"base_url": provider.url, "api_key_env": "KEY" if name in keys else ""} for name in ("candidate", "official")
        }
        async with plane(providers=providers, reference="official", environ={"KEY": "sk-operators"}, **config) as running:
            answer = await ask(running.port, post(b"{}", *fields))
            return answer, provider.requests, await running.kept.next()


@pytest.mark.promise("local.keys")
async def test_a_foreign_page_is_refused_where_the_providers_key_would_be_used():
    answer, requests, _ = await asked(*FOREIGN, keys=("candidate",))
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert b'"code": "foreign_page"' in answer
    assert b"'https://evil.example'" in answer
    assert requests == []


@pytest.mark.promise("local.keys")
async def test_a_foreign_page_reaches_a_provider_without_a_key_and_is_not_shadowed_with_one():
    answer, requests, exchange = await asked(*FOREIGN, keys=("official",))
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert len(requests) == 1
    assert exchange.labels.opted_out


@pytest.mark.parametrize("fields", [FOREIGN, ()], ids=["a page", "no page"])
async def test_what_may_use_the_key_is_forwarded_with_it_and_shadowed(fields):
    answer, requests, exchange = await asked(*fields, keys=("candidate", "official"), origins=("https://evil.example",))
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"Bearer sk-operators" in requests[0]
    assert not exchange.labels.opted_out


async def test_without_any_key_nothing_is_looked_at():
    answer, requests, exchange = await asked(*FOREIGN)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert len(requests) == 1
    assert not exchange.labels.opted_out


@pytest.mark.parametrize(("length", "dots"), [(99, ""), (100, ""), (101, "..."), (5_000, "...")])
def test_of_a_foreign_origin_a_hundred_characters_are_quoted(length, dots):
    origin = "https://" + "a" * (length - 8)
    assert repr(origin[:100] + dots) in objection(origin=origin.encode())


def test_of_two_hosts_the_first_is_the_one_that_was_called():
    fields = HeaderFields.of([(b"Host", b"evil.example"), (b"Host", b"localhost")])
    assert POLICY.objection(fields, loopback=True).startswith("it calls this port 'evil.example'")
