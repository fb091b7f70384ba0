"""The rows of a study's answers are those of live traffic: checked, compared with the reference's two, redacted."""

import json
from dataclasses import replace

from proxy.exchange import Role
from proxy.provider_config import Provider, ProxyConfig
from shadow.pipeline.identity_observer import IdentityObserver
from shadow.settings.top_level_config import Config
from shadow.studies.chat_request import ChatRequest, parsed_answer
from shadow.studies.study_recorder import StudyRecorder
from tests.exchanges import asked, exchange, guard, said

TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {"n": {"type": "integer"}}}}}
REQUEST = ChatRequest(body=asked("Call f", tools=[TOOL]), cluster="c1")


def recorder(*patterns: str, **provider) -> StudyRecorder:
    providers = {name: Provider(base_url=f"http://{name}/v1", **provider) for name in ("candidate", "official")}
    config = Config(proxy=ProxyConfig(providers=providers))
    return StudyRecorder(config, guard("full", *patterns), IdentityObserver(config, clean=str), b"s" * 32)


def answer(body: bytes, role: Role = Role.PRIMARY, **more):
    provider = "candidate" if role is Role.PRIMARY else "official"
    made = exchange(body, request=REQUEST.body, role=role, provider=provider, id=f"{role:0>32}", conversation="c1", **more)
    return parsed_answer(made, REQUEST.parsed)


def calling(arguments: str) -> bytes:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": arguments}}
    return said(None, message={"tool_calls": [call]}, finish_reason="tool_calls")


def test_an_answer_has_its_checks_and_its_calls():
    record = recorder().answer(answer(calling('{"n": "one"}')))
    assert [(call.name, call.outcome) for call in record.tool_calls] == [("f", "schema_mismatch")]
    assert {finding.signal: finding.state for finding in record.findings}["valid_calls"] == "differ"


def test_what_is_redacted_in_live_records_is_redacted_here():
    record = recorder("Quito").answer(answer(said("In Quito")))
    assert b"Quito" not in record.exchange.response_body


def test_the_rules_of_a_tenant_hold_for_answers_to_its_requests():
    made = recorder("Quito")
    made._policy = replace(made._policy, tenants={"clinic": guard("none")})
    own = answer(said("In Quito, at noon"))
    of_tenant = own._replace(exchange=own.exchange._replace(labels=own.exchange.labels._replace(tenant="clinic")))
    assert b"noon" in made.answer(own).exchange.response_body
    assert made.answer(of_tenant).exchange.response_body is None
    other, again = answer(said("In Lima"), Role.SHADOW), answer(said("In Lima"), Role.CONTROL)
    assert any(found.subject for found in made.pair(own, other, again, []).record.findings)
    assert not any(found.subject for found in made.pair(of_tenant, other, again, []).record.findings)


def test_a_pair_has_both_comparisons_and_its_payoffs():
    one, two = calling('{"n": 1}'), calling('{"n": 2}').replace(b"chatcmpl-1", b"chatcmpl-3")
    again = one.replace(b"chatcmpl-1", b"chatcmpl-2")
    pair = recorder().pair(answer(two), answer(one, Role.SHADOW), answer(again, Role.CONTROL), ["temperature set to 0"])
    assert dict(pair.payoffs)["arguments"] == 1
    states = {(found.comparison, found.signal): found.state for found in pair.record.findings}
    assert (states["cross", "arguments"], states["self", "arguments"]) == ("differ", "match")
    row = pair.record.pair
    assert (row.provider, row.reference, row.control_reason) == ("candidate", "official", "random")
    assert json.loads(row.alterations) == ["temperature set to 0"]
    assert {payoff.signal: payoff.payoff for payoff in pair.record.payoffs} == dict(pair.payoffs)
