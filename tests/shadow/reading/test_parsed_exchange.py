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


def test_model_of_the_body_fills_an_empty_label_and_the_stream_stays_as_it_was_seen():
    live = exchange(said(), request=asked(model="m", stream=False), model="", stream=True)
    labels = parse_exchange(live).exchange.labels
    assert (labels.model, labels.stream) == ("m", True)
    plain = exchange(said(), request=asked(model="m"), model="", stream=False)
    assert parse_exchange(plain).exchange.labels.stream is False


def test_shadow_keeps_its_own_answer_and_exchange():
    live = parse_exchange(exchange(said("one"), request=asked()))
    copy = exchange(said("two"), request=asked())
    shadow = parse_shadow_exchange(copy, live)
    assert shadow.exchange is copy
    assert (shadow.answer.completion.first.text, shadow.upstream) == ("two", "")


@pytest.mark.parametrize(
    ("unheld", "why", "detail"),
    [
        (True, "not_held", "there was no room to hold its 1000 bytes"),
        (False, "truncated", "only 0 bytes of the request were kept"),
    ],
)
def test_request_that_there_was_no_room_to_hold_states_that(unheld, why, detail):
    live = exchange(said(), request=asked())
    live = live._replace(request=live.request._replace(body=b"", size=1_000), unheld=unheld)
    unread = parse_exchange(live).request.unread
    assert (unread.why, unread.detail) == (why, detail)
    assert parse_exchange(exchange(said(), request=asked())._replace(unheld=unheld)).request.unread is None
