"""proxy.client.client_state: which states have a request in progress."""

from proxy.client.client_state import ClientState


def test_a_request_is_in_progress_from_its_head_to_the_end_of_its_response():
    assert [state.name for state in ClientState if state.answering] == ["BODY", "CONNECT", "EXCHANGE", "TUNNEL"]
