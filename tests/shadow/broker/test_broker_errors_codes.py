"""Which codes of JetStream, as its `errors.json` numbers them, last although a server is at fault, and which have a remedy."""

import pytest

from shadow.broker.broker_connection import BrokerConnection
from shadow.broker.broker_errors import (
    BrokerAwayError,
    BrokerError,
    BrokerRefusal,
    MessageTooLargeError,
    StreamFullError,
    refusal,
)
from shadow.broker.broker_streams import ensure_consumers, ensure_streams
from shadow.settings.top_level_config import BrokerConfig
from tests.shadow.broker.test_broker_streams_refusals import Answering

SETTINGS = BrokerConfig(url="nats://a:4222")
CODES = range(10_000, 10_150)
NO_ROOM = {10_002, 10_028, 10_047, 10_122}


async def remedy(requests, **answers) -> str:
    """The sentence that `requests` end with; "" where they do not."""
    try:
        await requests(Answering(**answers), SETTINGS)
    except (BrokerError, BrokerAwayError) as why:
        return str(why)
    return ""


def test_an_error_of_a_server_lasts_where_a_limit_is_reached_or_excludes_the_stream():
    answers = {code: refusal({"code": 500, "err_code": code, "description": "x"}) for code in CODES}
    assert {code for code, why in answers.items() if isinstance(why, BrokerRefusal)} == {*NO_ROOM, 10_052, 10_054, 10_074, 10_077}


def test_a_place_that_is_missing_while_a_server_is_away_passes():
    answers = {code: refusal({"code": 400, "err_code": code, "description": "peer offline"}) for code in CODES}
    assert {code for code, why in answers.items() if isinstance(why, BrokerAwayError)} == {10_005}


@pytest.mark.parametrize(
    ("words", "codes"),
    [
        ("lower broker.max_bytes", NO_ROOM),
        ("lower broker.replicas", {10_005, 10_074}),
        ("another stream of this account takes", {10_058, 10_065}),
        ("lower broker.streams", {10_027}),
    ],
)
async def test_each_reason_for_which_a_stream_is_not_made_has_its_remedy(words, codes):
    missing = BrokerRefusal(10_059, "stream not found")
    said = {code: await remedy(ensure_streams, stream_info=missing, stream_create=BrokerRefusal(code, "x")) for code in CODES}
    assert {code for code, sentence in said.items() if words in sentence} == codes


async def test_a_stream_is_made_where_there_is_none_and_for_no_other_reason():
    said = {code: await remedy(ensure_streams, stream_info=BrokerRefusal(code, "x")) for code in CODES}
    assert {code for code, sentence in said.items() if not sentence} == {10_059}


async def test_a_consumer_that_a_limit_excludes_is_named_with_the_limit():
    said = {code: await remedy(ensure_consumers, consumer_durable=BrokerRefusal(code, "x")) for code in CODES}
    assert {code for code, sentence in said.items() if "raise that limit" in sentence} == {10_026, 10_121}


async def test_a_message_that_a_stream_does_not_take_is_too_large_or_one_too_many(monkeypatch):
    kinds: dict[type[Exception], set[int]] = {}
    broker = BrokerConnection(SETTINGS, "", name="a")
    for code in CODES:

        async def refused(*_, code=code):
            raise BrokerRefusal(code, "x")

        monkeypatch.setattr(broker, "request", refused)
        with pytest.raises(Exception, match="x") as raised:
            await broker.publish("s", b"", {})
        kinds.setdefault(raised.type, set()).add(code)
    assert (kinds[StreamFullError], kinds[MessageTooLargeError]) == ({10_077}, {10_054})
