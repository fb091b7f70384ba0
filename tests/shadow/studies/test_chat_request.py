"""A request of a study is read as its row has it, and stands under its study's route and its cluster."""

from shadow.studies.chat_request import ChatRequest, parsed_answer
from tests.exchanges import asked, exchange, said


def test_the_exchange_of_a_request_has_its_model_stream_route_and_cluster():
    request = ChatRequest(body=asked("Hi", model="qwen", stream=True), headers=(("X-Team", "a"),), cluster="c1", tenant="clinic")
    made = request.as_exchange(route="study:t", reference="official", identity="id-1")
    labels = made.labels
    assert (made.id, made.request.body, made.request.target) == ("id-1", request.body, "/v1/chat/completions")
    assert (labels.route, labels.provider, labels.reference) == ("study:t", "", "official")
    assert (labels.model, labels.stream, labels.conversation, labels.tenant) == ("qwen", True, "c1", "clinic")
    assert made.request.headers == (("Content-Type", "application/json"), ("X-Team", "a"))
    assert (made.started, made.seconds, made.overhead, made.request.size) == (0.0, 0.0, 0.0, len(request.body))


def test_an_answer_is_read_against_the_row_and_not_against_what_was_sent():
    request = ChatRequest(body=asked("Hi", model="qwen"), cluster="c1")
    sent = exchange(said("Hello"), request=asked("Hi", model="vendor/qwen"))
    parsed = parsed_answer(sent, request.parsed)
    assert parsed.request.model == "qwen"
    assert parsed.answer.exchange.request.body == sent.request.body
