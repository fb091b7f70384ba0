"""What was understood of an exchange, and of a shadow of it."""

import pytest

from shadow.reading.parsed_exchange import parse_exchange, parse_shadow_exchange
from tests.exchanges import asked, exchange, said


def test_the_conversation_is_the_clients_own_where_it_gave_one():
    assert parse_exchange(exchange(said(), request=asked(), conversation="theirs")).conversation == "theirs"


def test_without_one_it_is_left_to_the_memory_of_conversations():
    assert not parse_exchange(exchange(said(), request=asked())).conversation


def test_shadow_response_is_compared_with_the_clients_request():
    live = parse_exchange(exchange(said(), request=asked(user="somebody")))
    copy = parse_shadow_exchange(exchange(said(), request=asked()), live)
    assert copy.request is live.request
    assert copy.conversation == live.conversation


@pytest.mark.parametrize(("name", "model"), [("m" * 510, "m" * 510), ("m" * 511, "")])
def test_a_model_that_the_forwarder_did_not_see_is_that_of_the_body(name, model):
    live = exchange(said(), request=asked(model=name, stream=True), model="", stream=False)
    labels = parse_exchange(live).exchange.labels
    assert (labels.model, labels.stream) == (model, True)


def test_model_that_the_forwarder_read_stays():
    assert parse_exchange(exchange(said(), request=asked(model="other"), model="seen")).exchange.labels.model == "seen"
