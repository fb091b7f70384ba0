"""AnswerRecorder: every answer is checked and counted, and its rows hold what was found."""

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from proxy.exchange import Role
from proxy.provider_config import Provider, ProxyConfig
from shadow.metrics.observe import Metrics
from shadow.pipeline.answer_recorder import AnswerRecorder
from shadow.pipeline.identity_observer import IdentityObserver
from shadow.reading.parsed_exchange import parse_exchange
from shadow.settings.top_level_config import Config
from tests.exchanges import asked, exchange, guard, said


@pytest.fixture
def registry():
    return CollectorRegistry()


@pytest.fixture
def recorder(registry):
    providers = {"candidate": Provider(base_url="http://127.0.0.1:9/v1")}
    config = Config(proxy=ProxyConfig(providers=providers, provider="candidate"))
    policy = guard()
    identities = IdentityObserver(config, clean=policy.redactor.text)
    return AnswerRecorder(config, metrics=Metrics(registry, config), policy=policy, identities=identities)


def counted(registry, role):
    samples = [sample for metric in registry.collect() for sample in metric.samples]
    return sum(each.value for each in samples if each.name == "sameweights_requests_total" and each.labels["role"] == role)


@pytest.mark.parametrize("role", list(Role))
def test_answer_of_each_role_is_counted_once_and_has_its_row(recorder, registry, role):
    record = recorder.record(parse_exchange(exchange(said(), request=asked(), role=role)))
    assert record.exchange.role == role.value
    assert counted(registry, role.value) == 1


def test_failed_check_of_an_answer_is_in_its_rows(recorder):
    record = recorder.record(parse_exchange(exchange(said("<|im_start|>assistant Hello"), request=asked())))
    assert "template_leak" in {row.signal for row in record.findings if row.state == "differ"}


def test_a_tenant_that_is_not_configured_here_is_logged_once_and_no_body_is_kept(recorder):
    answer = exchange(said(), request=asked())
    parsed = parse_exchange(answer._replace(labels=answer.labels._replace(tenant="clinic")))
    with capture_logs() as logs:
        records = [recorder.record(each) for each in (parsed, parsed, parse_exchange(answer))]
    assert [record.exchange.response_body is None for record in records] == [True, True, False]
    assert [(each["tenant"], each["effect"]) for each in logs if each["event"] == "tenant_unknown"] == [
        ("clinic", "its requests are not shadowed, and no bodies of them are kept")
    ]


def test_repr_names_what_is_kept_of_bodies(recorder):
    assert repr(recorder) == "<AnswerRecorder bodies=full providers=1>"
