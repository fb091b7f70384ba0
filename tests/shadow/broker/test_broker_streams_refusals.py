"""What JetStream refuses is a sentence with the key to change; of a stream only what differs from what we want is changed."""

from collections.abc import Mapping
from typing import Any

import pytest

from shadow.broker.broker_errors import BrokerError, BrokerRefusal
from shadow.broker.broker_streams import consumer_config, ensure_consumers, ensure_streams, foreign_stream, stream_config
from shadow.settings.top_level_config import BrokerConfig

SETTINGS = BrokerConfig(url="nats://a:4222", max_bytes=2_000_000, replicas=3)
NO_PEERS = "no suitable peers for placement"


class Answering:
    """JetStream with one answer or refusal for each kind of request, named by its first two words."""

    def __init__(self, **answers: Mapping[str, Any] | BrokerRefusal) -> None:
        self._answers = answers
        self.requests: list[tuple[str, Any]] = []

    async def api(self, name: str, request: Mapping[str, object] | None = None) -> Mapping[str, Any]:
        self.requests.append((name, request))
        answer = self._answers.get("_".join(name.split(".")[:2]).lower(), {})
        if isinstance(answer, BrokerRefusal):
            raise answer
        return answer


@pytest.mark.parametrize(
    ("code", "description", "remedy"),
    [
        (
            10002,
            "resource limits exceeded for account",
            "has no room for the stream SAMEWEIGHTS_EXCHANGE_0 of 2,000,000 bytes on 3",
        ),
        (10028, "insufficient memory resources available", "lower broker.max_bytes, or raise the limits"),
        (10047, "insufficient storage resources available", "lower broker.max_bytes, or raise the limits"),
        (10122, "stream max bytes exceeds account limit", "lower broker.max_bytes, or raise the limits"),
        (10005, f"{NO_PEERS}, insufficient storage", "lower broker.max_bytes, or raise the limits"),
        (10005, NO_PEERS, "lower broker.replicas, 1 for a single server"),
        (10074, "replicas > 1 not supported in non-clustered mode", "lower broker.replicas, 1 for a single server"),
        (
            10065,
            "subjects overlap with an existing stream",
            "another stream of this account takes sameweights.*.exchange.0 already",
        ),
        (10058, "stream name already in use", "another stream of this account takes sameweights.*.exchange.0 already"),
        (10027, "maximum number of streams reached", "lower broker.streams, or raise max_streams of the account"),
        (
            10052,
            "insufficient storage of another kind",
            "refuses the stream SAMEWEIGHTS_EXCHANGE_0: insufficient storage of another",
        ),
    ],
)
async def test_stream_that_is_refused_is_a_sentence_with_what_to_change(code, description, remedy):
    broker = Answering(stream_info=BrokerRefusal(10059, "stream not found"), stream_create=BrokerRefusal(code, description))
    with pytest.raises(BrokerError) as raised:
        await ensure_streams(broker, SETTINGS)
    assert remedy in str(raised.value)
    assert description in str(raised.value)


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        (10026, "raise that limit"),
        (10121, "raise that limit"),
        (10148, "delete the consumer that is there"),
    ],
)
async def test_consumer_that_is_refused_is_a_sentence_with_what_to_do(code, remedy):
    with pytest.raises(BrokerError) as raised:
        await ensure_consumers(Answering(consumer_durable=BrokerRefusal(code, "no")), SETTINGS)
    assert str(raised.value) == f"the stream SAMEWEIGHTS_EXCHANGE_0 takes no consumer audit_1 of ours: no; {remedy}"


async def test_stream_that_cannot_be_looked_at_is_not_created():
    broker = Answering(stream_info=BrokerRefusal(10060, "no rights"))
    with pytest.raises(BrokerRefusal, match="no rights"):
        await ensure_streams(broker, SETTINGS)
    assert [name for name, _ in broker.requests] == ["STREAM.INFO.SAMEWEIGHTS_EXCHANGE_0"]


async def test_stream_of_our_own_configuration_is_left_as_it_is():
    broker = Answering(stream_info={"config": stream_config(SETTINGS, 0)})
    await ensure_streams(broker, SETTINGS)
    assert [name for name, _ in broker.requests] == ["STREAM.INFO.SAMEWEIGHTS_EXCHANGE_0"]


@pytest.mark.parametrize(("key", "old"), [("max_bytes", 5), ("num_replicas", 1)])
async def test_size_or_replicas_that_differ_are_changed_and_all_else_kept_and_logged(key, old, logged):
    lines = logged("shadow.broker.broker_streams")
    found = {**stream_config(SETTINGS, 0), key: old, "max_msg_size": 77}
    broker = Answering(stream_info={"config": found})
    await ensure_streams(broker, SETTINGS)
    name, request = broker.requests[1]
    assert name == "STREAM.UPDATE.SAMEWEIGHTS_EXCHANGE_0"
    assert request == {**found, "max_bytes": 2_000_000, "num_replicas": 3}
    assert [(call.kwargs["event"], call.kwargs["max_bytes"], call.kwargs["replicas"]) for call in lines] == [
        ("stream_changed", 2_000_000, 3)
    ]


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("storage", "memory", "its storage is memory instead of file; delete it"),
        ("subjects", ["a", "b"], "its subjects is a, b instead of sameweights.*.exchange.2; delete it"),
        ("max_age", 1, "its max_age is 1 instead of 0; delete it"),
    ],
)
def test_stream_of_another_product_is_named_by_its_first_difference(key, value, words):
    wanted = stream_config(SETTINGS, 2)
    assert foreign_stream(SETTINGS, 2, wanted) == ""
    assert words in foreign_stream(SETTINGS, 2, {**wanted, key: value})


def test_stream_is_without_a_limit_of_messages_and_knows_an_id_for_two_minutes():
    made = stream_config(SETTINGS, 0)
    assert (made["max_msgs"], made["max_age"], made["duplicate_window"]) == (-1, 0, 120_000_000_000)


def test_consumer_delivers_again_after_ten_seconds_without_a_limit_and_at_most_fifty_thousand_at_once():
    made = consumer_config(0)
    assert (made["ack_wait"], made["max_deliver"], made["max_ack_pending"]) == (10_000_000_000, -1, 50_000)
