"""ShadowSelector: a request that cannot be repeated is never sampled, with a reason; the others at the rate of their route."""

import pytest

from proxy.exchange import Failure, FailureKind
from proxy.provider_config import Provider, ProxyConfig, Route
from shadow.pipeline.shadow_selection import ShadowSelector, takes_thinking
from shadow.reading.parsed_exchange import parse_exchange
from shadow.sampling.conversations import Conversations
from shadow.settings.top_level_config import Config, ShadowConfig
from tests.exchanges import asked, exchange, said

SECRET = bytes(32)


def config(sample_rate=1.0, routes=(), **shadow):
    providers = {name: Provider(base_url=f"http://{name}.example/v1") for name in ("candidate", "official")}
    proxy = ProxyConfig(providers=providers, provider="candidate", reference="official", routes=routes)
    return Config(proxy=proxy, shadow=ShadowConfig(sample_rate=sample_rate, **shadow))


def selector(sample_rate=1.0, routes=(), **shadow):
    return ShadowSelector(config(sample_rate, routes, **shadow), SECRET)


def decided(made, one):
    parsed = parse_exchange(one)
    request = parsed.request
    place = Conversations(SECRET).place(
        request_id=one.id, model=request.model, named="", body=request.sent, messages=request.messages
    )
    return made.decide(parsed, place)


def live(request=b"", **more):
    return exchange(said(), request=request or asked(), **more)


@pytest.mark.parametrize(
    ("reason", "one"),
    [
        ("no_reference", live(reference="")),
        ("opted_out", live(opted_out=True)),
        ("not_held", live()._replace(unheld=True)),
        ("client_gone", live(failure=Failure(kind=FailureKind.CLIENT_GONE, detail="", after_head=True))),
        ("stateful", live(request=asked(store=True))),
        ("not_json", live(request=b"{nonsense")),
        ("provider_refused", exchange(b"{}", request=asked(), status=401)),
        ("", exchange(b"{}", request=asked(), status=400)),
        ("", live()),
    ],
)
def test_request_that_cannot_be_repeated_is_not_sampled_and_its_reason_is_given(reason, one):
    decision = decided(selector(), one)
    assert (decision.shadow, decision.why) == (not reason, reason)


def test_shadowing_that_is_off_samples_nothing():
    assert decided(selector(enabled=False), live()).why == "off"


def test_rate_of_a_route_takes_precedence():
    routes = (Route(name="default", provider="candidate", sample_rate=0.0),)
    assert decided(selector(routes=routes), live()).shadow is False
    assert decided(selector(sample_rate=0.0), live()).shadow is False


def test_repr_shows_the_rates():
    assert repr(selector()) == "<ShadowSelector enabled=True sample_rate=1.0 routes={}>"


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        *((status, "provider_refused") for status in (401, 402, 403, 407)),
        *((status, "") for status in (400, 404, 406, 408, 429, 500)),
    ],
)
def test_a_request_that_the_provider_denied_is_not_sampled(status, reason):
    assert decided(selector(), exchange(b"{}", request=asked(), status=status)).why == reason


@pytest.mark.parametrize(
    ("rates", "alpha", "none"),
    [
        ([], (False, "tenant_unknown"), (True, "")),
        ([("beta", 1.0)], (False, "tenant_unknown"), (True, "")),
        ([("alpha", None)], (True, ""), (True, "")),
        ([("alpha", 0.0)], (False, "not_sampled"), (True, "")),
    ],
)
def test_request_of_a_tenant_is_sampled_only_where_its_rate_is_known(rates, alpha, none):
    made = selector()
    tenants = [{"name": name, "key_env": "KEY", "sample_rate": rate} for name, rate in rates]
    made.reload(Config.model_validate({**config().model_dump(), "tenants": tenants}))
    one = live()
    of_alpha = one._replace(labels=one.labels._replace(tenant="alpha"))
    for asked_for, expected in ((of_alpha, alpha), (one, none)):
        decision = decided(made, asked_for)
        assert (decision.shadow, decision.why) == expected


@pytest.mark.parametrize(
    ("one", "other", "takes"),
    [
        (None, Provider(base_url="http://a/v1"), False),
        (Provider(base_url="http://a/v1"), None, False),
        (Provider(base_url="http://a/v1"), Provider(base_url="http://a/v1"), True),
        (Provider(base_url="http://a/v1"), Provider(base_url="http://b/v1"), False),
        (Provider(base_url="http://a/v1"), Provider(base_url="http://b/v1", strip_thinking=True), True),
        (Provider(base_url="http://a/v1", strip_thinking=True), Provider(base_url="http://b/v1"), False),
    ],
)
def test_earlier_thinking_goes_to_the_address_of_its_author_and_to_who_gets_none_of_it(one, other, takes):
    assert takes_thinking(one, other) is takes


@pytest.mark.parametrize(("stripping", "reason"), [("official", ""), ("candidate", "stateful")])
def test_conversation_with_signed_thinking_is_shadowed_where_the_reference_gets_it_without(stripping, reason):
    signed = {"type": "thinking", "thinking": "t", "signature": "s"}
    request = asked(messages=[{"role": "assistant", "content": "", "thinking_blocks": [signed]}])
    made = config()
    providers = {
        name: provider.model_copy(update={"strip_thinking": name == stripping}) for name, provider in made.proxy.providers.items()
    }
    changed = made.model_copy(update={"proxy": made.proxy.model_copy(update={"providers": providers})})
    assert decided(ShadowSelector(changed, SECRET), live(request=request)).why == reason


def test_truncated_request_and_switched_protocol_are_no_shadow_and_no_control():
    cut = live()._replace(request=live().request._replace(size=10_000))
    found = decided(selector(), cut)
    assert (found.shadow, found.control, found.why) == (False, False, "request_truncated")
    switched = exchange(b"", 101, request=b"", target="/v1/realtime")
    assert decided(selector(), switched._replace(request=switched.request._replace(method="GET"))).why == "unknown_path"
